"""SSRF protection: alert channels connect only to addresses that the operator allows.

The check sees the address of the connection itself. Webhooks use a connector that creates its sockets here. For
libraries that connect by themselves (Apprise, through requests, smtplib and others), an audit hook (PEP 578) checks
every address at which Python's sockets connect.

The hook applies the policy of its context, which Apprise passes on to its threads. Outside ``guarding`` it does
nothing. It does not see connections of threads that start without their parent's context (a reconnecting MQTT client),
nor connections that a library opens outside Python's sockets. With a proxy from the environment, the proxy's address is
checked.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aiohttp

from config.address_policy import AddressPolicy, BlockedAddressError


@dataclass(slots=True)
class Dialled:
    """The addresses to which one request tried to connect."""

    blocked: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    @property
    def only_blocked(self) -> bool:
        """Whether every address of the host is blocked, so a retry cannot help."""
        return bool(self.blocked) and not self.allowed


_dialled: ContextVar[Dialled | None] = ContextVar("dialled", default=None)
_policy: ContextVar[AddressPolicy | None] = ContextVar("policy", default=None)
_CONNECT_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
"""Audit events of TCP and UDP with a socket and an address: https://docs.python.org/3/library/audit_events.html"""


@contextmanager
def watching() -> Iterator[Dialled]:
    """Record the addresses to which requests inside the block connect. A host may have several addresses."""
    dialled = Dialled()
    token = _dialled.set(dialled)
    try:
        yield dialled
    finally:
        _dialled.reset(token)


@contextmanager
def guarding(policy: AddressPolicy) -> Iterator[Dialled]:
    """Let Python's sockets connect only to permitted addresses, inside the block and in threads with its context.

    A blocked connection fails with ``BlockedAddressError``, an ``OSError``. The addresses are recorded.
    """
    _install_audit_hook()
    token = _policy.set(policy)
    try:
        with watching() as dialled:
            yield dialled
    finally:
        _policy.reset(token)


@cache  # an audit hook cannot be removed
def _install_audit_hook() -> None:
    sys.addaudithook(_check_connection)


def _check_connection(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _CONNECT_EVENTS:
        return
    policy = _policy.get()
    if policy is None or arguments[1] is None or arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
        return
    for host in _addresses(str(arguments[1][0])):
        permitted = policy.permits(host)
        dialled = _dialled.get()
        if dialled is not None:
            (dialled.allowed if permitted else dialled.blocked).append(host)
        if not permitted:
            raise BlockedAddressError(f"{host} is not a public address; allow it with [polling] private_addresses")


def _addresses(host: str) -> list[str]:
    """Return the numeric addresses of a host; some libraries pass a name to ``connect`` without resolving it."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host.split("%", 1)[0])
    except OSError:
        return sorted({str(info[4][0]) for info in socket.getaddrinfo(host, None)})
    return [host]


def guarded_connector(policy: AddressPolicy, limit: int) -> aiohttp.TCPConnector:
    """Return a connector that opens only permitted connections, at most ``limit`` at a time.

    The check is made when the socket is created, after name resolution and also for numeric addresses. So DNS rebinding
    and unusual spellings of an address cannot bypass it.
    """

    def make_socket(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, target = address
        host = str(target[0])
        permitted = policy.permits(host)
        dialled = _dialled.get()
        if dialled is not None:
            (dialled.allowed if permitted else dialled.blocked).append(host)
        if not permitted:
            raise BlockedAddressError(f"{host} is not a public address; allow it with [polling] private_addresses")
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(limit=limit, socket_factory=make_socket)

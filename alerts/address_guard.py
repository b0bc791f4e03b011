"""Connections of ours reach only what an operator allows: the check sees the very address that is dialled.

Webhooks go through a connector whose sockets are made here. A library that connects by itself (Apprise, by requests,
smtplib and others) is watched where Python's sockets connect: an audit hook (PEP 578) sees each address, and may
refuse. It obeys the policy of the context it runs in, which Apprise hands on to its threads; outside of ``guarding`` it
does nothing. It does not see connections of threads that are started without their maker's context (an MQTT client
that connects again), nor those that a library opens past Python. A proxy that the environment names is what is dialled
then, and judged.
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
    """The addresses that one request tried to reach."""

    blocked: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    @property
    def only_blocked(self) -> bool:
        """Whether no address of the host may be reached: trying again cannot help."""
        return bool(self.blocked) and not self.allowed


_dialled: ContextVar[Dialled | None] = ContextVar("dialled", default=None)
_policy: ContextVar[AddressPolicy | None] = ContextVar("policy", default=None)
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
"""Audit events with a socket and an address, TCP's and UDP's: https://docs.python.org/3/library/audit_events.html"""


@contextmanager
def watching() -> Iterator[Dialled]:
    """Note which addresses the requests inside the block dial: a host may have several, and a failure names one."""
    dialled = Dialled()
    token = _dialled.set(dialled)
    try:
        yield dialled
    finally:
        _dialled.reset(token)


@contextmanager
def guarding(policy: AddressPolicy) -> Iterator[Dialled]:
    """Let Python's sockets reach only what the policy permits, inside the block and in threads that get its context.

    A refused connection fails with ``BlockedAddressError``, an ``OSError``; what was dialled is noted.
    """
    _listen_for_connections()
    token = _policy.set(policy)
    try:
        with watching() as dialled:
            yield dialled
    finally:
        _policy.reset(token)


@cache  # a hook stays as long as the process
def _listen_for_connections() -> None:
    sys.addaudithook(_judge)


def _judge(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _CONNECTING:
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
    """Return the literal addresses that a connection may go to: a name is dialled by whoever does not resolve it."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host.split("%", 1)[0])
    except OSError:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    return [host]


def guarded_connector(policy: AddressPolicy, limit: int) -> aiohttp.TCPConnector:
    """Return a connector of at most ``limit`` connections that opens none the policy forbids.

    The check stands where the socket is made, after name resolution and for addresses written as numbers too, so
    that neither a name that resolves to something else the second time nor an odd spelling gets past it.
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

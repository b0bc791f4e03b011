"""Connections of ours reach only what an operator allows: the check sees the very address that is dialled."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import aiohttp

from config.addresses import AddressPolicy, BlockedAddress


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


@contextmanager
def watching() -> Iterator[Dialled]:
    """Note which addresses the requests inside the block dial: a host may have several, and a failure names one."""
    dialled = Dialled()
    token = _dialled.set(dialled)
    try:
        yield dialled
    finally:
        _dialled.reset(token)


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
            raise BlockedAddress(f"{host} is not a public address; allow it with [polling] private_addresses")
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(limit=limit, socket_factory=make_socket)

"""Throttles wrong tokens, per address and for all addresses together."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil

WINDOW_SECONDS = 60.0
MAX_WRONG_PER_ADDRESS = 5  # in a window
MAX_WRONG_KNOWN_ADDRESS = 30  # from an address that sent the right token within KNOWN_SECONDS: many people may share it
MAX_WRONG_FROM_UNKNOWN = 50  # in a window, from all unknown addresses together
KNOWN_SECONDS = 3_600.0  # for this long after a right token, guesses from other addresses do not block an address
MAX_KNOWN_ADDRESSES = 1_000


class LoginThrottle:
    """The wrong tokens of the last minute, and the addresses that sent the right one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: deque[tuple[float, str, bytes]] = deque()
        self._known: dict[str, float] = {}

    def failed(self, address: str, token: str | None = None) -> None:
        """Count a wrong token from an address.

        ``token``: the same wrong token again does not count, because it comes from a program with an old token.
        """
        address, given = (
            neighbourhood(address),
            hashlib.sha256((token or "").encode("utf-8", "surrogateescape")).digest(),
        )
        own = [digest for _, other, digest in self._wrong if other == address]
        if len(own) < self._allowed(address) and not (token is not None and given in own):
            self._wrong.append((self._clock(), address, given))

    def succeeded(self, address: str) -> None:
        """Record that an address sent the right token."""
        address = neighbourhood(address)
        self._known.pop(address, None)  # so the newest is last
        self._known[address] = self._clock()
        if len(self._known) > MAX_KNOWN_ADDRESSES:
            del self._known[next(iter(self._known))]

    def wait(self, address: str) -> int:
        """Return for how many seconds an address is blocked; 0: it may try now."""
        now, address = self._clock(), neighbourhood(address)
        while self._wrong and now - self._wrong[0][0] >= WINDOW_SECONDS:
            self._wrong.popleft()
        own, allowed = [at for at, other, _ in self._wrong if other == address], self._allowed(address)
        ends = [own[-allowed]] if len(own) >= allowed else []
        if not self._is_known(address):
            unknown = [at for at, other, _ in self._wrong if not self._is_known(other)]
            if len(unknown) >= MAX_WRONG_FROM_UNKNOWN:
                ends.append(unknown[-MAX_WRONG_FROM_UNKNOWN])
        return max((ceil(at + WINDOW_SECONDS - now) for at in ends), default=0)

    def _is_known(self, address: str) -> bool:
        return self._clock() - self._known.get(address, -KNOWN_SECONDS) < KNOWN_SECONDS

    def _allowed(self, address: str) -> int:
        """Return how many wrong tokens an address may send in a window. Never unlimited: an attacker may share it."""
        return MAX_WRONG_KNOWN_ADDRESS if self._is_known(address) else MAX_WRONG_PER_ADDRESS


def neighbourhood(address: str) -> str:
    """Return the network that counts as one address: for IPv6 the /64 prefix, which one customer usually has."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, 64), strict=False))

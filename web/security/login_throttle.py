"""How often the token may be guessed: a few times a minute from one address, and from all together."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil

WINDOW_SECONDS = 60.0  # seconds
MAX_WRONG_PER_ADDRESS = 5  # from one address in a window
MAX_WRONG_KNOWN_ADDRESS = 30  # from an address that sent the right token within KNOWN_SECONDS: many people may share it
MAX_WRONG_FROM_UNKNOWN = 50  # from all other addresses: many addresses do not allow more guesses
KNOWN_SECONDS = 3_600.0  # seconds; for an address that sent the right token, guesses from other addresses do not count
MAX_KNOWN_ADDRESSES = 1_000  # such addresses


class LoginThrottle:
    """The wrong tokens of the last minute, and where the right one came from."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: deque[tuple[float, str, bytes]] = deque()
        self._known: dict[str, float] = {}

    def failed(self, who: str, what: str | None = None) -> None:
        """Count a wrong token. ``what`` was given: the same again is no new guess, but a program with an old token."""
        who, given = neighbourhood(who), hashlib.sha256((what or "").encode("utf-8", "surrogateescape")).digest()
        own = [one for _, other, one in self._wrong if other == who]
        if len(own) < self._allowed(who) and not (what is not None and given in own):
            self._wrong.append((self._clock(), who, given))

    def succeeded(self, who: str) -> None:
        """Remember that the right token came from this address."""
        who = neighbourhood(who)
        self._known.pop(who, None)  # so that the newest stands last
        self._known[who] = self._clock()
        if len(self._known) > MAX_KNOWN_ADDRESSES:
            del self._known[next(iter(self._known))]

    def wait(self, who: str) -> int:
        """Return for how many seconds this address has to wait; 0: it may try now."""
        now, who = self._clock(), neighbourhood(who)
        while self._wrong and now - self._wrong[0][0] >= WINDOW_SECONDS:
            self._wrong.popleft()
        own, allowed = [at for at, one, _ in self._wrong if one == who], self._allowed(who)
        ends = [own[-allowed]] if len(own) >= allowed else []
        if not self._is_known(who):
            unknown = [at for at, one, _ in self._wrong if not self._is_known(one)]
            if len(unknown) >= MAX_WRONG_FROM_UNKNOWN:
                ends.append(unknown[-MAX_WRONG_FROM_UNKNOWN])
        return max((ceil(at + WINDOW_SECONDS - now) for at in ends), default=0)

    def _is_known(self, who: str) -> bool:
        return self._clock() - self._known.get(who, -KNOWN_SECONDS) < KNOWN_SECONDS

    def _allowed(self, who: str) -> int:
        """Return how many wrong tokens an address may send in a window. Never unlimited: a guesser may share it."""
        return MAX_WRONG_KNOWN_ADDRESS if self._is_known(who) else MAX_WRONG_PER_ADDRESS


def neighbourhood(who: str) -> str:
    """Return what counts as one address: of IPv6 the first 64 bits, which one customer has all to himself."""
    try:
        address = ip_address(who.partition("%")[0])
    except ValueError:
        return who
    if not isinstance(address, IPv6Address):
        return who
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))

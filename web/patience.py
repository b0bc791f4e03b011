"""How often the token may be guessed in the form: a few times a minute from one address, and from all together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from math import ceil

WINDOW = 60.0  # seconds
WRONG_ALLOWED = 5  # from one address in a window
WRONG_ALTOGETHER = 50  # from all: whoever has many addresses gains nothing


class Tries:
    """The wrong tokens of the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: deque[tuple[float, str]] = deque()

    def failed(self, who: str) -> None:
        """Count a wrong token."""
        self._wrong.append((self._clock(), who))

    def wait(self, who: str) -> int:
        """Return for how many seconds this address has to wait; 0: it may try now."""
        now = self._clock()
        while self._wrong and now - self._wrong[0][0] >= WINDOW:
            self._wrong.popleft()
        own = [at for at, one in self._wrong if one == who]
        ends = [own[-WRONG_ALLOWED]] if len(own) >= WRONG_ALLOWED else []
        if len(self._wrong) >= WRONG_ALTOGETHER:
            ends.append(self._wrong[-WRONG_ALTOGETHER][0])
        return max((ceil(at + WINDOW - now) for at in ends), default=0)

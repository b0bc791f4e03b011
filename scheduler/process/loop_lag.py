"""Measures the lag of the event loop: how long one task blocked all others."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate

PERIOD_SECONDS = 0.1  # seconds between two measurements
BUCKET_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds; a lag is counted under the first bound that is not below it."""


class LoopLagMonitor:
    """Counts how late a timer fires. ``run`` it as a task.

    A lag of ``n`` periods counts ``n`` times, as that many timers would have been late.
    """

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKET_BOUNDS) + 1)
        self.longest = 0.0
        """The longest lag since the start, in seconds."""
        self.total = 0.0
        """The sum of all lags, in seconds."""

    def record(self, lag: float) -> None:
        """Count a lag of so many seconds."""
        self._counts[bisect_left(BUCKET_BOUNDS, lag)] += 1 + int(lag / PERIOD_SECONDS)
        self.longest = max(self.longest, lag)
        self.total += lag

    def percentile(self, share: float) -> float:
        """Return a bound in seconds that this share (0 to 1) of the lags do not exceed; 0 before the first one."""
        wanted = share * sum(self._counts)
        if not wanted:
            return 0.0
        reached = next(number for number, count in enumerate(accumulate(self._counts)) if count >= wanted)
        return min(BUCKET_BOUNDS[reached], self.longest) if reached < len(BUCKET_BOUNDS) else self.longest

    async def run(self, on_lag: Callable[[float], None] | None = None) -> None:
        """Measure until cancelled; ``on_lag`` gets each lag in seconds, for a histogram."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_SECONDS
            await asyncio.sleep(PERIOD_SECONDS)
            lag = max(0.0, loop.time() - due)
            self.record(lag)
            if on_lag is not None:
                on_lag(lag)

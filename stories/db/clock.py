"""The time of this process: the Redis server's time, so that all machines agree on due times.

Between two measurements a monotonic clock continues it, so a jump of this machine's clock has no effect. The age of a
release also depends on the sites' clocks (their ``Date`` headers): a Redis server whose clock is days wrong must not
make every release too old.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import structlog
from redis.asyncio import Redis

log = structlog.get_logger(__name__)

MAX_SKEW = timedelta(seconds=2)  # between this machine and Redis; more is logged
MAX_SITE_SKEW = timedelta(minutes=5)  # between own time and sites' time; less may be caches and slow responses
MIN_JUMP = timedelta(seconds=2)  # of the server's clock between two measurements
PRECISION = 0.01  # seconds; a smaller difference is not corrected
MAX_HOSTS = 200  # whose Date is stored, the latest ones
DATE_LIFETIME = 6 * 3600.0  # seconds for which a site's Date counts


def steady() -> float:
    """Return the monotonic clock in seconds, including the time of system suspension where the system can."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def significant(known: float, sample: float, round_trip: float) -> bool:
    """Return whether a measured offset (s) differs from the known one by more than its measurement error."""
    return abs(sample - known) > round_trip / 2 + PRECISION


def consensus(offsets: Sequence[float]) -> float | None:
    """Return the offset that several hosts agree on: their median; of two the one nearer to zero; None of no host."""
    if len(offsets) == 2:
        return min(offsets, key=abs)
    return median(offsets) if offsets else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMeasurement:
    """The result of a measurement."""

    skew: timedelta
    """How far this machine's clock is ahead of the server's clock."""
    jumped: timedelta
    """The jump of the server's clock since the previous measurement; zero for no jump."""


class Timekeeper:
    """The clock of one process."""

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        steadily: Callable[[], float] = steady,
    ) -> None:
        self._wall = wall
        self._steady = steadily
        self._offset: float | None = None
        """Server time (s since 1970) minus the monotonic clock; None before the first measurement."""
        self._sites: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By host: its Date minus the monotonic clock, and when it was received."""
        self._skew_logged = self._error_logged = False

    def now(self) -> datetime:
        """Return the present time by the server's clock; by this machine's clock before the first measurement."""
        if self._offset is None:
            return self._wall()
        return datetime.fromtimestamp(self._offset + self._steady(), UTC)

    @property
    def skew(self) -> timedelta:
        """How far this machine's clock is ahead of the Redis server's clock."""
        return self._wall() - self.now()

    async def measure(self, redis: Redis, samples: int = 1) -> ClockMeasurement:
        """Measure the server's clock, by the sample with the shortest round trip.

        Raises:
            RedisError: Redis is not reachable.
        """
        found = [await self._sample(redis) for _ in range(samples)]
        round_trip, offset = min(found)
        known, self._offset = self._offset, offset if self._offset is None else self._offset
        jumped = timedelta()
        if known is not None and significant(known, offset, round_trip):
            self._offset = offset
            moved = timedelta(seconds=offset - known)
            if abs(moved) > max(MIN_JUMP, timedelta(seconds=round_trip)):
                jumped = moved
                log.warning("redis_clock_jumped", seconds=round(moved.total_seconds(), 1))
        self._log_skew()
        return ClockMeasurement(skew=self.skew, jumped=jumped)

    async def _sample(self, redis: Redis) -> tuple[float, float]:
        began = self._steady()
        answer: Any = await redis.time()
        ended = self._steady()
        return ended - began, int(answer[0]) + int(answer[1]) / 1e6 - (began + ended) / 2

    def _log_skew(self) -> None:
        skewed = abs(self.skew) > MAX_SKEW
        if skewed and not self._skew_logged:
            log.warning(
                "clock_skew",
                seconds=round(self.skew.total_seconds(), 1),
                reason="the clock of this machine and that of the Redis server differ; due times follow Redis",
                next_step="synchronise both machines by NTP",
            )
        self._skew_logged = skewed

    def record_date(self, host: str, date: datetime) -> None:
        """Record the time that a site's ``Date`` header gave just now."""
        now = self._steady()
        self._sites[host] = (date.timestamp() - now, now)
        self._sites.move_to_end(host)
        while len(self._sites) > MAX_HOSTS:
            self._sites.popitem(last=False)
        self._log_error()

    @property
    def error(self) -> timedelta:
        """How far the own time is ahead of the sites' time; zero unless they differ by minutes."""
        now = self._steady()
        said = consensus(
            [self.now().timestamp() - now - offset for offset, at in self._sites.values() if now - at <= DATE_LIFETIME]
        )
        if said is None or abs(said) < MAX_SITE_SKEW.total_seconds():
            return timedelta()
        return timedelta(seconds=said)

    def warning(self) -> str | None:
        """Return a warning for people if the clocks disagree; None while they agree."""
        if error := self.error:
            return (
                f"the clock is {_span(error)} the clocks of the sites; releases are judged by theirs. "
                "Set it right: timedatectl set-ntp true"
            )
        skew = self.skew
        return skew_warning(skew) if abs(skew) > MAX_SKEW else None

    def _log_error(self) -> None:
        error = self.error
        if error and not self._error_logged:
            log.error(
                "clock_wrong",
                seconds=round(error.total_seconds()),
                reason="the sites' clocks (Date headers) contradict it; the age of releases is judged by theirs",
                next_step="set the clock of this machine and of Redis right: timedatectl set-ntp true",
            )
        self._error_logged = bool(error)


def skew_warning(skew: timedelta) -> str:
    """Return the warning that this machine and the Redis server disagree."""
    return (
        f"the clock of this machine is {_span(skew)} that of the Redis server; due times follow Redis. Synchronise "
        "both machines by NTP: timedatectl set-ntp true"
    )


def _span(ahead: timedelta) -> str:
    return f"{abs(ahead.total_seconds()):.0f} s {'ahead of' if ahead > timedelta() else 'behind'}"


timekeeper = Timekeeper()
"""The clock of this process."""

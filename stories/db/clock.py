"""The time of this process: that of the Redis server, so that all machines agree on when something is due.

Between two measurements a steady clock carries it on, so a jump of this machine's clock changes nothing. How old a
release is, is judged by the clocks of the sites too (their ``Date`` headers): a Redis server whose clock is days wrong
must not make every release too old.
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

SKEW = timedelta(seconds=2)  # between this machine and Redis; more is logged
DOUBT = timedelta(minutes=5)  # between the own time and that of the sites; less may be caches and slow answers
JUMP = timedelta(seconds=2)  # of the server's clock between two measurements
PRECISION = 0.01  # seconds; a smaller difference is not corrected
HOSTS = 200  # whose Date is remembered; the latest
FRESH = 6 * 3600.0  # seconds for which a site's Date counts


def steady() -> float:
    """Return seconds that no change of the system's clock moves; they count while the machine sleeps, where it can."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def significant(known: float, sample: float, round_trip: float) -> bool:
    """Return whether a measured offset (s) differs from the known one by more than it may be wrong itself."""
    return abs(sample - known) > round_trip / 2 + PRECISION


def consensus(offsets: Sequence[float]) -> float | None:
    """Return what several hosts' clocks say: their median; of two the smaller deviation from zero; None of none."""
    if len(offsets) == 2:
        return min(offsets, key=abs)
    return median(offsets) if offsets else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a measurement showed."""

    skew: timedelta
    """By how much this machine's clock is ahead of the server's."""
    jumped: timedelta
    """By how much the server's clock jumped since the measurement before; zero for none."""


class Timekeeper:
    """Keeps the time of one process."""

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        steadily: Callable[[], float] = steady,
    ) -> None:
        self._wall = wall
        self._steady = steadily
        self._offset: float | None = None
        """Of the server's time (s since 1970) to the steady clock; None before it was measured."""
        self._sites: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By host: the offset of its Date to the steady clock, and when it was seen."""
        self._skew_logged = self._error_logged = False

    def now(self) -> datetime:
        """Return this moment by the server's clock; by this machine's before that was measured."""
        if self._offset is None:
            return self._wall()
        return datetime.fromtimestamp(self._offset + self._steady(), UTC)

    @property
    def skew(self) -> timedelta:
        """By how much this machine's clock is ahead of the Redis server's."""
        return self._wall() - self.now()

    async def measure(self, redis: Redis, samples: int = 1) -> Measured:
        """Compare with the server's clock, by the sample with the shortest round trip, or raise ``RedisError``."""
        found = [await self._sample(redis) for _ in range(samples)]
        round_trip, offset = min(found)
        known, self._offset = self._offset, offset if self._offset is None else self._offset
        jumped = timedelta()
        if known is not None and significant(known, offset, round_trip):
            self._offset = offset
            moved = timedelta(seconds=offset - known)
            if abs(moved) > max(JUMP, timedelta(seconds=round_trip)):
                jumped = moved
                log.warning("redis_clock_jumped", seconds=round(moved.total_seconds(), 1))
        self._log_skew()
        return Measured(skew=self.skew, jumped=jumped)

    async def _sample(self, redis: Redis) -> tuple[float, float]:
        began = self._steady()
        answer: Any = await redis.time()
        ended = self._steady()
        return ended - began, int(answer[0]) + int(answer[1]) / 1e6 - (began + ended) / 2

    def _log_skew(self) -> None:
        skewed = abs(self.skew) > SKEW
        if skewed and not self._skew_logged:
            log.warning(
                "clock_skew",
                seconds=round(self.skew.total_seconds(), 1),
                reason="the clock of this machine and that of the Redis server differ; due times follow Redis",
                next_step="synchronise both machines by NTP",
            )
        self._skew_logged = skewed

    def saw_date(self, host: str, date: datetime) -> None:
        """Remember what a site's clock said just now."""
        now = self._steady()
        self._sites[host] = (date.timestamp() - now, now)
        self._sites.move_to_end(host)
        while len(self._sites) > HOSTS:
            self._sites.popitem(last=False)
        self._log_error()

    @property
    def error(self) -> timedelta:
        """By how much the own time is ahead of that of the sites; zero while they do not contradict it by minutes."""
        now = self._steady()
        said = consensus(
            [self.now().timestamp() - now - offset for offset, at in self._sites.values() if now - at <= FRESH]
        )
        if said is None or abs(said) < DOUBT.total_seconds():
            return timedelta()
        return timedelta(seconds=said)

    def warning(self) -> str | None:
        """Return in words that the clocks disagree; None while they agree."""
        if error := self.error:
            return (
                f"the clock is {_span(error)} the clocks of the sites; releases are judged by theirs. "
                "Set it right: timedatectl set-ntp true"
            )
        skew = self.skew
        return skew_warning(skew) if abs(skew) > SKEW else None

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
    """Return in words that this machine and the Redis server disagree."""
    return (
        f"the clock of this machine is {_span(skew)} that of the Redis server; due times follow Redis. Synchronise "
        "both machines by NTP: timedatectl set-ntp true"
    )


def _span(ahead: timedelta) -> str:
    return f"{abs(ahead.total_seconds()):.0f} s {'ahead of' if ahead > timedelta() else 'behind'}"


timekeeper = Timekeeper()
"""Of this process."""

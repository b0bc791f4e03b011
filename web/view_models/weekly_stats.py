"""Weekly statistics of every source: releases per hour, and delays, from the stored releases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from stories.model.timestamps import milliseconds, parse_timestamp
from stories.search.reader_pool import QueryTooExpensiveError
from web.dependencies import Dependencies

HOURS = 168
MAX_RELEASES_WITH_INDEX = 10_000  # a busy week of forty wires
MAX_RELEASES_WITHOUT_INDEX = 1_000
CACHE_SECONDS = 60.0  # a chart of a week may be a minute old
MAX_DELAY_SECONDS = 86_400.0  # seconds; a release read later was found in an archive, so its delay means nothing
HEIGHT = 24  # of the chart, in units of one hour's width


@dataclass(slots=True, kw_only=True)
class WeeklyStats:
    """A source's releases of the last 168 hours."""

    counts: list[int] = field(default_factory=lambda: [0] * HOURS)
    """Releases per hour, the current hour last."""
    seconds: list[float] = field(default_factory=list)
    """Delays from the printed time of a release until it was read."""

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def path(self) -> str:
        """The bars as the path of an SVG, ``HOURS`` wide and ``HEIGHT`` high."""
        most = max(self.counts)
        bars = ((hour, round(count / most * HEIGHT, 1)) for hour, count in enumerate(self.counts) if count)
        return "".join(f"M{hour} {HEIGHT}v-{high}h1v{high}z" for hour, high in bars)

    @property
    def words(self) -> str:
        """The chart as text, for screen readers."""
        if not self.total:
            return "no release in the last 7 days"
        days = [sum(self.counts[day * 24 : day * 24 + 24]) for day in range(7)]
        return f"{self.total} releases in the last 7 days; a day, oldest first: {', '.join(map(str, days))}"


class WeeklyStatsReader:
    """The weekly statistics of all sources, computed at most once a minute."""

    def __init__(self) -> None:
        self._made: dict[str, WeeklyStats] = {}
        self._at: float | None = None
        self._making = asyncio.Lock()

    async def get(self, dependencies: Dependencies) -> Mapping[str, WeeklyStats]:
        """Return the statistics of every source with a release in the last week."""
        async with self._making:
            now = asyncio.get_running_loop().time()
            if self._at is None or now - self._at >= CACHE_SECONDS:
                self._made = await weeks(dependencies, dependencies.now())
                self._at = now
        return self._made


async def weeks(dependencies: Dependencies, now: datetime) -> dict[str, WeeklyStats]:
    """Return the statistics of the week before ``now``, of every source with a release in it."""
    ends = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    found: dict[str, WeeklyStats] = {}
    async for source, seen_at, published_at in _seen(dependencies, ends - timedelta(hours=HOURS)):
        seen, printed = parse_timestamp(seen_at), parse_timestamp(published_at)
        if source is None or seen is None:
            continue
        week = found.setdefault(source, WeeklyStats())
        hour = HOURS - 1 - int((ends - seen) / timedelta(hours=1))
        if 0 <= hour < HOURS:
            week.counts[hour] += 1
        if printed is not None:
            late = (seen - printed).total_seconds()
            if 0 <= late <= MAX_DELAY_SECONDS:
                week.seconds.append(late)
    return found


async def _seen(
    dependencies: Dependencies, since: datetime
) -> AsyncIterator[tuple[str | None, str | None, str | None]]:
    hits = None
    if dependencies.finder is not None:
        try:
            hits = await dependencies.finder.find(None, since=milliseconds(since), limit=MAX_RELEASES_WITH_INDEX)
        except QueryTooExpensiveError:
            hits = []
    for hit in hits or ():
        yield hit.row.source, hit.row.first_seen_at, hit.row.published_at
    if hits is not None:
        return
    left = MAX_RELEASES_WITHOUT_INDEX
    async for stored in dependencies.archive.releases(since=since):
        yield stored.release.source, stored.release.first_seen_at, stored.release.published_at
        left -= 1
        if not left:
            return

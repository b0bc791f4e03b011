"""Stops 7 to 11 in a row: a reading → what it means → kept. The only part of the room that talks to Redis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config.settings import Settings
from pipelines.decision import decide, withdraw
from pipelines.identity import traits
from pipelines.revisits import next_revisit
from pipelines.tidy import plain, tidy
from stories.claims import Claims
from stories.desk import Desk
from stories.event import Event
from stories.failpoints import failpoint
from stories.ids import release_id
from stories.keeping import Keep, Keeper, Known
from stories.reading import Reading
from stories.release import Release
from stories.urls import url_digest

log = structlog.get_logger(__name__)

DECISIONS = 50  # each further one means that another worker kept a candidate meanwhile; this many is a fault
GONE_CONFIRMED = timedelta(seconds=30)  # between two looks at a page that is gone, at the least


class Contended(Exception):  # noqa: N818 (reads as a sentence where it is raised)
    """Memory changed under every decision; the page is read again at a later poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What became of a reading."""

    release: Release | None
    events: tuple[Event, ...] = ()
    """All that happened, those included that nobody is alerted of."""
    alerts: int = 0


class Memory:
    """Turns readings into kept releases and events."""

    def __init__(
        self,
        keeper: Keeper,
        claims: Claims,
        desk: Desk,
        settings: Settings,
        clock: Callable[[], datetime],
        heard: Callable[[Remembered], None],
    ) -> None:
        """``heard`` is told of all that is kept, at once: alerts wait to be delivered."""
        self._keeper = keeper
        self._claims = claims
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._heard = heard

    async def remember(self, reading: Reading) -> Remembered:
        """Keep what was read, and return what it meant."""
        if reading.gone is not None:
            return await self._gone(reading)
        if reading.release is None:
            raise ValueError("a reading has a release or says how it is gone")
        url = reading.release.url or reading.url
        own_id = release_id(url_digest(url))
        read = replace(reading.release, url=url)
        release = replace(tidy(read, reading.source), id=own_id)
        found = traits(release)
        for _ in range(DECISIONS):
            now = self._clock()
            if release.notice is not None and not plain(release.notice.headline):
                release = await self._headed(read, reading.source, own_id)
                found = traits(release)
            knowledge = await self._keeper.lookup(own_id, found)
            keep = decide(release, knowledge, reading, self._settings, now)
            if keep is None:
                return await self._same(reading, own_id, knowledge.own, now)
            if reading.silent and knowledge.own is None and not any(keep.alerts.values()):
                # What others hear of earlier releases stays: a notice that finds its original here.
                stored = replace(keep, events=tuple(one for one in keep.events if one.release is not keep.release))
            else:
                stored = keep
            failpoint("decided")
            if await self._keeper.keep(stored, reading, found, knowledge.fingerprint, now):
                failpoint("kept")
                return self._kept(keep, reading)
        raise Contended(f"{reading.url}: memory changed {DECISIONS} times while it was decided on")

    async def _headed(self, read: Release, source: str, own_id: str) -> Release:
        """Return the release of a notice that has taken all of the headline under the one known before."""
        known = (await self._keeper.lookup(own_id, ())).own
        return replace(tidy(read, source, known.release if known else None), id=own_id)

    def _kept(self, keep: Keep, reading: Reading) -> Remembered:
        alerts = sum(len(channels) for channels in keep.alerts.values())
        log.info(
            "kept",
            source=reading.source,
            release=keep.release.id,
            verdict=keep.verdict,
            why=keep.why,
            story=keep.story,
            events=[event.type for event in keep.events],
            alerts=alerts,
            silent=reading.silent,
        )
        remembered = Remembered(release=keep.release, events=keep.events, alerts=alerts)
        self._heard(remembered)
        return remembered

    async def _same(self, reading: Reading, own_id: str, known: Known | None, now: datetime) -> Remembered:
        """The page says what it said: the lease ends, and the next look at it is set."""
        await self._claims.unchanged(reading.url, own_id, reading.listing, reading.listed_headline)
        if known is not None:
            await self._desk.put_revisit(own_id, next_revisit(known.release, self._settings.polling.ladder, now))
        return Remembered(release=known.release if known else None)

    async def _gone(self, reading: Reading) -> Remembered:
        """A page that is gone is told of when it was seen so twice, with time between."""
        now = self._clock()
        own_id = await self._claims.release_id(reading.url)
        if own_id is None:
            return Remembered(release=None)
        knowledge = await self._keeper.lookup(own_id, ())
        if knowledge.own is None:
            return Remembered(release=None)
        since = await self._claims.gone(reading.url, now)
        ladder = self._settings.polling.ladder
        wait = min(GONE_CONFIRMED, ladder[0][0]) if ladder else GONE_CONFIRMED
        if now - since < wait:
            await self._desk.put_revisit(own_id, since + wait)
            return Remembered(release=knowledge.own.release)
        how = f"{reading.gone}, seen twice, {round((now - since).total_seconds())} s apart"
        keep = withdraw(knowledge.own, how, self._settings, now)
        if not await self._keeper.keep(keep, reading, (), knowledge.fingerprint, now):
            await self._desk.put_revisit(own_id, now + wait)
            return Remembered(release=knowledge.own.release)
        return self._kept(keep, reading)

"""Stops 7 to 11 in a row: a reading → what it means → kept. The only part of the room that talks to Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from config.settings import Settings
from pipelines.decision import decide
from pipelines.identity import blocking_keys_of
from pipelines.page_states import StateAssessment, assess, state_digest, with_return_detail
from pipelines.revisit_schedule import next_revisit, visits_before
from pipelines.text_loss import is_lost, is_still_shown
from pipelines.tidy import clean_line, tidy
from pipelines.volatile_lines import is_stable, noise_marks, noise_shown, volatile_candidates, without_noise
from pipelines.volatile_places import VISITS_COUNTED, Visit, record_visit
from pipelines.withdrawals import restore, withdraw
from stories.crawl_state.claims import Claims
from stories.crawl_state.page_observations import PageObservations, PageStates, VolatileLine, VolatilePlace
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.model.event import Event
from stories.model.ids import release_id
from stories.model.page_result import Gone, PageResult
from stories.model.release import Release
from stories.model.timestamps import parse_timestamp
from stories.model.urls import url_digest
from stories.runtime.failpoints import failpoint
from stories.store.releases import Decision, KnownRelease, ReleaseStore

log = structlog.get_logger(__name__)

MAX_DECISIONS = 50  # each further one means that another worker kept a candidate meanwhile; this many is a fault
GONE_CONFIRMED = timedelta(minutes=5)  # between two looks at a page that is gone: a deployment takes some
FADED_CONFIRMED = timedelta(minutes=30)  # the same where its site does not say so in its status: it may be at work
ALONE_CONFIRMED = timedelta(hours=1)  # the same of a site that has no other page to look at: it may be away
OUTAGE = 4  # pages of a site that go in the same way, while none is read well: the site is ill, nobody withdrew them
RECHECK_DELAY = timedelta(minutes=5)  # until a line that may move by itself is looked at again
SAID: tuple[Gone, ...] = ("not found", "gone")
"""Said by the site itself, in its status."""


class ContentionError(Exception):
    """Memory changed under every decision; the page is read again at a later poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """What became of a reading."""

    release: Release | None
    events: tuple[Event, ...] = ()
    """All that happened, those included that nobody is alerted of."""
    alerts: int = 0
    awaits_original: bool = False
    """Nothing was stored: it is a notice, and what it is about may be read within moments."""


class Ingestor:
    """Turns readings into kept releases and events."""

    def __init__(
        self,
        keeper: ReleaseStore,
        claims: Claims,
        revisit_queue: RevisitQueue,
        settings: Settings,
        clock: Callable[[], datetime],
        heard: Callable[[IngestResult], None],
        looks: PageObservations | None = None,
    ) -> None:
        """``heard`` is told of all that is kept, at once: alerts wait to be delivered.

        ``looks``: what is remembered between two readings of a page; without it every page is read whole each time, and
        nothing is learnt of what moves by itself.
        """
        self._keeper = keeper
        self._claims = claims
        self._revisit_queue = revisit_queue
        self._settings = settings
        self._clock = clock
        self._heard = heard
        self._looks = looks

    async def ingest(self, reading: PageResult, *, may_wait: bool = False) -> IngestResult:
        """Keep what was read, and return what it meant.

        ``may_wait``: a notice whose original is unknown is not stored yet; the caller tries again once further pages
        were read.
        """
        if reading.gone is not None:
            if reading.release is None or not await self._is_still(reading.url, reading.release):
                return await self._gone(replace(reading, release=None), reading.gone)
            reading = replace(reading, gone=None)
        if reading.unchanged:
            return await self._stands(reading)
        if reading.release is None:
            raise ValueError("a reading has a release, or says how it is gone or that it stands as it stood")
        url = reading.release.url or reading.url
        own_id = release_id(url_digest(url))
        if url != reading.url and (left := await self._left(reading, own_id)) is not None:
            return left
        read = replace(reading.release, url=url)
        release = replace(tidy(read, reading.source), id=own_id)
        found = blocking_keys_of(release)
        for _ in range(MAX_DECISIONS):
            now = self._clock()
            if release.notice is not None and not clean_line(release.notice.headline):
                release = await self._headed(read, reading.source, own_id)
                found = blocking_keys_of(release)
            knowledge = await self._keeper.lookup(own_id, found)
            marks = await self._keeper.marks_before_loss(own_id) if knowledge.own is None else None
            if marks is not None:
                reading = replace(reading, silent=True)  # alerted before Redis lost its data
            if _is_emptied(knowledge.own, release):
                return await self._gone(reading, "emptied")
            await self._bear_witness(knowledge.own, now)
            seen = await self._seen_to_move(knowledge.own)
            noise = noise_marks(seen, own_id)
            moved = self._may_move(knowledge.own, release, noise)
            known_states, seen_now = await self._visited(knowledge.own, release, noise, now)
            if moved and not is_stable(moved, seen):
                await self._put_places(own_id, known_states, seen_now.places)
                return await self._look_again(reading, own_id, moved, now)
            noise |= seen_now.marks
            keep = decide(release, knowledge, reading, self._settings, now, noise)
            if noise:
                await self._met_again(release, noise, seen, now)
            states = self._judged(knowledge.own, release, noise, keep, known_states)
            after = states.states if states is not None else known_states
            if keep is None:
                await self._put_places(own_id, after, seen_now.places, known_states)
                return await self._without_volatile(reading, own_id, knowledge.own, seen_now, now)
            if states is not None and not states.is_told:
                await self._put_places(own_id, after, seen_now.places, known_states)
                log.info("page_unstable", source=reading.source, release=own_id, why="a state that was read before")
                return await self._same(replace(reading, validators=None), own_id, knowledge.own, now)
            if states is not None and states.is_return:
                keep = replace(keep, events=tuple(map(with_return_detail, keep.events)))
            if may_wait and _lacks_its_original(keep):
                return IngestResult(release=release, awaits_original=True)
            if reading.silent and knowledge.own is None and not any(keep.alerts.values()):
                # What others hear of earlier releases stays: a notice that finds its original here.
                stored = replace(keep, events=tuple(one for one in keep.events if one.release is not keep.release))
            else:
                stored = keep
            failpoint("decided")
            if await self._keeper.keep(stored, reading, found, knowledge.fingerprint, now, marks or ()):
                failpoint("kept")
                await self._note(reading, own_id, keep.release.revision)
                await self._stood(release, moved, now)
                await self._put_places(own_id, after, seen_now.reported(), known_states)
                return self._kept(keep, reading)
        raise ContentionError(f"{reading.url}: memory changed {MAX_DECISIONS} times while it was decided on")

    async def _visited(
        self, own: KnownRelease | None, release: Release, noise: frozenset[str], now: datetime
    ) -> tuple[PageStates, Visit]:
        """Return what is known of a page's states, and what this visit shows of the places that change."""
        if self._looks is None or own is None:
            return PageStates(), Visit()
        states = await self._looks.page_states(own.release.id or "")
        if own.verdict == "withdrawn" or not self._settings.polling.ladder:
            return states, Visit(places=states.places, parts=((),) * len(states.places))
        earlier = visits_before(own.release, self._settings.polling.ladder, now, VISITS_COUNTED)
        return states, record_visit(
            states.places, without_noise(own.release, noise), without_noise(release, noise), earlier
        )

    async def _put_places(
        self, own_id: str, states: PageStates, places: tuple[VolatilePlace, ...], before: PageStates | None = None
    ) -> None:
        """Store what is known of a page's states; ``before``: what is stored, if it is not ``states``."""
        after = replace(states, places=places)
        if self._looks is not None and after != (before or states):
            await self._looks.put_page_states(own_id, after)

    async def _without_volatile(
        self, reading: PageResult, own_id: str, own: KnownRelease | None, seen_now: Visit, now: datetime
    ) -> IngestResult:
        """At most volatile content changed: a text that stays there is found by visits that read the page whole."""
        if not seen_now.marks:
            return await self._same(reading, own_id, own, now)
        log.info("page_volatile", source=reading.source, release=own_id, why="a line that says something new each time")
        remembered = await self._same(replace(reading, validators=None), own_id, own, now)
        if seen_now.is_undecided:
            await self._revisit_queue.schedule(own_id, now + self._soon(RECHECK_DELAY))
        return remembered

    def _judged(
        self,
        own: KnownRelease | None,
        release: Release,
        noise: frozenset[str],
        keep: Decision | None,
        states: PageStates,
    ) -> StateAssessment | None:
        """Return what an edit without a notice means by the states in which its page was read; None for all else."""
        if self._looks is None or own is None or own.verdict == "withdrawn":
            return None
        if keep is None:  # the state that is kept: the others are read no more in a row
            return StateAssessment(states=replace(states, latest=None, visits=0), is_told=False)
        if keep.verdict != "revised":
            return None
        return assess(
            states, state_digest(without_noise(own.release, noise)), state_digest(without_noise(release, noise))
        )

    async def _headed(self, read: Release, source: str, own_id: str) -> Release:
        """Return the release of a notice that has taken all of the headline under the one known before."""
        known = (await self._keeper.lookup(own_id, ())).own
        return replace(tidy(read, source, known.release if known else None), id=own_id)

    def _kept(self, keep: Decision, reading: PageResult) -> IngestResult:
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
        remembered = IngestResult(release=keep.release, events=keep.events, alerts=alerts)
        self._heard(remembered)
        return remembered

    async def _same(self, reading: PageResult, own_id: str, known: KnownRelease | None, now: datetime) -> IngestResult:
        """The page says what it said: the lease ends, and the next look at it is set."""
        await self._claims.unchanged(reading.url, own_id, reading.listing, reading.listed_headline)
        if known is not None:
            await self._revisit_queue.schedule(own_id, next_revisit(known.release, self._settings.polling.ladder, now))
            await self._note(reading, own_id, known.release.revision)
        return IngestResult(release=known.release if known else None)

    async def _note(self, reading: PageResult, own_id: str, revision: int) -> None:
        """Remember what the page can be asked by, once what it said is kept."""
        if self._looks is not None:
            known = reading.validators
            await self._looks.put_validators(own_id, replace(known, revision=revision) if known else None)

    async def _stands(self, reading: PageResult) -> IngestResult:
        """The site says that a page is as it was: that too may be news, of one that was gone."""
        for _ in range(MAX_DECISIONS):
            now = self._clock()
            own_id = await self._claims.release_id(reading.url)
            knowledge = await self._keeper.lookup(own_id, ()) if own_id else None
            if own_id is None or knowledge is None or knowledge.own is None:
                return IngestResult(release=None)
            await self._bear_witness(knowledge.own, now)
            if knowledge.own.verdict != "withdrawn":
                return await self._same(reading, own_id, knowledge.own, now)
            keep = restore(knowledge.own, self._settings, now)
            if await self._keeper.keep(keep, reading, (), knowledge.fingerprint, now):
                await self._note(reading, own_id, keep.release.revision)
                return self._kept(keep, reading)
        raise ContentionError(f"{reading.url}: memory changed {MAX_DECISIONS} times while it was decided on")

    async def _seen_to_move(self, own: KnownRelease | None) -> tuple[VolatileLine, ...]:
        if own is None or self._looks is None:
            return ()
        return await self._looks.moves(_site(own.release))

    def _may_move(self, own: KnownRelease | None, release: Release, noise: frozenset[str]) -> tuple[VolatileLine, ...]:
        """Return what may have moved by itself; nothing where nobody would look again."""
        if own is None or self._looks is None or own.verdict == "withdrawn" or not self._settings.polling.ladder:
            return ()
        return volatile_candidates(without_noise(own.release, noise), without_noise(release, noise))

    async def _look_again(
        self, reading: PageResult, own_id: str, moved: tuple[VolatileLine, ...], now: datetime
    ) -> IngestResult:
        """What may move by itself is told when it says the same at two looks in a row."""
        assert self._looks is not None  # noqa: S101 (nothing is seen to move without it)
        await self._looks.moved(_site_of(reading.url), moved, now)
        await self._claims.unchanged(reading.url, own_id, reading.listing, reading.listed_headline)
        await self._looks.put_validators(own_id, None)
        await self._revisit_queue.schedule(own_id, now + self._soon(RECHECK_DELAY))
        log.info("looked at again", source=reading.source, release=own_id, why="a line that may change by itself")
        return IngestResult(release=None)

    async def _met_again(
        self, release: Release, noise: frozenset[str], seen: Sequence[VolatileLine], now: datetime
    ) -> None:
        """Noise that still stands on the pages of its site is not forgotten."""
        if self._looks is not None and (met := noise_shown(release, noise)):
            await self._looks.moved(_site(release), (one for one in seen if one.mark in met), now)

    async def _stood(self, release: Release, moved: tuple[VolatileLine, ...], now: datetime) -> None:
        if self._looks is not None and moved:
            await self._looks.stood(_site(release), moved, now)

    def _soon(self, span: timedelta, steps: int = 1) -> timedelta:
        """Return the span, or so many of the ladder's first steps where those are shorter."""
        ladder = self._settings.polling.ladder
        return min(span, steps * ladder[0][0]) if ladder else span

    async def _left(self, reading: PageResult, landed_id: str) -> IngestResult | None:
        """What it means that the address of a known release leads to another page; None when none was known there.

        To another announcement: the release is gone. To the same one (its correction, its new address) or to a page
        that nobody has read yet: that page is read as what it is, and nothing is said of the release.
        """
        known_id = await self._claims.release_id(reading.url)
        if known_id is None or known_id == landed_id or reading.release is None:
            return None
        known, landed = [(await self._keeper.lookup(one, ())).own for one in (known_id, landed_id)]
        if known is None:
            return None
        if landed is not None and landed.story != known.story and not _alike(known.release, landed.release):
            return await self._gone(replace(reading, release=None), "moved to another release")
        await self._claims.unchanged(reading.url, known_id, reading.listing, reading.listed_headline)
        revisit = next_revisit(known.release, self._settings.polling.ladder, self._clock())
        await self._revisit_queue.schedule(known_id, revisit)
        return await self.ingest(replace(reading, url=reading.release.url or reading.url, listing=None))

    async def _is_still(self, url: str, read: Release) -> bool:
        """Return whether a page that says somewhere "not found" shows its release: its site always says so."""
        own_id = await self._claims.release_id(url)
        own = (await self._keeper.lookup(own_id, ())).own if own_id else None
        return own is not None and _is_headed(read, own.release) and _has_text_of(read, own.release)

    async def _bear_witness(self, own: KnownRelease | None, now: datetime) -> None:
        """A page that is read again and stands shows that its site is not away."""
        if own is not None and self._looks is not None:
            known_since = parse_timestamp(own.release.first_seen_at) or now
            await self._looks.stands(_site(own.release), own.release.id or "", known_since, now)

    async def _gone(self, reading: PageResult, how: Gone) -> IngestResult:
        """A page that is gone is told of when it was seen so twice, with time between, and its site is not away."""
        now = self._clock()
        own_id = await self._claims.release_id(reading.url)
        if own_id is None:
            return IngestResult(release=None)
        knowledge = await self._keeper.lookup(own_id, ())
        if knowledge.own is None:
            return IngestResult(release=None)
        release, ladder = knowledge.own.release, self._settings.polling.ladder
        if reading.page_text and is_still_shown(release, reading.page_text):
            log.info("page_not_understood", source=reading.source, release=own_id, how=how, shown="the release's text")
            await self._claims.unchanged(reading.url, own_id, reading.listing, reading.listed_headline)
            await self._revisit_queue.schedule(own_id, next_revisit(release, ladder, now))
            return IngestResult(release=release)
        if knowledge.own.verdict == "withdrawn":  # that was told
            await self._revisit_queue.schedule(own_id, next_revisit(release, ladder, now))
            return IngestResult(release=release)
        since = await self._claims.gone(reading.url, now)
        wait = again = self._soon(GONE_CONFIRMED) if how in SAID else self._soon(FADED_CONFIRMED, 2)
        if self._looks is not None:
            missing = await self._looks.gone(_site(release), own_id, how, since)
            if not missing.stood and missing.alike >= OUTAGE:
                log.info("not told as gone", source=reading.source, release=own_id, how=how, alike=missing.alike)
                await self._revisit_queue.schedule(own_id, next_revisit(release, ladder, now))
                return IngestResult(release=release)
            if not missing.stood:
                wait = self._soon(ALONE_CONFIRMED, 4)
                for other in missing.others[: OUTAGE - missing.alike]:  # do they stand, or is the site away?
                    await self._revisit_queue.schedule(other, now)
        if now - since < wait:
            await self._revisit_queue.schedule(own_id, min(since + wait, now + again))
            return IngestResult(release=release)
        seen = f"{how}, seen twice, {round((now - since).total_seconds())} s apart"
        keep = withdraw(knowledge.own, seen, self._settings, now)
        if not await self._keeper.keep(keep, reading, (), knowledge.fingerprint, now):
            await self._revisit_queue.schedule(own_id, now + wait)
            return IngestResult(release=release)
        if self._looks is not None:
            await self._looks.told_gone(_site(release), own_id)
        return self._kept(keep, reading)


def _lacks_its_original(keep: Decision) -> bool:
    return not keep.revises and keep.verdict == "notice" and keep.replaces is None


def _is_headed(release: Release, known: Release) -> bool:
    return clean_line(known.headline) in clean_line(release.headline)  # a notice's marker may stand before it


def _has_text_of(release: Release, known: Release) -> bool:
    """Return whether most of a known release's text stands in what was read."""
    there = {clean_line(text) for text in release.body}
    return 2 * sum(clean_line(text) in there for text in known.body) > len(known.body)


def _is_emptied(own: KnownRelease | None, release: Release) -> bool:
    """Return whether a page has lost all of its text, whatever it shows instead; a notice says itself what happened."""
    if own is None or not own.release.body or release.notice is not None:
        return False
    return not release.body or is_lost(own.release, release)


def _alike(release: Release, other: Release) -> bool:
    return clean_line(release.headline) == clean_line(other.headline)


def _site(release: Release) -> str:
    return _site_of(release.url or "")


def _site_of(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")

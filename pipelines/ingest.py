"""Ingests page results: normalises, decides and stores, and decides again if another worker changed the candidates.

Pipeline steps 7 to 11. The decisions are pure functions of other modules; this one does their I/O in Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config.settings import Settings
from pipelines.decision import decide
from pipelines.identity import blocking_keys_of
from pipelines.page_states import with_return_detail
from pipelines.removal_policy import Outage, RemovalHistory, Wait, confirm_removal
from pipelines.revisit_schedule import next_revisit, within_steps
from pipelines.text_loss import is_lost, is_still_shown
from pipelines.tidy import clean_line, tidy
from pipelines.volatile_content import NoObservations, Observation, Observations, VolatileContent, site_of
from pipelines.withdrawals import restore, withdraw
from stories.crawl_state.claims import Claims
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.model.event import Event
from stories.model.ids import release_id
from stories.model.listed_fields import with_listed
from stories.model.page_result import Gone, PageResult
from stories.model.release import Release
from stories.model.timestamps import parse_timestamp, timestamp
from stories.model.urls import url_digest
from stories.runtime.failpoints import failpoint
from stories.store.releases import Decision, KnownRelease, ReleaseStore

log = structlog.get_logger(__name__)

MAX_DECISIONS = 50  # each further one means that another worker stored a candidate meanwhile; so many are a fault
RECHECK_DELAY = timedelta(minutes=5)  # until content that may be volatile is read again


class ContentionError(Exception):
    """The candidates changed during every decision; the page is read again at a later poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """The result of ingesting one page result."""

    release: Release | None
    events: tuple[Event, ...] = ()
    """All events, also those that no channel receives."""
    alerts: int = 0
    withheld: str | None = None
    """Why a matching release was stored without an alert: ``too old``, ``seeded``, or ``embargo`` while it is held."""
    awaits_original: bool = False
    """Nothing was stored: the release is a notice, and its original may be read within moments."""


class Ingestor:
    """Turns page results into stored releases and events."""

    def __init__(
        self,
        store: ReleaseStore,
        claims: Claims,
        revisit_queue: RevisitQueue,
        settings: Settings,
        clock: Callable[[], datetime],
        on_stored: Callable[[IngestResult], None],
        observations: Observations | None = None,
    ) -> None:
        """Create an ingestor.

        Args:
            store: the release store.
            claims: the leases on pages.
            revisit_queue: when pages are read again.
            settings: the configuration in force.
            clock: returns the current time.
            on_stored: called after each stored decision, so that its alerts are delivered immediately.
            observations: what is stored between two reads of a page; None: nothing.
        """
        self._store = store
        self._claims = claims
        self._revisit_queue = revisit_queue
        self._settings = settings
        self._clock = clock
        self._on_stored = on_stored
        self._observations: Observations = observations or NoObservations()
        self._volatile = VolatileContent(self._observations, settings)

    async def ingest(self, result: PageResult, *, may_wait: bool = False) -> IngestResult:
        """Store a page result and return what it meant.

        Args:
            result: the result of reading a page.
            may_wait: do not store a notice whose original is unknown; the caller tries again after more pages.

        Raises:
            ContentionError: other workers changed the candidates ``MAX_DECISIONS`` times.
            RedisError: Redis is not available.
        """
        if result.gone is not None:
            if result.release is None or not await self._shows_stored_release(result.url, result.release):
                return await self._ingest_removed(replace(result, release=None), result.gone)
            result = replace(result, gone=None)
        if result.unchanged:
            return await self._ingest_unchanged(result)
        if result.release is None:
            raise ValueError("a page result has a release, or says that the page is gone or unchanged")
        url = result.release.url or result.url
        own_id = release_id(url_digest(url))
        if url != result.url and (redirected := await self._ingest_redirect(result, own_id)) is not None:
            return redirected
        return await self._ingest_release(replace(result.release, url=url), own_id, result, may_wait=may_wait)

    async def _ingest_release(self, read: Release, own_id: str, result: PageResult, *, may_wait: bool) -> IngestResult:
        """Decide and store until no candidate changed in between."""
        release = replace(tidy(read, result.source), id=own_id)
        for _ in range(MAX_DECISIONS):
            now = self._clock()
            if release.notice is not None and not clean_line(release.notice.headline):
                release = await self._with_stored_headline(read, result.source, own_id)
            blocking_keys = blocking_keys_of(release)
            knowledge = await self._store.lookup(own_id, blocking_keys)
            own = knowledge.own
            marks = await self._store.marks_before_loss(own_id) if own is None else None
            if marks is not None:
                result = replace(result, silent=True)  # alerted before Redis lost its data
            if _is_emptied(own, release):
                return await self._ingest_removed(result, "emptied")
            await self._record_readable(own, now)
            if own is not None:  # the page alone does not give what its listing gave
                release = with_listed(release, own.release.listed_tags, own.release.listed_tickers)
            observation = await self._volatile.observe(own, release, now)
            if observation.needs_recheck:
                return await self._recheck_later(result, observation, now)
            decision = decide(release, knowledge, result, self._settings, now, observation.noise)
            await self._volatile.refresh(observation, now)
            observation = self._volatile.assess(observation, decision)
            if decision is None or not observation.is_reported:
                return await self._ingest_unreported(result, observation, decision, now)
            if observation.is_return:
                decision = replace(decision, events=tuple(map(with_return_detail, decision.events)))
            if may_wait and _lacks_original(decision):
                return IngestResult(release=release, awaits_original=True)
            failpoint("decided")
            stored = _without_silent_events(decision, result, own)
            if await self._store.commit(stored, result, blocking_keys, knowledge.fingerprint, now, marks or ()):
                failpoint("kept")
                await self._put_validators(result, own_id, decision.release.revision)
                await self._volatile.store_reported(observation, now)
                return self._stored(decision, result)
        raise _contention(result)

    async def _ingest_unchanged(self, result: PageResult) -> IngestResult:
        """Handle a page that its site reports as not modified: if it was withdrawn, it is restored."""
        for _ in range(MAX_DECISIONS):
            now = self._clock()
            own_id = await self._claims.release_id(result.url)
            knowledge = await self._store.lookup(own_id, ()) if own_id else None
            if own_id is None or knowledge is None or knowledge.own is None:
                return IngestResult(release=None)
            await self._record_readable(knowledge.own, now)
            if knowledge.own.verdict != "withdrawn":
                return await self._same(result, own_id, knowledge.own, now)
            decision = restore(knowledge.own, self._settings, now)
            if await self._store.commit(decision, result, (), knowledge.fingerprint, now):
                await self._put_validators(result, own_id, decision.release.revision)
                return self._stored(decision, result)
        raise _contention(result)

    async def _ingest_redirect(self, result: PageResult, target_id: str) -> IngestResult | None:
        """Handle a redirect from the URL of a known release; None if no release is known at that URL.

        If the target is another stored announcement, the release is gone. If it is the same announcement (corrected, or
        at a new URL) or a page that was not read yet, the target is ingested, and nothing is reported of the release.
        """
        known_id = await self._claims.release_id(result.url)
        if known_id is None or known_id == target_id or result.release is None:
            return None
        known, target = [(await self._store.lookup(found, ())).own for found in (known_id, target_id)]
        if known is None:
            return None
        if target is not None and target.story != known.story and not _has_same_headline(known.release, target.release):
            return await self._ingest_removed(replace(result, release=None), "moved to another release")
        await self._end_claim(result, known_id)
        await self._revisit_queue.schedule(known_id, self._next_revisit(known.release, self._clock()))
        return await self.ingest(replace(result, url=result.release.url or result.url, listing=None))

    async def _ingest_removed(self, result: PageResult, reason: Gone) -> IngestResult:
        """Report a removed page as withdrawn once the removal is confirmed (``pipelines.removal_policy``)."""
        now = self._clock()
        own_id = await self._claims.release_id(result.url)
        knowledge = await self._store.lookup(own_id, ()) if own_id else None
        if own_id is None or knowledge is None or knowledge.own is None:
            return IngestResult(release=None)
        own = knowledge.own
        unchanged = IngestResult(release=own.release)
        if result.page_text and is_still_shown(own.release, result.page_text):
            log.info(
                "page_not_understood", source=result.source, release=own_id, how=reason, shown="the release's text"
            )
            await self._end_claim(result, own_id)
            await self._revisit_queue.schedule(own_id, self._next_revisit(own.release, now))
            return unchanged
        if own.verdict == "withdrawn":  # reported before
            await self._revisit_queue.schedule(own_id, self._next_revisit(own.release, now))
            return unchanged
        history = await self._removal_history(result.url, own, reason, now)
        policy = confirm_removal(history, now)
        if isinstance(policy, Outage):
            log.info("removal_ignored", source=result.source, release=own_id, how=reason, alike=history.removed_alike)
            await self._revisit_queue.schedule(own_id, self._next_revisit(own.release, now))
            return unchanged
        for probe in policy.probes:
            await self._revisit_queue.schedule(probe, now)
        if isinstance(policy, Wait):
            await self._revisit_queue.schedule(own_id, policy.until)
            return unchanged
        decision = withdraw(own, policy.reason, self._settings, now)
        if not await self._store.commit(decision, result, (), knowledge.fingerprint, now):
            await self._revisit_queue.schedule(own_id, now + policy.retry_after)
            return unchanged
        await self._observations.forget_gone(site_of(own.release.url), own_id)
        return self._stored(decision, result)

    async def _removal_history(self, url: str, own: KnownRelease, reason: Gone, now: datetime) -> RemovalHistory:
        since = await self._claims.record_gone(url, now)
        site = await self._observations.record_gone(site_of(own.release.url), own.release.id or "", reason, since)
        return RemovalHistory(
            reason=reason,
            since=since,
            removed_alike=site.alike,
            is_site_up=site.stood,
            other_pages=site.others,
            ladder=self._settings.polling.ladder,
        )

    async def _ingest_unreported(
        self, result: PageResult, observation: Observation, decision: Decision | None, now: datetime
    ) -> IngestResult:
        """End the read of a page on which nothing changed, or only volatile content, or that alternates."""
        own, own_id = observation.own, observation.release.id or ""
        await self._volatile.store_unreported(observation)
        if decision is not None:
            log.info("page_unstable", source=result.source, release=own_id, why="a state that was read before")
            return await self._same(replace(result, validators=None), own_id, own, now)
        if not observation.visit.marks:
            return await self._same(result, own_id, own, now)
        # Text that replaces volatile content is found by further reads of the whole page, so no validators are stored.
        log.info("page_volatile", source=result.source, release=own_id, why="a line that says something new each time")
        unchanged = await self._same(replace(result, validators=None), own_id, own, now)
        if observation.visit.is_undecided:
            await self._revisit_queue.schedule(own_id, now + self._recheck_delay())
        return unchanged

    async def _recheck_later(self, result: PageResult, observation: Observation, now: datetime) -> IngestResult:
        """Read a page again before a line that may be volatile is reported: it must be the same at two reads."""
        own_id = observation.release.id or ""
        await self._volatile.store_candidates(observation, result.url, now)
        await self._end_claim(result, own_id)
        await self._observations.put_validators(own_id, None)
        await self._revisit_queue.schedule(own_id, now + self._recheck_delay())
        log.info("page_recheck", source=result.source, release=own_id, why="a line that may change by itself")
        return IngestResult(release=None)

    async def _same(self, result: PageResult, own_id: str, known: KnownRelease | None, now: datetime) -> IngestResult:
        """End the read of an unchanged page: its claim ends, and its next read is scheduled."""
        await self._end_claim(result, own_id)
        if known is not None:
            await self._revisit_queue.schedule(own_id, self._next_revisit(known.release, now))
            await self._put_validators(result, own_id, known.release.revision)
        return IngestResult(release=known.release if known else None)

    def _stored(self, decision: Decision, result: PageResult) -> IngestResult:
        alerts = sum(len(channels) for channels in decision.alerts.values())
        log.info(
            "kept",
            source=result.source,
            release=decision.release.id,
            verdict=decision.verdict,
            why=decision.why,
            story=decision.story,
            events=[event.type for event in decision.events],
            alerts=alerts,
            silent=result.silent,
        )
        held_until = _held_until(decision)
        withheld = decision.withheld or ("embargo" if held_until else None)
        if withheld is not None:
            log.info(
                "stored_without_alert",
                source=result.source,
                release=decision.release.id,
                reason=withheld,
                published_at=decision.release.published_at,
                published_from=decision.release.published_from,
                due=timestamp(held_until) if held_until else None,
            )
        ingested = IngestResult(release=decision.release, events=decision.events, alerts=alerts, withheld=withheld)
        self._on_stored(ingested)
        return ingested

    async def _with_stored_headline(self, read: Release, source: str, own_id: str) -> Release:
        """Return the tidied release of a notice whose marker replaced the headline, with the stored headline."""
        known = (await self._store.lookup(own_id, ())).own
        return replace(tidy(read, source, known.release if known else None), id=own_id)

    async def _shows_stored_release(self, url: str, read: Release) -> bool:
        """Return whether a page with a "not found" text shows its release: the site has this text on every page."""
        own_id = await self._claims.release_id(url)
        own = (await self._store.lookup(own_id, ())).own if own_id else None
        return own is not None and _holds_headline(read, own.release) and _holds_text(read, own.release)

    async def _record_readable(self, own: KnownRelease | None, now: datetime) -> None:
        """Record that a known page was read well, as evidence that its site is up."""
        if own is not None:
            known_since = parse_timestamp(own.release.first_seen_at) or now
            await self._observations.record_seen(site_of(own.release.url), own.release.id or "", known_since, now)

    async def _put_validators(self, result: PageResult, own_id: str, revision: int) -> None:
        """Store the validators of conditional requests (RFC 9110, 8.8) once the content they belong to is stored."""
        validators = replace(result.validators, revision=revision) if result.validators else None
        await self._observations.put_validators(own_id, validators)

    async def _end_claim(self, result: PageResult, own_id: str) -> None:
        await self._claims.record_unchanged(
            result.url,
            own_id,
            result.listing,
            result.listed_headline,
            result.listed_version,
            result.listed_tags,
        )

    def _next_revisit(self, release: Release, now: datetime) -> datetime | None:
        return next_revisit(release, self._settings.polling.ladder, now)

    def _recheck_delay(self) -> timedelta:
        return within_steps(RECHECK_DELAY, self._settings.polling.ladder)


def _contention(result: PageResult) -> ContentionError:
    return ContentionError(f"{result.url}: its candidates changed during {MAX_DECISIONS} decisions")


def _held_until(decision: Decision) -> datetime | None:
    """Return when the alerts of a release under embargo are due; None if none is held."""
    embargo = parse_timestamp(decision.release.embargoed_until)
    due = [moment for channels in decision.alerts.values() for moment in channels.values()]
    return embargo if embargo is not None and embargo in due else None


def _lacks_original(decision: Decision) -> bool:
    return not decision.revises and decision.verdict == "notice" and decision.replaces is None


def _without_silent_events(decision: Decision, result: PageResult, own: KnownRelease | None) -> Decision:
    """Return the decision without its own event if the page is silent and no channel receives it.

    Events of earlier releases stay, such as the follow-up of a notice that finds its original here.
    """
    if not result.silent or own is not None or any(decision.alerts.values()):
        return decision
    events = tuple(event for event in decision.events if event.release is not decision.release)
    return replace(decision, events=events)


def _holds_headline(release: Release, known: Release) -> bool:
    return clean_line(known.headline) in clean_line(release.headline)  # a notice's marker may precede it


def _holds_text(release: Release, known: Release) -> bool:
    """Return whether a release has most paragraphs of a known one."""
    paragraphs = {clean_line(text) for text in release.body}
    return 2 * sum(clean_line(text) in paragraphs for text in known.body) > len(known.body)


def _is_emptied(own: KnownRelease | None, release: Release) -> bool:
    """Return whether a page lost all of its release's text; a notice says itself what happened."""
    if own is None or not own.release.body or release.notice is not None:
        return False
    return not release.body or is_lost(own.release, release)


def _has_same_headline(release: Release, other: Release) -> bool:
    return clean_line(release.headline) == clean_line(other.headline)

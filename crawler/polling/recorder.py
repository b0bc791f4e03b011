"""Records the result of a poll: cursor, health of listing and source, gaps, next poll, monitor events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import structlog

from crawler.polling import overlap
from crawler.polling.host_recovery import HostRecovery
from crawler.polling.interval import IntervalPolicy, PollResult, next_poll
from crawler.polling.listing_health import listing_health
from crawler.polling.polls import interval_of, siblings
from crawler.services import Services
from crawler.websub import policy
from stories.crawl_state.websub_subscriptions import Subscription
from stories.model.ids import gap_id
from stories.model.sighting import Cursor, Poll, Sighting, Trouble
from stories.model.source_health import LOST, Gap, ListingHealth, verdict
from stories.model.timestamps import parse_timestamp, timestamp

log = structlog.get_logger(__name__)

AUTOMATIC_REASONS = ("clock", "push")  # reasons of polls without a person waiting; they are conditional
GAP_MERGE_DURATION = timedelta(
    hours=1
)  # an overlap that is lost again within this time extends the gap; one event reports it
MAX_LISTING_DELAY = timedelta(hours=1)  # by which a release may be listed after the time that it prints


class PollRecorder:
    """Records the results of polls in the stores."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.recovery = HostRecovery(services)

    async def record_read(
        self, poll: Poll, key: str, cursor: Cursor, reply: PollResult, now: datetime, *, sightings: int = 0
    ) -> None:
        """Record that a listing was read. ``cursor`` still has the time of the previous reading."""
        due = self._schedule_next(poll, key, cursor, reply, now, await self._update_hub(poll, key, cursor, reply, now))
        settled = replace(
            due,
            polled_at=timestamp(now),
            read_at=timestamp(now),
            failures=0,
            error=None,
            trouble=None,
            failing_since=None,
        )
        await self._store(poll, key, settled, now, after=cursor.polled_at)
        self._services.progress.listed(poll.crawl_id, sightings)
        await self.recovery.listing_read(poll, cursor, now)

    async def record_failure(
        self, poll: Poll, key: str, cursor: Cursor, why: str, trouble: Trouble, patience: timedelta | None
    ) -> None:
        """Record that a listing could not be read."""
        now = self._services.clock()
        failed = replace(
            cursor,
            polled_at=timestamp(now),
            failures=cursor.failures + 1,
            error=why,
            trouble=trouble,
            failing_since=cursor.failing_since or timestamp(now),
        )
        reply = PollResult(outcome="failed", trouble=trouble, retry_after=patience)
        await self._store(poll, key, self._schedule_next(poll, key, failed, reply, now), now, after=cursor.polled_at)
        log.warning("listing_not_read", source=poll.source, listing=poll.listing, reason=why, failures=failed.failures)
        self._services.progress.failed(poll.crawl_id, f"{poll.source} {poll.listing}: {why}")

    async def _update_hub(
        self, poll: Poll, key: str, cursor: Cursor, reply: PollResult, now: datetime
    ) -> Subscription | None:
        """Return the listing's subscription, with the trust in its hub updated by this reading."""
        websub = self._services.websub
        known = await websub.get(key) if websub else None
        if websub is None or known is None:
            return None
        if changes := policy.update_trust(known, poll, cursor.read_at, reply.news, now):
            await websub.change(key, known.token, changes, now)
            known = replace(known, **cast(Any, changes))
        return known

    def _schedule_next(
        self, poll: Poll, key: str, cursor: Cursor, reply: PollResult, now: datetime, hub: Subscription | None = None
    ) -> Cursor:
        settings = self._services.settings
        slowdown = policy.slowdown(hub, now) if hub else 1
        pace = IntervalPolicy(
            interval=interval_of(settings, poll.source, poll.listing or ""),
            adaptive=settings.polling.adaptive,
            slowdown=slowdown,
            until=policy.renewal(hub) if hub and slowdown > 1 else None,
        )
        due = next_poll(cursor, reply, now, pace, key)
        self._services.schedule(poll, due.at)
        return replace(cursor, next_at=timestamp(due.at), pace=due.why)

    async def _store(self, poll: Poll, key: str, cursor: Cursor, now: datetime, *, after: str | None) -> None:
        judged = listing_health(poll.listing or "", cursor, now)
        if not await self._services.stores.cursors.record_poll(
            poll.source, cursor, listing=key, health=judged, after=after
        ):
            log.warning("poll_superseded", source=poll.source, listing=poll.listing)
            return
        if judged.state in LOST or self._services.lost_sources.get(poll.source, True):
            await self._report_source_state(poll.source, judged, now)

    async def _report_source_state(self, source: str, judged: ListingHealth, now: datetime) -> None:
        """Report once that a source is lost or has recovered: notify first, store the state afterwards."""
        stores, found = self._services.stores, verdict(await self._services.stores.source_status.listings(source))
        lost = found.state in LOST
        known = await stores.source_status.lost(source)
        if lost and known is None:
            began = found.since or timestamp(now)
            detail = f"{found.state}: {found.detail or found.word or 'unknown'}"
            await self._services.notify("source.dead", source, began=began, detail=detail, about={"since": began})
            await stores.source_status.put_lost(source, began)
            log.warning("source_lost", source=source, state=found.state, reason=found.detail)
        elif not lost and known is not None and judged.state not in LOST:
            detail = f"it can be read again; lost since {known}"
            await self._services.notify("source.recovered", source, began=known, detail=detail, about={"since": known})
            await stores.source_status.put_lost(source, None)
            log.info("source_recovered", source=source, lost_since=known)
        self._services.lost_sources[source] = lost

    async def update_gaps(
        self, poll: Poll, cursor: Cursor, sightings: Sequence[Sighting], now: datetime, *, lost: bool
    ) -> None:
        """Close the gaps that a reading filled; if the reading has no overlap, record a gap and poll to fill it."""
        services, listing = self._services, poll.listing or ""
        seen = {overlap.mark(sighting) for sighting in sightings}
        still_open = []
        for gap in await services.stores.source_status.gaps(poll.source):
            if overlap.fills_gap(seen, gap.before, gap.after, same_listing=gap.listing == listing):
                await services.stores.source_status.put_gap(replace(gap, closed_at=timestamp(now)))
                log.info("gap_filled", source=poll.source, listing=gap.listing, began=gap.from_at, ended=gap.to_at)
            else:
                still_open.append(gap)
        if not lost:
            return
        before, after = overlap.gap_edges(sightings, cursor.window)
        began, until = _lost_between(cursor, sightings, now)
        for gap in still_open:
            if gap.listing == listing and (parse_timestamp(gap.to_at) or now) > now - GAP_MERGE_DURATION:
                await services.stores.source_status.put_gap(replace(gap, to_at=max(gap.to_at, until), after=after))
                log.warning("gap_grew", source=poll.source, listing=listing, ended=until)
                return
        gap = Gap(
            id=gap_id(poll.source, listing, began),
            source=poll.source,
            listing=listing,
            from_at=began,
            to_at=until,
            opened_at=timestamp(now),
            before=before,
            after=after,
        )
        await services.notify(
            "source.gap",
            poll.source,
            began=f"{began} {listing}",
            detail=f"releases of {gap.from_at} to {gap.to_at} may be missing: {listing} shows none that was known",
            about={"listing": listing, "from": gap.from_at, "to": gap.to_at},
        )
        await services.stores.source_status.put_gap(gap)
        log.warning("gap", source=poll.source, listing=listing, began=gap.from_at, ended=gap.to_at)
        if poll.reason in AUTOMATIC_REASONS:
            for other in siblings(services.settings, poll):
                services.enqueue(other.poll(now, "gap"))


def _lost_between(cursor: Cursor, sightings: Sequence[Sighting], now: datetime) -> tuple[str, str]:
    """Return from when to when releases may be missing: from the newest that was known to the oldest that is shown.

    Where a listing prints no times, or impossible ones, the moments of its readings stand for them.
    """
    printed, shown = parse_timestamp(cursor.newest_at), overlap.oldest_time(sightings)
    began = parse_timestamp(cursor.whole_at) or now
    if printed is not None and printed < began:
        began = max(printed, began - MAX_LISTING_DELAY)
    until = shown if shown is not None and began < shown < now else now
    return timestamp(began), timestamp(until)

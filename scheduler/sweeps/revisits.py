"""The sweep of revisits: requests pages that are due to be read again, spread out and bounded for each host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError

from config.settings import Settings
from crawler.pages.source_eligibility import is_off, owner
from pipelines.revisit_schedule import Ladder, is_beyond_ladder, next_revisit
from stories.crawl_state.page_observations import PageObservations
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.model.release import Release
from stories.model.sighting import Poll
from stories.store.archive import Archive

log = structlog.get_logger(__name__)

SWEEP_BATCH = 200  # pages of one sweep
MAX_BATCHES = 20  # of one sweep while no due page may be requested; other pages follow them
MAX_PENDING_PER_HOST = 10  # pages in flight: as many as a host with one request a second answers between two sweeps
HOST_SPACING = timedelta(seconds=2)  # between postponed pages of one host
LEASE = timedelta(minutes=10)  # until a requested page without a result is requested again
LEASE_STEPS = 4  # of a ladder with a first step shorter than the lease
MAX_ATTEMPTS = 2  # in a row for a page without a result; then its next step is due


class RevisitSweep:
    """Requests the due pages at each call of :meth:`sweep`."""

    def __init__(
        self,
        archive: Archive,
        revisit_queue: RevisitQueue,
        looks: PageObservations,
        settings: Settings,
        ask: Callable[[Poll], None],
        now: Callable[[], datetime],
    ) -> None:
        self._archive = archive
        self._revisit_queue = revisit_queue
        self._looks = looks
        self._settings = settings
        self._ladder: Ladder = settings.polling.ladder
        self._ask = ask
        self._now = now
        self._requested: dict[str, tuple[str, datetime]] = {}
        self._attempts: Counter[str] = Counter()
        self._logged: set[str] = set()
        """Sources whose refused revisits were logged since the start."""

    async def sweep(self) -> None:
        """Request the due pages; if Redis is unreachable, the next sweep does."""
        try:
            await self._forget_answered()
            for _ in range(MAX_BATCHES):
                due = await self._revisit_queue.due(self._now(), SWEEP_BATCH)
                stored = {kept.release.id: kept.release for kept in await self._archive.releases_by_id(due)}
                if await self._take(due, stored) or len(due) < SWEEP_BATCH:
                    break
        except RedisError as error:
            log.warning("revisit_sweep_failed", reason=f"Redis: {error}", next="the next sweep requests them")

    async def _forget_answered(self) -> None:
        """Remove the pages that were read: their next revisit is no longer the end of their lease."""
        set_for = await self._revisit_queue.due_at(list(self._requested))
        now = self._now()
        for release_id, at in set_for.items():
            lease = self._requested[release_id][1]
            if at != lease:
                del self._requested[release_id]
                self._attempts.pop(release_id, None)
            elif lease <= now:  # no result: it no longer counts for its host
                del self._requested[release_id]

    async def _take(self, due: Sequence[str], stored: dict[str | None, Release]) -> int:
        """Request the due releases that may be requested, and return their number."""
        now, taken, waiting = self._now(), [], Counter(host for host, _ in self._requested.values())
        for release_id in due:
            release = stored.get(release_id)
            if release is None or release.url is None or is_beyond_ladder(release, self._ladder, now):
                await self._put(release_id, None)
            elif (source := owner(self._settings, release.source or "", release.url)) is None:
                await self._refuse(release_id, release, now)
            elif self._attempts[release_id] >= MAX_ATTEMPTS:
                await self._put(release_id, next_revisit(release, self._ladder, now))
            else:
                host = urlsplit(release.url).hostname or ""
                waiting[host] += 1
                if waiting[host] > MAX_PENDING_PER_HOST:
                    await self._revisit_queue.schedule(
                        release_id, now + HOST_SPACING * (waiting[host] - MAX_PENDING_PER_HOST)
                    )
                else:
                    taken.append((release_id, release, host, source))
        known = await self._looks.validators([release_id for release_id, *_ in taken])
        for release_id, release, host, source in taken:
            url, validators = release.url or "", known.get(release_id)
            if validators is not None and validators.revision != release.revision:
                validators = None  # they belong to another revision than the stored one
            lease = _in_milliseconds(now + min(LEASE, LEASE_STEPS * self._ladder[0][0]))
            await self._revisit_queue.schedule(release_id, lease)
            self._requested[release_id] = (host, lease)
            self._attempts[release_id] += 1
            self._ask(Poll(source=source, urls=(url,), validators=validators, reason="revisit", asked_at=now))
        return len(taken)

    async def _refuse(self, release_id: str, release: Release, now: datetime) -> None:
        """Postpone the revisit of a disabled source to its next step; end the revisits of a removed source.

        The ladder keeps revisits spread out, so that a source gets no burst when it is enabled again.
        """
        source, off = release.source or "", is_off(self._settings, release.source or "")
        if source not in self._logged:
            self._logged.add(source)
            log.info("revisits_put_off" if off else "revisits_ended", source=source, reason=_why(off))
        await self._put(release_id, next_revisit(release, self._ladder, now) if off else None)

    async def _put(self, release_id: str, due: datetime | None) -> None:
        self._attempts.pop(release_id, None)
        await self._revisit_queue.schedule(release_id, due)


def _why(off: bool) -> str:
    return "the source is disabled" if off else "the configuration has no such source"


def _in_milliseconds(moment: datetime) -> datetime:
    """Return a time in milliseconds, as Redis stores it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

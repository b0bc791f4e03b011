"""Guards ingest: a release that crashes or hangs the process can do so only a limited number of times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from config.observability.sentry import traced
from pipelines.identity.caches import free_after
from pipelines.ingest import Ingestor, IngestResult
from stories.crawl_state.quarantine import FREEZE_SECONDS, Quarantine, ReadTarget, freeze
from stories.model.ids import release_id
from stories.model.page_result import PageResult
from stories.model.urls import url_digest
from stories.runtime.failpoints import failpoint
from stories.runtime.step_timer import StepTimer

log = structlog.get_logger(__name__)


class CrashGuardedIngestor:
    """An ingestor that records each page in the quarantine before it ingests it."""

    def __init__(
        self,
        ingestor: Ingestor,
        quarantine: Quarantine,
        now: Callable[[], datetime],
        on_blocked: Callable[[str, float], None] = lambda source, seconds: None,
    ) -> None:
        """Create a guarded ingestor.

        Args:
            ingestor: does the work.
            quarantine: counts the processes that crashed or hung at a page.
            now: returns the current time.
            on_blocked: called with a source and the seconds for which one of its pages blocked the event loop.
        """
        self._on_blocked = on_blocked
        self._ingestor = ingestor
        self._quarantine = quarantine
        self._now = now

    async def ingest(self, result: PageResult, *, may_wait: bool = False) -> IngestResult:
        """Store a page result and return what it meant.

        Raises:
            QuarantinedError: too many processes crashed or hung at this page.
            ContentionError, RedisError: as ``Ingestor.ingest``.
        """
        if result.release is None:
            return await self._ingestor.ingest(result)
        page = ReadTarget(kind="page", source=result.source, url=result.url)
        requested_by = result.crawl_id if result.is_requested else None
        name = release_id(url_digest(result.release.url or result.url))
        with traced("keep", name, source=result.source):
            async with self._quarantine.attempt(page, self._now(), doing="kept", requested_by=requested_by) as attempt:
                failpoint("keeping", result.url)
                timer = StepTimer(self._ingestor.ingest(result, may_wait=may_wait))
                try:
                    return await timer
                finally:
                    free_after(result.release)
                    if timer.total:
                        self._on_blocked(result.source, timer.total)
                    if timer.longest > FREEZE_SECONDS:
                        attempt.died = freeze(timer.longest)
                        log.warning("event_loop_held_up", source=result.source, url=result.url, seconds=timer.longest)

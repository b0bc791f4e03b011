"""Keeps releases so that one whose meaning ends the process, or holds it up for ever, ends a bounded number of them."""

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
    """Memory that notes what it is about to keep."""

    def __init__(
        self,
        memory: Ingestor,
        aside: Quarantine,
        now: Callable[[], datetime],
        charge: Callable[[str, float], None] = lambda source, seconds: None,
    ) -> None:
        """``charge``: called with a source and the seconds for which one of its pages held up the event loop."""
        self._charge = charge
        self._memory = memory
        self._aside = aside
        self._now = now

    async def ingest(self, reading: PageResult, *, may_wait: bool = False) -> IngestResult:
        """Keep what was read, and return what it meant; ``QuarantinedError`` when too many processes ended at it."""
        if reading.release is None:
            return await self._memory.ingest(reading)
        page = ReadTarget(kind="page", source=reading.source, url=reading.url)
        asked = reading.crawl_id if reading.asked else None
        name = release_id(url_digest(reading.release.url or reading.url))
        with traced("keep", name, source=reading.source):
            async with self._aside.attempt(page, self._now(), doing="kept", asked=asked) as attempt:
                failpoint("keeping", reading.url)
                timer = StepTimer(self._memory.ingest(reading, may_wait=may_wait))
                try:
                    return await timer
                finally:
                    free_after(reading.release)
                    if timer.total:
                        self._charge(reading.source, timer.total)
                    if timer.longest > FREEZE_SECONDS:
                        attempt.died = freeze(timer.longest)
                        log.warning("event_loop_held_up", source=reading.source, url=reading.url, seconds=timer.longest)

"""Keeps releases so that one whose meaning ends the process, or holds it up for ever, ends a bounded number of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from config.telemetry import traced
from pipelines.identity.caches import free_after
from pipelines.remembering import Memory, Remembered
from stories.aside import FREEZE_SECONDS, Aside, Subject, freeze
from stories.failpoints import failpoint
from stories.ids import release_id
from stories.reading import Reading
from stories.step_timer import StepTimer
from stories.urls import url_digest

log = structlog.get_logger(__name__)


class Careful:
    """Memory that notes what it is about to keep."""

    def __init__(
        self,
        memory: Memory,
        aside: Aside,
        now: Callable[[], datetime],
        charge: Callable[[str, float], None] = lambda source, seconds: None,
    ) -> None:
        """``charge``: called with a source and the seconds for which one of its pages held up the event loop."""
        self._charge = charge
        self._memory = memory
        self._aside = aside
        self._now = now

    async def remember(self, reading: Reading, *, may_wait: bool = False) -> Remembered:
        """Keep what was read, and return what it meant; ``LeftAlone`` when too many processes ended at it."""
        if reading.release is None:
            return await self._memory.remember(reading)
        page = Subject(kind="page", source=reading.source, url=reading.url)
        asked = reading.crawl_id if reading.asked else None
        name = release_id(url_digest(reading.release.url or reading.url))
        with traced("keep", name, source=reading.source):
            async with self._aside.reading(page, self._now(), doing="kept", asked=asked) as attempt:
                failpoint("keeping", reading.url)
                timer = StepTimer(self._memory.remember(reading, may_wait=may_wait))
                try:
                    return await timer
                finally:
                    free_after(reading.release)
                    if timer.total:
                        self._charge(reading.source, timer.total)
                    if timer.longest > FREEZE_SECONDS:
                        attempt.died = freeze(timer.longest)
                        log.warning("event_loop_held_up", source=reading.source, url=reading.url, seconds=timer.longest)

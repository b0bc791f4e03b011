"""Stops 10 and 11 for what happens to the monitor itself: who hears of it, and the one step that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from config.settings import Settings
from pipelines.audience import monitor_audience
from pipelines.ingest import IngestResult
from stories.model.event import Event, MonitorEventType
from stories.store.monitor_events import MonitorEventStore, happening

log = structlog.get_logger(__name__)


class MonitorNotifier:
    """Tells of dead sources, gaps, channels that are off and a Redis that was away."""

    def __init__(
        self,
        teller: MonitorEventStore,
        settings: Settings,
        clock: Callable[[], datetime],
        heard: Callable[[IngestResult], None],
    ) -> None:
        """``heard`` is told of all that is kept, at once: alerts wait to be delivered."""
        self._teller = teller
        self._settings = settings
        self._clock = clock
        self._heard = heard

    async def tell(
        self,
        kind: MonitorEventType,
        subject: str,
        *,
        began: str,
        detail: str,
        about: Mapping[str, str | None] | None = None,
    ) -> Event | None:
        """Keep what happened to a source (a channel, Redis) and alert who asks for it; None when that was done before.

        The same ``kind``, ``subject`` and ``began`` are the same happening, told once. Raises ``RedisError``.
        """
        now = self._clock()
        event = happening(kind, subject, began, detail, now, about)
        watches, channels = monitor_audience(self._settings, event)
        event = replace(event, watches=watches)
        if not await self._teller.record(event, channels, now):
            return None
        log.info("told of the monitor", type=kind, subject=subject, detail=detail, alerts=len(channels))
        self._heard(IngestResult(release=None, events=(event,), alerts=len(channels)))
        return event

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
from stories.store.monitor_events import MonitorEventStore, monitor_event

log = structlog.get_logger(__name__)


class MonitorNotifier:
    """Stores and alerts events of the monitor: dead sources, gaps, channels that are off, outages of Redis."""

    def __init__(
        self,
        store: MonitorEventStore,
        settings: Settings,
        clock: Callable[[], datetime],
        on_stored: Callable[[IngestResult], None],
    ) -> None:
        """Create a notifier; ``on_stored`` is called after each stored event, so that its alerts are delivered."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._on_stored = on_stored

    async def notify(
        self,
        kind: MonitorEventType,
        subject: str,
        *,
        began: str,
        detail: str,
        about: Mapping[str, str | None] | None = None,
    ) -> Event | None:
        """Store an event of a source, a channel or Redis, and alert the subscribed watches; None if already stored.

        The event is identified by ``kind``, ``subject`` and ``began``, and alerted once. Raises ``RedisError``.
        """
        now = self._clock()
        event = monitor_event(kind, subject, began, detail, now, about)
        watches, channels = monitor_audience(self._settings, event)
        event = replace(event, watches=watches)
        if not await self._store.record(event, channels, now):
            return None
        log.info("monitor_event_stored", type=kind, subject=subject, detail=detail, alerts=len(channels))
        self._on_stored(IngestResult(release=None, events=(event,), alerts=len(channels)))
        return event

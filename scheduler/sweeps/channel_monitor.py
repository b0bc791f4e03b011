"""Reads the counts of every channel for the metrics, and reports a channel that was switched off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from pipelines.monitor_notifier import MonitorNotifier
from scheduler.wiring import AppContext
from stories.model.timestamps import timestamp
from stories.store.receipts import ChannelCounts, count_alerts

log = structlog.get_logger(__name__)


class ChannelMonitor:
    """Checks the channels of a daemon."""

    def __init__(self, app: AppContext, notifier: MonitorNotifier, show: Callable[[list[ChannelCounts]], None]) -> None:
        """
        Args:
            app: The open Redis and the configuration.
            notifier: Stores and alerts the event ``channel.off``.
            show: Called with the counts of every channel, for the metrics.
        """
        self._app = app
        self._notifier = notifier
        self._show = show
        self._reported: dict[str, datetime] = {}

    async def check(self) -> None:
        """Check once; if Redis is unreachable, only log it."""
        try:
            found = await count_alerts(self._app.redis, list(self._app.settings.channels))
            for counts in found:
                await self._report_if_off(counts)
        except (RedisError, OSError) as error:
            log.warning("channel_counts_not_read", reason=str(error), next="read at the next check")
        else:
            self._show(found)

    async def _report_if_off(self, counts: ChannelCounts) -> None:
        # ``off_at`` is stored in Redis and identifies the event, so a restart does not report it twice.
        if counts.off is None or counts.off_at is None or self._reported.get(counts.channel) == counts.off_at:
            return
        await self._notifier.notify(
            "channel.off",
            counts.channel,
            began=timestamp(counts.off_at),
            detail=f"{counts.off}; its alerts are kept as failed: wirewatch alerts retry --all sends them",
            about={"since": timestamp(counts.off_at)},
        )
        self._reported[counts.channel] = counts.off_at

"""The daemon's look at itself: is Redis there, how do the channels do; what is wrong is told to whoever asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from pipelines.monitor_notifier import MonitorNotifier
from scheduler.leader.lease import Lease
from scheduler.leader.rollback_recovery import RollbackRecovery
from scheduler.wiring import AppContext
from stories.db.embedded_server import EmbeddedServerError
from stories.model.timestamps import timestamp
from stories.runtime.heartbeats import beat
from stories.store.receipts import ChannelCounts, count_alerts

log = structlog.get_logger(__name__)

RENEWED = 1.5  # seconds between two looks at Redis, a fourth of what the daemon's lease lasts
AWAY = 1.0  # the same while it does not answer


async def look_after_redis(
    app: AppContext, lease: Lease, monitor: MonitorNotifier, now: Callable[[], datetime], recovery: RollbackRecovery
) -> None:
    """Renew the daemon's lease; while Redis is away start the embedded server again, and tell of it when it is back."""
    away: datetime | None = None
    while True:
        beat()
        try:
            await lease.renew()
            found = await recovery.check()
            if away is not None:
                await tell_of_absence(monitor, away, now(), lost=found.change in ("emptied", "went back"))
                log.info("Redis is back")
                away = None
        except (RedisError, OSError) as error:
            if away is None:
                log.warning(
                    "Redis does not answer; waiting; then what it holds is compared with what was known",
                    why=str(error),
                )
                away = now()
            if app.server is not None:
                try:
                    await app.server.ensure()
                except EmbeddedServerError as fault:
                    log.error("the embedded Redis does not start", why=str(fault))
        await asyncio.sleep(RENEWED if away is None else AWAY)


async def tell_of_absence(monitor: MonitorNotifier, since: datetime, until: datetime, *, lost: bool = False) -> None:
    """Tell that Redis was away: nothing can be told before it is back."""
    seconds = max(1, round((until - since).total_seconds()))
    await monitor.tell(
        "redis.recovered",
        "redis",
        began=timestamp(since),
        detail=f"Redis did not answer for {seconds} s; "
        + (
            "it came back with less than it had, see the event beside this one"
            if lost
            else "what was read and due meanwhile goes out now"
        ),
        about={"from": timestamp(since), "to": timestamp(until)},
    )


class ChannelWatch:
    """Sees how the channels do, for the figures, and tells of one that was switched off."""

    def __init__(self, app: AppContext, monitor: MonitorNotifier, show: Callable[[list[ChannelCounts]], None]) -> None:
        self._app = app
        self._monitor = monitor
        self._show = show
        self._told: dict[str, datetime] = {}

    async def look(self) -> None:
        """Look once; what Redis does not give now is seen at the next look."""
        try:
            found = await count_alerts(self._app.redis, list(self._app.settings.channels))
            for one in found:
                await self._tell_if_off(one)
        except (RedisError, OSError) as error:
            log.warning("how the channels do is not known", why=str(error))
        else:
            self._show(found)

    async def _tell_if_off(self, one: ChannelCounts) -> None:
        # The moment stands in Redis with the reason: what was told before a restart is known by it, and not told again.
        if one.off is None or one.off_at is None or self._told.get(one.channel) == one.off_at:
            return
        await self._monitor.tell(
            "channel.off",
            one.channel,
            began=timestamp(one.off_at),
            detail=f"{one.off}; its alerts wait among those given up, for: wirewatch alerts retry --all",
            about={"since": timestamp(one.off_at)},
        )
        self._told[one.channel] = one.off_at

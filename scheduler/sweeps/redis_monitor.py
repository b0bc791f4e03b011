"""Renews the leader lease, and reports an outage of Redis once it is over."""

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

log = structlog.get_logger(__name__)

RENEW_SECONDS = 1.5  # between two renewals, a fourth of the lifetime of the lease
RETRY_SECONDS = 1.0  # between two attempts while Redis is unreachable


async def monitor_redis(
    app: AppContext,
    lease: Lease,
    notifier: MonitorNotifier,
    now: Callable[[], datetime],
    recovery: RollbackRecovery,
) -> None:
    """Renew the lease and check Redis for lost data, until cancelled; restart the embedded server when it is down."""
    down_since: datetime | None = None
    while True:
        beat()
        try:
            await lease.renew()
            found = await recovery.check()
            if down_since is not None:
                await notify_outage(notifier, down_since, now(), lost=found.change in ("emptied", "went back"))
                log.info("redis_reachable", seconds=round((now() - down_since).total_seconds(), 1))
                down_since = None
        except (RedisError, OSError) as error:
            if down_since is None:
                log.warning(
                    "redis_unreachable",
                    reason=str(error),
                    retry_in=RETRY_SECONDS,
                    next="wait; then its data are compared with the mirror",
                )
                down_since = now()
            if app.server is not None:
                await _start_server(app)
        await asyncio.sleep(RENEW_SECONDS if down_since is None else RETRY_SECONDS)


async def _start_server(app: AppContext) -> None:
    try:
        if app.server is not None:
            await app.server.ensure()
    except EmbeddedServerError as error:
        log.error("embedded_redis_not_started", reason=str(error), retry_in=RETRY_SECONDS)


async def notify_outage(notifier: MonitorNotifier, since: datetime, until: datetime, *, lost: bool = False) -> None:
    """Send ``redis.recovered`` for an outage; while Redis is down, no event can be stored.

    Args:
        notifier: Stores and alerts the event.
        since: When Redis became unreachable.
        until: When it answered again.
        lost: Redis came back with less data; another event says what was lost.
    """
    seconds = max(1, round((until - since).total_seconds()))
    await notifier.notify(
        "redis.recovered",
        "redis",
        began=timestamp(since),
        detail=f"Redis did not answer for {seconds} s; "
        + (
            "it came back with less data than before, see the other redis.recovered event"
            if lost
            else "everything that was read and due meanwhile is sent now"
        ),
        about={"from": timestamp(since), "to": timestamp(until)},
    )

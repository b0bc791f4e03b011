"""Synchronizes this process with the clock of the Redis server, and corrects due times after the clock was set back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from scheduler.leader.lease import Lease
from stories.db.clock import Timekeeper
from stories.store.due_times import shift_due

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 2.0  # between two measurements
LATE_PASSES = 4  # measurements after a jump back in which tasks in flight may still write due times of the old clock


async def synchronize_clock(
    timekeeper: Timekeeper, redis: Redis, channels: Iterable[str] = (), lease: Lease | None = None
) -> None:
    """Measure until cancelled; with the leader's ``lease``, move due times after the server's clock jumped back."""
    late_passes: list[timedelta] = []
    while True:
        try:
            jumped = (await timekeeper.measure(redis)).jumped
            if lease is not None and lease.is_held:
                if jump := late_passes.pop() if late_passes else None:
                    await shift_due(redis, jump, channels, lease.term, only_late=True)
                if moved := await shift_due(redis, jumped, channels, lease.term):
                    log.info("due_times_moved", seconds=round(jumped.total_seconds(), 1), moved=moved)
            if jumped < timedelta():
                late_passes = [jumped] * LATE_PASSES
        except RedisError:
            log.debug("clock_not_measured", reason="Redis does not answer")
        await asyncio.sleep(INTERVAL_SECONDS)


def register_skew_metric(registry: CollectorRegistry, timekeeper: Timekeeper) -> None:
    """Add the metric of clock skew to a registry."""
    skew = Gauge(
        "wirewatch_clock_skew_seconds",
        "redis: this machine's clock minus that of Redis; sites: the clock of Redis minus those of the sites, if "
        "minutes apart",
        ["against"],
        registry=registry,
    )
    skew.labels("redis").set_function(lambda: timekeeper.skew.total_seconds())
    skew.labels("sites").set_function(lambda: timekeeper.error.total_seconds())

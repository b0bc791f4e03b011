"""The periodic jobs of the leader: ticks, sweeps, metrics, cron check-ins."""

from __future__ import annotations

import structlog
from redis.exceptions import RedisError

from config.observability.sentry import clock_checkin
from crawler.polling.polls import all_listings
from crawler.services import Services
from scheduler.metrics.daemon import Metrics
from scheduler.sweeps.channel_monitor import ChannelMonitor
from scheduler.sweeps.clock import Clock
from scheduler.sweeps.pending import pending_sweep
from scheduler.sweeps.revisits import RevisitSweep
from scheduler.sweeps.websub import WebSubSweep
from scheduler.wiring import AppContext, now

log = structlog.get_logger(__name__)

# Seconds between two runs.
TICK_SECONDS = 5.0
CHECKIN_SECONDS = 60.0  # with Sentry's cron monitor, which expects one a minute
CHANNEL_CHECK_SECONDS = 5.0
SOURCE_CHECK_SECONDS = 30.0
PENDING_SWEEP_SECONDS = 20.0
WEBSUB_SWEEP_SECONDS = 1.0
MAX_REVISIT_SWEEP_SECONDS = 5.0  # at most half the shortest interval of ``polling.revisit``


def schedule_jobs(
    clock: Clock, app: AppContext, services: Services, metrics: Metrics, channel_monitor: ChannelMonitor
) -> None:
    """Start the clock: the polls of all listings and every periodic job of the leader."""
    clock.start()
    _schedule_ticks(clock, app, services, metrics)
    _schedule_sweeps(clock, app, services)
    clock.every(CHANNEL_CHECK_SECONDS, channel_monitor.check, "channels")


def _schedule_ticks(clock: Clock, app: AppContext, services: Services, metrics: Metrics) -> None:
    metrics.listings.set(len(all_listings(app.settings)))

    async def show_tick() -> None:
        metrics.record_tick()

    async def tick() -> None:
        metrics.queue.set(len(services.polls))
        metrics.sources.show_dispatcher(services.dispatcher)
        try:
            await app.stores.clock_ticks.record(now())
        except RedisError as error:
            log.warning("tick_not_recorded", reason=f"Redis: {error}", retry_in=TICK_SECONDS)

    async def check_sources() -> None:
        try:
            polled = [name for name, source in app.settings.sources.items() if source.enabled]
            metrics.sources.show_health({name: await app.stores.source_status.health(name) for name in polled})
        except RedisError as error:
            log.warning("source_health_not_read", reason=f"Redis: {error}", retry_in=SOURCE_CHECK_SECONDS)

    async def check_in() -> None:
        clock_checkin("ok")

    clock.every(TICK_SECONDS, show_tick, "ticked", needs_lease=False)
    clock.every(TICK_SECONDS, tick, "tick")
    clock.every(CHECKIN_SECONDS, check_in, "check-in")
    clock.every(SOURCE_CHECK_SECONDS, check_sources, "sources")


def _schedule_sweeps(clock: Clock, app: AppContext, services: Services) -> None:
    settings = app.settings
    pending = pending_sweep(services.claims, app.stores.pending_sightings, services.dispatcher, now, settings)
    clock.every(PENDING_SWEEP_SECONDS, pending, "pending sightings")
    if services.websub is not None:
        websub = WebSubSweep(services.websub, services.stores.cursors, all_listings(settings), services.enqueue, now)
        clock.every(WEBSUB_SWEEP_SECONDS, websub.sweep, "websub")
    if ladder := settings.polling.ladder:
        revisits = RevisitSweep(
            app.archive, app.stores.revisit_queue, app.page_observations, settings, services.enqueue, now
        )
        shortest = min(interval.total_seconds() for interval, _ in ladder)
        clock.every(min(MAX_REVISIT_SWEEP_SECONDS, shortest / 2), revisits.sweep, "revisits")

"""The work of the leader: it polls, reads, alerts and serves the page while it has the lease."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from prometheus_client import Counter
from redis.exceptions import RedisError

from alerts.delivery import Delivery
from crawler.engine import Engine
from crawler.polling.polls import all_listings
from crawler.progress import Progress
from crawler.readers.pool import ReaderPool
from pipelines.ingest import IngestResult
from scheduler.channels import open_channels
from scheduler.leader.docket_queue import SharedQueue
from scheduler.leader.lease import DeposedError, Lease
from scheduler.leader.redis_mirror import Mirror
from scheduler.leader.rollback_recovery import RollbackRecovery
from scheduler.leader.worker_coordinator import WorkerCoordinator, due_times
from scheduler.metrics.daemon import Metrics
from scheduler.process.cancellation import cancel_and_wait
from scheduler.process.loop_lag import LoopLagMonitor
from scheduler.process.shutdown import stopping
from scheduler.process.supervisor import Supervisor, outcome_of
from scheduler.roles.leader_jobs import schedule_jobs
from scheduler.roles.readiness import LeaderMetrics, LeaderState
from scheduler.roles.web_dependencies import web_dependencies
from scheduler.roles.web_front import WebFront
from scheduler.sweeps.acl import PermissionMonitor
from scheduler.sweeps.canary import MonitorBlindError, open_canary
from scheduler.sweeps.channel_monitor import ChannelMonitor
from scheduler.sweeps.clock import Clock
from scheduler.sweeps.clock_sync import register_skew_metric, synchronize_clock
from scheduler.sweeps.crawl_requests import serve_requests
from scheduler.sweeps.redis_monitor import monitor_redis
from scheduler.wiring import STEPS, AppContext, now
from stories.crawl_state.canary_reports import DAEMON
from stories.db.clock import timekeeper
from stories.db.connection import server_risks
from stories.db.fencing import UNKNOWN_MARK
from stories.runtime.allocator import keep_memory_small
from stories.search.live_index import LiveIndex
from web.app import create_app

log = structlog.get_logger(__name__)

CRAWL_GRACE_SECONDS = 2.0  # for pages in flight at the end; unfinished pages are claimed again


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The web server of a daemon, which stays the same while the daemon starts, waits as a standby, or leads."""

    bound: socket.socket
    front: WebFront
    restarts: Counter
    ready: Callable[[str], None]
    """Called with the address of the page once the daemon is the leader."""


def web_address(bound: socket.socket) -> str:
    """Return the address of the page, for people."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


async def run_leader(
    app: AppContext, lease: Lease, stop: asyncio.Event, endpoint: Endpoint, reader: ReaderPool, mirror: Mirror
) -> None:
    """Lead until ``stop`` is set, or raise the error that must end the process.

    Args:
        app: The open Redis and the configuration.
        lease: The leader lease that this process holds.
        stop: Set on SIGTERM and SIGINT.
        endpoint: The web server of this process.
        reader: The reader processes, warmed up.
        mirror: The mirror of Redis, kept up to date while this process stood by.
    """
    await _log_server_risks(app)
    if app.memory_mark.name == "":
        app.memory_mark.name = UNKNOWN_MARK  # no writes until it is known whether Redis lost its data
    first_due: Mapping[tuple[str, str], datetime] = {}
    if lease.took_over:
        first_due = await due_times(app.stores.cursors, all_listings(app.settings), now())
    await _Leader(app, lease, endpoint, reader, first_due).run(stop, mirror)


async def _log_server_risks(app: AppContext) -> None:
    """Log how a configured Redis server may lose data; the embedded server is configured by wirewatch."""
    if app.server is None:
        with contextlib.suppress(RedisError):  # the next part that uses Redis reports it
            for risk in await server_risks(app.redis):
                log.warning("redis_may_lose_data", reason=risk)


class _Leader:
    """The parts of the leader and how they are connected."""

    def __init__(
        self,
        app: AppContext,
        lease: Lease,
        endpoint: Endpoint,
        reader: ReaderPool,
        first_due: Mapping[tuple[str, str], datetime],
    ) -> None:
        self._app = app
        self._lease = lease
        self._endpoint = endpoint
        self._reader = reader
        self._metrics = metrics = Metrics(now, endpoint.restarts, lambda: reader.restarts)
        register_skew_metric(metrics.registry, timekeeper)
        self._delivery = Delivery(
            app.redis,
            open_channels(app.settings, page_url=app.settings.web.address(endpoint.bound.getsockname()[1])),
            watches=app.settings.watches,
            observe=metrics.alerts.record_attempt,
            now=now,
            holder=f"{DAEMON}/{secrets.token_hex(8)}/",
        )
        self._queue, self._coordinator = SharedQueue(), WorkerCoordinator(app, lease)
        services = replace(
            app.services(Progress(), self._on_ingested, role="daemon", term=lease.term),
            polls=self._queue,
            reader=reader,
            count_refused=metrics.sources.count_refused,
            count_failed_page=metrics.sources.count_failed_page,
        )
        self._clock = Clock(
            all_listings(app.settings), services.enqueue, now, is_leader=lambda: lease.is_held, first_due=first_due
        )
        self._services = replace(services, schedule=self._clock.reschedule)
        self._notifier = app.monitor_notifier(self._on_ingested)
        self._canary = open_canary(app, DAEMON, reader, self._notifier, observe=metrics.canary.record_run)
        self._index = LiveIndex(app.redis, app.settings.data_dir, now)
        self._permissions = PermissionMonitor(app.redis)
        self._parts = Supervisor(
            restarted=lambda part: endpoint.restarts.labels(part).inc(), fatal=(DeposedError, MonitorBlindError)
        )

    def _on_ingested(self, result: IngestResult) -> None:
        self._metrics.count_events(result)
        if result.alerts:
            self._delivery.wake()

    def _poll_all(self) -> None:
        self._services.dispatcher.recount()
        self._clock.poll_all()

    async def run(self, stop: asyncio.Event, mirror: Mirror) -> None:
        """Start the parts, and stop them when ``stop`` is set or one of them must end the process."""
        engine = Engine(self._services, STEPS)
        recovery = RollbackRecovery(
            self._app, self._notifier, now, self._poll_all, mirror=mirror, took_over=self._lease.took_over
        )
        try:
            parts = self._start_parts(engine.start(), recovery)
            self._show_page()
            await self._coordinator.checked.wait()
            await recovery.checked.wait()
            channels = ChannelMonitor(self._app, self._notifier, self._metrics.alerts.show_channels)
            schedule_jobs(self._clock, self._app, self._services, self._metrics, channels)
            self._endpoint.ready(web_address(self._endpoint.bound))
            failed = await self._parts.until(stop)
            await self._stop(engine, parts, is_process_stopping=stop.is_set())
            await recovery.close()
            if failed is not None:
                raise failed
        finally:
            await self._reader.close()

    def _start_parts(self, crawl: asyncio.Task[None], recovery: RollbackRecovery) -> list[asyncio.Task[None]]:
        """Start every part, and return those that are cancelled at the end; the crawl ends by itself."""
        app, lease, services, start = self._app, self._lease, self._services, self._parts.start
        requests = app.stores.crawl_requests
        start("crawl", lambda: outcome_of(crawl), restartable=False)
        return [
            start("delivery", self._delivery.run),
            start("requests", lambda: serve_requests(services, requests, self._coordinator.dispatch)),
            start("redis", lambda: monitor_redis(app, lease, self._notifier, now, recovery)),
            *([start("embedded Redis", app.server.watch)] if app.server is not None else []),
            start("permissions", self._permissions.run),
            start("workers", lambda: self._coordinator.run(services, self._queue)),
            start("clock", self._clock.watch),
            start("dispatcher", services.dispatcher.run),
            start("time", lambda: synchronize_clock(timekeeper, app.redis, app.settings.channels, lease)),
            start("index", self._index.run),
            start("reader", self._reader.supervise, restartable=False),
            start("canary", self._canary.run),
            start("allocator", keep_memory_small),
            start("loop lag", lambda: LoopLagMonitor().run(self._metrics.loop_lag.observe)),
        ]

    def _show_page(self) -> None:
        metrics = self._metrics
        dependencies = web_dependencies(
            self._app, metrics.registry, self._index, self._delivery.wake, metrics.count_websub
        )
        state = LeaderState(self._lease, self._canary, self._parts, self._permissions)
        measure = LeaderMetrics(self._app, metrics).measure
        self._endpoint.front.show(create_app(replace(dependencies, checks=state.checks, measure=measure)))

    async def _stop(self, engine: Engine, parts: list[asyncio.Task[None]], *, is_process_stopping: bool) -> None:
        log.info("daemon_stopping", polls_waiting=len(self._queue))
        self._parts.finish()
        self._clock.stop()
        self._coordinator.stop()
        if is_process_stopping:
            self._endpoint.front.end()
        else:
            self._endpoint.front.show(None)
        with stopping.part("pages and deliveries"):
            await asyncio.gather(engine.finish(CRAWL_GRACE_SECONDS), cancel_and_wait(parts), return_exceptions=True)

"""The daemon: schedule, crawl, alert, serve the page; ends cleanly on SIGTERM and SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import RedisError

from alerts.channels import open_channel
from alerts.delivery import Delivery
from alerts.outbox import Outbox
from config.address_policy import AddressPolicy
from config.observability.sentry import clock_checkin
from config.settings import Settings
from crawler.engine import Engine
from crawler.polling.polls import all_listings
from crawler.progress import Progress
from crawler.readers.pool import ReaderFailedError, ReaderPool
from crawler.services import Services
from pipelines.changes import changes
from pipelines.ingest import IngestResult
from pipelines.matching import matches, query_predicate
from scheduler.leader.docket_queue import SharedQueue
from scheduler.leader.lease import DeposedError, Lease, hold_lease
from scheduler.leader.redis_mirror import Mirror, data_loss
from scheduler.leader.rollback_recovery import RollbackRecovery, follow_as_standby, mirror_of
from scheduler.leader.worker_coordinator import WorkerCoordinator, due_times
from scheduler.metrics import Metrics, ReadinessMetrics, restart_counter
from scheduler.process.cancellation import cancel_and_wait
from scheduler.process.loop_lag import LoopLagMonitor
from scheduler.process.shutdown import stopping
from scheduler.process.supervisor import Supervisor, outcome_of
from scheduler.roles.readiness import DaemonCanary, LeaderMetrics, LeaderState, StandbyMetrics, StandbyState
from scheduler.roles.web_front import WEB_GRACE_SECONDS, WebFront
from scheduler.sweeps.acl import PermissionMonitor
from scheduler.sweeps.canary import MonitorBlindError, open_canary
from scheduler.sweeps.clock import Clock
from scheduler.sweeps.clock_sync import register_skew_metric, synchronize_clock
from scheduler.sweeps.crawl_requests import serve_requests
from scheduler.sweeps.monitors import ChannelWatch, look_after_redis
from scheduler.sweeps.pending import pending_sweep
from scheduler.sweeps.revisits import RevisitSweep
from scheduler.sweeps.websub import WebSubSweep
from scheduler.wiring import STEPS, AppContext, StartError, now, open_app_context
from stories.crawl_state.canary_reports import DAEMON
from stories.db.clock import timekeeper
from stories.db.connection import server_risks
from stories.db.fencing import UNKNOWN_MARK
from stories.model.release import Release
from stories.runtime.allocator import keep_memory_small
from stories.search.live_index import LiveIndex
from stories.store.receipts import count_alerts, find_alerts, list_alerts
from web.app import Dependencies, create_app

log = structlog.get_logger(__name__)

CRAWL_GRACE_SECONDS = 2.0  # seconds for pages that are under way at the end; what is not done is claimed again
WEB_CANCEL_SECONDS = 0.5  # seconds for the web server to end when it was told to twice
TICK_SECONDS = 5.0  # seconds between two ticks of the clock
MAX_REVISIT_SWEEP_SECONDS = 5.0  # seconds between two looks for pages to read again, at the most
CHANNEL_CHECK_SECONDS = 5.0  # seconds between two looks at how the channels do
SOURCE_CHECK_SECONDS = 30.0  # seconds between two looks at how the sources do, for the figures
WEBSUB_SWEEP_SECONDS = 1.0  # seconds between two looks for listings whose hub pushed
PENDING_SWEEP_SECONDS = 20.0  # seconds between two looks for pages that were named and not read
CHECKIN_SECONDS = 60.0  # seconds between two check-ins with Sentry's monitor


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket, or raise ``StartError`` with what is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio sends at once (TCP_NODELAY): it looks at it, and 0, the default, is not TCP
    # to it. Then the second part of every answer would wait 40 ms until the first is acknowledged.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()  # from here on nobody else gets the port, and who asks too early waits instead of failing
    except OSError as error:
        bound.close()
        raise StartError(
            f"cannot serve on {host} port {port}: {error.strerror}; end what uses it, or set another [web] port "
            "(0: any that is free)"
        ) from error
    return bound


def web_address(bound: socket.socket) -> str:
    """Return the page's address for people."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


async def run_daemon(
    settings: Settings, stop: asyncio.Event, ready: Callable[[str], None], *, standby: bool = False
) -> None:
    """Run until ``stop`` is set; ``ready`` is told the page's address. ``StartError`` says what is missing.

    ``standby``: while another daemon has the clock, wait for it. Probes are answered from the start on.
    """
    with bind(settings.web.host, settings.web.port) as bound:
        restarts = restart_counter()
        front, parts = WebFront(bound), Supervisor(restarted=lambda part: restarts.labels(part).inc())
        serving = parts.start("web", front.serve)
        serving.add_done_callback(lambda _: stop.set())  # it ends only when it failed again and again
        starting = _cancel_start_on_stop(stop)

        def started(address: str) -> None:
            starting.cancel()
            ready(address)

        try:
            async with open_app_context(settings) as app:
                mirror = mirror_of(app)
                while await _run_as_leader(app, standby, stop, Endpoint(bound, front, restarts, started), mirror):
                    log.warning("deposed: stepping down, to stand by")
                    starting = _cancel_start_on_stop(stop)
        except asyncio.CancelledError:
            if not starting.done() or starting.cancelled():
                raise
        finally:
            starting.cancel()
            failed = serving.exception() if serving.done() and not serving.cancelled() else None
            front.end()
            with stopping.part("answers"):
                closed = asyncio.create_task(front.closed.wait())
                await asyncio.wait(
                    [closed, serving], timeout=2 * WEB_GRACE_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                closed.cancel()
                await cancel_and_wait(parts.tasks, grace=WEB_CANCEL_SECONDS, second_grace=WEB_CANCEL_SECONDS)
        if failed is not None:
            raise failed


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a daemon is reached, of whatever it is at the moment: starting, standby or holder of the clock."""

    bound: socket.socket
    front: WebFront
    restarts: Counter
    ready: Callable[[str], None]
    """Is told the page's address once the daemon has the clock."""


async def _run_as_leader(
    app: AppContext, standby: bool, stop: asyncio.Event, endpoint: Endpoint, mirror: Mirror
) -> bool:
    """Run while the clock is ours, once it is; return whether it was lost, and is to be waited for again."""
    reader = ReaderPool()
    try:
        endpoint.front.show(_standby_app(app, endpoint.restarts))
        try:
            await reader.warm_up()  # before the clock is ours: then it ticks at once
        except ReaderFailedError as error:
            raise StartError(str(error)) from error
        following = asyncio.create_task(follow_as_standby(app, mirror, now), name="mirror") if standby else None
        try:
            async with hold_lease(app, standby=standby) as lease:
                if following is not None:
                    await cancel_and_wait([following])
                await _run(app, lease, stop, endpoint, reader, mirror)
        finally:
            if following is not None:
                following.cancel()
    except DeposedError:
        if not standby or stop.is_set():
            raise
        return True
    finally:
        with stopping.part("reader processes"):
            await reader.close()
    return False


def _cancel_start_on_stop(stop: asyncio.Event) -> asyncio.Task[None]:
    """Being told to stop ends the start too: a server that does not come may take half a minute."""
    start = asyncio.current_task()

    async def give_up() -> None:
        await stop.wait()
        if start is not None:
            start.cancel()

    return asyncio.create_task(give_up(), name="starting")


async def _run(
    app: AppContext,
    lease: Lease,
    stop: asyncio.Event,
    endpoint: Endpoint,
    reader: ReaderPool,
    mirror: Mirror,
) -> None:
    settings, redis = app.settings, app.redis
    await _log_server_risks(app)
    metrics = Metrics(now, endpoint.restarts, lambda: reader.restarts)
    register_skew_metric(metrics.registry, timekeeper)
    policy = AddressPolicy(settings.polling.private_addresses)
    api = settings.web.address(endpoint.bound.getsockname()[1])
    channels = {name: open_channel(name, channel, policy, api) for name, channel in settings.channels.items()}
    holder = f"{DAEMON}/{secrets.token_hex(8)}/"
    delivery = Delivery(redis, channels, watches=settings.watches, observe=metrics.settled, now=now, holder=holder)

    def heard(remembered: IngestResult) -> None:
        metrics.remembered(remembered)
        if remembered.alerts:
            delivery.wake()

    if app.memory_mark.name == "":
        app.memory_mark.name = UNKNOWN_MARK  # nothing is written before it is known whether Redis lost its data
    queue, coordinator = SharedQueue(), WorkerCoordinator(app, lease)
    services = app.services(Progress(), heard, role="daemon", term=lease.term)
    services = replace(
        services, polls=queue, reader=reader, count_refused=metrics.refused, count_failed_page=metrics.page_failed
    )
    monitor = app.monitor_notifier(heard)
    canary = open_canary(app, DAEMON, reader, monitor, observe=metrics.canary)
    listings = all_listings(settings)
    first_due = await due_times(app.stores.cursors, listings, now()) if lease.took_over else {}
    clock = Clock(listings, services.enqueue, now, is_leader=lambda: lease.is_held, first_due=first_due)
    services = replace(services, schedule=clock.reschedule)
    engine = Engine(services, STEPS)

    def read_all() -> None:
        services.dispatcher.recount()
        clock.poll_all()

    recovery = RollbackRecovery(app, monitor, now, read_all, mirror=mirror, took_over=lease.took_over)
    finder = LiveIndex(redis, settings.data_dir, now)
    parts = Supervisor(
        restarted=lambda part: endpoint.restarts.labels(part).inc(), fatal=(DeposedError, MonitorBlindError)
    )
    permissions = PermissionMonitor(redis)
    state = LeaderState(lease, canary, parts, permissions)
    views = replace(
        _views(app, metrics.registry, finder, delivery.wake, metrics.heard),
        checks=state.checks,
        measure=LeaderMetrics(app, metrics).measure,
    )
    try:
        crawl = engine.start()
        parts.start("crawl", lambda: outcome_of(crawl), restartable=False)
        owned = [
            parts.start("delivery", delivery.run),
            parts.start("requests", lambda: serve_requests(services, app.stores.crawl_requests, coordinator.dispatch)),
            parts.start("redis", lambda: look_after_redis(app, lease, monitor, now, recovery)),
            *([parts.start("embedded Redis", app.server.watch)] if app.server is not None else []),
            parts.start("permissions", permissions.run),
            parts.start("workers", lambda: coordinator.run(services, queue)),
            parts.start("clock", clock.watch),
            parts.start("dispatcher", services.dispatcher.run),
            parts.start("time", lambda: synchronize_clock(timekeeper, redis, settings.channels, lease)),
            parts.start("index", finder.run),
            parts.start("reader", reader.supervise, restartable=False),
            parts.start("canary", canary.run),
            parts.start("allocator", keep_memory_small),
            parts.start("loop lag", lambda: LoopLagMonitor().run(metrics.loop_lag.observe)),
        ]
        endpoint.front.show(create_app(views))
        await coordinator.checked.wait()
        await recovery.checked.wait()
        _schedule_jobs(clock, app, services, metrics)
        clock.every(CHANNEL_CHECK_SECONDS, ChannelWatch(app, monitor, metrics.channels).look, "channels")
        endpoint.ready(web_address(endpoint.bound))
        ended = await parts.until(stop)
        log.info("ending", polls_waiting=len(services.polls))
        parts.finish()
        clock.stop()
        coordinator.stop()
        if stop.is_set():
            endpoint.front.end()
        else:
            endpoint.front.show(None)
        with stopping.part("pages and deliveries"):
            await asyncio.gather(engine.finish(CRAWL_GRACE_SECONDS), cancel_and_wait(owned), return_exceptions=True)
        await recovery.close()
        if ended is not None:
            raise ended
    finally:
        await services.reader.close()


async def _log_server_risks(app: AppContext) -> None:
    """Log what a Redis server in the operator's care may lose; the embedded one is ours."""
    if app.server is None:
        with contextlib.suppress(RedisError):  # whoever needs it next says so
            for risk in await server_risks(app.redis):
                log.warning("Redis may lose data", why=risk)


def _schedule_jobs(clock: Clock, app: AppContext, services: Services, metrics: Metrics) -> None:
    ladder = app.settings.polling.ladder
    metrics.listings.set(len(all_listings(app.settings)))

    async def tick() -> None:
        metrics.queue.set(len(services.polls))
        metrics.dispatched(services.dispatcher)
        try:
            await app.stores.clock_ticks.record(now())
        except RedisError as error:
            log.warning("the clock could not tell Redis that it ticks", why=str(error))

    async def look_at_sources() -> None:
        try:
            polled = [name for name, source in app.settings.sources.items() if source.enabled]
            metrics.sources({name: await app.stores.source_status.health(name) for name in polled})
        except RedisError as error:
            log.warning("how the sources do is not known", why=str(error))

    async def check_in() -> None:
        clock_checkin("ok")

    async def ticked() -> None:
        metrics.ticked()

    clock.start()
    clock.every(TICK_SECONDS, ticked, "ticked", needs_lease=False)
    clock.every(TICK_SECONDS, tick, "tick")
    clock.every(CHECKIN_SECONDS, check_in, "check-in")
    clock.every(SOURCE_CHECK_SECONDS, look_at_sources, "sources")
    pending = pending_sweep(services.claims, app.stores.pending_sightings, services.dispatcher, now, app.settings)
    clock.every(PENDING_SWEEP_SECONDS, pending, "pending sightings")
    if services.websub is not None:
        hubs = WebSubSweep(services.websub, services.stores.cursors, all_listings(app.settings), services.enqueue, now)
        clock.every(WEBSUB_SWEEP_SECONDS, hubs.sweep, "pushes")
    if ladder:
        revisits = RevisitSweep(
            app.archive, app.stores.revisit_queue, app.page_observations, app.settings, services.enqueue, now
        )
        clock.every(
            min(MAX_REVISIT_SWEEP_SECONDS, min(step.total_seconds() for step, _ in ladder) / 2),
            revisits.sweep,
            "revisits",
        )


def _standby_app(app: AppContext, restarts: Counter) -> FastAPI:
    """Return the app of a daemon that waits for the clock: all that is in Redis is shown, asked for and retried there.

    It has no index of its own: with an embedded Redis the holder's lies in the same folder.
    """
    registry = CollectorRegistry()
    measure = StandbyMetrics(ReadinessMetrics(registry, restarts))
    views = _views(app, registry, None, _wake_nothing, _count_nothing)
    return create_app(replace(views, checks=StandbyState(app).checks, measure=measure.measure))


def _wake_nothing() -> None:
    """Wake nothing: the holder of the clock finds what is due in Redis within a second."""


def _count_nothing(what: str) -> None:
    """Count nothing."""


def _views(
    app: AppContext,
    metrics: CollectorRegistry,
    finder: LiveIndex | None,
    wake: Callable[[], None],
    heard: Callable[[str], None],
) -> Dependencies:
    settings, outbox = app.settings, Outbox(app.redis)

    async def retry(alert: str) -> str:
        answer = await outbox.retry(alert)
        wake()
        return answer

    async def retry_all() -> int:
        due = await outbox.retry_all()
        wake()
        return due

    async def test(channel: str) -> str:
        await outbox.turn_on(channel)
        alert = await outbox.enqueue_test(channel, now())
        wake()
        return alert

    def watch_matches(watch: str, release: Release) -> bool:
        return matches(settings.watches[watch], release, source=release.source)

    return Dependencies(
        settings=settings,
        redis=app.redis,
        archive=app.archive,
        stores=app.stores,
        now=now,
        alerts=lambda wanted: list_alerts(app.redis, **asdict(wanted)),
        channels=lambda: count_alerts(app.redis, list(settings.channels), others=True),
        matches=watch_matches,
        query=query_predicate,
        changes=changes,
        receipts=partial(find_alerts, app.redis),
        retry=retry,
        retry_all=retry_all,
        test=test,
        metrics=metrics,
        canary=DaemonCanary(app).read,
        pushes=app.websub_store,
        heard=heard,
        finder=finder,
        clock_warning=timekeeper.warning,
        data_loss=partial(data_loss, app.redis),
    )

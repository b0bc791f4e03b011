"""The daemon: schedule, crawl, alert, serve the page; ends cleanly on SIGTERM and SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import structlog
import uvicorn
from redis.exceptions import RedisError

from alerts.channels import open_channel
from alerts.delivery import Delivery
from alerts.outbox import Outbox
from alerts.receipts import count_alerts, find_alerts, list_alerts
from config.addresses import AddressPolicy
from config.settings import Settings
from config.telemetry import clock_checkin, report
from crawler.engine import Engine
from crawler.polls import all_listings
from crawler.progress import Progress
from crawler.reader import Reader, ReaderFailedError
from crawler.services import Services
from pipelines.changes import changes
from pipelines.matching import matches, query_predicate
from pipelines.remembering import Remembered
from scheduler.asked import serve_requests
from scheduler.clock import Clock
from scheduler.colleagues import Colleagues, due_at
from scheduler.ending import end
from scheduler.inhand import in_hand
from scheduler.lease import Deposed, Lease, one_daemon
from scheduler.lookout import ChannelWatch, look_after_redis
from scheduler.loop_lag import LoopLagMonitor
from scheduler.metrics import Metrics
from scheduler.newsroom import STEPS, CannotStart, Newsroom, now, open_newsroom
from scheduler.pushing import PushedPolls
from scheduler.recall import Recall
from scheduler.revisiting import Revisits
from scheduler.sharing import SharedQueue
from scheduler.stopping import stopping
from scheduler.timing import keep_time, show_skew
from stories.connection import server_risks
from stories.fence import UNKNOWN_MARK
from stories.finder import Finder
from stories.release import Release
from stories.timekeeping import timekeeper
from web.app import AlertFilter, Views, create_app, end_streams
from web.connections import Connection

log = structlog.get_logger(__name__)

CRAWL_PATIENCE = 2.0  # seconds for pages that are under way at the end; what is not done is claimed again
WEB_PATIENCE = 1  # seconds for answers that are under way at the end
SWEEP = 5.0  # seconds between two looks for pages to read again, at the most
CHANNELS = 5.0  # seconds between two looks at how the channels do
SOURCES = 30.0  # seconds between two looks at how the sources do, for the figures
PUSHES = 1.0  # seconds between two looks for listings whose hub pushed
IN_HAND = 20.0  # seconds between two looks for pages that were named and not read
CHECKIN = 60.0  # seconds between two check-ins with Sentry's monitor


class WebServer(uvicorn.Server):
    """uvicorn without handlers of its own: signals are the daemon's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket, or raise ``CannotStart`` with what is in the way."""
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
        raise CannotStart(
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
    """Run until ``stop`` is set; ``ready`` is told the page's address. ``CannotStart`` says what is missing.

    ``standby``: while another daemon has the clock, wait for it.
    """
    with bind(settings.web.host, settings.web.port) as bound:
        starting = _give_up_the_start(stop)

        def started(address: str) -> None:
            starting.cancel()
            ready(address)

        try:
            async with open_newsroom(settings) as newsroom:
                while await _hold(newsroom, standby, stop, bound, started):
                    log.warning("deposed: stepping down, to stand by")
                    starting = _give_up_the_start(stop)
        except asyncio.CancelledError:
            if not starting.done() or starting.cancelled():
                raise
        finally:
            starting.cancel()


async def _hold(
    newsroom: Newsroom, standby: bool, stop: asyncio.Event, bound: socket.socket, ready: Callable[[str], None]
) -> bool:
    """Run while the clock is ours, once it is; return whether it was lost, and is to be waited for again."""
    reader = Reader()
    try:
        try:
            await reader.warm_up()  # before the clock is ours: then it ticks at once
        except ReaderFailedError as error:
            raise CannotStart(str(error)) from error
        async with one_daemon(newsroom, standby=standby) as lease:
            await _run(newsroom, lease, stop, bound, ready, reader)
    except Deposed:
        if not standby or stop.is_set():
            raise
        return True
    finally:
        with stopping.part("reader processes"):
            await reader.close()
    return False


def _give_up_the_start(stop: asyncio.Event) -> asyncio.Task[None]:
    """Being told to stop ends the start too: a server that does not come may take half a minute."""
    start = asyncio.current_task()

    async def give_up() -> None:
        await stop.wait()
        if start is not None:
            start.cancel()

    return asyncio.create_task(give_up(), name="starting")


async def _run(
    newsroom: Newsroom,
    lease: Lease,
    stop: asyncio.Event,
    bound: socket.socket,
    ready: Callable[[str], None],
    reader: Reader,
) -> None:
    settings, redis = newsroom.settings, newsroom.redis
    await _tell_risks(newsroom)
    metrics = Metrics(now)
    show_skew(metrics.registry, timekeeper)
    policy = AddressPolicy(settings.polling.private_addresses)
    api = settings.web.address(bound.getsockname()[1])
    channels = {name: open_channel(name, channel, policy, api) for name, channel in settings.channels.items()}
    delivery = Delivery(redis, channels, watches=settings.watches, observe=metrics.settled, now=now)

    def heard(remembered: Remembered) -> None:
        metrics.remembered(remembered)
        if remembered.alerts:
            delivery.wake()

    if newsroom.memory.name == "":
        newsroom.memory.name = UNKNOWN_MARK  # nothing is written before it is known whether Redis lost its data
    queue, colleagues = SharedQueue(), Colleagues(newsroom, lease)
    services = newsroom.services(Progress(), heard, role="daemon", term=lease.term)
    services = replace(services, polls=queue, reader=reader, refused=metrics.refused)
    monitor = newsroom.monitor(heard)
    listings = all_listings(settings)
    first = await due_at(services.desk, listings, now()) if lease.followed else {}
    clock = Clock(listings, services.ask, now, may=lambda: lease.holds, first=first)
    services = replace(services, due=clock.due)
    engine = Engine(services, STEPS)
    recall = Recall(newsroom, monitor, now, clock.poll_all)
    finder = Finder(redis, settings.data_dir, now)
    app = create_app(_views(newsroom, metrics, finder, delivery))
    web = WebServer(
        uvicorn.Config(
            app,
            http=Connection,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=WEB_PATIENCE,
            server_header=False,
        )
    )
    try:
        crawl = engine.start()
        owned = [
            asyncio.create_task(delivery.run(), name="delivery"),
            asyncio.create_task(serve_requests(services, services.desk, colleagues.give), name="requests"),
            asyncio.create_task(look_after_redis(newsroom, lease, monitor, now, recall), name="redis"),
            asyncio.create_task(colleagues.run(services, queue), name="colleagues"),
            asyncio.create_task(clock.watch(), name="clock"),
            asyncio.create_task(services.dispatcher.run(), name="dispatcher"),
            asyncio.create_task(keep_time(timekeeper, redis, settings.channels, lease), name="time"),
            asyncio.create_task(finder.run(), name="index"),
            asyncio.create_task(reader.supervise(), name="reader"),
            asyncio.create_task(LoopLagMonitor().run(metrics.loop_lag.observe), name="loop lag"),
        ]
        serving = asyncio.create_task(web.serve(sockets=[bound.dup()]), name="web")
        await colleagues.looked.wait()
        await recall.looked.wait()
        _set_the_clock(clock, newsroom, services, metrics)
        clock.every(CHANNELS, ChannelWatch(newsroom, monitor, metrics.channels).look, "channels")
        ready(web_address(bound))
        ended = await _until(stop, [crawl, serving, *owned])
        log.info("ending", polls_waiting=len(services.polls))
        clock.stop()
        colleagues.end()
        end_streams(app)
        web.should_exit = True
        closing = asyncio.wait([serving], timeout=2 * WEB_PATIENCE)
        with stopping.part("pages, deliveries and answers"):
            await asyncio.gather(engine.finish(CRAWL_PATIENCE), end(owned), closing, return_exceptions=True)
        if ended is not None:
            raise ended
    finally:
        await services.reader.close()


async def _tell_risks(newsroom: Newsroom) -> None:
    """Log what a Redis server in the operator's care may lose; the embedded one is ours."""
    if newsroom.server is None:
        with contextlib.suppress(RedisError):  # whoever needs it next says so
            for risk in await server_risks(newsroom.redis):
                log.warning("Redis may lose data", why=risk)


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> BaseException | None:
    """Return when told to stop (None), or with the fault of a task that should have gone on."""
    stopping = asyncio.create_task(stop.wait(), name="stop")
    done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done - {stopping}:
        error = task.exception() or RuntimeError(f"{task.get_name()} ended by itself")
        if isinstance(error, Deposed):
            return error
        log.error("a part of the daemon failed", part=task.get_name(), why=f"{type(error).__name__}: {error}")
        report(error, stop=task.get_name())
        return error
    return None


def _set_the_clock(clock: Clock, newsroom: Newsroom, services: Services, metrics: Metrics) -> None:
    ladder = newsroom.settings.polling.ladder
    metrics.listings.set(len(all_listings(newsroom.settings)))

    async def tick() -> None:
        metrics.queue.set(len(services.polls))
        metrics.dispatched(services.dispatcher)
        try:
            await services.desk.tick(now())
        except RedisError as error:
            log.warning("the clock could not tell Redis that it ticks", why=str(error))

    async def look_at_sources() -> None:
        try:
            polled = [name for name, source in newsroom.settings.sources.items() if source.enabled]
            metrics.sources({name: await services.desk.health(name) for name in polled})
        except RedisError as error:
            log.warning("how the sources do is not known", why=str(error))

    async def check_in() -> None:
        clock_checkin("ok")

    clock.start()
    clock.every(5.0, tick, "tick")
    clock.every(CHECKIN, check_in, "check-in")
    clock.every(SOURCES, look_at_sources, "sources")
    pending = in_hand(newsroom.claims, services.desk, services.dispatcher, now, newsroom.settings)
    clock.every(IN_HAND, pending, "in hand")
    if services.pushes is not None:
        hubs = PushedPolls(services.pushes, services.desk, all_listings(newsroom.settings), services.ask, now)
        clock.every(PUSHES, hubs.sweep, "pushes")
    if ladder:
        revisits = Revisits(newsroom.archive, services.desk, newsroom.looks, newsroom.settings, services.ask, now)
        clock.every(min(SWEEP, min(step.total_seconds() for step, _ in ladder) / 2), revisits.sweep, "revisits")


def _views(newsroom: Newsroom, metrics: Metrics, finder: Finder, delivery: Delivery) -> Views:
    settings, outbox = newsroom.settings, Outbox(newsroom.redis)

    async def alerts(wanted: AlertFilter) -> list[dict[str, Any]]:
        return [asdict(receipt) for receipt in await list_alerts(newsroom.redis, **asdict(wanted))]

    async def channels() -> list[dict[str, Any]]:
        return [asdict(one) for one in await count_alerts(newsroom.redis, list(settings.channels), others=True)]

    async def receipts(ids: Sequence[str]) -> list[dict[str, Any]]:
        return [asdict(receipt) for receipt in await find_alerts(newsroom.redis, ids)]

    async def retry(alert: str) -> str:
        answer = await outbox.retry(alert)
        delivery.wake()
        return answer

    async def retry_all() -> int:
        due = await outbox.retry_all()
        delivery.wake()
        return due

    async def test(channel: str) -> str:
        await outbox.turn_on(channel)
        alert = await outbox.enqueue_test(channel, now())
        delivery.wake()
        return alert

    def watch_matches(watch: str, release: Release) -> bool:
        return matches(settings.watches[watch], release, source=release.source)

    return Views(
        settings=settings,
        redis=newsroom.redis,
        archive=newsroom.archive,
        desk=newsroom.desk,
        now=now,
        alerts=alerts,
        channels=channels,
        matches=watch_matches,
        query=query_predicate,
        changes=changes,
        receipts=receipts,
        retry=retry,
        retry_all=retry_all,
        test=test,
        metrics=metrics.registry,
        pushes=newsroom.pushes,
        heard=metrics.heard,
        finder=finder,
        clock_warning=timekeeper.warning,
    )

"""A worker: runs the polls that the leader dispatches through Redis, on any machine, and delivers alerts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from redis.exceptions import RedisError

from alerts.delivery import Delivery
from config.settings import Settings
from crawler.engine import Engine
from crawler.progress import Progress
from crawler.readers.pool import ReaderFailedError
from pipelines.ingest import IngestResult
from scheduler.channels import open_channels
from scheduler.leader.docket_queue import RETRY_SECONDS, DocketQueue, SharedQueue, send_heartbeats
from scheduler.leader.rollback_recovery import follow_memory_mark
from scheduler.leader.worker_key import REGISTRY_PURPOSE
from scheduler.process.cancellation import cancel_and_wait
from scheduler.process.shutdown import stopping
from scheduler.process.supervisor import Supervisor, outcome_of
from scheduler.sweeps.acl import PermissionMonitor
from scheduler.sweeps.canary import MonitorBlindError, open_canary
from scheduler.sweeps.clock_sync import synchronize_clock
from scheduler.wiring import STEPS, AppContext, StartError, now, open_app_context
from stories.crawl_state.workers import DueListing, WorkerRegistry
from stories.db.clock import timekeeper
from stories.db.fencing import UNKNOWN_MARK
from stories.model.sighting import Poll
from stories.runtime.allocator import keep_memory_small

log = structlog.get_logger(__name__)

CRAWL_GRACE_SECONDS = 2.0  # for pages in flight at the end; unfinished polls are requeued
DEREGISTER_TIMEOUT_SECONDS = 0.3  # for leaving the worker registry; Redis may be unreachable


class NextPollPublisher:
    """Publishes the next poll of every listing that this worker polled, for the clock of the leader."""

    def __init__(self, registry: WorkerRegistry) -> None:
        self._registry = registry
        self._unpublished: asyncio.Queue[DueListing] = asyncio.Queue()

    def __call__(self, poll: Poll, at: datetime) -> None:
        """Queue the next poll of a listing, without waiting."""
        self._unpublished.put_nowait(DueListing(source=poll.source, listing=poll.listing or "", at=at))

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            due = await self._unpublished.get()
            while True:
                try:
                    await self._registry.publish_next_poll(due)
                    break
                except RedisError as error:
                    log.warning(
                        "next_poll_not_published",
                        source=due.source,
                        reason=f"Redis: {error}",
                        retry_in=RETRY_SECONDS,
                    )
                    await asyncio.sleep(RETRY_SECONDS)


async def run_worker(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Work until ``stop`` is set; ``StartError`` names the reason and the next step.

    Args:
        settings: The configuration.
        stop: Set on SIGTERM and SIGINT.
        ready: Called once this worker is registered.
    """
    async with open_app_context(settings) as app:
        await _run(app, stop, ready)


async def _run(app: AppContext, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    settings, signer = app.settings, app.signer
    registry = WorkerRegistry(app.redis, sign=partial(signer.sign, REGISTRY_PURPOSE))
    app.memory_mark.name, app.memory_mark.follows = UNKNOWN_MARK, True
    shared = [name for name, channel in settings.channels.items() if not channel.is_local]
    channels = open_channels(settings, only=shared)
    delivery = Delivery(app.redis, channels, watches=settings.watches, now=now, complete=False)

    def on_ingested(result: IngestResult) -> None:
        if result.alerts:
            delivery.wake()

    due = NextPollPublisher(registry)
    services = replace(app.services(Progress(), on_ingested), polls=SharedQueue(), schedule=due)
    name = services.claims.process_name
    task_queue = DocketQueue(services, app.stores.crawl_requests, app.redis_url, signer)
    if isinstance(services.polls, SharedQueue):
        services.polls.dispatch = task_queue.enqueue
    canary = open_canary(app, name, services.reader, app.monitor_notifier(on_ingested), changed=task_queue.set_paused)
    engine = Engine(services, STEPS)
    try:
        try:
            await services.reader.warm_up()  # before it takes polls: a cold reader stalls
        except ReaderFailedError as error:
            raise StartError(str(error)) from error
        crawl = engine.start()
        await registry.heartbeat(name)
        parts = Supervisor(fatal=(MonitorBlindError,))
        parts.start("crawl", lambda: outcome_of(crawl), restartable=False)
        owned = [
            parts.start("task queue", task_queue.run),
            parts.start("due", due.run),
            parts.start("dispatcher", services.dispatcher.run),
            parts.start("delivery", delivery.run),
            parts.start("heartbeat", lambda: send_heartbeats(registry, name)),
            parts.start("time", lambda: synchronize_clock(timekeeper, app.redis)),
            parts.start("reader", services.reader.supervise, restartable=False),
            parts.start("canary", canary.run),
            parts.start("memory", lambda: follow_memory_mark(app)),
            parts.start("allocator", keep_memory_small),
            parts.start("permissions", PermissionMonitor(app.redis).run),
        ]
        ready()
        failed = await parts.until(stop)
        log.info("worker_stopping", polls_waiting=len(services.polls))
        parts.finish()
        task_queue.stop()
        with stopping.part("pages and deliveries"):
            await asyncio.gather(engine.finish(CRAWL_GRACE_SECONDS), cancel_and_wait(owned), return_exceptions=True)
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(DEREGISTER_TIMEOUT_SECONDS):
                await registry.deregister(name)
        if failed is not None:
            raise failed
    finally:
        await services.reader.close()

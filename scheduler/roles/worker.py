"""A worker: does the polls that the clock hands out, on any machine that reaches its Redis, and delivers alerts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from redis.exceptions import RedisError

from alerts.channels import open_channel
from alerts.delivery import Delivery
from config.address_policy import AddressPolicy
from config.settings import Settings
from crawler.engine import Engine
from crawler.progress import Progress
from crawler.readers.pool import ReaderFailedError
from pipelines.ingest import IngestResult
from scheduler.leader.docket_queue import AGAIN, DocketQueue, SharedQueue, beat
from scheduler.leader.rollback_recovery import follow_mark
from scheduler.leader.worker_key import MEMBER
from scheduler.process.cancellation import cancel_and_wait
from scheduler.process.shutdown import stopping
from scheduler.process.supervisor import Supervisor, outcome_of
from scheduler.sweeps.acl import PermissionWatch
from scheduler.sweeps.canary import MonitorBlindError, open_canary
from scheduler.sweeps.clock_sync import keep_time
from scheduler.wiring import STEPS, AppContext, StartError, now, open_app_context
from stories.crawl_state.workers import Due, WorkerRegistry
from stories.db.clock import timekeeper
from stories.db.fencing import UNKNOWN_MARK
from stories.model.sighting import Poll
from stories.runtime.allocator import keep_memory_small

log = structlog.get_logger(__name__)

PATIENCE = 2.0  # seconds for pages that are under way at the end; the rest is handed back
PARTING = 0.3  # seconds for taking back the sign of life, with a Redis that may be away
OF_ONE_MACHINE = ("file", "console")
"""Types of channels that the daemon alone serves: what they write belongs on its machine."""


class NextPollPublisher:
    """Tells the clock when what was polled here is due again."""

    def __init__(self, crew: WorkerRegistry) -> None:
        self._crew = crew
        self._told: asyncio.Queue[Due] = asyncio.Queue()

    def __call__(self, poll: Poll, at: datetime) -> None:
        """Take note, without waiting."""
        self._told.put_nowait(Due(source=poll.source, listing=poll.listing or "", at=at))

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            due = await self._told.get()
            while True:
                try:
                    await self._crew.tell_due(due)
                    break
                except RedisError as error:
                    log.warning("the clock was not told yet", source=due.source, why=f"Redis: {error}")
                    await asyncio.sleep(AGAIN)


async def run_worker(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Work until ``stop`` is set. ``StartError`` says what is missing."""
    async with open_app_context(settings) as newsroom:
        await _run(newsroom, stop, ready)


async def _run(newsroom: AppContext, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    settings, signer = newsroom.settings, newsroom.signer
    crew = WorkerRegistry(newsroom.redis, sign=partial(signer.sign, MEMBER))
    newsroom.memory.name, newsroom.memory.follows = UNKNOWN_MARK, True
    policy = AddressPolicy(settings.polling.private_addresses)
    channels = {
        name: open_channel(name, channel, policy, settings.web.address())
        for name, channel in settings.channels.items()
        if channel.type not in OF_ONE_MACHINE
    }
    delivery = Delivery(newsroom.redis, channels, watches=settings.watches, now=now, complete=False)

    def heard(remembered: IngestResult) -> None:
        if remembered.alerts:
            delivery.wake()

    due = NextPollPublisher(crew)
    services = replace(newsroom.services(Progress(), heard), polls=SharedQueue(), due=due)
    name = services.claims.run
    sharing = DocketQueue(services, newsroom.stores.crawl_requests, newsroom.url, signer)
    if isinstance(services.polls, SharedQueue):
        services.polls.hand_out = sharing.give
    canary = open_canary(newsroom, name, services.reader, newsroom.monitor(heard), changed=sharing.hold)
    engine = Engine(services, STEPS)
    try:
        try:
            await services.reader.warm_up()  # before any lease: a cold process stalls
        except ReaderFailedError as error:
            raise StartError(str(error)) from error
        crawl = engine.start()
        await crew.beat(name)
        parts = Supervisor(fatal=(MonitorBlindError,))
        parts.start("crawl", lambda: outcome_of(crawl), restartable=False)
        owned = [
            parts.start("sharing", sharing.run),
            parts.start("due", due.run),
            parts.start("dispatcher", services.dispatcher.run),
            parts.start("delivery", delivery.run),
            parts.start("sign of life", lambda: beat(crew, name)),
            parts.start("time", lambda: keep_time(timekeeper, newsroom.redis)),
            parts.start("reader", services.reader.supervise, restartable=False),
            parts.start("canary", canary.run),
            parts.start("memory", lambda: follow_mark(newsroom)),
            parts.start("allocator", keep_memory_small),
            parts.start("permissions", PermissionWatch(newsroom.redis).run),
        ]
        ready()
        failed = await parts.until(stop)
        log.info("ending", polls_waiting=len(services.polls))
        parts.finish()
        sharing.end()
        with stopping.part("pages and deliveries"):
            await asyncio.gather(engine.finish(PATIENCE), cancel_and_wait(owned), return_exceptions=True)
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(PARTING):
                await crew.leave(name)
        if failed is not None:
            raise failed
    finally:
        await services.reader.close()

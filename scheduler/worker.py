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
from config.addresses import AddressPolicy
from config.settings import Settings
from crawler.engine import Engine
from crawler.progress import Progress
from crawler.reader import ReaderFailedError
from pipelines.remembering import Remembered
from scheduler.canary import MonitorBlindError, open_canary
from scheduler.ending import end
from scheduler.newsroom import STEPS, CannotStart, Newsroom, now, open_newsroom
from scheduler.permissions import PermissionWatch
from scheduler.recall import follow_mark
from scheduler.sharing import AGAIN, SharedQueue, Sharing, beat
from scheduler.stopping import stopping
from scheduler.supervisor import Supervisor, outcome_of
from scheduler.timing import keep_time
from scheduler.worker_key import MEMBER
from stories.allocator import keep_memory_small
from stories.crew import Crew, Due
from stories.fence import UNKNOWN_MARK
from stories.sighting import Poll
from stories.timekeeping import timekeeper

log = structlog.get_logger(__name__)

PATIENCE = 2.0  # seconds for pages that are under way at the end; the rest is handed back
PARTING = 0.3  # seconds for taking back the sign of life, with a Redis that may be away
OF_ONE_MACHINE = ("file", "console")
"""Types of channels that the daemon alone serves: what they write belongs on its machine."""


class DueTeller:
    """Tells the clock when what was polled here is due again."""

    def __init__(self, crew: Crew) -> None:
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
    """Work until ``stop`` is set. ``CannotStart`` says what is missing."""
    async with open_newsroom(settings) as newsroom:
        await _run(newsroom, stop, ready)


async def _run(newsroom: Newsroom, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    settings, signer = newsroom.settings, newsroom.signer
    crew = Crew(newsroom.redis, sign=partial(signer.sign, MEMBER))
    newsroom.memory.name, newsroom.memory.follows = UNKNOWN_MARK, True
    policy = AddressPolicy(settings.polling.private_addresses)
    channels = {
        name: open_channel(name, channel, policy, settings.web.address())
        for name, channel in settings.channels.items()
        if channel.type not in OF_ONE_MACHINE
    }
    delivery = Delivery(newsroom.redis, channels, watches=settings.watches, now=now, complete=False)

    def heard(remembered: Remembered) -> None:
        if remembered.alerts:
            delivery.wake()

    due = DueTeller(crew)
    services = replace(newsroom.services(Progress(), heard), polls=SharedQueue(), due=due)
    name = services.claims.run
    sharing = Sharing(services, newsroom.url, signer)
    if isinstance(services.polls, SharedQueue):
        services.polls.hand_out = sharing.give
    canary = open_canary(newsroom, name, services.reader, newsroom.monitor(heard), changed=sharing.hold)
    engine = Engine(services, STEPS)
    try:
        try:
            await services.reader.warm_up()  # before any lease: a cold process stalls
        except ReaderFailedError as error:
            raise CannotStart(str(error)) from error
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
            await asyncio.gather(engine.finish(PATIENCE), end(owned), return_exceptions=True)
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(PARTING):
                await crew.leave(name)
        if failed is not None:
            raise failed
    finally:
        await services.reader.close()

"""Brings the rooms together: Redis, what is kept there, and the services of the crawl."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError

from config.settings import Settings
from scheduler.stopping import stopping
from scheduler.worker_key import Signer, signer_of
from stories import keys
from stories.archive import Archive
from stories.aside import Aside
from stories.backlog import Backlog
from stories.claims import Claims
from stories.connection import check_server, connect
from stories.desk import Desk
from stories.entries import Entries
from stories.fence import MemoryMark
from stories.finder import StillFinder
from stories.keeping import Keeper
from stories.looks import Looks
from stories.manners import Manners
from stories.monitor import Teller
from stories.pushes import Pushes
from stories.schema import OtherLayout, settle_layout
from stories.server import EmbeddedServer, EmbeddedServerError
from stories.sites import Sites
from stories.timekeeping import timekeeper

if TYPE_CHECKING:
    from crawler.progress import Progress
    from crawler.services import Services
    from pipelines.remembering import Remembered
    from pipelines.telling import Monitor

log = structlog.get_logger(__name__)

STEPS = {"pipelines.steps.keep.KeepStep": 300}
"""Scrapy's item pipelines, with their order."""

PARTING = 0.5  # seconds for closing connections
LOADING_SECONDS = 120.0  # a server with some GB loads for a minute; beyond that the supervisor starts us again
LOADING_LOOK = 0.5  # seconds between two looks
AT_ONCE = 1.0  # seconds for a Redis that is of use and not needed


class CannotStart(Exception):  # noqa: N818 (reads as a sentence where it is raised)
    """Something that is needed is not there; the message says what, and how to mend it."""

    expected = True


def now() -> datetime:
    """Return this moment by the clock of the Redis server, once it was measured, else by that of this machine."""
    return timekeeper.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsroom:
    """Redis, open, and those who read and write in it."""

    settings: Settings
    redis: Redis
    server: EmbeddedServer | None
    """The embedded server, ours or joined; None with ``redis_url``."""
    memory: MemoryMark = field(default_factory=MemoryMark)
    """The mark that every write of a poll carries; set by the daemon's ``Recall``, followed by workers."""

    @property
    def url(self) -> str:
        """Of Redis, the configured or the embedded one; it may hold a password."""
        configured = self.settings.redis_url
        return self.server.url if self.server else configured.get_secret_value() if configured else ""

    @property
    def signer(self) -> Signer:
        """What signs for the processes that share the polls; ``CannotStart`` when its key cannot be read."""
        try:
            return signer_of(self.settings)
        except OSError as error:
            raise CannotStart(f"the key of the workers cannot be read: {error}") from error

    @property
    def archive(self) -> Archive:
        return Archive(self.redis)

    @property
    def finder(self) -> StillFinder:
        """The index as a daemon keeps it, for commands."""
        return StillFinder(self.redis, self.settings.data_dir)

    @property
    def desk(self) -> Desk:
        return Desk(self.redis)

    @property
    def claims(self) -> Claims:
        return Claims(self.redis)

    @property
    def looks(self) -> Looks:
        return Looks(self.redis)

    @property
    def pushes(self) -> Pushes | None:
        """How listings stand with their hubs; None where no hub can reach us."""
        return Pushes(self.redis) if self.settings.web.public_url else None

    def services(
        self,
        progress: Progress,
        heard: Callable[[Remembered], None],
        *,
        role: str = "",
        term: int = 0,
    ) -> Services:
        """Return what the spider works with; ``role`` and ``term`` as ``Claims`` has them."""
        # Imported here: most commands crawl nothing, and need not wait for Scrapy and the patterns of notices.
        from crawler.dispatch import PageDispatcher
        from crawler.eligibility import is_requestable
        from crawler.guard import guard_of
        from crawler.queue import PollQueue
        from crawler.reader import Reader
        from crawler.services import Services
        from crawler.sites import SiteMemory
        from pipelines.remembering import Memory
        from scheduler.careful import Careful

        claims, desk = Claims(self.redis, role, term, self.memory), Desk(self.redis, term, self.memory)
        aside = Aside(self.redis, claims.run)
        dispatcher = PageDispatcher(now, Backlog(self.redis, self.memory))
        dispatcher.is_enabled = lambda source: is_requestable(self.settings, source)
        memory = Memory(Keeper(self.redis, term, self.memory), claims, desk, self.settings, now, heard, self.looks)
        return Services(
            settings=self.settings,
            polls=PollQueue(),
            claims=claims,
            desk=desk,
            reader=Reader(),
            memory=Careful(memory, aside, now, dispatcher.ingested),
            guard=guard_of(self.settings),
            progress=progress,
            clock=now,
            dispatcher=dispatcher,
            tell=self.monitor(heard).tell,
            manners=Manners(self.redis),
            sites=SiteMemory(Sites(self.redis)),
            entries=Entries(self.redis),
            pushes=self.pushes,
            aside=aside,
            timekeeper=timekeeper,
        )

    def monitor(self, heard: Callable[[Remembered], None]) -> Monitor:
        """Return who tells of the monitor's own events."""
        from pipelines.telling import Monitor

        return Monitor(Teller(self.redis, self.memory), self.settings, now, heard)


@contextlib.asynccontextmanager
async def reachable_redis(settings: Settings) -> AsyncIterator[Redis | None]:
    """Open the Redis of the configuration if it answers at once; None when it does not, or an embedded one is off."""
    if settings.redis_url is not None:
        url = settings.redis_url.get_secret_value()
    else:
        server = EmbeddedServer(settings.data_dir)
        if not await server.join():
            yield None
            return
        url = server.url
    try:
        redis = connect(url)
    except ValueError:  # for a command that needs none, a URL that is none is no fault
        yield None
        return
    try:
        async with asyncio.timeout(AT_ONCE):
            await redis.ping()
        there = True
    except (RedisError, OSError, TimeoutError):
        there = False
    try:
        yield redis if there else None
    finally:
        with contextlib.suppress(RedisError, OSError):
            await redis.aclose()


async def _wait_while_loading(redis: Redis) -> None:
    """Wait, up to ``LOADING_SECONDS``, while Redis answers that it still loads its data."""
    deadline, logged = time.monotonic() + LOADING_SECONDS, False
    while time.monotonic() < deadline:
        try:
            await redis.ping()
            return
        except BusyLoadingError:
            if not logged:
                log.warning("redis_loading", wait_seconds=LOADING_SECONDS, next="wait; see redis-cli INFO persistence")
                logged = True
        except (RedisError, OSError):  # check_server says what is wrong
            return
        await asyncio.sleep(LOADING_LOOK)


@contextlib.asynccontextmanager
async def open_newsroom(settings: Settings) -> AsyncIterator[Newsroom]:
    """Open Redis, the configured or the embedded one; ``CannotStart`` says in words why not."""
    keys.keep_for(settings.memory.lifetimes)
    server: EmbeddedServer | None = None
    if settings.redis_url is None:
        server = EmbeddedServer(settings.data_dir)
        try:
            await server.start()
        except EmbeddedServerError as error:
            raise CannotStart(str(error)) from error
        url = server.url
    else:
        url = settings.redis_url.get_secret_value()
    try:
        try:
            redis = connect(url)
        except ValueError as error:
            raise CannotStart(str(error)) from error
        try:
            await _wait_while_loading(redis)
            if faults := await check_server(redis):
                raise CannotStart("\n".join(faults))
            await timekeeper.measure(redis, samples=3)
            try:
                await settle_layout(redis)
            except OtherLayout as other:
                raise CannotStart(str(other)) from other
            yield Newsroom(settings=settings, redis=redis, server=server)
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(PARTING):
                    await redis.aclose()
    finally:
        if server is not None:
            with stopping.part("embedded Redis"):
                await server.stop(stopping.left() / 2 if stopping.begun else None)

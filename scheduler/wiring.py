"""The composition root: opens Redis, and builds the stores and the services of a crawl."""

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
from scheduler.leader.worker_key import Signer, signer_of
from scheduler.process.shutdown import stopping
from stories.crawl_state.backlog import Backlog
from stories.crawl_state.claims import Claims
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.feed_entries import FeedEntries
from stories.crawl_state.host_limits import HostLimits
from stories.crawl_state.page_observations import PageObservations
from stories.crawl_state.quarantine import Quarantine
from stories.crawl_state.site_boilerplate import SiteBoilerplateStore
from stories.crawl_state.websub_subscriptions import WebSubStore
from stories.db import keys
from stories.db.clock import timekeeper
from stories.db.connection import check_server, connect
from stories.db.embedded_server import EmbeddedServer, EmbeddedServerError
from stories.db.fencing import MemoryMark
from stories.search.read_only_index import ReadOnlyIndex
from stories.store.archive import Archive
from stories.store.migrations import LayoutError, settle_layout
from stories.store.monitor_events import MonitorEventStore
from stories.store.releases import ReleaseStore

if TYPE_CHECKING:
    from crawler.progress import Progress
    from crawler.services import Services
    from pipelines.ingest import IngestResult
    from pipelines.monitor_notifier import MonitorNotifier

log = structlog.get_logger(__name__)

STEPS = {"pipelines.item_pipeline.IngestPipeline": 300}
"""Scrapy's item pipelines, with their order (0 to 1000)."""

CLOSE_TIMEOUT_SECONDS = 0.5  # for closing connections
LOADING_SECONDS = 120.0  # loading some GB takes a minute; after that the supervisor restarts this process
LOADING_CHECK_SECONDS = 0.5  # between two checks
OPTIONAL_REDIS_TIMEOUT_SECONDS = 1.0  # for a Redis that a command can do without


class StartError(Exception):
    """The process cannot start or go on; the message names the reason and the next step."""

    expected = True


def now() -> datetime:
    """Return the present moment: by the clock of the Redis server once that was measured, else by this machine's."""
    return timekeeper.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """An open Redis, the configuration, and the stores built on them."""

    settings: Settings
    redis: Redis
    server: EmbeddedServer | None
    """The embedded server, started or joined by this process; None with ``redis_url``."""
    memory_mark: MemoryMark = field(default_factory=MemoryMark)
    """The mark that every write of a poll carries: set by ``RollbackRecovery`` of the leader, followed by workers."""

    @property
    def redis_url(self) -> str:
        """The URL of the configured or the embedded Redis; it may contain a password."""
        configured = self.settings.redis_url
        return self.server.url if self.server else configured.get_secret_value() if configured else ""

    @property
    def signer(self) -> Signer:
        """Signs the worker registry and shared polls; ``StartError`` when its key cannot be read."""
        try:
            return signer_of(self.settings)
        except OSError as error:
            raise StartError(
                f"the key of the workers cannot be read: {error}; correct the permissions in data_dir"
            ) from error

    @property
    def archive(self) -> Archive:
        return Archive(self.redis)

    @property
    def index(self) -> ReadOnlyIndex:
        """The search index that a daemon keeps up to date, read-only, for commands."""
        return ReadOnlyIndex(self.redis, self.settings.data_dir)

    @property
    def stores(self) -> CrawlStores:
        return CrawlStores.from_redis(self.redis)

    @property
    def claims(self) -> Claims:
        return Claims(self.redis)

    @property
    def page_observations(self) -> PageObservations:
        return PageObservations(self.redis)

    @property
    def websub_store(self) -> WebSubStore | None:
        """The WebSub subscriptions of listings; None without ``web.public_url``: then no hub can reach the page."""
        return WebSubStore(self.redis) if self.settings.web.public_url else None

    def services(
        self,
        progress: Progress,
        on_ingested: Callable[[IngestResult], None],
        *,
        role: str = "",
        term: int = 0,
    ) -> Services:
        """Return the services of a crawl.

        Args:
            progress: Follows crawls.
            on_ingested: Called with the result of every ingested release.
            role: See ``Claims``.
            term: The fencing token of the leader; 0 for other processes.
        """
        # Imported here because most commands do not crawl, and importing Scrapy and the notice patterns takes long.
        from crawler.http.address_guard import guard_of
        from crawler.pages.dispatcher import PageDispatcher
        from crawler.pages.source_eligibility import is_requestable
        from crawler.polling.poll_queue import PollQueue
        from crawler.readers.pool import ReaderPool
        from crawler.services import Services
        from pipelines.crash_guard import CrashGuardedIngestor
        from pipelines.ingest import Ingestor

        claims, stores = (
            Claims(self.redis, role, term, self.memory_mark),
            CrawlStores.from_redis(self.redis, term, self.memory_mark),
        )
        quarantine = Quarantine(self.redis, claims.process_name)
        dispatcher = PageDispatcher(now, Backlog(self.redis, self.memory_mark))
        dispatcher.is_enabled = lambda source: is_requestable(self.settings, source)
        ingestor = Ingestor(
            ReleaseStore(self.redis, term, self.memory_mark),
            claims,
            stores.revisit_queue,
            self.settings,
            now,
            on_ingested,
            self.page_observations,
        )
        return Services(
            settings=self.settings,
            polls=PollQueue(),
            claims=claims,
            stores=stores,
            reader=ReaderPool(),
            ingestor=CrashGuardedIngestor(ingestor, quarantine, now, dispatcher.charge_ingest),
            address_guard=guard_of(self.settings),
            progress=progress,
            clock=now,
            dispatcher=dispatcher,
            notify=self.monitor_notifier(on_ingested).notify,
            host_limits=HostLimits(self.redis),
            site_boilerplate=SiteBoilerplateStore(self.redis),
            feed_entries=FeedEntries(self.redis),
            websub=self.websub_store,
            quarantine=quarantine,
            timekeeper=timekeeper,
        )

    def monitor_notifier(self, on_ingested: Callable[[IngestResult], None]) -> MonitorNotifier:
        """Return the notifier for events of the monitor itself (``source.gap``, ``channel.off`` …)."""
        from pipelines.monitor_notifier import MonitorNotifier

        return MonitorNotifier(MonitorEventStore(self.redis, self.memory_mark), self.settings, now, on_ingested)


@contextlib.asynccontextmanager
async def reachable_redis(settings: Settings) -> AsyncIterator[Redis | None]:
    """Open Redis for a command that can do without it.

    Yields:
        The client; None when Redis does not answer within ``OPTIONAL_REDIS_TIMEOUT_SECONDS`` or no embedded one runs.
    """
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
    except ValueError:  # not a valid URL
        yield None
        return
    try:
        async with asyncio.timeout(OPTIONAL_REDIS_TIMEOUT_SECONDS):
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
    """Wait at most ``LOADING_SECONDS`` while Redis loads its data."""
    deadline, logged = time.monotonic() + LOADING_SECONDS, False
    while time.monotonic() < deadline:
        try:
            await redis.ping()
            return
        except BusyLoadingError:
            if not logged:
                log.warning("redis_loading", wait_seconds=LOADING_SECONDS, next="wait; see redis-cli INFO persistence")
                logged = True
        except (RedisError, OSError):  # check_server reports it
            return
        await asyncio.sleep(LOADING_CHECK_SECONDS)


@contextlib.asynccontextmanager
async def open_app_context(settings: Settings) -> AsyncIterator[AppContext]:
    """Open the configured or the embedded Redis; ``StartError`` names the reason and the next step."""
    keys.set_lifetimes(settings.memory.lifetimes)
    server: EmbeddedServer | None = None
    if settings.redis_url is None:
        server = EmbeddedServer(settings.data_dir)
        try:
            await server.start()
        except EmbeddedServerError as error:
            raise StartError(str(error)) from error
        url = server.url
    else:
        url = settings.redis_url.get_secret_value()
    try:
        try:
            redis = connect(url)
        except ValueError as error:
            raise StartError(str(error)) from error
        try:
            await _wait_while_loading(redis)
            if faults := await check_server(redis):
                raise StartError("\n".join(faults))
            await timekeeper.measure(redis, samples=3)
            try:
                await settle_layout(redis)
            except LayoutError as other:
                raise StartError(str(other)) from other
            yield AppContext(settings=settings, redis=redis, server=server)
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                    await redis.aclose()
    finally:
        if server is not None:
            with stopping.part("embedded Redis"):
                await server.stop(stopping.remaining() / 2 if stopping.has_begun else None)

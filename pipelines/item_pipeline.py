"""Stops 7 to 11 as one Scrapy item pipeline: they are one decision, made again when memory changed under it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import Protocol, Self, cast

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from config.observability.sentry import report
from pipelines.ingest import ContentionError
from stories.crawl_state.claims import Claims
from stories.db.fencing import is_deposed, is_forgotten
from stories.model.event import Event
from stories.model.interfaces import Ingestor, IngestOutcome
from stories.model.page_result import PageResult

log = structlog.get_logger(__name__)

ORIGINAL_POLL_SECONDS = 0.25  # between two looks whether the original of a notice was read
REDIS_RETRY_SECONDS = 1.0  # seconds between two tries while Redis is away: what was read is held, not lost
UNAVAILABLE_ERRORS = (RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError)
UNWRITABLE = ("MISCONF", "NOREPLICAS")  # a full disk, missing replicas: refused whole, until somebody makes room


class IngestError(DropItem):
    """A reading could not be kept; its page is claimed again at a later poll."""


class IngestProgress(Protocol):
    """Counts pages for the crawl that they belong to."""

    def ingested(self, crawl_id: str | None, events: Sequence[Event]) -> None:
        """Count a stored page."""

    def failed(self, crawl_id: str | None, error: str) -> None:
        """Count a page that was not stored."""

    def closed(self, crawl_id: str | None) -> None:
        """Count the end of a request."""


class OriginalCheck(Protocol):
    """Finds out whether the original of a notice may still be among the pages being read."""

    def may_hold_original(self, source: str, waited: float, own: int) -> bool:
        """Return whether pages in flight may hold the original; ``own``: slots that the notice itself holds."""


class IngestServices(Protocol):
    """The services of the spider that the pipeline uses."""

    @property
    def ingestor(self) -> Ingestor: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def dispatcher(self) -> OriginalCheck: ...
    @property
    def progress(self) -> IngestProgress: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


class IngestSpider(Protocol):
    """The spider, as far as the pipeline uses it."""

    @property
    def services(self) -> IngestServices: ...

    def release_slot(self, url: str) -> None:
        """Free the slot of a page that was read and waits before it is stored."""


class IngestPipeline:
    """Passes pages to the ingestor of the spider's services."""

    stop = "keep"

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_item(self, item: PageResult) -> PageResult:
        """Return the reading once it is kept; ``IngestError``, reported and counted, when it cannot be."""
        services = self._spider.services
        try:
            outcome = await self._ingest(services, item)
        except Exception as error:  # whatever a page did to us, the next one goes on
            if not is_deposed(error):
                report(error, source=item.source, stop=self.stop, release=item.url)
            why = f"{type(error).__name__}: {error}"
            again = await self._leave(services, item, error)
            log.error("not kept", source=item.source, url=item.url, why=why, again=again)
            services.progress.failed(item.crawl_id, f"{item.source} {item.url}: not kept ({why})")
            raise IngestError(f"{item.url}: {why}") from error
        else:
            services.progress.ingested(item.crawl_id, outcome.events)
        finally:
            services.progress.closed(item.crawl_id)
        return item

    @property
    def _spider(self) -> IngestSpider:
        return cast(IngestSpider, self._crawler.spider)

    async def _ingest(self, services: IngestServices, item: PageResult) -> IngestOutcome:
        """Return what a reading meant; a notice waits while its original may be among the pages being read."""
        began, own = monotonic(), 1
        while True:
            may_wait = services.dispatcher.may_hold_original(item.source, monotonic() - began, own)
            outcome = await self._store(services.ingestor, item, may_wait)
            if not outcome.awaits_original:
                return outcome
            if own:
                log.info("notice_waits_for_original", source=item.source, url=item.url)
                self._spider.release_slot(item.url)
                own = 0
            await asyncio.sleep(ORIGINAL_POLL_SECONDS)

    async def _store(self, ingestor: Ingestor, item: PageResult, may_wait: bool) -> IngestOutcome:
        told = False
        while True:
            try:
                return await ingestor.ingest(item, may_wait=may_wait)
            except RedisError as error:
                if not _passes(error):
                    raise
                if not told:
                    log.warning("Redis takes nothing; holding what was read", source=item.source, why=str(error))
                    told = True
                await asyncio.sleep(REDIS_RETRY_SECONDS)

    async def _leave(self, services: IngestServices, item: PageResult, error: Exception) -> str:
        """End the lease on the page, and return when it is read again: a page that is a fault of ours, ever later."""
        try:
            if isinstance(error, ContentionError) or is_deposed(error):
                await services.claims.return_lease(item.url)
                return "at the next poll"
            delay = await services.claims.record_failure(
                item.url, f"not kept: {type(error).__name__}", services.clock()
            )
        except RedisError as fault:
            return f"when the lease on it ends ({fault})"
        return f"in {delay}"


def _passes(error: RedisError) -> bool:
    """Return whether Redis will take it once it is back, or has room again."""
    return isinstance(error, UNAVAILABLE_ERRORS) or is_forgotten(error) or str(error).startswith(UNWRITABLE)

"""The Scrapy item pipeline of page results: one ingest step, repeated while a notice waits for its original.

Pipeline steps 7 to 11 are one item pipeline, because they are one decision that is made again when another worker
changed the candidates.
"""

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

ORIGINAL_POLL_SECONDS = 0.25  # between two checks whether the original of a notice was stored
REDIS_RETRY_SECONDS = 1.0  # between two tries while Redis is not available: the page result is held in memory
UNAVAILABLE_ERRORS = (RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError)
UNWRITABLE = (
    "MISCONF",
    "NOREPLICAS",
)  # a full disk, missing replicas: Redis refuses every write until an operator acts


class IngestError(DropItem):
    """A page result could not be stored; its page is claimed again at a later poll."""


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
        """Return the page result once it is stored. Raises IngestError, reported and counted, if it cannot be."""
        services = self._spider.services
        try:
            outcome = await self._ingest(services, item)
        except Exception as error:  # one page must not stop the others
            if not is_deposed(error):
                report(error, source=item.source, stop=self.stop, release=item.url)
            why = f"{type(error).__name__}: {error}"
            again = await self._end_lease(services, item, error)
            log.error("page_not_stored", source=item.source, url=item.url, why=why, again=again)
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
        """Ingest a page result; a notice waits while its original may be among the pages being read."""
        began, own = monotonic(), 1
        while True:
            may_wait = services.dispatcher.may_hold_original(item.source, monotonic() - began, own)
            outcome = await self._ingest_with_retry(services.ingestor, item, may_wait)
            if not outcome.awaits_original:
                return outcome
            if own:
                log.info("notice_waits_for_original", source=item.source, url=item.url)
                self._spider.release_slot(item.url)
                own = 0
            await asyncio.sleep(ORIGINAL_POLL_SECONDS)

    async def _ingest_with_retry(self, ingestor: Ingestor, item: PageResult, may_wait: bool) -> IngestOutcome:
        is_logged = False
        while True:
            try:
                return await ingestor.ingest(item, may_wait=may_wait)
            except RedisError as error:
                if not _is_temporary(error):
                    raise
                if not is_logged:
                    log.warning("ingest_waits_for_redis", source=item.source, why=str(error))
                    is_logged = True
                await asyncio.sleep(REDIS_RETRY_SECONDS)

    async def _end_lease(self, services: IngestServices, item: PageResult, error: Exception) -> str:
        """End the lease on the page, and return when it is read again: with backoff if our code failed."""
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


def _is_temporary(error: RedisError) -> bool:
    """Return whether Redis will accept the write once it is back or has room again."""
    return isinstance(error, UNAVAILABLE_ERRORS) or is_forgotten(error) or str(error).startswith(UNWRITABLE)

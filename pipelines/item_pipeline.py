"""Stops 7 to 11 as one Scrapy item pipeline: they are one decision, made again when memory changed under it."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any, Self

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from config.observability.sentry import report
from pipelines.ingest import ContentionError
from stories.db.fencing import is_deposed, is_forgotten
from stories.model.page_result import PageResult

log = structlog.get_logger(__name__)

ORIGINAL_POLL_SECONDS = 0.25  # between two looks whether the original of a notice was read
REDIS_RETRY_SECONDS = 1.0  # seconds between two tries while Redis is away: what was read is held, not lost
UNAVAILABLE_ERRORS = (RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError)
UNWRITABLE = ("MISCONF", "NOREPLICAS")  # a full disk, missing replicas: refused whole, until somebody makes room


class IngestError(DropItem):
    """A reading could not be kept; its page is claimed again at a later poll."""


class IngestPipeline:
    """Hands readings to the memory that the spider's services hold."""

    stop = "keep"

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_item(self, item: PageResult) -> PageResult:
        """Return the reading once it is kept; ``IngestError``, reported and counted, when it cannot be."""
        services: Any = getattr(self._crawler.spider, "services")  # noqa: B009 (an attribute of our spider alone)
        try:
            remembered = await self._remember(services, item)
        except Exception as error:  # whatever a page did to us, the next one goes on
            if not is_deposed(error):
                report(error, source=item.source, stop=self.stop, release=item.url)
            why = f"{type(error).__name__}: {error}"
            again = await self._leave(services, item, error)
            log.error("not kept", source=item.source, url=item.url, why=why, again=again)
            services.progress.failed(item.crawl_id, f"{item.source} {item.url}: not kept ({why})")
            raise IngestError(f"{item.url}: {why}") from error
        else:
            services.progress.ingested(item.crawl_id, remembered.events)
        finally:
            services.progress.closed(item.crawl_id)
        return item

    async def _remember(self, services: Any, item: PageResult) -> Any:
        """Return what a reading meant; a notice waits while its original may be among the pages being read."""
        began, own = monotonic(), 1
        while True:
            may_wait = services.dispatcher.may_hold_original(item.source, monotonic() - began, own)
            remembered = await self._store(services.ingestor, item, may_wait)
            if not remembered.awaits_original:
                return remembered
            if own:
                log.info("notice_waits_for_original", source=item.source, url=item.url)
                self._crawler.spider.release_slot(item.url)  # type: ignore[union-attr]
                own = 0
            await asyncio.sleep(ORIGINAL_POLL_SECONDS)

    async def _store(self, memory: Any, item: PageResult, may_wait: bool) -> Any:
        told = False
        while True:
            try:
                return await memory.ingest(item, may_wait=may_wait)
            except RedisError as error:
                if not _passes(error):
                    raise
                if not told:
                    log.warning("Redis takes nothing; holding what was read", source=item.source, why=str(error))
                    told = True
                await asyncio.sleep(REDIS_RETRY_SECONDS)

    async def _leave(self, services: Any, item: PageResult, error: Exception) -> str:
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

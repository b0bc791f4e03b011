"""Stops 7 to 11 as one Scrapy item pipeline: they are one decision, made again when memory changed under it."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from config.telemetry import report
from pipelines.remembering import Contended
from stories.reading import Reading

log = structlog.get_logger(__name__)

PATIENCE = 1.0  # seconds between two tries while Redis is away: what was read is held, not lost


class NotKept(DropItem):
    """A reading could not be kept; its page is claimed again at a later poll."""


class KeepStep:
    """Hands readings to the memory that the spider's services hold."""

    stop = "keep"

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_item(self, item: Reading) -> Reading:
        services: Any = getattr(self._crawler.spider, "services")  # noqa: B009 (an attribute of our spider alone)
        try:
            remembered = await self._remember(services.memory, item)
        except (RedisError, Contended, ValueError) as error:
            report(error, source=item.source, stop=self.stop, release=item.url)
            log.error("not kept", source=item.source, url=item.url, why=f"{type(error).__name__}: {error}")
            services.progress.failed(item.crawl_id, f"{item.source} {item.url}: not kept ({error})")
            raise NotKept(f"{item.url}: {error}") from error
        else:
            services.progress.remembered(item.crawl_id, remembered.events)
        finally:
            services.progress.closed(item.crawl_id)
        return item

    async def _remember(self, memory: Any, item: Reading) -> Any:
        told = False
        while True:
            try:
                return await memory.remember(item)
            except (RedisConnectionError, RedisTimeoutError) as error:
                if not told:
                    log.warning("Redis does not answer; holding what was read", source=item.source, why=str(error))
                    told = True
                await asyncio.sleep(PATIENCE)

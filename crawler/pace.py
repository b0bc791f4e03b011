"""One pace for each host, whoever asks: listings, release pages, robots.txt and one-off crawls, of all processes.

Scrapy keeps a slot for each host. Here is what changes a slot while it runs, and what keeps a slow host, whose requests
wait their turn, from taking the places of all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

import structlog
from redis.exceptions import RedisError
from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface
from scrapy.utils.httpobj import urlparse_cached

from crawler.answers import retry_after
from crawler.faults import Patient
from crawler.pacing import LONGEST_PATIENCE
from stories.moments import parse_moment, timestamp

log = structlog.get_logger(__name__)

BUSY_STATUSES = (429, 503)
LOOK = timedelta(seconds=10)  # between two looks whether another process was asked for patience
SLOWEST = 30.0  # seconds between two requests to a host that says 429 again and again
SLOWED = timedelta(hours=1)  # since the last 429, until its own pace is tried again


def slow_down(crawler: Crawler, host: str, delay: float) -> None:
    """Leave at least ``delay`` seconds between two requests to a host from now on, one at a time."""
    downloader: Any = crawler.engine.downloader if crawler.engine else None
    known = downloader.per_slot_settings.get(host, {})
    delay = max(delay, known.get("delay", 0.0))
    # A slot that is idle for a minute is thrown away, and made anew by these settings.
    downloader.per_slot_settings[host] = {"jitter": 0.2, **known, "delay": delay, "concurrency": 1}
    if (slot := downloader.slots.get(host)) is not None:
        slot.delay, slot.concurrency = delay, 1


class Politeness:
    """Leaves a host alone that says 429 or 503, for as long as it says; slower ever after it said 429."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._until: dict[str, datetime] = {}
        self._looked: dict[str, datetime] = {}
        self._slowed: dict[str, tuple[datetime, dict[str, Any] | None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the middleware of a crawl."""
        return cls(crawler)

    @property
    def _services(self) -> Any:
        spider: Any = self._crawler.spider
        return spider.services

    async def process_request(self, request: Request) -> None:
        """Raise ``Patient`` for a request to a host that asked to be left alone."""
        host, now = urlparse_cached(request).netloc, self._services.clock()
        if now - self._looked.get(host, now - 2 * LOOK) > LOOK:
            self._looked[host] = now
            await self._look(host)
        until = self._until.get(host)
        if until is not None and now < until <= now + LONGEST_PATIENCE:
            raise Patient(f"{host} asked for patience until {until:%H:%M:%S} UTC", until)
        name = urlparse_cached(request).hostname or ""
        if (slowed := self._slowed.get(name)) and now - slowed[0] > SLOWED:
            self._at_its_own_pace(name)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Remember that a host is busy."""
        if response.status not in BUSY_STATUSES:
            return response
        host, now = urlparse_cached(request).netloc, self._services.clock()
        if response.status == 429:
            self._slow(urlparse_cached(request).hostname or "", now)
        asked = retry_after(response, now)
        if asked is None:
            return response  # the listing's own patience is enough
        patience = min(asked, LONGEST_PATIENCE)
        self._until[host] = now + patience
        log.warning("host busy", host=host, status=response.status, until=timestamp(now + patience))
        try:
            await self._services.desk.put_patience(host, timestamp(now + patience), patience)
        except RedisError as error:
            log.warning("patience not noted", host=host, why=f"Redis: {error}")
        return response

    async def _look(self, host: str) -> None:
        try:
            found = parse_moment(await self._services.desk.patience(host))
        except RedisError as error:
            log.warning("patience not known", host=host, why=f"Redis: {error}")
            return
        if found is not None:
            self._until[host] = max(found, self._until.get(host, found))

    def _slow(self, host: str, now: datetime) -> None:
        downloader: Any = self._crawler.engine.downloader if self._crawler.engine else None
        own = self._slowed[host][1] if host in self._slowed else downloader.per_slot_settings.get(host)
        self._slowed[host] = (now, own)
        if (slot := downloader.slots.get(host)) is not None and slot.delay:
            slow_down(self._crawler, host, min(2 * slot.delay, SLOWEST))

    def _at_its_own_pace(self, host: str) -> None:
        downloader: Any = self._crawler.engine.downloader if self._crawler.engine else None
        own = self._slowed.pop(host)[1]
        downloader.per_slot_settings.pop(host, None)
        if own is not None:
            downloader.per_slot_settings[host] = own
        if (slot := downloader.slots.get(host)) is not None:
            settings, own = self._crawler.settings, own or {}
            slot.delay = own.get("delay", settings.getfloat("DOWNLOAD_DELAY"))
            slot.concurrency = own.get("concurrency", settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))


class InTurn(HTTP11DownloadHandler):
    """Asks a host when it is this process's turn: Scrapy's slot keeps the pace of one process, this that of them all.

    It waits in the host's own slot, so other hosts are asked meanwhile.
    """

    async def download_request(self, request: Request) -> Response:
        """Return the answer to a request."""
        spider, engine = self._crawler.spider, self._crawler.engine
        turn = getattr(spider, "services").turn if spider else None  # noqa: B009 (an attribute of our spider alone)
        host = str(request.meta.get("download_slot") or urlparse_cached(request).hostname or "")
        slot = engine.downloader.slots.get(host) if engine else None
        if turn is not None and slot is not None and slot.delay:
            try:
                await asyncio.sleep(await turn(host, slot.delay))
            except RedisError as error:  # this process still keeps its own pace
                log.warning("pace not shared", host=host, why=f"Redis: {error}")
        return await super().download_request(request)


class _Free(DownloaderInterface):
    """Sees only hosts that have room: one request on its way for each place, and one that waits for its turn."""

    def stats(self, possible_slots: Iterable[str]) -> list[tuple[int, str]]:
        slots = self.downloader.slots
        return [
            (active, slot)
            for active, slot in super().stats(possible_slots)
            if slot not in slots or active <= slots[slot].concurrency
        ]


class HostQueue(DownloaderAwarePriorityQueue):
    """Requests by host: what a slow host cannot take yet waits here, release pages first, and not in its slot."""

    def __init__(self, crawler: Crawler, *args: Any, **kwargs: Any) -> None:
        super().__init__(crawler, *args, **kwargs)
        self._downloader_interface = _Free(crawler)

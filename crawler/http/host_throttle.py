"""Host throttling: one request rate for each host, for all requests of all processes on one Redis.

Scrapy keeps a slot for each host. Here is what changes a slot while it runs, and what keeps a slow host, whose requests
wait their turn, from taking the places of all others. What a host requested is known to all processes on one Redis
(``stories.crawl_state.host_limits``).

A pace is kept with a host, whatever its ports: it spares a machine, and 429 says that the machine gets too much. What a
server *said* holds for that server, host and port, as RFC 9309 (2.3) has it of robots.txt and RFC 9110 (4.3.1) of an
origin: another port may be another program, which requested nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

import structlog
from redis.exceptions import RedisError
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface
from scrapy.utils.httpobj import urlparse_cached

from crawler.http.address_guard import AddressGuard
from crawler.http.errors import HostBusyError
from crawler.http.response_headers import retry_after
from crawler.http.response_limits import BoundedFactory, limits_named
from crawler.http.scrapy_handler import http11
from crawler.polling.interval import MAX_RETRY_AFTER
from stories.model.timestamps import timestamp

log = structlog.get_logger(__name__)

BUSY_STATUSES = (429, 503)
SHARED_LIMITS_SECONDS = timedelta(seconds=1)  # between two reads of the waits that hosts requested from other processes
FIRST_SLOWDOWN_DELAY = 0.5  # seconds between two requests to a host that has no pace, once it said 429
MAX_SLOWDOWN_DELAY = 30.0  # seconds between two requests to a host that says 429 again and again
SLOWDOWN_DURATION = timedelta(hours=1)  # since the last 429, until its own pace is tried again
PORTS = {"http": 80, "https": 443}


def server_of(request: Request) -> str:
    """Return the server of a request, as its patience is known: the host, with a port that is not the usual one."""
    url = urlparse_cached(request)
    try:
        port = url.port
    except ValueError:
        port = None
    host = url.hostname or ""
    return host if port in (None, PORTS.get(url.scheme)) else f"{host}:{port}"


def slow_down(crawler: Crawler, host: str, delay: float) -> None:
    """Leave at least ``delay`` seconds between two requests to a host from now on, one at a time."""
    downloader: Any = crawler.engine.downloader if crawler.engine else None
    known = downloader.per_slot_settings.get(host, {})
    delay = max(delay, known.get("delay", 0.0))
    # A slot that is idle for a minute is thrown away, and made anew by these settings.
    downloader.per_slot_settings[host] = {"jitter": 0.2, **known, "delay": delay, "concurrency": 1}
    if (slot := downloader.slots.get(host)) is not None:
        slot.delay, slot.concurrency = delay, 1


class HostThrottleMiddleware:
    """Leaves a server alone that says 429 or 503, for as long as it says; slows its host after it said 429."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._until: dict[str, datetime] = {}
        self._read_at: dict[str, datetime] = {}
        self._slowed_hosts: dict[str, tuple[datetime, dict[str, Any] | None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the middleware of a crawl."""
        return cls(crawler)

    @property
    def _services(self) -> Any:
        spider: Any = self._crawler.spider
        return spider.services

    async def process_request(self, request: Request) -> None:
        """Raise ``HostBusyError`` for a request to a server within its Retry-After."""
        await self.check_host_is_free(request)
        host, now = urlparse_cached(request).hostname or "", self._services.clock()
        if (slowed := self._slowed_hosts.get(host)) and now - slowed[0] > SLOWDOWN_DURATION:
            self._restore_delay(host)

    async def check_host_is_free(self, request: Request) -> None:
        """Raise ``HostBusyError`` while the server's Retry-After, received by any process, has not passed."""
        server, now = server_of(request), self._services.clock()
        if not timedelta() <= now - self._read_at.get(server, now - 2 * SHARED_LIMITS_SECONDS) <= SHARED_LIMITS_SECONDS:
            self._read_at[server] = now
            await self._read_shared_limits(server, urlparse_cached(request).hostname or "", now)
        until = self._until.get(server)
        if until is not None and now < until <= now + MAX_RETRY_AFTER:
            raise HostBusyError(f"{server} asked for patience until {until:%H:%M:%S} UTC", until)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Remember that a server is busy."""
        if response.status not in BUSY_STATUSES:
            return response
        server, now, host_limits = server_of(request), self._services.clock(), self._services.host_limits
        requested_wait = retry_after(response, now)
        patience = min(requested_wait, MAX_RETRY_AFTER) if requested_wait is not None else None
        if patience is not None:  # else the listing's own patience is enough
            self._until[server] = now + patience
            log.warning("host_busy", host=server, status=response.status, until=timestamp(now + patience))
        host = urlparse_cached(request).hostname or ""
        apart = self._double_delay(host, now) if response.status == 429 else None
        try:
            if host_limits is not None and patience is not None:
                await host_limits.put_retry_after(server, now + patience, patience)
            if host_limits is not None and apart is not None:
                await host_limits.put_throttle(host, apart, SLOWDOWN_DURATION)
        except RedisError as error:
            log.warning("host_limits_not_stored", host=server, reason=f"Redis: {error}")
        return response

    async def _read_shared_limits(self, server: str, host: str, now: datetime) -> None:
        if self._services.host_limits is None:
            return
        try:
            backoff = await self._services.host_limits.backoff(server, host)
        except RedisError as error:
            log.warning("host_limits_not_read", host=server, reason=f"Redis: {error}")
            return
        if backoff.until is not None:
            self._until[server] = max(backoff.until, self._until.get(server, backoff.until))
        if backoff.apart > self._current_delay(host):
            self._set_delay(host, min(backoff.apart, MAX_SLOWDOWN_DELAY), now)

    def _double_delay(self, host: str, now: datetime) -> float:
        """Let twice as much time pass between two requests to a host, and return how much in seconds."""
        apart = max(
            self._current_delay(host), min(max(2 * self._current_delay(host), FIRST_SLOWDOWN_DELAY), MAX_SLOWDOWN_DELAY)
        )
        self._set_delay(host, apart, now)
        return apart

    def _set_delay(self, host: str, apart: float, now: datetime) -> None:
        own = self._slowed_hosts[host][1] if host in self._slowed_hosts else self._slot_settings.get(host)
        self._slowed_hosts[host] = (now, own)
        slow_down(self._crawler, host, apart)

    def _current_delay(self, host: str) -> float:
        """Return the seconds between two requests to a host as they are now."""
        slot = self._slots.get(host)
        own: float = self._slot_settings.get(host, {}).get("delay", self._crawler.settings.getfloat("DOWNLOAD_DELAY"))
        return own if slot is None else slot.delay

    @property
    def _slot_settings(self) -> dict[str, dict[str, Any]]:
        downloader: Any = self._crawler.engine.downloader if self._crawler.engine else None
        found: dict[str, dict[str, Any]] = downloader.per_slot_settings
        return found

    @property
    def _slots(self) -> dict[str, Any]:
        downloader: Any = self._crawler.engine.downloader if self._crawler.engine else None
        found: dict[str, Any] = downloader.slots
        return found

    def _restore_delay(self, host: str) -> None:
        own = self._slowed_hosts.pop(host)[1]
        self._slot_settings.pop(host, None)
        if own is not None:
            self._slot_settings[host] = own
        if (slot := self._slots.get(host)) is not None:
            settings, own = self._crawler.settings, own or {}
            slot.delay = own.get("delay", settings.getfloat("DOWNLOAD_DELAY"))
            slot.concurrency = own.get("concurrency", settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))


class ThrottledDownloader(http11.HTTP11DownloadHandler):
    """Asks a host when it is this process's turn: Scrapy's slot keeps the pace of one process, this that of them all.

    It waits in the host's own slot, so other hosts are polled meanwhile.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = BoundedFactory

    async def download_request(self, request: Request) -> Response:
        """Return the response; ``HostBusyError`` if a Retry-After of its server arrived while the request waited."""
        crawler = self._crawler
        if crawler.spider is None or crawler.engine is None:
            return await self._download(request)
        host_limits = crawler.spider.services.host_limits  # type: ignore[attr-defined]
        guard: AddressGuard = crawler.spider.services.address_guard  # type: ignore[attr-defined]
        host = str(request.meta.get("download_slot") or urlparse_cached(request).hostname or "")
        slot = crawler.engine.downloader.slots.get(host)
        if host_limits is not None and slot is not None and slot.delay:
            try:
                await asyncio.sleep(await host_limits.reserve_slot(host, slot.delay))
            except RedisError as error:  # this process still keeps its own pace
                log.warning("host_turn_not_shared", host=host, reason=f"Redis: {error}")
        if (politeness := crawler.get_downloader_middleware(HostThrottleMiddleware)) is not None:
            await politeness.check_host_is_free(request)
        with guard.sending(await guard.scope_of(request)):
            return await self._download(request)

    async def _download(self, request: Request) -> Response:
        with limits_named():
            return await super().download_request(request)


class _FreeSlots(DownloaderInterface):
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
        self._downloader_interface = _FreeSlots(crawler)

"""robots.txt: fetched once a day for each host, and obeyed also while it cannot be fetched (RFC 9309).

RFC 9309 section 2.3.1.4: while a robots.txt cannot be had (network, 5xx) the host is left alone, or the copy from
before goes on being obeyed; Scrapy would take such an answer for leave to fetch everything. A 4xx is such leave,
but for 429, which says that the host is busy and nothing of its rules.
Section 2.5: at least 500 KiB of it are heeded, and here no more. Crawl-delay, which is no part of the RFC, sets the
host's pace.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import structlog
from redis.exceptions import RedisError
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import decode_robotstxt
from scrapy.utils.httpobj import urlparse_cached

from crawler.http.address_guard import SOURCE_META
from crawler.http.errors import HostBusyError, RobotsForbiddenError, describe_error, describe_status
from crawler.http.host_throttle import server_of, slow_down
from crawler.http.robots_rules import RobotsRules, RulesTooCostlyError

log = structlog.get_logger(__name__)
logging.getLogger(RobotsTxtMiddleware.__module__).setLevel(logging.CRITICAL)  # logs a host that is down as a traceback

AGENT = "wirewatch"
CACHE_SECONDS = 24 * 3600.0  # seconds; RFC 9309 section 2.4: not longer than 24 hours
UNREACHABLE_CACHE_SECONDS = 60.0  # seconds; an unreachable robots.txt is requested again soon
MAX_ROBOTS_BYTES = 500 * 1024  # bytes; RFC 9309 section 2.5
MAX_UNPACKED_BYTES = 8 << 20  # bytes of a compressed one; only its beginning is heeded, but it is unpacked first
MAX_INLINE_PARSE_BYTES = 16 * 1024  # bytes; parsing a larger one takes more than about 5 ms and is done in a thread
SERVERS_MAX = 4_096  # servers whose rules are kept in memory
WEIGHT_MAX = 64 << 20  # bytes of rules in memory; half of 4,231 real files take less than 2.2 kB, the largest 4.4 MB
MAX_SHOWN_RULE = 200  # characters of a rule in a message
TOO_COSTLY_REASON = "robots.txt has too many wildcards to decide on this URL"
MAX_SIZE_META = "download_maxsize"
MAX_CRAWL_DELAY = 60.0  # seconds; a Crawl-delay of hours is a mistake, and the listings' interval is a pace already


@dataclass(slots=True)
class _Server:
    """What is known of one server's robots.txt."""

    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: float = 0.0
    """When it is fetched again, on the monotonic clock."""
    rules: RobotsRules | None = None
    unreachable: IgnoreRequest | None = None
    """Why the rules are not known."""


class DailyRobots(RobotsTxtMiddleware):
    """Obeys robots.txt, and asks for it again a day later; one that another process read within the day counts too.

    The rules of at most ``SERVERS_MAX`` servers and ``WEIGHT_MAX`` bytes are kept in memory; of more, those that were
    not used for longest are read from Redis, or fetched, again.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._servers: OrderedDict[str, _Server] = OrderedDict()
        self._weight = 0
        self._received: WeakKeyDictionary[Request, int] = WeakKeyDictionary()
        crawler.signals.connect(self._stop_large_download, signal=signals.bytes_received)

    def _stop_large_download(self, data: bytes, request: Request) -> None:
        """Break a robots.txt off once there is more of it than is heeded, however long it goes on."""
        if MAX_SIZE_META not in request.meta:
            return
        self._received[request] = self._received.get(request, 0) + len(data)
        if self._received[request] > MAX_ROBOTS_BYTES:
            raise StopDownload(fail=False)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Raise ``RobotsForbiddenError`` with the rule for a page that robots.txt forbids."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        rules = await self._rules_for(request)
        try:
            if rules.is_cheap(request.url):
                rule = rules.forbidding(request.url)
            else:
                rule = await asyncio.to_thread(rules.forbidding, request.url)
        except RulesTooCostlyError:
            raise RobotsForbiddenError(TOO_COSTLY_REASON) from None
        if rule is not None:
            raise RobotsForbiddenError(f"robots.txt forbids it (Disallow: {rule[:MAX_SHOWN_RULE]})")

    async def _rules_for(self, request: Request) -> RobotsRules:
        """Return the rules of the request's server; ``IgnoreRequest`` while they cannot be known."""
        name = urlparse_cached(request).netloc
        server = self._servers.setdefault(name, _Server())
        self._servers.move_to_end(name)
        async with server.fetching:
            if monotonic() >= server.until and not await self._read_shared_copy(server, request):
                await self._ask(name, server, request)
        if server.rules is None:
            raise server.unreachable or IgnoreRequest("its robots.txt is not known")
        return server.rules

    async def _read_shared_copy(self, server: _Server, request: Request) -> bool:
        """Return whether the rules are known from another process."""
        host_limits = self._services.host_limits
        try:
            known = await host_limits.robots(server_of(request)) if host_limits is not None else None
        except (RedisError, zlib.error) as error:
            log.warning("robots_copy_not_read", host=urlparse_cached(request).netloc, why=f"Redis: {error}")
            return False
        if known is None:
            return False
        body, left = known
        await self._use_rules(server, request, body, left.total_seconds())
        return True

    async def _ask(self, name: str, server: _Server, request: Request) -> None:
        """Ask for the rules; while that fails those from before are obeyed."""
        request = Request(
            f"{urlparse_cached(request).scheme}://{name}/robots.txt",
            priority=self.DOWNLOAD_PRIORITY,
            meta={
                "dont_obey_robotstxt": True,
                MAX_SIZE_META: MAX_UNPACKED_BYTES,
                SOURCE_META: request.meta.get(SOURCE_META, ""),
            },
            callback=NO_CALLBACK,
        )
        engine: Any = self.crawler.engine
        try:
            response = await engine.download_async(request)
            if response.status >= 500 or response.status == 429:
                raise IgnoreRequest(describe_status(response.status))
        except Exception as error:
            self._record_failure(name, server, error)
            return
        body = b"" if response.status >= 400 else truncated_rules(response.body)
        await self._use_rules(server, request, body, CACHE_SECONDS)
        if (host_limits := self._services.host_limits) is not None:
            try:
                await host_limits.put_robots(server_of(request), body)
            except RedisError as error:
                log.warning("robots_copy_not_stored", host=name, reason=f"Redis: {error}")

    async def _use_rules(self, server: _Server, request: Request, body: bytes, seconds: float) -> None:
        parse = partial(RobotsRules, decode_robotstxt(body[:MAX_ROBOTS_BYTES], None), AGENT)
        rules = parse() if len(body) <= MAX_INLINE_PARSE_BYTES else await asyncio.to_thread(parse)
        self._weight += rules.weight - (server.rules.weight if server.rules else 0)
        server.rules, server.unreachable = rules, None
        server.until = monotonic() + min(seconds, CACHE_SECONDS)
        self._drop_unused(server)
        if delay := min(rules.crawl_delay or 0.0, MAX_CRAWL_DELAY):
            slow_down(self.crawler, urlparse_cached(request).hostname or "", delay)

    def _drop_unused(self, used: _Server) -> None:
        """Forget the least recently used servers until the rules fit into their bounds."""
        for name in list(self._servers):
            if len(self._servers) <= SERVERS_MAX and self._weight <= WEIGHT_MAX:
                return
            server = self._servers[name]
            if server is not used and not server.fetching.locked():
                self._weight -= server.rules.weight if server.rules else 0
                del self._servers[name]

    def _record_failure(self, name: str, server: _Server, error: Exception) -> None:
        why = describe_error(error, urlsplit(f"//{name}").hostname or name, self._services.address_guard)
        log.warning("robots_not_read", host=name, reason=why, old_copy=server.rules is not None)
        refused = why if why.startswith("refused") else f"its robots.txt cannot be read: {why}"
        server.unreachable = error if isinstance(error, HostBusyError) else IgnoreRequest(refused)
        server.until = monotonic() + UNREACHABLE_CACHE_SECONDS
        self._drop_unused(server)

    @property
    def _services(self) -> Any:
        spider: Any = self.crawler.spider
        return spider.services


def truncated_rules(body: bytes) -> bytes:
    """Return the part of a robots.txt that counts: its first 500 KiB, in whole lines."""
    return body if len(body) <= MAX_ROBOTS_BYTES else body[: body.rfind(b"\n", 0, MAX_ROBOTS_BYTES) + 1]

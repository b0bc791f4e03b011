"""robots.txt, asked for once a host a day: Scrapy's own middleware would keep it for as long as the spider lives.

RFC 9309 section 2.3.1.4: while a robots.txt cannot be had (network, 5xx) the host is left alone, or the copy from
before goes on being obeyed; Scrapy would take such an answer for leave to fetch everything. A 4xx is such leave,
but for 429, which says that the host is busy and nothing of its rules.
Section 2.5: at least 500 KiB of it are heeded, and here no more. Crawl-delay, which is no part of the RFC, sets the
host's pace.
"""

from __future__ import annotations

import asyncio
import logging
import re
import zlib
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import structlog
from protego import Protego
from redis.exceptions import RedisError
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import RobotParser, decode_robotstxt
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from crawler.faults import Patient, RobotsForbid, fault, status_fault
from crawler.guard import SOURCE
from crawler.pace import server_of, slow_down

log = structlog.get_logger(__name__)
logging.getLogger(RobotsTxtMiddleware.__module__).setLevel(logging.CRITICAL)  # tells a host that is down as a traceback

AGENT = "wirewatch"
KEPT = 24 * 3600.0  # seconds; RFC 9309 section 2.4: not longer than 24 hours
UNREACHABLE_KEPT = 60.0  # seconds; a robots.txt that could not be had is asked for again soon
HEEDED = 500 * 1024  # bytes; RFC 9309 section 2.5
UNPACKED = 64 << 20  # bytes of a compressed one; only its beginning is heeded, but it is unpacked first
LARGEST = "download_maxsize"
LONGEST_DELAY = 60.0  # seconds; a Crawl-delay of hours is a mistake, and the listings' interval is a pace already
NAMED = 20  # rules that are looked at for the one that forbids
_DISALLOW = re.compile(r"\s*disallow\s*:\s*([^#]*)", re.IGNORECASE)


class DailyRobots(RobotsTxtMiddleware):
    """Obeys robots.txt, and asks for it again a day later; one that another process read within the day counts too."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._until: dict[str, float] = {}
        self._rules: dict[str, RobotParser] = {}
        self._unreachable: dict[str, IgnoreRequest] = {}
        self._texts: dict[str, str] = {}
        self._asking: dict[str, asyncio.Lock] = {}
        self._received: WeakKeyDictionary[Request, int] = WeakKeyDictionary()
        crawler.signals.connect(self._enough, signal=signals.bytes_received)

    def _enough(self, data: bytes, request: Request) -> None:
        """Break a robots.txt off once there is more of it than is heeded, however long it goes on."""
        if LARGEST not in request.meta:
            return
        self._received[request] = self._received.get(request, 0) + len(data)
        if self._received[request] > HEEDED:
            raise StopDownload(fail=False)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules of the request's server; ``IgnoreRequest`` while nobody can know them."""
        server = urlparse_cached(request).netloc
        async with self._asking.setdefault(server, asyncio.Lock()):
            if monotonic() >= self._until.get(server, 0.0) and not await self._recall(server, request):
                await self._ask(server, request)
        rules = self._rules.get(server)
        if rules is None:
            raise self._unreachable[server]
        return rules

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raise ``RobotsForbid`` with the rule for a page that robots.txt forbids."""
        if rp is not None and not rp.allowed(request.url, AGENT):
            rule = forbidding(self._texts.get(urlparse_cached(request).netloc, ""), request.url)
            raise RobotsForbid("robots.txt forbids it" + (f" (Disallow: {rule})" if rule else ""))

    async def _recall(self, server: str, request: Request) -> bool:
        """Return whether the rules are known from another process."""
        manners = self._services.manners
        try:
            known = await manners.robots(server_of(request)) if manners is not None else None
        except (RedisError, zlib.error) as error:
            log.warning("robots.txt not recalled", host=server, why=f"Redis: {error}")
            return False
        if known is None:
            return False
        body, left = known
        self._obey(server, request, body, left.total_seconds())
        return True

    async def _ask(self, server: str, request: Request) -> None:
        """Ask for the rules; while that fails those from before are obeyed."""
        asked = Request(
            f"{urlparse_cached(request).scheme}://{server}/robots.txt",
            priority=self.DOWNLOAD_PRIORITY,
            meta={"dont_obey_robotstxt": True, LARGEST: UNPACKED, SOURCE: request.meta.get(SOURCE, "")},
            callback=NO_CALLBACK,
        )
        engine: Any = self.crawler.engine
        try:
            response = await engine.download_async(asked)
            if response.status >= 500 or response.status == 429:
                raise IgnoreRequest(status_fault(response.status))
        except Exception as error:
            self._not_had(server, error)
            return
        body = b"" if response.status >= 400 else heeded(response.body)
        self._obey(server, request, body, KEPT)
        if (manners := self._services.manners) is not None:
            try:
                await manners.put_robots(server_of(request), body)
            except RedisError as error:
                log.warning("robots.txt not noted", host=server, why=f"Redis: {error}")

    def _obey(self, server: str, request: Request, body: bytes, seconds: float) -> None:
        self._until[server] = monotonic() + min(seconds, KEPT)
        self._unreachable.pop(server, None)
        self._texts[server] = decode_robotstxt(body, None)
        parser: Any = build_from_crawler(self._parserimpl, self.crawler, body)
        self._rules[server] = parser
        if delay := min(parser.rp.crawl_delay(AGENT) or 0.0, LONGEST_DELAY):
            slow_down(self.crawler, urlparse_cached(request).hostname or server, delay)

    def _not_had(self, server: str, error: Exception) -> None:
        why = fault(error, urlsplit(f"//{server}").hostname or server, self._services.guard)
        log.warning("robots.txt not read", host=server, why=why, old_copy=server in self._rules)
        refused = why if why.startswith("refused") else f"its robots.txt cannot be read: {why}"
        self._unreachable[server] = error if isinstance(error, Patient) else IgnoreRequest(refused)
        self._until[server] = monotonic() + UNREACHABLE_KEPT

    @property
    def _services(self) -> Any:
        spider: Any = self.crawler.spider
        return spider.services


def heeded(body: bytes) -> bytes:
    """Return the part of a robots.txt that counts: its first 500 KiB, in whole lines."""
    return body if len(body) <= HEEDED else body[: body.rfind(b"\n", 0, HEEDED) + 1]


def forbidding(text: str, url: str) -> str | None:
    """Return the rule of a robots.txt without which a page would be allowed; None if no single one is."""
    lines = text.splitlines()
    rules = {found[1].strip() for line in lines if (found := _DISALLOW.match(line)) and found[1].strip()}
    matching = [
        rule
        for rule in sorted(rules, key=len, reverse=True)
        if not Protego.parse(f"User-agent: *\nDisallow: {rule}").can_fetch(url, AGENT)
    ]
    for rule in matching[:NAMED]:
        rest = [line for line in lines if not ((found := _DISALLOW.match(line)) and found[1].strip() == rule)]
        if Protego.parse("\n".join(rest)).can_fetch(url, AGENT):
            return rule
    return matching[0] if matching else None

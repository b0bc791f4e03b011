"""robots.txt, asked for once a host a day: Scrapy's own middleware would keep it for as long as the spider lives.

RFC 9309 section 2.3.1.4: while a robots.txt cannot be had (network, 5xx) the host is left alone, or the copy from
before goes on being obeyed; Scrapy would take such an answer for leave to fetch everything. A 4xx is such leave.
Section 2.5: at least 500 KiB of it are heeded, and here no more. Crawl-delay, which is no part of the RFC, sets the
host's pace.
"""

from __future__ import annotations

import logging
import re
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import structlog
from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser, decode_robotstxt
from scrapy.utils.httpobj import urlparse_cached

from crawler.faults import RobotsForbid, fault, status_fault
from crawler.pace import slow_down

log = structlog.get_logger(__name__)
logging.getLogger(RobotsTxtMiddleware.__module__).setLevel(logging.CRITICAL)  # tells a host that is down as a traceback

AGENT = "wirewatch"
KEPT = 24 * 3600.0  # seconds; RFC 9309 section 2.4: not longer than 24 hours
UNREACHABLE_KEPT = 60.0  # seconds; a robots.txt that could not be had is asked for again soon
HEEDED = 500 * 1024  # bytes; RFC 9309 section 2.5
LONGEST_DELAY = 60.0  # seconds; a Crawl-delay of hours is a mistake, and the listings' interval is a pace already
NAMED = 20  # rules that are looked at for the one that forbids
_DISALLOW = re.compile(r"\s*disallow\s*:\s*([^#]*)", re.IGNORECASE)


class DailyRobots(RobotsTxtMiddleware):
    """Obeys robots.txt, and asks for it again a day later."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._until: dict[str, float] = {}
        self._before: dict[str, RobotParser] = {}
        self._unreachable: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules of the request's host; ``IgnoreRequest`` while nobody can know them."""
        host = urlparse_cached(request).netloc
        if monotonic() >= self._until.get(host, 0.0):
            self._until[host] = monotonic() + KEPT
            self._unreachable.pop(host, None)
            before = self._parsers.pop(host, None)
            if isinstance(before, RobotParser):
                self._before[host] = before
        await super().robot_parser(request)
        # Not what it returns: of several requests that wait for one robots.txt, Scrapy gives the rules to the first.
        found = self._parsers.get(host)
        parser = found if isinstance(found, RobotParser) else self._before.get(host)
        if parser is None:
            raise IgnoreRequest(self._unreachable.get(host, "its robots.txt cannot be read"))
        return parser

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raise ``RobotsForbid`` with the rule for a page that robots.txt forbids."""
        if rp is not None and not rp.allowed(request.url, AGENT):
            rule = forbidding(self._texts.get(urlparse_cached(request).netloc, ""), request.url)
            raise RobotsForbid("robots.txt forbids it" + (f" (Disallow: {rule})" if rule else ""))

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            raise IgnoreRequest(status_fault(response.status))
        body = b"" if response.status >= 400 else heeded(response.body)
        await super()._parse_robots(response.replace(body=body), netloc, request)
        self._texts[netloc] = decode_robotstxt(body, None)
        parser: Any = self._parsers.get(netloc)
        if delay := min(parser.rp.crawl_delay(AGENT) or 0.0, LONGEST_DELAY):
            slow_down(self.crawler, urlparse_cached(request).hostname or netloc, delay)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        spider: Any = self.crawler.spider
        why = fault(exc, urlsplit(f"//{netloc}").hostname or netloc, spider.services.guard)
        log.warning("robots.txt not read", host=netloc, why=why, old_copy=netloc in self._before)
        self._unreachable[netloc] = why if why.startswith("refused") else f"its robots.txt cannot be read: {why}"
        self._until[netloc] = monotonic() + UNREACHABLE_KEPT
        super()._robots_error(exc, netloc)


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

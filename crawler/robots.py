"""robots.txt, asked for once a host a day: Scrapy's own middleware would keep it for as long as the spider lives.

RFC 9309 section 2.3.1.4: while a robots.txt cannot be had (network, 5xx) the host is left alone, or the copy from
before goes on being obeyed; Scrapy would take such an answer for leave to fetch everything. A 4xx is such leave.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import structlog
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

from crawler.faults import fault, status_fault

log = structlog.get_logger(__name__)
logging.getLogger(RobotsTxtMiddleware.__module__).setLevel(logging.CRITICAL)  # tells a host that is down as a traceback

KEPT = 24 * 3600.0  # seconds; RFC 9309 section 2.4: not longer than 24 hours
UNREACHABLE_KEPT = 60.0  # seconds; a robots.txt that could not be had is asked for again soon


class DailyRobots(RobotsTxtMiddleware):
    """Obeys robots.txt, and asks for it again a day later."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._until: dict[str, float] = {}
        self._before: dict[str, RobotParser] = {}
        self._unreachable: dict[str, str] = {}

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

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            raise IgnoreRequest(status_fault(response.status))
        await super()._parse_robots(response.replace(body=b"") if response.status >= 400 else response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        spider: Any = self.crawler.spider
        why = fault(exc, urlsplit(f"//{netloc}").hostname or netloc, spider.services.guard)
        log.warning("robots.txt not read", host=netloc, why=why, old_copy=netloc in self._before)
        self._unreachable[netloc] = why if why.startswith("refused") else f"its robots.txt cannot be read: {why}"
        self._until[netloc] = monotonic() + UNREACHABLE_KEPT
        super()._robots_error(exc, netloc)

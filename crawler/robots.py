"""robots.txt, asked for once a host a day: Scrapy's own middleware would keep it for as long as the spider lives."""

from __future__ import annotations

from time import monotonic

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

KEPT = 24 * 3600.0  # seconds; RFC 9309 section 2.4: not longer than 24 hours
UNREACHABLE_KEPT = 600.0  # seconds; a robots.txt that could not be fetched is asked for again soon


class DailyRobots(RobotsTxtMiddleware):
    """Obeys robots.txt, and asks for it again a day later."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._asked: dict[str, float] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        host = urlparse_cached(request).netloc
        kept = UNREACHABLE_KEPT if self._parsers.get(host, False) is None else KEPT
        if host in self._asked and monotonic() - self._asked[host] > kept:
            self._parsers.pop(host, None)
            del self._asked[host]
        self._asked.setdefault(host, monotonic())
        return await super().robot_parser(request)

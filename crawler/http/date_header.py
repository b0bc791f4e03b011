"""Compares the clocks of sites with ours: passes the ``Date`` of each response to the timekeeper (RFC 9110, 6.6.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from crawler.http.response_headers import header, parse_http_date


class DateObserver:
    """Hands each answer's date to the timekeeper of the process."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the middleware of a crawl."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Remember the date, by the age that a cache gives with it."""
        spider: Any = self._crawler.spider
        timekeeper = spider.services.timekeeper
        date = parse_http_date(header(response, "Date") or "")
        if timekeeper is not None and date is not None:
            age = (header(response, "Age") or "").strip()
            old = timedelta(seconds=int(age[:9])) if age.isascii() and age.isdigit() else timedelta()
            timekeeper.record_date(urlparse_cached(request).netloc, date + old)
        return response

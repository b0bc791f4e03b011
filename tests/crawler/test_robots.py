"""robots.txt is asked for once a host a day, and what cannot be known is not assumed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from scrapy import Request, Spider
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response, TextResponse
from scrapy.utils.test import get_crawler

from config.addresses import AddressPolicy
from crawler import robots
from crawler.guard import Guard
from crawler.robots import KEPT, UNREACHABLE_KEPT, DailyRobots

NEWS, SEARCH = "https://wire.example/news/1", "https://wire.example/search"


class Host:
    """A host with a robots.txt, and the clock that it is asked by."""

    def __init__(self, monkeypatch):
        self.now = 1_000.0
        self.answers = Response("https://wire.example/robots.txt", body=b"User-agent: *\nDisallow: /search\n")
        self.asked = 0
        self.waits = False
        monkeypatch.setattr(robots, "monotonic", lambda: self.now)
        crawler = get_crawler(Spider, {"ROBOTSTXT_OBEY": True, "ROBOTSTXT_USER_AGENT": "wirewatch"})
        crawler.spider = SimpleNamespace(services=SimpleNamespace(guard=Guard(AddressPolicy())))
        crawler.engine = SimpleNamespace(download_async=self.download)
        self.middleware = DailyRobots(crawler)

    async def download(self, request):
        assert request.url == "https://wire.example/robots.txt"
        self.asked += 1
        if self.waits:
            await asyncio.sleep(0)
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers

    async def allows(self, url=NEWS):
        try:
            await self.middleware.process_request(Request(url))
        except IgnoreRequest as refusal:
            return str(refusal)
        return True


@pytest.fixture
def host(monkeypatch):
    return Host(monkeypatch)


def answer(status, body=b""):
    return TextResponse("https://wire.example/robots.txt", status=status, body=body)


async def test_it_is_asked_for_once_and_again_a_day_later(host):
    assert await host.allows(NEWS) is True
    assert await host.allows(SEARCH) == "Forbidden by robots.txt"
    host.now += KEPT - 1
    await host.allows()
    assert host.asked == 1
    host.answers = answer(200, b"User-agent: wirewatch\nDisallow: /\n")
    host.now += 1
    assert await host.allows(NEWS) == "Forbidden by robots.txt"
    assert host.asked == 2


async def test_requests_that_wait_for_it_together_all_obey_it(host):
    host.waits = True
    answers = await asyncio.gather(*(host.allows(url) for url in (NEWS, SEARCH, NEWS, SEARCH, SEARCH)))
    forbidden = "Forbidden by robots.txt"
    assert answers == [True, forbidden, True, forbidden, forbidden]
    assert host.asked == 1


async def test_a_host_without_one_may_be_asked_whatever_its_error_page_says(host):
    host.answers = answer(404, b"User-agent: *\nDisallow: /\n")
    assert await host.allows() is True


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (answer(503), "its robots.txt cannot be read: 503 Service Unavailable"),
        (DownloadTimeoutError(), "its robots.txt cannot be read: wire.example did not answer in time"),
    ],
    ids=["an error of the server", "no answer"],
)
async def test_while_it_cannot_be_had_the_host_is_left_alone_and_soon_tried_again(host, answers, words):
    host.answers = answers
    assert await host.allows() == words
    assert await host.allows() == words
    assert host.asked == 1
    host.answers = answer(404)
    host.now += UNREACHABLE_KEPT
    assert await host.allows() is True


async def test_the_copy_from_before_is_obeyed_while_a_new_one_cannot_be_had(host):
    assert await host.allows(NEWS) is True
    host.answers = answer(500)
    host.now += KEPT
    assert await host.allows(NEWS) is True
    assert await host.allows(SEARCH) == "Forbidden by robots.txt"
    assert host.asked == 2

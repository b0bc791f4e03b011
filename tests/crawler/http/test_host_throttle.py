"""A host is left alone when it asks for it, and a slow one takes nobody's place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawler.http.errors import HostBusyError
from crawler.http.host_throttle import (
    FIRST_SLOWDOWN_DELAY,
    SHARED_LIMITS_SECONDS,
    SLOWDOWN_DURATION,
    HostQueue,
    HostThrottleMiddleware,
    slow_down,
)
from stories.crawl_state.host_limits import HostLimits

URL = "https://wire.example/rss"
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


class Host:
    """The middleware of one process, with its clock."""

    def __init__(self, redis):
        self.now = NOW
        self.slot = SimpleNamespace(delay=1.0, concurrency=2, active=set())
        self.crawler = get_crawler(Spider, {"DOWNLOAD_DELAY": 1.0})
        self.crawler.spider = SimpleNamespace(
            services=SimpleNamespace(host_limits=HostLimits(redis), clock=lambda: self.now)
        )
        downloader = SimpleNamespace(slots={"wire.example": self.slot}, per_slot_settings={})
        self.crawler.engine = SimpleNamespace(downloader=downloader)
        self.middleware = HostThrottleMiddleware.from_crawler(self.crawler)

    async def answers(self, status, **headers):
        response = Response(
            URL, status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        await self.middleware.process_response(Request(URL), response)

    async def lets(self, url=URL):
        try:
            await self.middleware.process_request(Request(url))
        except HostBusyError as patient:
            return str(patient)
        return True


@pytest.fixture
def host(redis):
    return Host(redis)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_host_that_asks_for_patience_is_left_alone_so_long(host, status):
    assert await host.lets() is True
    await host.answers(status, Retry_After="90")
    assert await host.lets() == "wire.example asked for patience until 09:01:30 UTC"
    assert "until 09:01:30" in await host.lets("https://wire.example/news/1")
    assert await host.lets("https://elsewhere.example/") is True
    host.now += timedelta(seconds=90)
    assert await host.lets() is True


async def test_another_process_keeps_to_it(host, redis):
    other = Host(redis)
    assert await other.lets() is True
    await host.answers(503, Retry_After="90")
    other.now += SHARED_LIMITS_SECONDS + timedelta(seconds=1)
    assert await other.lets() == "wire.example asked for patience until 09:01:30 UTC"
    assert "until 09:01:30" in await Host(redis).lets()


async def test_without_retry_after_only_the_listing_waits(host):
    await host.answers(503)
    assert await host.lets() is True
    assert host.slot.delay == 1.0


async def test_patience_for_years_is_kept_for_a_day(host):
    await host.answers(503, Retry_After=str(10**9))
    host.now += timedelta(days=1, seconds=1)
    assert await host.lets() is True


async def test_too_many_requests_slow_the_host_for_an_hour(host):
    await host.answers(429)
    await host.answers(429)
    assert (host.slot.delay, host.slot.concurrency) == (4.0, 1)
    for _ in range(9):
        await host.answers(429)
    assert host.slot.delay == 30.0
    host.now += SLOWDOWN_DURATION + timedelta(seconds=1)
    await host.lets()
    assert host.slot.delay == 1.0


async def test_a_host_without_a_pace_gets_one_when_it_says_429(host):
    host.slot.delay = 0.0
    await host.answers(429)
    await host.answers(429)
    assert (host.slot.delay, host.slot.concurrency) == (2 * FIRST_SLOWDOWN_DELAY, 1)


async def test_another_process_is_as_slow(host, redis):
    other = Host(redis)
    await host.answers(429)
    await host.answers(429)
    await other.lets()
    assert (other.slot.delay, other.slot.concurrency) == (4.0, 1)
    other.now += SLOWDOWN_DURATION + timedelta(seconds=1)
    await redis.flushdb()  # its lifetime is that of the server's clock
    await other.lets()
    assert other.slot.delay == 1.0


async def test_patience_is_that_of_a_server_whose_usual_port_needs_no_name(host):
    await host.answers(503, Retry_After="90")
    assert await host.lets("https://wire.example:443/rss") is not True
    assert await host.lets("https://wire.example:8443/rss") is True


async def test_patience_that_was_asked_for_while_the_clock_was_ahead_is_none(host):
    await host.answers(503, Retry_After="90")
    host.now -= timedelta(days=3)
    assert await host.lets() is True


async def test_a_pace_is_never_raised_by_a_host(host):
    slow_down(host.crawler, "wire.example", 9.0)
    slow_down(host.crawler, "wire.example", 2.0)
    assert host.slot.delay == 9.0
    assert host.crawler.engine.downloader.per_slot_settings["wire.example"]["delay"] == 9.0


def test_a_slow_host_takes_its_own_places_only_and_its_release_pages_go_first():
    crawler = get_crawler(Spider, {"DOWNLOAD_DELAY": 1.0})
    slots = {"slow.example": SimpleNamespace(concurrency=1, active=set())}
    crawler.engine = SimpleNamespace(
        downloader=SimpleNamespace(slots=slots, get_slot_key=lambda request: request.url.split("/")[2])
    )
    from scrapy.squeues import FifoMemoryQueue

    queue = HostQueue(crawler, FifoMemoryQueue, "")
    for number in range(5):
        queue.push(Request(f"https://slow.example/list/{number}"))
    queue.push(Request("https://slow.example/news/1", priority=100))
    queue.push(Request("https://other.example/"))
    taken = []
    while (request := queue.pop()) is not None:
        taken.append(request.url)
        if "slow" in request.url:
            slots["slow.example"].active.add(request)
    assert sorted(taken) == [
        "https://other.example/",
        "https://slow.example/list/0",
        "https://slow.example/news/1",
    ]
    slots["slow.example"].active.pop()
    assert queue.pop().url == "https://slow.example/list/1"

"""robots.txt is asked for once a host a day, and what cannot be known is not assumed."""

from __future__ import annotations

import asyncio
import os
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from scrapy import Request, Spider, signals
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest, StopDownload
from scrapy.http import Response, TextResponse
from scrapy.utils.test import get_crawler

from config.address_policy import AddressPolicy
from crawler.http import robots
from crawler.http.address_guard import AddressGuard
from crawler.http.errors import HostBusyError
from crawler.http.robots import (
    CACHE_SECONDS,
    MAX_CRAWL_DELAY,
    MAX_ROBOTS_BYTES,
    MAX_SIZE_META,
    MAX_UNPACKED_BYTES,
    SERVERS_MAX,
    TOO_COSTLY_REASON,
    UNREACHABLE_CACHE_SECONDS,
    DailyRobots,
)
from stories.crawl_state.host_limits import HostLimits
from stories.db import keys

DATA = Path(os.environ.get("WIREWATCH_DATA", "../shared/data")) / "robots" / "protego-robots.tar.xz"
NEWS, SEARCH = "https://wire.example/news/1", "https://wire.example/search"


class Host:
    """A host with a robots.txt, and the clock that it is asked by."""

    def __init__(self, monkeypatch, manners=None):
        self.now = 1_000.0
        self.answers = Response("https://wire.example/robots.txt", body=b"User-agent: *\nDisallow: /search\n")
        self.asked = 0
        self.waits = self.any_server = False
        monkeypatch.setattr(robots, "monotonic", lambda: self.now)
        crawler = get_crawler(Spider, {"ROBOTSTXT_OBEY": True, "ROBOTSTXT_USER_AGENT": "wirewatch"})
        crawler.spider = SimpleNamespace(
            services=SimpleNamespace(address_guard=AddressGuard(AddressPolicy()), host_limits=manners)
        )
        self.slot = SimpleNamespace(delay=1.0, concurrency=2)
        downloader = SimpleNamespace(slots={"wire.example": self.slot}, per_slot_settings={})
        crawler.engine = SimpleNamespace(download_async=self.download, downloader=downloader)
        self.middleware = DailyRobots(crawler)

    async def download(self, request):
        assert self.any_server or request.url == "https://wire.example/robots.txt"
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
    assert await host.allows(SEARCH) == "robots.txt forbids it (Disallow: /search)"
    host.now += CACHE_SECONDS - 1
    await host.allows()
    assert host.asked == 1
    host.answers = answer(200, b"User-agent: wirewatch\nDisallow: /\n")
    host.now += 1
    assert await host.allows(NEWS) == "robots.txt forbids it (Disallow: /)"
    assert host.asked == 2


async def test_requests_that_wait_for_it_together_all_obey_it(host):
    host.waits = True
    answers = await asyncio.gather(*(host.allows(url) for url in (NEWS, SEARCH, NEWS, SEARCH, SEARCH)))
    forbidden = "robots.txt forbids it (Disallow: /search)"
    assert answers == [True, forbidden, True, forbidden, forbidden]
    assert host.asked == 1


async def test_a_host_without_one_may_be_asked_whatever_its_error_page_says(host):
    host.answers = answer(404, b"User-agent: *\nDisallow: /\n")
    assert await host.allows() is True


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (answer(503), "its robots.txt cannot be read: 503 Service Unavailable"),
        (answer(429), "its robots.txt cannot be read: 429 Too Many Requests"),
        (DownloadTimeoutError(), "its robots.txt cannot be read: wire.example did not answer in time"),
    ],
    ids=["an error of the server", "too many requests", "no answer"],
)
async def test_while_it_cannot_be_had_the_host_is_left_alone_and_soon_tried_again(host, answers, words):
    host.answers = answers
    assert await host.allows() == words
    assert await host.allows() == words
    assert host.asked == 1
    host.answers = answer(404)
    host.now += UNREACHABLE_CACHE_SECONDS
    assert await host.allows() is True


async def test_the_copy_from_before_is_obeyed_while_a_new_one_cannot_be_had(host):
    assert await host.allows(NEWS) is True
    host.answers = answer(500)
    host.now += CACHE_SECONDS
    assert await host.allows(NEWS) is True
    assert await host.allows(SEARCH) == "robots.txt forbids it (Disallow: /search)"
    assert host.asked == 2


async def test_what_another_process_read_within_the_day_is_obeyed_unasked(monkeypatch, redis):
    first, second = Host(monkeypatch, HostLimits(redis)), Host(monkeypatch, HostLimits(redis))
    first.answers = second.answers = answer(200, b"User-agent: *\nCrawl-delay: 7\nDisallow: /search\n")
    assert await first.allows(NEWS) is True
    assert await second.allows(SEARCH) == "robots.txt forbids it (Disallow: /search)"
    assert (first.asked, second.asked, second.slot.delay) == (1, 0, 7.0)
    await redis.expire(keys.robots("wire.example").name, 60)
    third = Host(monkeypatch, HostLimits(redis))
    assert await third.allows() is True
    await redis.flushdb()
    third.now += 61
    assert await third.allows() is True
    assert third.asked == 1, "its day had ended"


async def test_one_that_could_not_be_had_is_not_passed_on(monkeypatch, redis):
    first, second = Host(monkeypatch, HostLimits(redis)), Host(monkeypatch, HostLimits(redis))
    first.answers = answer(503)
    assert await first.allows() == "its robots.txt cannot be read: 503 Service Unavailable"
    assert await second.allows() is True
    assert second.asked == 1


async def test_a_server_that_asked_for_patience_is_asked_for_no_robots_txt_either(host):
    until = datetime(2026, 3, 10, 9, tzinfo=UTC)
    host.answers = HostBusyError("wire.example asked for patience until 09:00:00 UTC", until)
    with pytest.raises(HostBusyError) as raised:
        await host.middleware.process_request(Request(NEWS))
    assert raised.value.until == until


async def test_crawl_delay_is_the_hosts_pace_up_to_a_minute(host):
    host.answers = answer(200, b"User-agent: *\nCrawl-delay: 7\n")
    await host.allows()
    assert (host.slot.delay, host.slot.concurrency) == (7.0, 1)
    host.answers, host.now = answer(200, b"User-agent: *\nCrawl-delay: 86400\n"), host.now + CACHE_SECONDS
    await host.allows()
    assert host.slot.delay == MAX_CRAWL_DELAY


async def test_a_huge_one_is_broken_off(host):
    asked = Request("https://wire.example/robots.txt", meta={MAX_SIZE_META: MAX_UNPACKED_BYTES})
    send = host.middleware.crawler.signals.send_catch_log
    assert MAX_UNPACKED_BYTES > MAX_ROBOTS_BYTES
    for _ in range(MAX_ROBOTS_BYTES // 65_536 + 1):
        (answer,) = send(signals.bytes_received, data=b" " * 65_536, request=asked, dont_log=StopDownload)
    assert isinstance(answer[1].value, StopDownload)
    assert not answer[1].value.fail
    for _ in range(20):
        ((_, kept),) = send(signals.bytes_received, data=b" " * 65_536, request=Request(NEWS), dont_log=StopDownload)
        assert kept is None


async def test_only_the_first_500_kib_are_heeded(host):
    padding = b"# nothing here\n" * (MAX_ROBOTS_BYTES // 15)
    host.answers = answer(200, b"User-agent: *\nDisallow: /search\n" + padding + b"Disallow: /news\n")
    assert await host.allows(SEARCH) == "robots.txt forbids it (Disallow: /search)"
    assert await host.allows(NEWS) is True


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\n" + b"".join(b"Disallow: /p%d/\n" % n for n in range(25_000)) + b"Disallow: /search\n",
        b"User-agent: *\n" + b"".join(b"Disallow: /*q%d$\n" % n for n in range(25_000)) + b"Disallow: /search\n",
        b"".join(b"User-agent: bot%d\n" % n for n in range(20_000)) + b"User-agent: *\nDisallow: /search\n",
    ],
    ids=["rules", "wildcards", "agents"],
)
async def test_a_hostile_one_never_stops_the_loop_and_is_obeyed(host, body):
    assert len(body) < MAX_ROBOTS_BYTES
    host.answers = answer(200, body)
    longest, looked, ended = 0.0, time.perf_counter(), False

    async def watch():
        nonlocal longest, looked
        while not ended:
            await asyncio.sleep(0.001)
            longest, looked = max(longest, time.perf_counter() - looked), time.perf_counter()

    watching = asyncio.create_task(watch())
    for _ in range(20):
        assert await host.allows(SEARCH) == "robots.txt forbids it (Disallow: /search)"
        assert await host.allows(NEWS) is True
    ended = True
    await watching
    assert host.asked == 1
    assert longest < 0.5, "Protego holds the loop for 10 s and more"


async def test_rules_that_are_too_costly_forbid_and_say_so(host):
    host.answers = answer(200, b"User-agent: *\n" + b"".join(b"Disallow: /*aaaaaaaa%d\n" % n for n in range(20_000)))
    assert await host.allows("https://wire.example/" + "a" * 4_000) == TOO_COSTLY_REASON
    assert await host.allows(NEWS) is True


async def test_a_rule_of_any_length_is_named_in_a_short_line(host):
    host.answers = answer(200, b"User-agent: *\nDisallow: /news*" + b"*" * 400_000)
    assert len(await host.allows(NEWS)) < 300


async def test_only_the_rules_of_the_servers_asked_last_are_kept(host, monkeypatch):
    monkeypatch.setattr(robots, "SERVERS_MAX", 3)
    assert SERVERS_MAX > 1_000
    host.any_server = True
    for number in range(10):
        await host.allows(f"https://wire{number}.example/news/1")
    assert host.asked == 10
    await host.allows("https://wire9.example/news/2")
    assert host.asked == 10
    await host.allows("https://wire0.example/news/2")
    assert host.asked == 11


async def test_the_rules_of_all_servers_together_are_bounded(host, monkeypatch):
    monkeypatch.setattr(robots, "WEIGHT_MAX", 100_000)
    host.any_server = True
    host.answers = answer(200, b"User-agent: *\n" + b"".join(b"Disallow: /p%d/\n" % n for n in range(200)))
    for number in range(10):
        await host.allows(f"https://wire{number}.example/news/1")
    await host.allows("https://wire9.example/news/2")
    assert host.asked == 10
    await host.allows("https://wire0.example/news/2")
    assert host.asked == 11


@pytest.mark.skipif(not DATA.exists(), reason="no WIREWATCH_DATA: the real robots.txt files are not here")
async def test_real_ones_are_read_and_where_they_forbid_the_rule_is_named(host):
    with tarfile.open(DATA) as archived:
        files = [file.read() for member in archived if member.isfile() and (file := archived.extractfile(member))]
    forbidden = 0
    for body in files[::20]:  # all of them: benchmarks/polling.py robots
        host.answers, host.now = answer(200, body), host.now + CACHE_SECONDS
        said = await host.allows(SEARCH)
        forbidden += said is not True
        assert said is True or "Disallow: " in said, (said, body[:300])
    assert len(files) > 4_000
    assert forbidden > 0

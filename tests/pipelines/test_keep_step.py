"""The keep step: what was read is held while Redis is away, and one page's fault is that page's alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import press_office as office
import pytest
from bureau import START, Bureau, reading
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as TimedOut
from scrapy.crawler import Crawler

from crawler.pages.dispatcher import PageDispatcher
from crawler.progress import Progress, Tally
from pipelines import item_pipeline
from pipelines.ingest import ContentionError, Ingestor, IngestResult
from pipelines.item_pipeline import IngestError, IngestPipeline
from stories.crawl_state.claims import RETRIES, Claims, listing_key
from stories.db import keys
from stories.db.connection import connect
from stories.model.sighting import Sighting
from stories.model.urls import url_digest

URL = office.release().url or ""
LISTING = listing_key(office.WIRE, "https://harbour-wire.example/news")


@dataclass(slots=True)
class Moody:
    """A memory that fails with what it is given, and then remembers."""

    faults: list[Exception]
    asked: int = 0

    async def ingest(self, item: object, *, may_wait: bool = False) -> IngestResult:
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return IngestResult(release=None)


@dataclass(slots=True)
class Proxy:
    """A loopback way to the Redis of the tests that can be cut, and that can lose a reply."""

    socket: str
    port: int = 0
    lose: int | None = None
    """How many replies pass before one is lost with its connection."""
    away: bool = False
    lost: int = 0
    refused: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            self.refused += 1
            writer.close()
            return
        above, below = await asyncio.open_unix_connection(self.socket)
        self._open |= {writer, below}
        replies = asyncio.create_task(self._replies(above, writer))
        self._tasks.add(replies)
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                below.write(data)
        below.close()
        await replies

    async def _replies(self, above: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await above.read(1 << 16):
                if self.lose == 0:
                    self.lose, self.lost = None, self.lost + 1
                    break
                self.lose = self.lose - 1 if self.lose else self.lose
                writer.write(data)
        writer.close()

    def cut(self) -> None:
        """Be away: no connection stays or is made."""
        self.away = True
        for writer in self._open:
            writer.close()
        self._open.clear()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_pipeline, "REDIS_RETRY_SECONDS", 0.005)


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(socket=urlsplit(redis_url).path)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    yield proxy
    server.close()
    proxy.cut()
    await asyncio.gather(*proxy._tasks)


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


@pytest.fixture
def progress() -> Progress:
    return Progress()


@pytest.fixture
def tally(progress: Progress) -> Tally:
    """What a crawl of one page is told."""
    tally = progress.follow("crl_1")
    progress.opened("crl_1", 1)
    return tally


@pytest.fixture
def claims(bureau: Bureau) -> Claims:
    """Those of the process that keeps."""
    return Claims(bureau.redis)


@pytest.fixture
def step(bureau: Bureau, progress: Progress, claims: Claims) -> Callable[..., IngestPipeline]:
    def make(memory: Ingestor | Moody) -> IngestPipeline:
        dispatcher = PageDispatcher(bureau.clock)
        services = SimpleNamespace(
            ingestor=memory, claims=claims, clock=bureau.clock, progress=progress, dispatcher=dispatcher
        )
        return IngestPipeline.from_crawler(cast(Crawler, SimpleNamespace(spider=SimpleNamespace(services=services))))

    return make


async def test_a_reading_is_kept_and_its_crawl_told(step: Any, bureau: Bureau, tally: Tally) -> None:
    item = reading(office.release(), crawl_id="crl_1")
    assert await step(bureau.memory).process_item(item) is item
    assert await bureau.heard() == ["new"]
    assert [event.type for event in tally.events] == ["release.new"]
    assert tally.done.is_set()
    assert tally.errors == []


@pytest.mark.parametrize(
    "fault",
    [Disconnected("gone"), TimedOut("slow"), OutOfMemoryError("full"), ReadOnlyError("a replica"),
     ResponseError("MISCONF Errors writing to the AOF file: No space left on device")],
    ids=lambda fault: f"{type(fault).__name__} {fault}",
)  # fmt: skip
async def test_what_was_read_is_held_until_redis_takes_it(step: Any, tally: Tally, fault: Exception) -> None:
    memory = Moody([fault, fault, fault])
    await step(memory).process_item(reading(office.release(), crawl_id="crl_1"))
    assert memory.asked == 4
    assert tally.done.is_set()
    assert tally.errors == []


async def test_what_was_read_while_redis_is_away_is_kept_when_it_is_back(
    step: Any, bureau: Bureau, proxy: Proxy, until: Any
) -> None:
    async with connect(f"redis://127.0.0.1:{proxy.port}/0") as client:
        await client.ping()
        proxy.cut()
        holding = asyncio.gather(
            *(step(bureau.on(client)).process_item(reading(office.release(number))) for number in range(3))
        )
        await until(lambda: proxy.refused > 12)
        assert not holding.done()
        assert await bureau.events() == []
        proxy.away = False
        await asyncio.wait_for(holding, 20)
    assert await bureau.heard() == ["new"] * 3


@pytest.mark.parametrize("passes", range(8))
@pytest.mark.parametrize("once", [False, True], ids=["the call is repeated", "the reading is remembered again"])
async def test_an_answer_that_is_lost_on_the_way_loses_and_repeats_nothing(
    step: Any, bureau: Bureau, proxy: Proxy, tally: Tally, once: bool, passes: int
) -> None:
    async with connect(f"redis://127.0.0.1:{proxy.port}/0", once=once) as client:
        memory = step(bureau.on(client))
        await memory.process_item(reading(office.release()))
        await client.connection_pool.disconnect()
        proxy.lose = passes
        await memory.process_item(reading(office.release(1), crawl_id="crl_1"))
        await memory.process_item(reading(office.correction()))
    assert proxy.lost == 1
    assert once or [event.type for event in tally.events] == ["release.new"]
    assert await bureau.types() == ["new", "new", "corrected"]
    assert await bureau.heard() == ["new", "new", "corrected"]
    assert await bureau.redis.hget(keys.source(office.WIRE).name, "releases") == b"3"


async def test_a_redis_that_is_full_takes_the_reading_when_there_is_room(
    step: Any, bureau: Bureau, redis: Redis, until: Any
) -> None:
    before = int((await redis.info("errorstats")).get("errorstat_OOM", {}).get("count", 0))
    await redis.config_set("maxmemory", "1mb")
    try:
        holding = asyncio.create_task(step(bureau.memory).process_item(reading(office.release())))

        async def refused() -> bool:
            return int((await redis.info("errorstats")).get("errorstat_OOM", {}).get("count", 0)) > before + 1

        await until(refused)
        assert not holding.done()
        assert await redis.dbsize() == 0
    finally:
        await redis.config_set("maxmemory", "0")
    await asyncio.wait_for(holding, 20)
    assert await bureau.heard() == ["new"]


async def test_a_daemon_that_ends_while_redis_is_away_is_not_held_up(step: Any, tally: Tally) -> None:
    holding = asyncio.create_task(
        step(Moody([Disconnected("gone")] * 1_000_000)).process_item(reading(office.release(), crawl_id="crl_1"))
    )
    await asyncio.sleep(0)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert tally.done.is_set()


@pytest.mark.parametrize(
    "fault",
    [ValueError("a fault of ours"), KeyError("another"), RecursionError(), ResponseError("WRONGTYPE a key"),
     ResponseError("NOPERM this user has no permissions")],
    ids=lambda fault: f"{type(fault).__name__} {fault}",
)  # fmt: skip
async def test_a_page_that_cannot_be_kept_is_told_and_left_alone_for_a_while(
    step: Any, claims: Claims, tally: Tally, fault: Exception
) -> None:
    listed = [Sighting(url=URL)]
    await claims.claim(LISTING, listed, START)
    with pytest.raises(IngestError, match=type(fault).__name__):
        await step(Moody([fault])).process_item(reading(office.release(), crawl_id="crl_1"))
    assert tally.done.is_set()
    assert len(tally.errors) == 1
    assert type(fault).__name__ in tally.errors[0]
    assert (await claims.claim(LISTING, listed, START)).claims == ()
    later = START + RETRIES[0] + timedelta(seconds=1)
    assert [claim.sighting.url for claim in (await claims.claim(LISTING, listed, later)).claims] == [URL]


async def test_a_page_that_many_fight_over_is_read_again_at_the_next_poll(step: Any, claims: Claims) -> None:
    listed = [Sighting(url=URL)]
    await claims.claim(LISTING, listed, START)
    with pytest.raises(IngestError, match="ContentionError"):
        await step(Moody([ContentionError("memory changed 50 times")])).process_item(reading(office.release()))
    assert len((await claims.claim(LISTING, listed, START)).claims) == 1


async def test_a_fault_while_redis_refuses_everything_still_ends_the_page(step: Any, bureau: Bureau) -> None:
    await bureau.redis.set(keys.page(url_digest(URL)).name, "not a hash", ex=60)
    with pytest.raises(IngestError):
        await step(Moody([ValueError("a fault of ours")])).process_item(reading(office.release()))


async def test_the_pages_behind_a_page_that_fails_go_on(step: Any, bureau: Bureau) -> None:
    working = step(bureau.memory)
    broken = reading(office.release(), release=None)
    results = await asyncio.gather(
        *(working.process_item(item) for item in (broken, reading(office.release(1)), reading(office.release(2)))),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results] == ["IngestError", "PageResult", "PageResult"]
    assert await bureau.heard() == ["new", "new"]

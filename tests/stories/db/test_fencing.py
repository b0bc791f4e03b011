"""The clock's number: a daemon that lost the clock without knowing changes nothing, and loses nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import press_office
import pytest
from bureau import Bureau, reading
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from pipelines.ingest import Ingestor
from stories.crawl_state.claims import Claims, listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.cursors import Cursors
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.crawl_state.workers import DueListing, WorkerRegistry
from stories.db import keys
from stories.db.fencing import is_deposed, raise_term
from stories.model.sighting import Cursor, Sighting
from stories.store.releases import ReleaseStore

URL = "https://wire.example/news/1"
LISTING = listing_key("wire", "https://wire.example/news")
SIGHTINGS = [Sighting(url=URL, headline="A headline")]
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
async def terms(redis: Redis) -> tuple[int, int]:
    """The term of a daemon that was deposed, and of the one that has the clock."""
    return await raise_term(redis), await raise_term(redis)


def memory(redis: Redis, term: int) -> Ingestor:
    bureau = Bureau(redis)
    return Ingestor(
        ReleaseStore(redis, term), Claims(redis), RevisitQueue(redis), bureau.settings, bureau.clock, lambda _: None
    )


async def test_a_deposed_clock_keeps_nothing_and_who_has_the_clock_keeps_it(
    redis: Redis, terms: tuple[int, int]
) -> None:
    old, new = terms
    read = reading(press_office.release())
    with pytest.raises(ResponseError) as refused:
        await memory(redis, old).ingest(read)
    assert is_deposed(refused.value)
    assert await redis.zcard(keys.releases().name) == 0
    assert await redis.xlen(keys.events().name) == 0
    assert (await memory(redis, new).ingest(read)).events


async def test_what_a_worker_read_is_kept_whoever_had_the_clock_when_it_was_asked(
    redis: Redis, terms: tuple[int, int]
) -> None:
    assert (await memory(redis, 0).ingest(reading(press_office.release()))).events


class Remembering(ReleaseStore):
    """Knows what it was last asked to keep."""

    asked: tuple[Any, ...] = ()

    async def commit(self, *asked: Any) -> bool:
        self.asked = asked
        return await super().commit(*asked)


async def test_a_keep_whose_answer_was_lost_is_answered_though_the_clock_changed_hands(redis: Redis) -> None:
    bureau, keeper = Bureau(redis), Remembering(redis, await raise_term(redis))
    ingestor = Ingestor(keeper, Claims(redis), RevisitQueue(redis), bureau.settings, bureau.clock, lambda _: None)
    await ingestor.ingest(reading(press_office.release()))
    await raise_term(redis)
    assert await keeper.commit(*keeper.asked)


async def test_a_deposed_clock_claims_no_page_and_counts_none_as_failed(redis: Redis, terms: tuple[int, int]) -> None:
    old, new = terms
    deposed, holder = Claims(redis, "daemon", old), Claims(redis, "daemon", new)
    await holder.claim(LISTING, SIGHTINGS, NOW)
    with pytest.raises(ResponseError, match="DEPOSED"):
        await deposed.claim(LISTING, SIGHTINGS, NOW)
    with pytest.raises(ResponseError, match="DEPOSED"):
        await deposed.record_failure(URL, "no route to host", NOW)
    await deposed.return_lease(URL)
    assert (await Claims(redis).claim(LISTING, SIGHTINGS, NOW)).claims == (), "it is still being read"
    await holder.return_lease(URL)
    assert len((await Claims(redis).claim(LISTING, SIGHTINGS, NOW)).claims) == 1


async def test_a_page_that_another_reads_meanwhile_does_not_count_as_failed(redis: Redis) -> None:
    slow, quick = Claims(redis), Claims(redis)
    await slow.claim(LISTING, SIGHTINGS, NOW)
    await WorkerRegistry(redis).reap(slow.process_name)
    await redis.delete(*[name async for name in redis.scan_iter(keys.claim("*").name)])  # its lease ended
    await quick.claim(LISTING, SIGHTINGS, NOW)
    assert await slow.record_failure(URL, "no route to host", NOW) == timedelta()
    await quick.return_lease(URL)
    assert len((await quick.claim(LISTING, SIGHTINGS, NOW)).claims) == 1, "nobody waits for another try"


async def test_a_deposed_clock_moves_no_cursor_and_takes_nothing_that_was_told(
    redis: Redis, terms: tuple[int, int]
) -> None:
    old, new = terms
    polled = Cursor(polled_at="2026-03-10T09:30:00.000Z", next_at="2026-03-10T09:35:00.000Z")
    assert await Cursors(redis, new).record_poll("wire", polled, listing=LISTING)
    late = replace(polled, polled_at="2026-03-10T09:31:00.000Z", next_at="2026-03-10T09:31:05.000Z")
    with pytest.raises(ResponseError, match="DEPOSED"):
        await Cursors(redis, old).record_poll("wire", late, listing=LISTING)
    assert await Cursors(redis).get(LISTING) == polled
    await WorkerRegistry(redis).publish_next_poll(
        DueListing(source="wire", listing="https://wire.example/news", at=NOW)
    )
    with pytest.raises(ResponseError, match="DEPOSED"):
        await WorkerRegistry(redis, old).take_next_polls(10)
    assert len(await WorkerRegistry(redis, new).take_next_polls(10)) == 1


async def test_a_poll_that_was_overtaken_by_another_moves_no_cursor(redis: Redis) -> None:
    stores, began = CrawlStores.from_redis(redis), "2026-03-10T09:30:00.000Z"
    await stores.cursors.record_poll("wire", Cursor(polled_at=began), listing=LISTING)
    quick, slow = Cursor(polled_at="2026-03-10T09:35:00.000Z", etag='"2"'), Cursor(polled_at="2026-03-10T09:36:00.000Z")
    assert await stores.cursors.record_poll("wire", quick, listing=LISTING, after=began)
    assert not await stores.cursors.record_poll("wire", slow, listing=LISTING, after=began)
    assert await stores.cursors.get(LISTING) == quick
    assert await stores.cursors.record_poll("wire", slow, listing=LISTING, after=quick.polled_at)


async def test_what_a_site_sends_as_its_etag_is_no_moment_of_a_poll(redis: Redis) -> None:
    stores, began = CrawlStores.from_redis(redis), "2026-03-10T09:30:00.000Z"
    hostile = Cursor(polled_at=began, etag='","polled_at":"9999-12-31T00:00:00.000Z"')
    await stores.cursors.record_poll("wire", hostile, listing=LISTING)
    assert await stores.cursors.record_poll(
        "wire", Cursor(polled_at="2026-03-10T09:35:00.000Z"), listing=LISTING, after=began
    )


async def test_a_term_is_above_all_that_were_also_when_an_older_state_came_back(redis: Redis) -> None:
    before = await raise_term(redis)
    assert await raise_term(redis) > before
    await redis.set(keys.leader_term().name, 3)  # as a backup of years ago has it
    assert await raise_term(redis) >= before
    ahead = int(time.time()) + 1_000_000
    await redis.set(keys.leader_term().name, ahead)
    assert await raise_term(redis) == ahead + 1

"""What kills its readers: read by itself, then by nobody, until a person asks for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from stories.crawl_state.claims import Claims, listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.quarantine import (
    MAX_CRASHES,
    Quarantine,
    QuarantinedError,
    QuarantinedItem,
    ReadTarget,
    decide_access,
    set_aside,
)
from stories.crawl_state.source_status import SourceStatusStore
from stories.db import keys
from stories.db.connection import connect
from stories.model.release import NotARelease
from stories.model.sighting import PendingSighting, Sighting
from stories.model.urls import url_digest

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
PAGE = ReadTarget(kind="page", source="harbour", url="https://harbour.example/news/7")
OTHER = ReadTarget(kind="page", source="harbour", url="https://harbour.example/news/8")
LISTING = ReadTarget(kind="listing", source="harbour", url="https://harbour.example/news")
KNOWN = QuarantinedItem(
    kind="page", source="harbour", url=PAGE.url, why="ended", deaths=MAX_CRASHES, since="2026-03-10T09:30:00Z"
)


async def die_of(redis, subject, run, requested_by=None, doing="read"):
    """Begin to read in a process that is killed meanwhile."""
    reading = Quarantine(redis, run).attempt(subject, NOW, requested_by=requested_by, doing=doing)
    await reading.__aenter__()
    return reading  # held by nobody: it never ends


async def read(redis, subject, run="lives/", **how):
    """Read and live on."""
    async with Quarantine(redis, run).attempt(subject, NOW, **how):
        pass


@pytest.mark.parametrize(
    ("deaths", "known", "requested", "of_this", "what"),
    [
        (0, None, False, 0, "shared"),
        (1, None, False, 0, "exclusive"),
        (MAX_CRASHES - 1, None, False, 0, "exclusive"),
        (MAX_CRASHES, None, False, 0, "refuse"),
        (MAX_CRASHES, KNOWN, False, 0, "refuse"),
        (0, KNOWN, False, 0, "refuse"),
        (MAX_CRASHES, KNOWN, True, 0, "exclusive"),
        (MAX_CRASHES + 1, KNOWN, True, 1, "refuse"),
        (1, None, True, 1, "exclusive"),
        (MAX_CRASHES, None, True, MAX_CRASHES, "refuse"),
    ],
    ids=[
        "no crash", "one crash", "one crash below the limit", "limit reached", "quarantined", "quarantined by the pool",
        "quarantined and requested", "crashed again after a request", "its reader was killed after a request",
        "crashed every time after a request",
    ],
)  # fmt: skip
def test_access_depends_on_crashes_and_requests(deaths, known, requested, of_this, what):
    assert decide_access(deaths, known, is_requested=requested, request_deaths=of_this) == what


@pytest.mark.parametrize("subject", [PAGE, LISTING], ids=["page", "listing"])
@pytest.mark.parametrize("doing", ["read", "kept"])
async def test_after_so_many_deaths_nobody_reads_it_and_it_is_named_with_its_error(redis, subject, doing):
    died = [await die_of(redis, subject, f"run {number}/", doing=doing) for number in range(MAX_CRASHES)]
    with pytest.raises(QuarantinedError, match=rf"ended, {MAX_CRASHES} times in a row; to try again: wirewatch crawl"):
        await read(redis, subject, doing=doing)
    (item,) = await set_aside(redis)
    assert (item.kind, item.url, item.deaths) == (subject.kind, subject.url, MAX_CRASHES)
    (health,) = await SourceStatusStore(redis).healths(["harbour"])
    assert health.set_aside == (item,)
    assert (await SourceStatusStore(redis).health("another")).set_aside == ()
    await redis.delete(keys.reads_in_progress(subject.id, doing).name)  # as it goes in a week
    with pytest.raises(QuarantinedError):
        await read(redis, subject)
    assert len(died) == MAX_CRASHES


async def test_who_lives_on_forgets_who_died(redis):
    for number in range(MAX_CRASHES - 1):
        await die_of(redis, PAGE, f"run {number}/")
    await read(redis, PAGE)
    assert not await redis.exists(keys.reads_in_progress(PAGE.id, "read").name)
    await die_of(redis, PAGE, "run 9/")
    await read(redis, PAGE)
    assert await set_aside(redis) == []


async def test_a_process_that_ends_in_order_is_no_death_and_heals_none(redis):
    await die_of(redis, PAGE, "killed/")
    began = asyncio.Event()

    async def reading():
        async with Quarantine(redis, "ends/").attempt(PAGE, NOW):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(reading())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await redis.smembers(keys.reads_in_progress(PAGE.id, "read").name) == {b"killed/"}


async def test_a_suspect_is_read_with_nothing_beside_it(redis, until):
    await die_of(redis, PAGE, "killed/")
    aside, order, go = Quarantine(redis, "lives/"), [], asyncio.Event()

    async def read(subject, name, wait=None):
        async with aside.attempt(subject, NOW):
            order.append(f"{name} begins")
            if wait:
                await wait.wait()
            order.append(f"{name} ends")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read(OTHER, "first", go))
        await until(lambda: order)
        tasks.create_task(read(PAGE, "suspect"))
        await until(lambda: aside._lock._exclusive)
        tasks.create_task(read(LISTING, "later"))
        assert await redis.smembers(keys.reads_in_progress(PAGE.id, "read").name) == {b"killed/"}, "not while it waits"
        go.set()
    assert order == ["first begins", "first ends", "suspect begins", "suspect ends", "later begins", "later ends"]


async def test_a_page_whose_own_reader_dies_or_hangs_counts_as_well(redis):
    for number in range(MAX_CRASHES):
        assert len(await set_aside(redis)) == 0, number
        async with Quarantine(redis, "one/").attempt(PAGE, NOW) as attempt:
            attempt.died = "took too long: more than 10 s to read"
    (item,) = await set_aside(redis)
    assert item.why == "took too long: more than 10 s to read"


async def test_a_page_that_is_set_aside_is_neither_claimed_nor_looked_after_any_more(redis):
    sighting = Sighting(url=PAGE.url)
    listing = listing_key("harbour", LISTING.url)
    stores, claims = CrawlStores.from_redis(redis), Claims(redis)
    await stores.pending_sightings.add(
        [PendingSighting(source="harbour", listing=LISTING.url, tag=None, sighting=sighting)], NOW
    )
    for number in range(MAX_CRASHES):
        await die_of(redis, PAGE, f"run {number}/")
    with pytest.raises(QuarantinedError):
        await read(redis, PAGE)
    claimed = await claims.claim(listing, [sighting], NOW + timedelta(days=30))
    assert (claimed.claims, claimed.settled) == ((), True)
    assert await stores.pending_sightings.due(NOW + timedelta(days=30), 10) == []


async def test_a_person_who_asks_has_it_read_and_it_is_back_if_that_went_well(redis):
    for number in range(MAX_CRASHES):
        await die_of(redis, PAGE, f"run {number}/")
    with pytest.raises(QuarantinedError):
        await read(redis, PAGE)
    await read(redis, PAGE, requested_by="crl_1")
    assert len(await set_aside(redis)) == 1, "before it is known whether it can be kept"
    await read(redis, PAGE, requested_by="crl_1", doing="kept")
    assert await set_aside(redis) == []
    await read(redis, PAGE)


async def test_one_that_is_found_to_be_no_release_is_back_too(redis):
    for number in range(MAX_CRASHES):
        await die_of(redis, PAGE, f"run {number}/")
    with pytest.raises(QuarantinedError):
        await read(redis, PAGE)
    with pytest.raises(NotARelease):
        async with Quarantine(redis, "lives/").attempt(PAGE, NOW, requested_by="crl_1"):
            raise NotARelease("no headline")
    assert await set_aside(redis) == []


async def test_a_request_that_ended_a_process_is_not_carried_to_the_next_one(redis):
    for number in range(MAX_CRASHES):
        await die_of(redis, PAGE, f"run {number}/")
    with pytest.raises(QuarantinedError):
        await read(redis, PAGE)
    await die_of(redis, PAGE, "worker 1/", requested_by="crl_1")
    with pytest.raises(QuarantinedError):
        await read(redis, PAGE, run="worker 2/", requested_by="crl_1")
    await read(redis, PAGE, run="worker 2/", requested_by="crl_2")


async def test_the_claim_on_a_page_lasts_from_when_its_reading_begins(redis):
    claim = keys.claim(url_digest(PAGE.url))
    await redis.set(claim.name, "lives/1", px=5_000)
    async with Quarantine(redis, "lives/").attempt(PAGE, NOW):
        assert await redis.pttl(claim.name) > 60_000


async def test_without_redis_it_is_read_all_the_same():
    async with connect("redis://127.0.0.1:1", once=True) as away:
        await read(away, PAGE)

"""Remembering: many workers at once, pages of every sort, and what a crawl and a listing learn of it."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import press_office as office
import pytest
from bureau import START, Bureau, TestClock, reading
from redis.asyncio import Redis

from pipelines import removal_policy
from pipelines.ingest import ContentionError, Ingestor, IngestResult
from stories.crawl_state.claims import Claims, listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.db import keys
from stories.model.page_result import FetchRecord, PageResult
from stories.model.release import Release
from stories.model.sighting import Sighting
from stories.store.releases import ReleaseStore

LISTING = listing_key(office.WIRE, "https://harbour-wire.example/news")


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


@pytest.fixture
async def workers(redis_url: str, bureau: Bureau) -> AsyncIterator[list[Ingestor]]:
    """Four workers, each with a connection of its own, and clocks that are apart by up to two seconds."""
    clients = [Redis.from_url(redis_url) for _ in range(4)]
    memories = []
    for number, client in enumerate(clients):
        clock = TestClock(START + timedelta(seconds=(0, 2, -1, 0.5)[number]))
        memories.append(
            Ingestor(ReleaseStore(client), Claims(client), RevisitQueue(client), bureau.settings, clock, lambda _: None)
        )
    yield memories
    for client in clients:
        await client.aclose()


async def all_at_once(workers: list[Ingestor], readings: list[PageResult]) -> list[IngestResult]:
    """Return what became of readings that the workers take in turns, all at the same moment."""
    turns = itertools.cycle(workers)
    return await asyncio.gather(*(next(turns).ingest(result) for result in readings))


async def check_invariants(bureau: Bureau) -> None:
    """Whatever happened at once: one new a story, no orphan, one event a revision, every event in its story."""
    events = await bureau.events()
    releases = [release async for release in bureau.archive.releases()]
    news = Counter(event["data"]["story"]["id"] for event in events if event["type"] == "release.new")
    assert not news or max(news.values()) == 1
    stories = {release.story for release in releases}
    for story_id in stories:
        story = await bureau.archive.story(story_id)
        assert story is not None
        assert {release.release.id for release in story.releases} == {
            release.release.id for release in releases if release.story == story_id
        }
        assert sum(release.verdict == "new" for release in story.releases) <= 1
    tied = {event["data"]["replaces"]["id"] for event in events if event["data"]["replaces"]}
    told = Counter((event["data"]["release"]["id"], event["data"]["release"]["revision"]) for event in events)
    known = {release.release.id for release in releases}
    assert tied <= known
    assert {release for release, _ in told} <= known
    waits = {(event["data"]["release"]["id"], event["data"]["replaces"] is None) for event in events}
    for (release, _), count in told.items():
        assert count == 1 or (count == 2 and {(release, True), (release, False)} <= waits), "told twice the same way"


async def test_copies_that_arrive_at_the_same_moment_are_one_story(bureau: Bureau, workers: list[Ingestor]) -> None:
    readings = [reading(office.copy(url=f"https://site-{number}.example/ferries")) for number in range(24)]
    await all_at_once(workers, readings)
    assert sorted(await bureau.types()) == ["new"] + ["syndicated"] * 23
    assert await bureau.heard() == ["new"]
    (story,) = {release.story async for release in bureau.archive.releases()}
    kept = await bureau.archive.story(story)
    assert kept is not None
    assert [release.verdict for release in kept.releases] == ["new", *["copy"] * 23], "the first is the one that is new"
    await check_invariants(bureau)


async def test_the_same_page_read_by_all_workers_at_once_is_kept_once(bureau: Bureau, workers: list[Ingestor]) -> None:
    await all_at_once(workers, [reading(office.release())] * 12)
    assert await bureau.types() == ["new"]
    await all_at_once(workers, [reading(office.release(figure="99"))] * 12)
    assert await bureau.types() == ["new", "revised"]
    assert await bureau.redis.hget(keys.source(office.WIRE).name, "releases") == b"1"


@pytest.mark.parametrize("seed", range(12))
async def test_copies_the_original_and_its_correction_in_any_order_at_once(
    bureau: Bureau, workers: list[Ingestor], seed: int
) -> None:
    readings = [
        reading(release)
        for number in range(3)
        for release in (
            office.release(number),
            office.copy(number),
            office.copy(number, site=office.GAZETTE),
            office.correction(number),
            office.correction(number, url=f"https://daily-mirror.example/correction-{number}"),
        )
    ]
    random.Random(seed).shuffle(readings)
    await all_at_once(workers, readings)
    await check_invariants(bureau)
    events = await bureau.events()
    stories = {event["data"]["story"]["id"] for event in events}
    assert len(stories) == 3
    for story in stories:
        of_it = [event for event in events if event["data"]["story"]["id"] == story]
        (corrected,) = (event for event in of_it if event["type"] == "release.corrected")
        linked = [event for event in of_it if event["type"] == "release.linked"]
        assert len(linked) == (0 if corrected["data"]["replaces"] else 1), "a notice is alerted once"
        assert all(event["data"]["follows"] == corrected["id"] and event["data"]["replaces"] for event in linked)
        news = sum(event["type"] == "release.new" for event in of_it)
        assert news == 1 - len(linked), "a story is new or begins with its correction"
        kept = await bureau.archive.story(story)
        assert kept is not None
        assert len(kept.releases) == 5
        assert sum(release.replaces is not None for release in kept.releases) == 2, "the correction and its copy"


async def test_a_worker_whose_clock_is_behind_sees_what_others_kept(bureau: Bureau) -> None:
    await bureau.read(office.release())
    behind = Bureau(bureau.redis, clock=TestClock(START - timedelta(minutes=3)))
    await behind.read(office.copy())
    await behind.read(office.correction())
    assert await bureau.types() == ["new", "syndicated", "corrected"]
    (story,) = {release.story async for release in bureau.archive.releases()}
    kept = await bureau.archive.story(story)
    assert kept is not None
    assert [release.verdict for release in kept.releases] == ["new", "copy", "notice"], (
        "in the order in which they were kept"
    )


async def test_a_decision_that_never_holds_is_given_up_with_a_name(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def changed(*_: Any) -> bool:
        return False

    monkeypatch.setattr(ReleaseStore, "commit", changed)
    with pytest.raises(ContentionError, match="candidates changed"):
        await bureau.read(office.release())


# What the rest of the house learns


async def test_whoever_listens_hears_at_once_of_all_that_is_kept_and_of_nothing_else(redis: Redis) -> None:
    heard: list[IngestResult] = []
    bureau = Bureau(redis)
    memory = Ingestor(
        ReleaseStore(redis), Claims(redis), RevisitQueue(redis), bureau.settings, bureau.clock, heard.append
    )
    await memory.ingest(reading(office.release()))
    await memory.ingest(reading(office.release()))
    await memory.ingest(reading(office.copy()))
    assert [(notification.alerts, [event.type for event in notification.events]) for notification in heard] == [
        (1, ["release.new"]),
        (0, ["release.syndicated"]),
    ]


async def test_a_page_that_was_kept_is_known_by_its_listing_and_read_again_in_time(bureau: Bureau) -> None:
    claims, stores, release = Claims(bureau.redis), CrawlStores.from_redis(bureau.redis), office.release()
    listed = [Sighting(url=release.url or "", headline="Velmora orders boats")]
    await claims.claim(LISTING, listed, START)
    await bureau.read(release, listing=LISTING, listed_headline="Velmora orders boats")
    assert (await claims.claim(LISTING, listed, START)).settled
    assert await stores.revisit_queue.due(START + timedelta(minutes=14), 10) == []
    (due,) = await stores.revisit_queue.due(START + timedelta(minutes=16), 10)
    stored = await bureau.archive.release(due)
    assert stored is not None
    bureau.clock.forward(minutes=16)
    await bureau.read(release)
    assert await stores.revisit_queue.due(bureau.clock() + timedelta(minutes=14), 10) == []
    bureau.clock.forward(days=60)
    await bureau.read(release)
    assert await stores.revisit_queue.due(bureau.clock() + timedelta(days=60), 10) == []


async def test_a_listed_headline_that_changed_while_the_page_did_not_settles(bureau: Bureau) -> None:
    claims, release = Claims(bureau.redis), office.release()
    await bureau.read(release, listing=LISTING, listed_headline="Ferries")
    changed = [Sighting(url=release.url or "", headline="Ferries (corrected)")]
    assert [claim.changed for claim in (await claims.claim(LISTING, changed, START)).claims] == [True]
    await bureau.read(release, listing=LISTING, listed_headline="Ferries (corrected)")
    assert (await claims.claim(LISTING, changed, START)).settled
    assert await bureau.types() == ["new"]


async def test_the_moment_of_listing_travels_with_the_alert(bureau: Bureau) -> None:
    await bureau.read(office.release(), journey=FetchRecord(listed_at=START))
    (event,) = await bureau.events()
    alert = await bureau.redis.hgetall(keys.alert(f"{event['id']}:desk").name)
    assert int(alert[b"listed"]) == START.timestamp() * 1000


async def test_a_gone_page_is_looked_at_again_before_it_is_told(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.gone(office.release())
    stores = CrawlStores.from_redis(bureau.redis)
    assert len(await stores.revisit_queue.due(bureau.clock() + removal_policy.REMOVAL_CONFIRMATION, 10)) == 1
    bureau.clock.at += removal_policy.UNSUPPORTED_CONFIRMATION
    await bureau.gone(office.release())
    soon = bureau.clock() + removal_policy.REMOVAL_CONFIRMATION
    assert await stores.revisit_queue.due(soon, 10) == [], "it was told"
    assert await stores.revisit_queue.due(soon + timedelta(hours=1), 10), "it may come back"


# Pages of every sort


async def test_a_reading_that_says_nothing_is_a_fault_of_ours(bureau: Bureau) -> None:
    with pytest.raises(ValueError, match="a release, or says that the page is gone"):
        await bureau.memory.ingest(PageResult(url="https://harbour-wire.example/1", source=office.WIRE))


async def test_a_release_without_a_url_is_kept_under_the_one_that_was_asked_for(bureau: Bureau) -> None:
    await bureau.read(office.release(url=None), url="https://harbour-wire.example/asked-for")
    (event,) = await bureau.events()
    assert event["data"]["release"]["url"] == "https://harbour-wire.example/asked-for"


async def test_a_page_that_redirects_is_one_release_under_both_urls(bureau: Bureau) -> None:
    await bureau.read(office.release(), url="https://harbour-wire.example/short/1")
    await bureau.read(office.release())
    assert await bureau.types() == ["new"]
    claims = Claims(bureau.redis)
    ids = {await claims.release_id(url) for url in ("https://harbour-wire.example/short/1", office.release().url or "")}
    assert len(ids) == 1
    assert ids != {None}


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("half a character", {"headline": "Half \ud83d a boat", "body": ("\udfff and text",), "issuer": "\ud800"}),
    ("nulls and controls", {"headline": "\x00\x1b[2J\u202eboats", "body": ("\x00\x01",), "tags": ("\x00",)}),
    ("markup", {"headline": "<script>alert(1)</script>", "body": ("</script><img src=x onerror=alert(1)>",)}),
    ("an endless line", {"headline": "boats " * 50_000, "body": ("x" * 3_000_000,)}),
    ("a hundred thousand paragraphs", {"body": tuple(f"Paragraph {number}." for number in range(100_000))}),
    ("Lua and Redis", {"headline": '{ww}:events "\r\nFLUSHALL\r\n', "wire_id": "*", "wire": "{ww}", "tags": ("*",)}),
    ("empty strings", {"headline": "", "body": (), "tags": (), "published_at": "", "embargoed_until": ""}),
    ("numbers that are too large", {"published_at": "9999-12-31T23:59:59-12:00", "embargoed_until": "9" * 400}),
    ("only a date", {"published_at": "2026-03-10"}),
    ("a time without an offset", {"published_at": "2026-03-10T09:00:00", "embargoed_until": "2026-03-11T09:00:00"}),
    ("an address of no web", {"original_url": "javascript:alert(1)"}),
    ("an address that cannot be read", {"original_url": "https://[::1/x"}),
]


@pytest.mark.parametrize("fields", [case[1] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
async def test_whatever_a_page_says_it_is_kept_told_and_known_the_second_time(
    bureau: Bureau, fields: dict[str, Any]
) -> None:
    hostile: Release = office.release(**fields)
    await bureau.read(hostile)
    await bureau.read(hostile)
    assert await bureau.types() == ["new"]
    assert await bureau.heard() == ["new"]
    (stored,) = [release async for release in bureau.archive.releases()]
    assert stored.release.url == hostile.url
    await bureau.read(office.release(1))
    assert await bureau.heard() == ["new", "new"]

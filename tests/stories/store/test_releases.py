"""Keep: one decision is written whole or not at all, once, and only on what it was decided on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import press_office
import pytest
from bureau import START, Bureau, reading
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from pipelines.identity import blocking_keys_of
from stories.crawl_state.claims import Claims, listing_key
from stories.db import keys
from stories.model.event import Event, StoryRef, event_json
from stories.model.ids import event_id, release_id, release_id_bytes, story_id
from stories.model.page_result import FetchRecord, PageResult
from stories.model.release import Release
from stories.model.sighting import Sighting
from stories.model.timestamps import timestamp
from stories.model.urls import url_digest
from stories.store.releases import INDEX_KEPT, RELEASES_PER_KEY, REVISIONS_KEPT, BlockingKey, Decision, ReleaseStore

LISTING = listing_key(press_office.WIRE, "https://harbour-wire.example/news")


def known_as(release: Release, now: datetime = START) -> Release:
    """Return a release with what memory gives it."""
    assert release.url is not None
    return replace(
        release, id=release_id(url_digest(release.url)), source=press_office.WIRE, first_seen_at=timestamp(now)
    )


def decided(release: Release, *, channels: tuple[str, ...] = ("desk", "log"), **fields: Any) -> Decision:
    """Return a decision that a release begins a story and alerts two channels."""
    assert release.id is not None
    event = Event(
        id=event_id("release.new", release.id, release.revision),
        type="release.new",
        timestamp=timestamp(START),
        watches=("all",),
        story=StoryRef(id=story_id(release.id), releases=1),
        release=release,
    )
    keep = Decision(
        release=release,
        story=story_id(release.id),
        verdict="new",
        why="nothing like it before",
        events=(event,),
        alerts={event.id: dict.fromkeys(channels, START)},
        revisit=START + timedelta(minutes=15),
    )
    return replace(keep, **fields)


def of_listing(release: Release) -> PageResult:
    journey = FetchRecord(listed_at=START - timedelta(seconds=1))
    return reading(release, listing=LISTING, listed_headline=release.headline, journey=journey)


@pytest.fixture
def keeper(redis: Redis) -> ReleaseStore:
    return ReleaseStore(redis)


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


async def kept(keeper: ReleaseStore, keep: Decision, now: datetime = START) -> bool:
    found = blocking_keys_of(keep.release)
    knowledge = await keeper.lookup(keep.release.id or "", found)
    return await keeper.commit(keep, of_listing(keep.release), found, knowledge.fingerprint, now)


async def test_everything_of_a_decision_is_there_after_one_call(
    keeper: ReleaseStore, bureau: Bureau, redis: Redis
) -> None:
    release = known_as(press_office.release())
    assert release.url
    assert release.id
    claims = Claims(redis)
    listed = [Sighting(url=release.url, headline=release.headline)]
    await claims.claim(LISTING, listed, START)
    keep = decided(release)
    assert await kept(keeper, keep)

    stored = await bureau.archive.release(release.id)
    assert stored is not None
    assert (stored.release, stored.story, stored.verdict, stored.why) == (
        release, keep.story, "new", "nothing like it before"
    )  # fmt: skip
    story = await bureau.archive.story(keep.story)
    assert story is not None
    assert (story.channels, story.watches) == (("desk", "log"), ("all",))
    assert await bureau.heard("desk") == await bureau.heard("log") == ["new"]
    alert = await redis.hgetall(keys.alert(f"{keep.events[0].id}:desk").name)
    assert alert[b"state"] == b"pending"
    assert int(alert[b"listed"]) == int((START - timedelta(seconds=1)).timestamp() * 1000)
    assert (await claims.claim(LISTING, listed, START)).settled, "the page is known, its lease over"
    assert await redis.zrange(keys.revisits_due().name, 0, -1) == [release.id.encode()]
    assert await redis.hget(keys.source(press_office.WIRE).name, "releases") == b"1"


async def test_the_stream_holds_exactly_the_contracts_json(keeper: ReleaseStore, redis: Redis) -> None:
    keep = decided(known_as(press_office.release()))
    await kept(keeper, keep)
    [(_, fields)] = await redis.xrange(keys.events().name)
    assert fields == {b"event": event_json(keep.events[0])}
    told = json.loads(fields[b"event"])
    assert list(told) == ["type", "id", "timestamp", "data"]
    assert list(told["data"]) == [
        "watches", "story", "release", "replaces", "changes", "claims", "outdated", "relation", "follows",
    ]  # fmt: skip
    assert set(told["data"]["release"]) == {
        "id", "revision", "url", "source", "wire", "wire_id", "headline", "subheadline", "dateline", "published_at",
        "published_from", "first_seen_at", "embargoed_until", "tags", "tags_from", "tickers", "issuer", "language",
        "body", "about", "disclaimer", "contacts", "images", "notice",
    }  # fmt: skip


async def test_a_repeated_call_after_a_lost_reply_changes_nothing(keeper: ReleaseStore, bureau: Bureau) -> None:
    keep = decided(known_as(press_office.release()))
    found = blocking_keys_of(keep.release)
    seen = await keeper.lookup(keep.release.id or "", found)
    assert await keeper.commit(keep, of_listing(keep.release), found, seen.fingerprint, START)
    before = await bureau.everything()
    assert await keeper.commit(keep, of_listing(keep.release), found, seen.fingerprint, START)
    assert await bureau.everything() == before


async def test_an_event_that_was_told_is_not_told_again_by_another_call(keeper: ReleaseStore, bureau: Bureau) -> None:
    keep = decided(known_as(press_office.release()))
    assert await kept(keeper, keep)
    assert await kept(keeper, keep, START + timedelta(minutes=1))
    assert await bureau.types() == ["new"]
    assert await bureau.heard() == ["new"]


async def test_nothing_is_kept_when_a_candidate_came_meanwhile(keeper: ReleaseStore, bureau: Bureau) -> None:
    first, second = known_as(press_office.release()), known_as(press_office.copy())
    found = blocking_keys_of(second)
    seen = await keeper.lookup(second.id or "", found)
    assert seen.candidates == ()
    assert await kept(keeper, decided(first))
    before = await bureau.everything()
    assert not await keeper.commit(decided(second), of_listing(second), found, seen.fingerprint, START)
    assert await bureau.everything() == before


@pytest.mark.parametrize("change", ["revision", "channels", "releases", "replaces"])
async def test_nothing_is_kept_when_a_candidate_or_its_story_changed_meanwhile(
    keeper: ReleaseStore, bureau: Bureau, redis: Redis, change: str
) -> None:
    first, second = known_as(press_office.release()), known_as(press_office.copy())
    keep = decided(first)
    await kept(keeper, keep)
    found = blocking_keys_of(second)
    seen = await keeper.lookup(second.id or "", found)
    assert [candidate.release.id for candidate in seen.candidates] == [first.id]
    if change == "revision":
        await kept(keeper, replace(keep, release=replace(first, revision=2), revises=True, events=(), alerts={}))
    elif change == "channels":
        await redis.zadd(keys.story(keep.story).name, {"c:another": 0})
    elif change == "releases":
        other = known_as(press_office.copy(site=press_office.GAZETTE))
        await kept(keeper, replace(decided(other, events=(), alerts={}), story=keep.story))
    else:
        other = known_as(press_office.copy(1))
        await kept(keeper, decided(other, events=(), alerts={}, links={first.id or "": other.id or ""}))
    assert not await keeper.commit(decided(second), of_listing(second), found, seen.fingerprint, START)
    assert await bureau.archive.release(second.id or "") is None


async def test_nothing_is_kept_when_the_page_itself_was_kept_meanwhile(keeper: ReleaseStore, bureau: Bureau) -> None:
    release = known_as(press_office.release())
    found = blocking_keys_of(release)
    seen = await keeper.lookup(release.id or "", found)
    await kept(keeper, decided(release))
    changed = replace(release, body=("Other words.",))
    assert not await keeper.commit(decided(changed), of_listing(changed), found, seen.fingerprint, START)
    stored = await bureau.archive.release(release.id or "")
    assert stored is not None
    assert stored.release == release


LINKED = "rel_a_notice_that_waits"


def _written(keep: Decision) -> dict[str, str]:
    """Return every key that keeping this writes."""
    release, event = keep.release, keep.events[0].id
    page = url_digest(release.url or "")
    index = blocking_keys_of(release)[-1]
    return {
        "release": keys.release(release.id or "").name,
        "revisions": keys.revisions(release.id or "").name,
        "story": keys.story(keep.story).name,
        "releases": keys.releases().name,
        "events": keys.events().name,
        "history": keys.history().name,
        "changes": keys.changes().name,
        "alerts": keys.alerts().name,
        "page": keys.page(page).name,
        "claim": keys.claim(page).name,
        "revisits": keys.revisits_due().name,
        "source": keys.source(press_office.WIRE).name,
        "index": keys.index(index.digest).name,
        "event": keys.event(event).name,
        "alert": keys.alert(f"{event}:log").name,
        "outbox": keys.outbox("log").name,
        "link": keys.release(LINKED).name,
    }


@pytest.mark.parametrize("which", sorted(_written(decided(known_as(press_office.release())))))
async def test_a_key_of_a_wrong_type_keeps_everything_out_and_after_repair_the_retry_works(
    keeper: ReleaseStore, bureau: Bureau, redis: Redis, which: str
) -> None:
    keep = decided(known_as(press_office.release()), links={LINKED: "rel_x"})
    found = blocking_keys_of(keep.release)
    seen = await keeper.lookup(keep.release.id or "", found)
    wrong = _written(keep)[which]
    if which in ("release", "index", "claim", "event", "link"):
        await redis.rpush(wrong, "x")
    else:
        await redis.set(wrong, "x")
    await redis.expire(wrong, 60)
    before = await bureau.everything()
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await keeper.commit(keep, of_listing(keep.release), found, seen.fingerprint, START)
    assert await bureau.everything() == before
    await redis.delete(wrong)
    assert await keeper.commit(keep, of_listing(keep.release), found, seen.fingerprint, START)
    assert await bureau.heard("log") == ["new"]


async def test_a_redis_without_room_refuses_before_anything_is_written(
    keeper: ReleaseStore, bureau: Bureau, redis: Redis
) -> None:
    keep = decided(known_as(press_office.release()))
    found = blocking_keys_of(keep.release)
    seen = await keeper.lookup(keep.release.id or "", found)
    await redis.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(OutOfMemoryError):
            await keeper.commit(keep, of_listing(keep.release), found, seen.fingerprint, START)
        assert await redis.dbsize() == 0
    finally:
        await redis.config_set("maxmemory", "0")
    assert await keeper.commit(keep, of_listing(keep.release), found, seen.fingerprint, START)
    assert await bureau.types() == ["new"]


async def test_a_lookup_gives_the_newest_that_share_a_trait_and_always_the_head_of_their_story(
    keeper: ReleaseStore, redis: Redis
) -> None:
    trait = BlockingKey(kind="band", digest="0123456789abcdef0123")
    first = known_as(press_office.release())
    story = story_id(first.id or "")
    for number in range(RELEASES_PER_KEY + 10):
        moment = START + timedelta(minutes=number)
        release = known_as(press_office.copy(url=f"https://daily-mirror.example/{number}"), moment) if number else first
        keep = replace(decided(release, events=(), alerts={}), story=story)
        seen = await keeper.lookup(release.id or "", [trait])
        assert await keeper.commit(keep, of_listing(release), [trait], seen.fingerprint, moment)
    found = await keeper.lookup(release_id("unknown"), [trait])
    assert found.own is None
    assert first.id in [candidate.release.id for candidate in found.candidates]
    assert [candidate.release.id for candidate in found.candidates if candidate.first] == [first.id]
    assert {candidate.releases for candidate in found.candidates} == {RELEASES_PER_KEY + 10}
    newest = release_id(url_digest(f"https://daily-mirror.example/{RELEASES_PER_KEY + 9}"))
    assert found.candidates[0].release.id == newest


async def test_an_index_and_the_revisions_of_a_page_stay_bounded(
    keeper: ReleaseStore, redis: Redis, bureau: Bureau
) -> None:
    trait = BlockingKey(kind="headline", digest="fedcba98765432100123")
    came = []
    for number in range(INDEX_KEPT + 5):
        release = known_as(
            press_office.release(url=f"https://harbour-wire.example/{number}"), START + timedelta(hours=number)
        )
        keep = decided(release, events=(), alerts={})
        seen = await keeper.lookup(release.id or "", [trait])
        await keeper.commit(keep, of_listing(release), [trait], seen.fingerprint, START)
        came.append(release_id_bytes(release.id or ""))
    assert await redis.get(keys.index(trait.digest).name) == b"".join(came[-INDEX_KEPT:]), "the newest, each 16 bytes"

    page = known_as(press_office.release())
    for revision in range(1, REVISIONS_KEPT + 6):
        state = replace(page, revision=revision, body=(f"Read {revision} times.",))
        await kept(keeper, replace(decided(state, events=(), alerts={}), revises=revision > 1))
    states = await bureau.archive.revisions(page.id or "")
    assert len(states) == REVISIONS_KEPT + 1
    assert [state.revision for state in states] == [1, *range(6, REVISIONS_KEPT + 6)]


async def test_what_is_older_than_memory_leaves_the_list_of_releases(keeper: ReleaseStore, redis: Redis) -> None:
    old, young = known_as(press_office.release()), known_as(press_office.release(1), START + keys.RELEASE_LIFETIME)
    await kept(keeper, decided(old))
    await kept(keeper, decided(young), START + keys.RELEASE_LIFETIME + timedelta(seconds=1))
    assert await redis.zrange(keys.releases().name, 0, -1) == [(young.id or "").encode()]


async def test_of_very_many_that_are_older_than_memory_each_release_that_comes_takes_some_along(
    keeper: ReleaseStore, redis: Redis
) -> None:
    await redis.zadd(keys.releases().name, {release_id(str(number)): number + 1 for number in range(150)})
    for number in range(2):
        moment = START + timedelta(minutes=number)
        await kept(keeper, decided(known_as(press_office.release(number), moment)), moment)
        assert await redis.zcard(keys.releases().name) == (51, 2)[number]


async def test_a_release_that_left_memory_is_no_candidate_and_its_story_dangles_nowhere(
    keeper: ReleaseStore, redis: Redis, bureau: Bureau
) -> None:
    first, second = known_as(press_office.release()), known_as(press_office.copy())
    keep = decided(first)
    await kept(keeper, keep)
    await redis.delete(keys.release(first.id or "").name, keys.revisions(first.id or "").name)
    assert (await keeper.lookup(second.id or "", blocking_keys_of(second))).candidates == ()
    assert await kept(keeper, replace(decided(second), story=keep.story))
    story = await bureau.archive.story(keep.story)
    assert story is not None
    assert [release.release.id for release in story.releases] == [second.id]
    assert [release async for release in bureau.archive.releases()] == list(story.releases)

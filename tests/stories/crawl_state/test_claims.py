"""Claims: who reads which page, told from outside by what two workers are given."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from stories.crawl_state import claims as claiming
from stories.crawl_state.backlog import Backlog
from stories.crawl_state.claims import RETRIES, SETTLED_FAILURES, ClaimResult, Claims, listed_digest, listing_key
from stories.crawl_state.pending_sightings import PendingSightings
from stories.db import keys
from stories.model.sighting import PendingSighting, Sighting
from stories.model.urls import url_digest

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
LISTING = listing_key("harbour-wire", "https://harbour-wire.example/news")
OTHER_LISTING = listing_key("harbour-wire", "https://harbour-wire.example/tag/ferries")


def page(number: int) -> str:
    return f"https://harbour-wire.example/news/{number}"


def seen(*numbers: int, headline: str = "Ferries Ordered") -> list[Sighting]:
    return [Sighting(url=page(number), headline=f"{headline} {number}") for number in numbers]


def urls(claimed: ClaimResult) -> list[str]:
    return [claim.sighting.url for claim in claimed.claims]


async def leases_end(redis: Redis, pages: Iterable[int]) -> None:
    """What a crash leads to, ten minutes later."""
    for number in pages:
        assert await redis.delete(keys.claim(url_digest(page(number))).name) == 1


@pytest.fixture
def claims(redis: Redis) -> Claims:
    return Claims(redis)


async def test_unseen_sightings_are_leased_in_the_listings_order_and_only_once(claims: Claims, redis: Redis) -> None:
    first = await claims.claim(LISTING, seen(3, 1, 2), NOW)
    second = await Claims(redis).claim(LISTING, seen(3, 1, 2, 4), NOW)
    assert urls(first) == [page(3), page(1), page(2)]
    assert urls(second) == [page(4)]
    assert not any(claim.silent or claim.changed for claim in (*first.claims, *second.claims))


async def test_a_lease_that_ends_gives_the_page_to_the_next_poll(claims: Claims, redis: Redis) -> None:
    await claims.claim(LISTING, seen(1, 2), NOW)
    assert 0 < await redis.pttl(keys.claim(url_digest(page(1))).name) <= keys.CLAIM_LEASE.total_seconds() * 1000
    await leases_end(redis, [1])
    assert urls(await claims.claim(LISTING, seen(1, 2), NOW)) == [page(1)]


async def test_a_page_that_was_read_is_never_claimed_again(claims: Claims) -> None:
    await claims.claim(LISTING, seen(1), NOW)
    await claims.record_unchanged(page(1), "rel_1", LISTING, "Ferries Ordered 1")
    again = await claims.claim(LISTING, seen(1), NOW)
    assert again == ClaimResult(claims=(), settled=True)
    assert await claims.release_id(page(1)) == "rel_1"


def versioned(*versions: str) -> list[Sighting]:
    return [
        Sighting(url=page(number), headline=f"Ferries Ordered {number}", version=version)
        for number, version in enumerate(versions)
    ]


async def read_all(claims: Claims, sightings: Iterable[Sighting]) -> None:
    for sighting in sightings:
        await claims.record_unchanged(sighting.url, "rel_1", LISTING, sighting.headline, sighting.version)


async def test_a_page_whose_listed_version_changed_is_claimed_until_it_was_read(claims: Claims, redis: Redis) -> None:
    await read_all(claims, versioned("a", "b"))
    moved = await claims.claim(LISTING, versioned("a", "new"), NOW)
    assert (urls(moved), moved.claims[0].changed, moved.settled) == ([page(1)], True, False)
    await leases_end(redis, [1])
    assert urls(await claims.claim(LISTING, versioned("a", "new"), NOW)) == [page(1)], "a crash loses no change"
    await read_all(claims, versioned("a", "new"))
    assert await claims.claim(LISTING, versioned("a", "new"), NOW) == ClaimResult(claims=(), settled=True)


async def test_pages_stored_without_a_version_are_not_read_again_when_their_listing_gets_one(claims: Claims) -> None:
    await read_all(claims, seen(0, 1))
    assert urls(await claims.claim(LISTING, versioned("a", "b"), NOW)) == []
    assert urls(await claims.claim(LISTING, seen(0, 1), NOW)) == [], "an answer without versions forgets none"
    assert urls(await claims.claim(LISTING, versioned("a", "new"), NOW)) == [page(1)]


async def test_a_listing_that_dates_all_entries_anew_with_each_answer_causes_no_requests(claims: Claims) -> None:
    await read_all(claims, versioned(*["09:00"] * 20))
    assert urls(await claims.claim(LISTING, versioned(*["09:05"] * 20), NOW)) == []
    assert urls(await claims.claim(LISTING, versioned(*["09:05"] * 19, "09:10"), NOW)) == [page(19)]


async def test_a_version_that_changes_without_the_page_is_ignored_after_three_readings(claims: Claims) -> None:
    await read_all(claims, versioned("0"))
    read = 0
    for version in "123456":
        claimed = await claims.claim(LISTING, versioned(version), NOW)
        read += len(claimed.claims)
        await read_all(claims, [claim.sighting for claim in claimed.claims])
    assert read == 3
    renamed = [Sighting(url=page(0), headline="Ferries Ordered (corrected)", version="7")]
    assert urls(await claims.claim(LISTING, renamed, NOW)) == [page(0)], "another headline counts"


async def test_a_listing_is_settled_only_when_what_is_open_on_it_is_pending(claims: Claims, redis: Redis) -> None:
    assert (await claims.claim(LISTING, seen(1), NOW)).settled, "the lister makes it pending"
    assert not (await claims.claim(LISTING, seen(1), NOW)).settled, "another worker reads it, and it is not pending"
    pending = [PendingSighting(source="wire", listing=LISTING, tag=None, sighting=sighting) for sighting in seen(1)]
    await PendingSightings(redis).add(pending, NOW)
    assert (await claims.claim(LISTING, seen(1), NOW)).settled, "it is read in the end"
    await claims.record_unchanged(page(1), "rel_1", LISTING, "Ferries Ordered 1")
    assert (await claims.claim(LISTING, seen(1), NOW)).settled
    assert (await claims.claim(LISTING, [], NOW)).settled


async def test_what_a_first_poll_holds_stays_silent_when_it_is_read_after_a_crash(claims: Claims, redis: Redis) -> None:
    first = await claims.claim(LISTING, seen(1, 2), NOW, seeding=True)
    assert [claim.silent for claim in first.claims] == [True, True]
    await leases_end(redis, [1, 2])
    later = await claims.claim(LISTING, seen(1, 2, 3), NOW)
    assert [(claim.sighting.url, claim.silent) for claim in later.claims] == [
        (page(1), True),
        (page(2), True),
        (page(3), False),
    ]


async def test_a_release_that_one_listing_named_as_new_is_not_silenced_by_the_first_poll_of_another(
    claims: Claims, redis: Redis
) -> None:
    await claims.claim(LISTING, seen(1), NOW)
    await claims.record_failure(page(1), "503", NOW)
    later = NOW + RETRIES[0]
    first_of_another = await claims.claim(OTHER_LISTING, seen(1), later, seeding=True)
    assert [claim.silent for claim in first_of_another.claims] == [False]


async def test_a_seeded_page_that_fails_stays_silent(claims: Claims) -> None:
    await claims.claim(LISTING, seen(1), NOW, seeding=True)
    delay = await claims.record_failure(page(1), "503", NOW)
    later = await claims.claim(LISTING, seen(1), NOW + delay)
    assert [claim.silent for claim in later.claims] == [True]


async def test_a_changed_headline_is_claimed_as_changed(claims: Claims) -> None:
    await claims.claim(LISTING, seen(1), NOW)
    await claims.record_unchanged(page(1), "rel_1", LISTING, "Ferries Ordered 1")
    changed = await claims.claim(LISTING, seen(1, headline="CORRECTION: Ferries Ordered"), NOW)
    assert [(claim.changed, claim.silent) for claim in changed.claims] == [(True, False)]
    assert not changed.settled
    await claims.record_unchanged(page(1), "rel_1", LISTING, "CORRECTION: Ferries Ordered 1")
    assert (await claims.claim(LISTING, seen(1, headline="CORRECTION: Ferries Ordered"), NOW)).settled


@pytest.mark.parametrize(
    "listed", [None, "", "  FERRIES   ordered 1 "], ids=["no headline", "an empty one", "case and spaces"]
)
async def test_a_headline_that_says_nothing_else_is_no_change(claims: Claims, listed: str | None) -> None:
    await claims.record_unchanged(page(1), "rel_1", LISTING, "Ferries Ordered 1")
    assert (await claims.claim(LISTING, [Sighting(url=page(1), headline=listed)], NOW)).settled


async def test_another_listing_may_show_the_same_page_under_another_headline(claims: Claims) -> None:
    await claims.record_unchanged(page(1), "rel_1", LISTING, "Ferries Ordered 1")
    short = [Sighting(url=page(1), headline="Ferries")]
    assert (await claims.claim(OTHER_LISTING, short, NOW)).settled, "the first time it is only noted"
    changed = await claims.claim(OTHER_LISTING, [Sighting(url=page(1), headline="Ferries, corrected")], NOW)
    assert [claim.changed for claim in changed.claims] == [True]
    assert (await claims.claim(LISTING, seen(1), NOW)).settled is False, "being read, whoever looks"


async def test_a_page_named_twice_in_one_listing_is_claimed_once_and_stays_settled(claims: Claims) -> None:
    twice = [Sighting(url=page(1), headline="Ferries"), Sighting(url=page(1) + "/", headline="Read more")]
    assert urls(await claims.claim(LISTING, twice, NOW)) == [page(1)]
    await claims.record_unchanged(page(1), "rel_1", LISTING, "Ferries")
    assert (await claims.claim(LISTING, twice, NOW)).settled


async def test_a_repeated_call_after_a_lost_reply_gets_its_own_leases(
    claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming.secrets, "token_hex", lambda size: "the same call")
    first = await claims.claim(LISTING, seen(1, 2), NOW, seeding=True)
    repeated = await claims.claim(LISTING, seen(1, 2), NOW, seeding=True)
    assert repeated == first


async def test_a_page_that_fails_is_left_alone_ever_longer_and_keeps_its_listing_open_for_a_while(
    claims: Claims,
) -> None:
    now, delays, settled = NOW, [], []
    for _ in range(7):
        assert urls(await claims.claim(LISTING, seen(1), now)) == [page(1)]
        delays.append(await claims.record_failure(page(1), "503 Service Unavailable", now))
        early = await claims.claim(LISTING, seen(1), now + delays[-1] - timedelta(seconds=1))
        assert early.claims == ()
        settled.append(early.settled)
        now += delays[-1] + timedelta(seconds=1)
    assert delays == [*RETRIES, RETRIES[-1], RETRIES[-1]]
    assert settled == [number + 1 >= SETTLED_FAILURES for number in range(7)]


async def test_a_page_that_could_be_read_at_last_begins_anew(claims: Claims) -> None:
    for _ in range(3):
        await claims.record_failure(page(1), "503", NOW)
    await claims.record_unchanged(page(1), "rel_1", LISTING, "Ferries Ordered 1")
    assert await claims.record_failure(page(1), "503", NOW) == RETRIES[0]


async def test_a_reason_from_a_hostile_page_is_cut_and_written_all_the_same(claims: Claims, redis: Redis) -> None:
    await claims.record_failure(page(1), "\ud83d" + "x" * 10_000_000, NOW)
    assert len(await redis.hget(keys.page(url_digest(page(1))).name, "reason") or b"") <= 500


async def test_a_page_given_back_is_claimed_at_once(claims: Claims) -> None:
    await claims.claim(LISTING, seen(1), NOW)
    await claims.return_lease(page(1))
    assert urls(await claims.claim(LISTING, seen(1), NOW)) == [page(1)]


async def test_the_first_sight_of_a_gone_page_is_remembered_until_it_is_back(claims: Claims) -> None:
    first = await claims.record_gone(page(1), NOW)
    assert await claims.record_gone(page(1), NOW + timedelta(minutes=5)) == first == NOW
    await claims.record_unchanged(page(1), "rel_1", None, None)
    later = NOW + timedelta(hours=1)
    assert await claims.record_gone(page(1), later) == later


async def test_a_key_of_a_wrong_type_leases_nothing_and_the_retry_works(claims: Claims, redis: Redis) -> None:
    wrong = keys.page(url_digest(page(2))).name
    await redis.set(wrong, "not a hash", ex=60)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await claims.claim(LISTING, seen(1, 2), NOW, seeding=True)
    assert await redis.keys() == [wrong.encode()]
    await redis.delete(wrong)
    assert [claim.silent for claim in (await claims.claim(LISTING, seen(1, 2), NOW, seeding=True)).claims] == [True] * 2


async def test_a_redis_without_room_leases_nothing(claims: Claims, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(OutOfMemoryError):
            await claims.claim(LISTING, seen(1, 2), NOW, seeding=True)
        assert await redis.dbsize() == 0
    finally:
        await redis.config_set("maxmemory", "0")
    assert len((await claims.claim(LISTING, seen(1, 2), NOW)).claims) == 2


async def test_three_workers_share_a_listing_without_overlap(redis_url: str) -> None:
    workers = [Redis.from_url(redis_url) for _ in range(3)]
    try:
        claimed = await asyncio.gather(*(Claims(worker).claim(LISTING, seen(*range(50)), NOW) for worker in workers))
    finally:
        for worker in workers:
            await worker.aclose()
    every = [url for outcome in claimed for url in urls(outcome)]
    assert sorted(every) == sorted(page(number) for number in range(50))


@given(st.text())
def test_any_headline_has_a_digest_and_only_an_empty_one_has_none(headline: str) -> None:
    assert bool(listed_digest(headline)) is bool(headline.split())


async def test_a_daemon_takes_over_at_once_what_the_one_before_it_was_reading(redis: Redis) -> None:
    await Claims(redis, "daemon").claim(LISTING, seen(1, 2), NOW)
    await Claims(redis).claim(LISTING, seen(3), NOW)
    successor = Claims(redis, "daemon")
    assert urls(await successor.claim(LISTING, seen(1, 2, 3), NOW)) == [page(1), page(2)], "3 is a person's crawl"
    assert urls(await successor.claim(LISTING, seen(1, 2, 3), NOW)) == [], "its own leases hold"
    assert urls(await Claims(redis).claim(LISTING, seen(1, 2, 3), NOW)) == [], "and for everybody else too"


async def test_what_came_out_after_a_first_poll_that_was_killed_is_new(claims: Claims, redis: Redis) -> None:
    await claims.claim(LISTING, seen(1, 2), NOW, seeding=True, poll="09:30:00")
    await claims.claim(LISTING, seen(3), NOW, seeding=True, poll="09:30:00")  # its second page
    await leases_end(redis, [1, 2, 3])
    after = await Claims(redis).claim(LISTING, seen(4, 1, 2, 3), NOW, seeding=True, poll="09:31:00")
    assert [(claim.sighting.url, claim.silent) for claim in after.claims] == [
        (page(4), False),
        (page(1), True),
        (page(2), True),
        (page(3), True),
    ]


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=3)])
async def test_a_page_that_failed_before_the_clock_was_set_back_does_not_wait_for_as_long_as_that(
    claims: Claims, back: timedelta
) -> None:
    await claims.claim(LISTING, seen(1), NOW)
    await claims.record_failure(page(1), "503", NOW)
    assert await claims.next_attempt_at(page(1), NOW) == NOW + RETRIES[0]
    assert urls(await claims.claim(LISTING, seen(1), NOW)) == [], "its wait is not over"
    assert await claims.next_attempt_at(page(1), NOW - back) == NOW - back
    assert urls(await claims.claim(LISTING, seen(1), NOW - back)) == [page(1)]


async def test_beyond_the_limit_pages_are_deferred_and_what_waits_is_left_to_the_backlog(claims: Claims, redis: Redis):
    first = await claims.claim(LISTING, seen(1, 2, 3), NOW, limit=1, source="wire")
    assert [claim.sighting.url for claim in first.claims] == [page(1)]
    assert [sighting.url for sighting in first.deferred] == [page(2), page(3)]
    pending = [
        PendingSighting(source="wire", listing=LISTING, tag=None, sighting=sighting) for sighting in first.deferred
    ]
    await Backlog(redis).add("wire", pending, NOW)
    again = await claims.claim(LISTING, seen(1, 2, 3, 4), NOW, limit=5, source="wire")
    assert [claim.sighting.url for claim in again.claims] == [page(4)]
    assert again.deferred == ()
    by_hand = await claims.claim(LISTING, seen(2), NOW)
    assert [claim.sighting.url for claim in by_hand.claims] == [page(2)]
    assert await Backlog(redis).sizes() == {"wire": (2, 2)}

"""The stores of the crawl's state between two polls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from stories.crawl_state.crawl_requests import CrawlState
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.source_status import SourceHealth
from stories.db import keys
from stories.model.sighting import Cursor, Poll

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def stores(redis: Redis) -> CrawlStores:
    return CrawlStores.from_redis(redis)


async def test_a_listing_that_was_never_polled_has_an_empty_cursor(stores: CrawlStores) -> None:
    assert await stores.cursors.get("nothing") == Cursor()


async def test_a_cursor_comes_back_as_it_was_put(stores: CrawlStores, redis: Redis) -> None:
    cursor = Cursor(etag='W/"ä"', last_modified="Tue, 10 Mar 2026 09:00:00 GMT", read_at="2026-03-10T09:30:00.000Z",
                    failures=3, error="503 Service Unavailable", sightings=40)  # fmt: skip
    await stores.cursors.put("listing", cursor)
    assert await stores.cursors.get("listing") == cursor
    assert 0 < await redis.ttl(keys.cursor("listing").name) <= keys.RELEASE_LIFETIME.total_seconds()


async def test_a_sources_health_tells_its_last_reading_and_its_last_error(stores: CrawlStores) -> None:
    assert await stores.source_status.health("harbour-wire") == SourceHealth()
    read = Cursor(polled_at="2026-03-10T09:30:00.000Z", read_at="2026-03-10T09:30:00.000Z", sightings=12)
    await stores.cursors.record_poll("harbour-wire", read)
    await stores.cursors.record_poll(
        "harbour-wire", Cursor(polled_at="2026-03-10T09:35:00.000Z", failures=2, error="timed out after 40 s")
    )
    assert await stores.source_status.health("harbour-wire") == SourceHealth(
        polled_at="2026-03-10T09:35:00.000Z",
        read_at="2026-03-10T09:30:00.000Z",
        failures=2,
        error="timed out after 40 s",
        sightings=12,
    )
    await stores.cursors.record_poll("harbour-wire", read)
    healed = await stores.source_status.health("harbour-wire")
    assert (healed.failures, healed.error) == (0, None)


async def test_polls_that_are_asked_for_are_taken_in_order_and_once(stores: CrawlStores) -> None:
    polls = [
        Poll(source="harbour-wire", listing="https://harbour-wire.example/tag/a", tag="A", reason="trigger",
             crawl_id="crl_1", asked_at=NOW),
        Poll(source="harbour-wire", urls=("https://harbour-wire.example/1",), reason="crawl", crawl_id="crl_2",
             asked_at=NOW),
    ]  # fmt: skip
    for poll in polls:
        await stores.crawl_requests.submit(poll)
    assert await stores.crawl_requests.state("crl_2") == CrawlState(
        id="crl_2", state="queued", source="harbour-wire", url="https://harbour-wire.example/1",
        asked_at="2026-03-10T09:30:00.000Z",
    )  # fmt: skip
    assert [await stores.crawl_requests.next(1), await stores.crawl_requests.next(1)] == polls
    assert await stores.crawl_requests.next(0.01) is None


async def test_a_crawl_that_is_asked_for_while_a_daemon_starts_waits_once(
    stores: CrawlStores, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = Poll(source="harbour-wire", reason="trigger", crawl_id="crl_1", asked_at=NOW)
    for name in ("hgetall", "lrange"):
        monkeypatch.setattr(redis, name, _and_then_ask(getattr(redis, name), stores, poll))
    assert list(await stores.crawl_requests.requeue_lost()) == []
    assert await redis.llen(keys.poll_requests().name) == 1


def _and_then_ask(command: Any, stores: CrawlStores, poll: Poll) -> Any:
    async def ask_after(*arguments: Any) -> Any:
        found = await command(*arguments)
        if await stores.crawl_requests.state("crl_1") is None:
            await stores.crawl_requests.submit(poll)
        return found

    return ask_after


async def test_a_crawl_can_be_followed_and_an_unknown_one_is_nothing(stores: CrawlStores) -> None:
    done = CrawlState(id="crl_1", state="done", listings=2, releases=3, events=1, errors=("one page: 503",))
    await stores.crawl_requests.put_state(done)
    assert await stores.crawl_requests.state("crl_1") == done
    assert await stores.crawl_requests.state("crl_none") is None


async def test_the_clock_is_known_to_have_ticked_only_when_it_did(stores: CrawlStores) -> None:
    assert await stores.clock_ticks.last() is None
    await stores.clock_ticks.record(NOW)
    assert await stores.clock_ticks.last() == NOW


async def test_pages_that_are_due_are_given_the_longest_due_first_and_at_most_so_many(stores: CrawlStores) -> None:
    for number, minutes in enumerate((5, 1, 3, 9)):
        await stores.revisit_queue.schedule(f"rel_{number}", NOW + timedelta(minutes=minutes))
    await stores.revisit_queue.schedule("rel_2", None)
    at = NOW + timedelta(minutes=5)
    assert await stores.revisit_queue.due(at, 10) == ["rel_1", "rel_0"]
    assert await stores.revisit_queue.due(at, 1) == ["rel_1"]
    assert await stores.revisit_queue.due(NOW, 10) == []

"""The desk: what the crawl remembers between two polls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from stories.crawl_state.desk import CrawlState, Desk, SourceHealth
from stories.db import keys
from stories.model.sighting import Cursor, Poll

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def desk(redis: Redis) -> Desk:
    return Desk(redis)


async def test_a_listing_that_was_never_polled_has_an_empty_cursor(desk: Desk) -> None:
    assert await desk.cursor("nothing") == Cursor()


async def test_a_cursor_comes_back_as_it_was_put(desk: Desk, redis: Redis) -> None:
    cursor = Cursor(etag='W/"ä"', last_modified="Tue, 10 Mar 2026 09:00:00 GMT", read_at="2026-03-10T09:30:00.000Z",
                    failures=3, error="503 Service Unavailable", sightings=40)  # fmt: skip
    await desk.put_cursor("listing", cursor)
    assert await desk.cursor("listing") == cursor
    assert 0 < await redis.ttl(keys.cursor("listing").name) <= keys.RELEASE_LIFETIME.total_seconds()


async def test_a_sources_health_tells_its_last_reading_and_its_last_error(desk: Desk) -> None:
    assert await desk.health("harbour-wire") == SourceHealth()
    read = Cursor(polled_at="2026-03-10T09:30:00.000Z", read_at="2026-03-10T09:30:00.000Z", sightings=12)
    await desk.polled("harbour-wire", read)
    await desk.polled(
        "harbour-wire", Cursor(polled_at="2026-03-10T09:35:00.000Z", failures=2, error="timed out after 40 s")
    )
    assert await desk.health("harbour-wire") == SourceHealth(
        polled_at="2026-03-10T09:35:00.000Z",
        read_at="2026-03-10T09:30:00.000Z",
        failures=2,
        error="timed out after 40 s",
        sightings=12,
    )
    await desk.polled("harbour-wire", read)
    healed = await desk.health("harbour-wire")
    assert (healed.failures, healed.error) == (0, None)


async def test_polls_that_are_asked_for_are_taken_in_order_and_once(desk: Desk) -> None:
    polls = [
        Poll(source="harbour-wire", listing="https://harbour-wire.example/tag/a", tag="A", reason="trigger",
             crawl_id="crl_1", asked_at=NOW),
        Poll(source="harbour-wire", urls=("https://harbour-wire.example/1",), reason="crawl", crawl_id="crl_2",
             asked_at=NOW),
    ]  # fmt: skip
    for poll in polls:
        await desk.ask(poll)
    assert await desk.crawl("crl_2") == CrawlState(
        id="crl_2", state="queued", source="harbour-wire", url="https://harbour-wire.example/1",
        asked_at="2026-03-10T09:30:00.000Z",
    )  # fmt: skip
    assert [await desk.asked(1), await desk.asked(1)] == polls
    assert await desk.asked(0.01) is None


async def test_a_crawl_that_is_asked_for_while_a_daemon_starts_waits_once(
    desk: Desk, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = Poll(source="harbour-wire", reason="trigger", crawl_id="crl_1", asked_at=NOW)
    for name in ("hgetall", "lrange"):
        monkeypatch.setattr(redis, name, _and_then_ask(getattr(redis, name), desk, poll))
    assert list(await desk.ask_again()) == []
    assert await redis.llen(keys.poll_requests().name) == 1


def _and_then_ask(command: Any, desk: Desk, poll: Poll) -> Any:
    async def ask_after(*arguments: Any) -> Any:
        found = await command(*arguments)
        if await desk.crawl("crl_1") is None:
            await desk.ask(poll)
        return found

    return ask_after


async def test_a_crawl_can_be_followed_and_an_unknown_one_is_nothing(desk: Desk) -> None:
    done = CrawlState(id="crl_1", state="done", listings=2, releases=3, events=1, errors=("one page: 503",))
    await desk.put_crawl(done)
    assert await desk.crawl("crl_1") == done
    assert await desk.crawl("crl_none") is None


async def test_the_clock_is_known_to_have_ticked_only_when_it_did(desk: Desk) -> None:
    assert await desk.ticked() is None
    await desk.tick(NOW)
    assert await desk.ticked() == NOW


async def test_pages_that_are_due_are_given_the_longest_due_first_and_at_most_so_many(desk: Desk) -> None:
    for number, minutes in enumerate((5, 1, 3, 9)):
        await desk.put_revisit(f"rel_{number}", NOW + timedelta(minutes=minutes))
    await desk.put_revisit("rel_2", None)
    at = NOW + timedelta(minutes=5)
    assert await desk.due_revisits(at, 10) == ["rel_1", "rel_0"]
    assert await desk.due_revisits(at, 1) == ["rel_1"]
    assert await desk.due_revisits(NOW, 10) == []

"""Subscriptions in Redis: what two processes do at the same time loses no push and mends no other subscription."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stories.crawl_state.claims import listing_key
from stories.crawl_state.websub_subscriptions import Subscription, WebSubStore, agreed, push_payloads, pushed
from stories.db import keys
from stories.model.timestamps import timestamp

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
KNOWN = Subscription(
    source="wire",
    listing="https://wire.example/rss",
    hub="https://hub.example/",
    topic="https://wire.example/rss",
    callback="https://watch.example",
    token="first",
    secret="word",
    asked_at=timestamp(NOW),
    why="404 Not Found from the hub",
)


async def test_what_is_put_comes_back_and_lives_no_longer_than_a_lease(redis):
    await WebSubStore(redis).put("key", KNOWN)
    assert await WebSubStore(redis).get("key") == KNOWN
    assert 0 < await redis.ttl(keys.websub_subscription("key").name) <= keys.websub_subscription("key").seconds
    await WebSubStore(redis).delete("key")
    assert await WebSubStore(redis).get("key") is None


async def test_the_answer_to_an_old_subscription_does_not_change_the_one_after_it(redis):
    pushes = WebSubStore(redis)
    await pushes.put("key", replace(KNOWN, token="second"))
    assert not await pushes.change("key", "first", agreed(KNOWN, None, NOW), NOW)
    assert await pushes.get("key") == replace(KNOWN, token="second")
    assert await pushes.due(LATER, 10) == []
    assert await pushes.change("key", "second", agreed(KNOWN, None, NOW), NOW)
    assert (await pushes.get("key")).verified(NOW)
    assert (await pushes.get("key")).why is None
    assert await pushes.due(LATER, 10) == ["key"]


async def test_nothing_is_made_of_a_push_for_what_is_forgotten(redis):
    pushes = WebSubStore(redis)
    assert not await pushes.change("key", "first", pushed(KNOWN, NOW), NOW)
    assert await redis.keys("*") == []


async def test_a_push_that_comes_while_the_one_before_is_settled_stays_due(redis):
    pushes = WebSubStore(redis)
    await pushes.put("key", KNOWN)
    await pushes.change("key", "first", pushed(KNOWN, NOW), NOW)
    seen = (await pushes.get("key")).wanted_at
    await pushes.change("key", "first", pushed(KNOWN, LATER), LATER)
    await pushes.clear_due("key", seen)
    assert await pushes.due(LATER, 10) == ["key"]
    await pushes.clear_due("key", timestamp(LATER))
    assert await pushes.due(LATER, 10) == []


async def test_how_it_stands_is_told_without_its_secrets(redis):
    pushes = WebSubStore(redis)
    assert await push_payloads(pushes, [("wire", KNOWN.listing)], NOW) == {}
    assert await push_payloads(None, [("wire", KNOWN.listing)], NOW) == {}
    await pushes.put(listing_key("wire", KNOWN.listing), KNOWN)
    found = await push_payloads(pushes, [("wire", KNOWN.listing), ("other", KNOWN.listing)], NOW)
    assert list(found) == [("wire", KNOWN.listing)]
    assert "first" not in str(found)
    assert "word" not in str(found)

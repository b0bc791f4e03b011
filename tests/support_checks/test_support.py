"""The tests' own tools keep their word: a harness that cannot fail proves nothing."""

from __future__ import annotations

import aiohttp
import pytest
from receiver import SECRET
from redis_server import lasting_patterns, without_lifetime
from standardwebhooks import Webhook

from stories.db import keys


async def test_a_key_without_a_lifetime_is_found(redis, redis_url):
    await redis.set("stray", 1)
    await redis.set(keys.release("rel_1").name, 1)
    await redis.set(keys.crawl("c1").name, 1, ex=60)
    await redis.zadd(keys.outbox("intake").name, {"a": 1})
    assert without_lifetime(redis_url) == sorted(["stray", keys.release("rel_1").name])
    await redis.flushall()


def test_the_keys_that_may_live_for_ever_come_from_the_key_functions():
    assert keys.outbox("*").name in lasting_patterns()
    assert keys.release("*").name not in lasting_patterns()


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_begins_with_an_empty_redis(redis, turn):
    assert await redis.dbsize() == 0
    await redis.set("left", turn, ex=60)


async def test_waiting_ends_when_the_condition_holds_and_fails_when_it_never_does(until):
    answers = iter([0, 0, 7])
    assert await until(lambda: next(answers)) == 7

    async def empty():
        return []

    with pytest.raises(AssertionError, match="last answer"):
        await until(empty, timeout=0.05)


async def test_the_receiver_keeps_refused_and_accepted_deliveries_apart(receiver):
    receiver.fail(429, times=1, retry_after="7")
    async with aiohttp.ClientSession() as http:
        async with http.post(receiver.url, data=b'{"type":"release.new"}', headers={"webhook-id": "evt_1"}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        async with http.post(receiver.url, data=b'{"type":"release.new"}', headers={"webhook-id": "evt_1"}) as answer:
            assert answer.status == 204
    assert [delivery.status for delivery in receiver.deliveries] == [429, 204]
    assert receiver.types == {"release.new": 1}


async def test_the_receiver_can_take_an_event_and_lose_the_answer(receiver):
    receiver.fail(0, times=1, processed=True)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientError):
            await http.post(receiver.url, data=b'{"type":"release.new"}', headers={"webhook-id": "evt_1"})
        await http.post(receiver.url, data=b'{"type":"release.new"}', headers={"webhook-id": "evt_1"})
    assert len(receiver.accepted) == 2
    assert len(receiver.events) == 1


async def test_the_receiver_tells_a_true_signature_from_a_false_one(receiver):
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("evt_1", now, "{}")
    headers = {"webhook-id": "evt_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    async with aiohttp.ClientSession() as http:
        await http.post(receiver.url, data=b"{}", headers=headers)
        await http.post(receiver.url, data=b"{ }", headers=headers)
    assert [delivery.signed for delivery in receiver.deliveries] == [True, False]

"""The one way in for hubs: open to who knows a subscription's address, and to nothing else."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import replace
from datetime import timedelta

import pytest

from stories.crawl_state.claims import listing_key
from stories.crawl_state.websub_subscriptions import Subscription, WebSubStore, callback_path
from stories.model.sighting import Cursor
from stories.model.source_health import ListingHealth
from stories.model.timestamps import timestamp

KEY = listing_key("harbour", "https://harbour-wire.example/rss")
OUTSIDE = {"host": "127.0.0.1", "token": "let-me-in-for-a-test", "public_url": "https://watch.example"}
INTENT = {
    "hub.mode": "subscribe",
    "hub.topic": "https://harbour-wire.example/rss?a=1&b=2",
    "hub.challenge": "<script>alert(1)</script>",
    "hub.lease_seconds": "86400",
}
AS_OTHERS_CALL_US = {"Host": "some-tunnel.example"}


@pytest.fixture
async def hubbed(serve, redis, archive):
    """The app with a token, behind a name of its own, and a subscription that was asked for just now."""
    async with serve(web=OUTSIDE) as site:
        await WebSubStore(redis).put(KEY, asked(archive.now))
        yield site


def asked(now):
    return Subscription(
        source="harbour",
        listing="https://harbour-wire.example/rss",
        hub="https://hub.example/",
        topic=INTENT["hub.topic"],
        callback=OUTSIDE["public_url"],
        token="t" * 43,
        secret="s" * 43,
        asked_at=timestamp(now),
    )


WAY = callback_path(KEY, "t" * 43)


def signed(body, secret="s" * 43, method="sha256"):
    return {"X-Hub-Signature": f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"}


async def due(redis, site):
    return await WebSubStore(redis).due(site.dependencies.now() + timedelta(days=1), 10)


async def test_a_hub_gets_its_challenge_back_as_plain_text_without_a_token(hubbed, redis):
    async with hubbed.http.get(WAY, params=INTENT, headers=AS_OTHERS_CALL_US) as answer:
        assert (answer.status, await answer.text()) == (200, INTENT["hub.challenge"])
        assert answer.content_type == "text/plain"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    known = await WebSubStore(redis).get(KEY)
    assert known.state(hubbed.dependencies.now()) == "verified"
    assert known.lease_until == timestamp(hubbed.dependencies.now() + timedelta(days=1))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"hub.topic": "https://harbour-wire.example/other"}, id="another topic"),
        pytest.param({"hub.mode": "unsubscribe"}, id="an end that nobody asked for"),
        pytest.param({"hub.challenge": ""}, id="no challenge"),
        pytest.param({"hub.challenge": "x" * 2_001}, id="an endless challenge"),
        pytest.param({"hub.mode": "publish"}, id="another mode"),
    ],
)
async def test_what_nobody_asked_for_is_not_agreed_to(hubbed, redis, changed):
    async with hubbed.http.get(WAY, params=INTENT | changed) as answer:
        assert answer.status == 404
    assert await WebSubStore(redis).get(KEY) == asked(hubbed.dependencies.now() - timedelta(seconds=30))


async def test_what_was_asked_days_ago_is_not_agreed_to(hubbed, redis):
    await WebSubStore(redis).put(KEY, asked(hubbed.dependencies.now() - timedelta(days=2)))
    async with hubbed.http.get(WAY, params=INTENT) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
async def test_a_signed_push_is_a_reason_to_poll(hubbed, redis, method):
    body = b"<feed>" + b"x" * 300_000
    async with hubbed.http.post(WAY, data=body, headers=signed(body, method=method) | AS_OTHERS_CALL_US) as answer:
        assert answer.status == 202
    assert await due(redis, hubbed) == [KEY]
    assert (await WebSubStore(redis).get(KEY)).pushes == 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(signed(b"<feed/>", secret="guessed"), id="another secret"),
        pytest.param(signed(b"<feed></feed>"), id="of another body"),
        pytest.param({}, id="none"),
        pytest.param({"X-Hub-Signature": "md5=" + "0" * 32}, id="a method that is none"),
        pytest.param({"X-Hub-Signature": "sha256="}, id="empty"),
        pytest.param({"X-Hub-Signature": "sha256=" + "é" * 64}, id="no digits"),
    ],
)
async def test_a_push_that_is_not_signed_as_agreed_is_taken_and_nothing_comes_of_it(hubbed, redis, headers):
    before = await WebSubStore(redis).get(KEY)
    async with hubbed.http.post(WAY, data=b"<feed/>", headers=headers) as answer:
        assert answer.status == 202
    assert await due(redis, hubbed) == []
    assert await WebSubStore(redis).get(KEY) == before


async def test_a_push_without_end_is_cut_off(hubbed, redis):
    body = b"x" * ((8 << 20) + 1)
    async with hubbed.http.post(WAY, data=body, headers=signed(body)) as answer:
        assert answer.status == 413
    assert await due(redis, hubbed) == []


async def test_a_hub_that_says_no_is_believed_for_its_own_topic(hubbed, redis):
    async with hubbed.http.get(WAY, params=INTENT) as answer:
        assert answer.status == 200
    said = {"hub.mode": "denied", "hub.topic": "https://elsewhere.example/", "hub.reason": "over quota"}
    async with hubbed.http.get(WAY, params=said) as answer:
        assert answer.status == 404
    async with hubbed.http.get(WAY, params=said | {"hub.topic": INTENT["hub.topic"]}) as answer:
        assert answer.status == 200
    known = await WebSubStore(redis).get(KEY)
    assert (known.state(hubbed.dependencies.now()), known.why) == ("denied", "over quota")


@pytest.mark.parametrize("way", [callback_path(KEY, "u" * 43), callback_path("0" * 24, "t" * 43)])
async def test_who_does_not_know_the_address_learns_nothing(hubbed, way):
    async with hubbed.http.get(way, params=INTENT) as answer:
        assert (answer.status, await answer.text()) == (404, "no such subscription")
    async with hubbed.http.post(way, data=b"x", headers=signed(b"x")) as answer:
        assert (answer.status, await answer.text()) == (410, "no such subscription")


async def test_nothing_else_is_open(hubbed):
    ways = ["/", "/api/v1/sources", "/push/", f"{WAY}/", f"{WAY}/../../../api/v1/sources", f"/push{WAY}", f"{WAY}x"]
    for way in ways:
        async with hubbed.http.get(way, headers={"Host": "watch.example"}, allow_redirects=False) as answer:
            assert answer.status == 401, way


async def test_other_methods_are_refused(hubbed):
    async with hubbed.http.put(WAY, data=b"x") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


async def test_without_a_public_address_there_is_no_way_in(serve, redis, archive):
    async with serve(web={"token": "let-me-in-for-a-test"}) as site:
        await WebSubStore(redis).put(KEY, asked(archive.now))
        async with site.http.get(WAY, params=INTENT) as answer:
            assert answer.status == 401


async def test_the_hub_comes_again_with_what_is_more_than_is_received_at_once(hubbed, until):
    async def slowly():
        yield b"x"
        await going_on.wait()
        yield b"y"

    going_on = asyncio.Event()
    headers = signed(b"xy")
    slow = [asyncio.create_task(_status(hubbed, slowly(), headers)) for _ in range(12)]
    await until(lambda: sum(request.done() for request in slow) == 4)
    going_on.set()
    assert sorted(await asyncio.gather(*slow)) == [202] * 8 + [503] * 4


async def _status(site, body, headers):
    async with site.http.post(WAY, data=body, headers=headers) as answer:
        return answer.status


async def test_the_api_says_how_a_listing_stands_with_its_hub_and_not_its_secrets(hubbed, redis):
    health = ListingHealth(url="https://harbour-wire.example/rss", state="working")
    await hubbed.dependencies.stores.cursors.record_poll("harbour", Cursor(), listing=KEY, health=health)
    await WebSubStore(redis).put(KEY, replace(asked(hubbed.dependencies.now()), why="404 Not Found from the hub"))
    async with hubbed.http.get("/api/v1/sources", headers={"Authorization": "Bearer let-me-in-for-a-test"}) as answer:
        text = await answer.text()
        (listing,) = (await answer.json())["sources"][0]["health"]["listings"]
    assert listing["push"]["state"] == "failed"
    assert listing["push"]["detail"] == "404 Not Found from the hub"
    assert "t" * 43 not in text
    assert "s" * 43 not in text


@pytest.mark.parametrize("source", ["quayside", "removed"])
async def test_the_subscription_of_a_source_that_is_off_or_removed_is_ended(hubbed, redis, source):
    await WebSubStore(redis).put(KEY, replace(asked(hubbed.dependencies.now()), source=source))
    async with hubbed.http.get(WAY, params=INTENT, headers=AS_OTHERS_CALL_US) as answer:
        assert answer.status == 404
    await WebSubStore(redis).put(KEY, replace(asked(hubbed.dependencies.now()), source=source))
    async with hubbed.http.post(WAY, data=b"news", headers={**AS_OTHERS_CALL_US, **signed(b"news")}) as answer:
        assert answer.status == 410
    assert await due(redis, hubbed) == []
    assert await WebSubStore(redis).get(KEY) is None

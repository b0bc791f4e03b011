"""Lifetimes: what is older than memory leaves it whole, and nothing that stays points to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import press_office
import pytest
from bureau import Bureau, settings
from redis.asyncio import Redis
from waiting import until

from stories.db import keys
from stories.db.keys import Lifetimes
from stories.model.ids import release_id_bytes

SHORT = Lifetimes(releases=timedelta(hours=30), events=timedelta(hours=20), receipts=timedelta(hours=10))


@pytest.fixture(autouse=True)
def short_lives() -> Iterator[None]:
    before = keys.lifetimes()
    keys.set_lifetimes(SHORT)
    yield
    keys.set_lifetimes(before)


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis, settings(polling={"revisit": []}))


async def time_passes(redis: Redis, span: timedelta) -> None:
    """Let the time pass for all keys: those whose life is over go."""
    going = []
    async for name in redis.scan_iter(count=1_000):
        left = await redis.pttl(name)
        if left >= 0:
            await redis.pexpire(name, max(1, left - span // timedelta(milliseconds=1)))
            going += [name] if left <= span // timedelta(milliseconds=1) else []

    async def gone() -> bool:
        return not going or not await redis.exists(*going)

    await until(gone)


async def everything_said(redis: Redis) -> dict[str, bytes]:
    """Return what stands under each key, as one text."""
    found = {}
    async for name in redis.scan_iter(count=1_000):
        match (await redis.type(name)).decode():
            case "string":
                parts = [await redis.get(name)]
            case "list":
                parts = await redis.lrange(name, 0, -1)
            case "hash":
                parts = [part for pair in (await redis.hgetall(name)).items() for part in pair]
            case "zset":
                parts = await redis.zrange(name, 0, -1)
            case kind:
                assert kind == "stream"
                parts = [value for _, fields in await redis.xrange(name) for value in fields.values()]
        found[name.decode()] = b"\0".join(parts)
    return found


@pytest.mark.parametrize(
    ("name", "lives"),
    [
        (keys.release("").name, SHORT.releases),
        (keys.story("").name, SHORT.releases),
        (keys.index("").name, SHORT.releases),
        (keys.page("").name, SHORT.releases),
        (keys.event("").name, SHORT.events),
        (keys.alert("").name, SHORT.receipts),
    ],
)
async def test_everything_lives_as_long_as_the_configuration_says(
    bureau: Bureau, redis: Redis, name: str, lives: timedelta
) -> None:
    await bureau.read(press_office.release())
    found = [key async for key in redis.scan_iter(f"{name}*")]
    assert found
    for stored in found:
        assert lives - timedelta(minutes=5) < timedelta(seconds=await redis.ttl(stored)) <= lives


async def test_a_story_whose_time_is_over_is_nowhere_any_more(bureau: Bureau, redis: Redis) -> None:
    old = [press_office.release(), press_office.copy(), press_office.correction(), press_office.release(figure="355")]
    events = []
    for release in old:
        events += (await bureau.read(release)).events
    await redis.delete(*[name async for name in redis.scan_iter("{ww}:outbox:*")])  # all of it was delivered
    ids = {event.id for event in events} | {event.story.id for event in events if event.story}
    ids |= {event.release.id or "" for event in events if event.release}
    numbers = [release_id_bytes(release_id) for release_id in ids if release_id.startswith("rel_")]

    await time_passes(redis, SHORT.releases)
    bureau.clock.forward(days=700)  # beyond the server's own clock, by which streams count
    await redis.delete(keys.events().name, keys.alerts().name, keys.changes().name)  # bounded by length, or by receipts
    fresh = await bureau.read(press_office.release(1))
    assert [event.type for event in fresh.events] == ["release.new"]

    for name, said in (await everything_said(redis)).items():
        assert not any(release_id in name or release_id.encode() in said for release_id in ids), (
            f"{name} points to what is gone"
        )
        assert not any(number in said for number in numbers), f"{name} points to what is gone"
    again = await bureau.read(press_office.release())
    assert [event.type for event in again.events] == ["release.new"], "what memory lost is new again"


async def test_a_serial_and_a_story_that_go_on_let_go_of_their_oldest(bureau: Bureau, redis: Redis) -> None:
    first = (await bureau.read(press_office.release())).release
    assert first is not None
    await time_passes(redis, SHORT.releases / 2)
    second = await bureau.read(press_office.copy())
    (story,) = {event.story.id for event in second.events if event.story}
    bureau.clock.forward(hours=16)
    await time_passes(redis, SHORT.releases / 2)
    assert await redis.exists(keys.release(first.id or "").name) == 0
    third = await bureau.read(press_office.copy(site=press_office.GAZETTE))
    assert [event.story.id for event in third.events if event.story] == [story]

    assert await redis.zscore(keys.story(story).name, first.id or "") is None
    number = release_id_bytes(first.id or "")
    held = [await redis.get(name) async for name in redis.scan_iter(f"{keys.index('').name}*")]
    shared = [entries for entries in held if len(entries) > len(number)]
    assert shared
    assert not any(number in entries for entries in shared)
    found = await bureau.archive.story(story)
    assert found is not None
    assert len(found.releases) == 2


async def test_an_event_whose_release_is_forgotten_is_left_out_and_the_others_are_told(
    bureau: Bureau, redis: Redis
) -> None:
    first, second = await bureau.read(press_office.release()), await bureau.read(press_office.release(1))
    assert first.release is not None
    await redis.delete(keys.release(first.release.id or "").name)
    told = await bureau.archive.events()
    assert [second.events[0].id in stored.payload.decode() for stored in told] == [True]
    assert await bureau.archive.event(first.events[0].id) is None

"""What hosts asked for is known to every process on one Redis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stories.crawl_state.host_limits import HostBackoff, HostLimits
from stories.db import keys

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


async def test_two_processes_get_turns_of_one_host_a_delay_apart(redis):
    first, second = HostLimits(redis), HostLimits(redis)
    waits = [await limits.reserve_slot("wire.example", 60.0) for limits in (first, second, first)]
    assert waits[0] == 0
    assert 100 < waits[2] <= 120
    assert 50 < waits[2] - waits[1] < 70
    assert await second.reserve_slot("other.example", 60.0) == 0


async def test_one_that_knows_of_no_crawl_delay_keeps_the_distance_that_another_knows_of(redis):
    patient, hasty = HostLimits(redis), HostLimits(redis)
    assert await patient.reserve_slot("wire.example", 60.0) == 0
    assert 50 < await hasty.reserve_slot("wire.example", 1.0) <= 60
    assert 110 < await patient.reserve_slot("wire.example", 60.0) <= 120


async def test_a_slow_host_is_asked_in_turn_however_many_processes_wait_for_it(redis):
    waits = [await HostLimits(redis).reserve_slot("wire.example", 60.0) for _ in range(12)]
    assert [round(wait / 60) for wait in waits] == list(range(12))


async def test_a_turn_in_a_far_future_is_that_of_a_clock_that_was_set_back(redis):
    await redis.set(keys.next_slot("wire.example").name, "99999999999999 1000", px=60_000)
    assert await HostLimits(redis).reserve_slot("wire.example", 60.0) == 0


async def test_what_a_host_asked_for_is_known_until_it_ends(redis):
    await HostLimits(redis).put_retry_after("wire.example:81", NOW, timedelta(minutes=2))
    await HostLimits(redis).put_throttle("wire.example", 4.5, timedelta(hours=1))
    assert await HostLimits(redis).backoff("wire.example:81", "wire.example") == HostBackoff(until=NOW, apart=4.5)
    assert await HostLimits(redis).backoff("wire.example", "other.example") == HostBackoff()
    assert 110 < await redis.ttl(keys.retry_after("wire.example:81").name) <= 120


async def test_a_robots_txt_is_known_for_what_is_left_of_its_day(redis):
    assert await HostLimits(redis).robots("wire.example") is None
    await HostLimits(redis).put_robots("wire.example", b"Disallow: /" * 1000)
    await redis.expire(keys.robots("wire.example").name, 600)
    body, left = await HostLimits(redis).robots("wire.example")
    assert body == b"Disallow: /" * 1000
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    await HostLimits(redis).put_robots("bare.example", b"")
    assert (await HostLimits(redis).robots("bare.example"))[0] == b""

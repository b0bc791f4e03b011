"""The layout of the data: carried forward once, by one process; refused in words when it is a newer one."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from stories.db import keys
from stories.store.migrations import LAYOUT, LayoutError, settle_layout


async def test_an_empty_redis_gets_the_present_layout(redis: Redis) -> None:
    assert await settle_layout(redis) == LAYOUT
    assert await redis.get(keys.layout().name) == str(LAYOUT).encode()


async def test_data_from_before_the_number_is_layout_1(redis: Redis) -> None:
    await redis.zadd(keys.releases().name, {"rel_1": 1})
    assert await settle_layout(redis, layout=1) == 1
    assert await redis.get(keys.layout().name) == b"1"


async def test_data_of_a_newer_wirewatch_is_refused_and_left_alone(redis: Redis) -> None:
    await redis.set(keys.layout().name, LAYOUT + 1)
    with pytest.raises(LayoutError, match=rf"layout {LAYOUT + 1}, written by a newer wirewatch; .* restore a backup"):
        await settle_layout(redis)
    assert await redis.dbsize() == 1


async def moved(redis: Redis) -> None:
    """As a step must be: run twice, it comes to the same."""
    async for name in redis.scan_iter("{ww}:old:*"):
        await redis.renamenx(name, name.replace(b"old", b"new"))
        await redis.expire(name.replace(b"old", b"new"), 600)


async def counted(redis: Redis) -> None:
    await redis.set("{ww}:count", len([name async for name in redis.scan_iter("{ww}:new:*")]), ex=600)


async def test_older_data_is_carried_forward_step_by_step(redis: Redis) -> None:
    await redis.zadd(keys.releases().name, {"rel_1": 1})
    await redis.set("{ww}:old:1", "kept", ex=600)
    assert await settle_layout(redis, layout=3, steps={1: moved, 2: counted}) == 1
    assert await redis.get("{ww}:new:1") == b"kept"
    assert await redis.get("{ww}:count") == b"1"
    assert await redis.get(keys.layout().name) == b"3"
    assert not await redis.exists(keys.migrating().name)
    with pytest.raises(LayoutError):  # and from here on there is no way back
        await settle_layout(redis, layout=2, steps={1: moved})


async def test_a_step_that_was_killed_is_run_again(redis: Redis) -> None:
    await redis.zadd(keys.releases().name, {"rel_1": 1})
    await redis.set("{ww}:old:1", "kept", ex=600)

    async def killed(redis: Redis) -> None:
        await moved(redis)
        raise ConnectionError("killed half-way")

    with pytest.raises(ConnectionError):
        await settle_layout(redis, layout=2, steps={1: killed})
    assert await redis.get(keys.layout().name) == b"1"
    assert await settle_layout(redis, layout=2, steps={1: moved}) == 1
    assert await redis.get("{ww}:new:1") == b"kept"


async def test_of_several_that_start_together_one_carries_the_data(redis: Redis) -> None:
    await redis.zadd(keys.releases().name, {"rel_1": 1})
    runs = []

    async def slow(redis: Redis) -> None:
        runs.append(1)
        await asyncio.sleep(0.3)

    await asyncio.gather(*(settle_layout(redis, layout=2, steps={1: slow}) for _ in range(3)))
    assert len(runs) == 1


async def test_a_daemon_of_the_older_version_is_not_pulled_from_under(redis: Redis) -> None:
    await redis.zadd(keys.releases().name, {"rel_1": 1})
    await redis.set(keys.leader_lease().name, "process 7 on desk", ex=15)
    with pytest.raises(LayoutError, match=r"older version runs on it \(process 7 on desk\); end it first"):
        await settle_layout(redis, layout=2, steps={1: moved})

"""After the server's clock was set back, what is due is moved with it; the end of an embargo is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from stories.crawl_state.revisit_queue import RevisitQueue
from stories.db import keys
from stories.db.fencing import raise_term
from stories.store.due_times import shift_due

BACK = timedelta(days=-3)
HOUR = 3_600_000


@pytest.fixture
def before() -> int:
    """The moment (ms) by the clock as it was: it is three days ahead of the server's."""
    return int(time.time() * 1000) + 3 * 24 * HOUR


async def put(redis: Redis, alert: str, due: int, **fields: str) -> None:
    await redis.hset(keys.alert(alert).name, mapping={"state": "pending", "failures": "0", **fields})
    await redis.expire(keys.alert(alert).name, 60)
    await redis.zadd(keys.outbox("desk").name, {alert: due})


async def due(redis: Redis) -> dict[str, int]:
    found = await redis.zrange(keys.outbox("desk").name, 0, -1, withscores=True)
    return {name.decode(): int(score) for name, score in found}


async def test_alerts_that_are_due_or_tried_again_move_and_an_embargo_stays(redis: Redis, before: int) -> None:
    await put(redis, "due", before - 1)
    await put(redis, "tried", before + HOUR, failures="2")
    await put(redis, "leased", before + 30_000, state="leased")
    await put(redis, "behind", before + 500, waiting_since=str(before))
    await put(redis, "embargo", before + 48 * HOUR)
    assert await shift_due(redis, BACK, ()) == 4
    moved = 3 * 24 * HOUR
    assert await due(redis) == {
        "due": before - 1 - moved,
        "tried": before + HOUR - moved,
        "leased": before + 30_000 - moved,
        "behind": before + 500 - moved,
        "embargo": before + 48 * HOUR,
    }


async def test_revisits_sightings_and_pauses_move(redis: Redis, before: int) -> None:
    at = datetime.fromtimestamp(before / 1000, UTC)
    await RevisitQueue(redis).schedule("rel_1", at + timedelta(minutes=15))
    await redis.zadd(keys.pending_due().name, {"digest": before + HOUR})
    await redis.hset(keys.channel("desk").name, "paused_until", str(before + 60_000))
    await redis.expire(keys.channel("desk").name, 60)
    assert await shift_due(redis, BACK, ["desk"]) == 2
    (revisit,) = (await RevisitQueue(redis).due_at(["rel_1"])).values()
    assert revisit is not None
    assert abs(revisit - at - timedelta(minutes=15) - BACK) < timedelta(milliseconds=2)
    assert await redis.zscore(keys.pending_due().name, "digest") == before + HOUR - 3 * 24 * HOUR
    assert int(await redis.hget(keys.channel("desk").name, "paused_until")) == before + 60_000 - 3 * 24 * HOUR


async def test_what_work_in_flight_wrote_by_the_old_clock_is_moved_by_a_later_pass(redis: Redis, before: int) -> None:
    at = datetime.fromtimestamp(before / 1000, UTC)
    await RevisitQueue(redis).schedule("rel_moved", at + BACK + timedelta(minutes=15))
    await RevisitQueue(redis).schedule("rel_late", at + timedelta(seconds=2))
    await RevisitQueue(redis).schedule("rel_next_week", at + timedelta(days=4))
    assert await shift_due(redis, BACK, (), only_late=True) == 1
    revisits = await RevisitQueue(redis).due_at(["rel_moved", "rel_late", "rel_next_week"])
    assert revisits["rel_late"] - at - timedelta(seconds=2) - BACK < timedelta(milliseconds=2)
    assert revisits["rel_moved"] - at - timedelta(minutes=15) - BACK < timedelta(milliseconds=2)
    assert revisits["rel_next_week"] - at == timedelta(days=4)


async def test_a_jump_ahead_moves_nothing(redis: Redis, before: int) -> None:
    await put(redis, "tried", before, failures="1")
    assert await shift_due(redis, timedelta(days=3), ()) == 0
    assert await due(redis) == {"tried": before}


async def test_a_daemon_that_lost_the_clock_moves_nothing(redis: Redis, before: int) -> None:
    await put(redis, "tried", before, failures="1")
    term = await raise_term(redis)
    with pytest.raises(ResponseError, match="DEPOSED"):
        await shift_due(redis, BACK, (), term - 1)
    assert await due(redis) == {"tried": before}

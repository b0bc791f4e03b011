"""Delivery is killed again and again, its receiver fails in every way, and nothing is lost."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from stories.store.receipts import list_alerts

ROOT = Path(__file__).parents[2]
STORIES = 60  # with two corrections each: 180 alerts, enough that every kill finds eight under way
KILLS = 8
IN_FLIGHT = 8  # of a webhook


@asynccontextmanager
async def delivering(redis_url: str, hook_url: str) -> AsyncIterator[None]:
    """Run delivery in a process of its own until the block ends, and kill it there."""
    driver = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("deliver_until_killed.py")),
        redis_url,
        hook_url,
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        driver.kill()
        await driver.wait()


async def test_no_alert_is_lost_or_reordered_while_delivery_is_killed(desk, outbox, redis, redis_url, receiver, until):
    chance = random.Random(20260211)
    lost_answers = 0
    for _ in range(150):  # of some 400 requests
        kind = chance.choice(["fails", "fails", "refuses", "loses its answer", "answers too late"])
        receiver.fail(204, times=chance.randrange(3))
        if kind == "fails":
            receiver.fail(503, times=1)
        elif kind == "refuses":
            receiver.fail(0, times=1)
        else:
            lost_answers += 1
            receiver.fail(0, times=1, processed=True, delay=0.6 if kind == "answers too late" else 0)
    stories = {
        f"sty_{number}": [
            await desk.publish("intake", story=f"sty_{number}", kind=kind)
            for kind in ("release.new", "release.corrected", "release.corrected")
        ]
        for number in range(STORIES)
    }

    async def nothing_waits() -> bool:
        return not await outbox.waiting(["intake"])

    for _ in range(KILLS):
        async with delivering(redis_url, receiver.url):
            enough = len(receiver.deliveries) + chance.randrange(5, 25)
            await until(lambda enough=enough: len(receiver.deliveries) >= enough)
    async with delivering(redis_url, receiver.url):
        await until(nothing_waits, timeout=60)

    events = [event for story in stories.values() for event in story]
    received = Counter(delivery.id for delivery in receiver.accepted)
    assert set(received) == set(events)
    assert {receipt.state for receipt in await list_alerts(redis, limit=1_000)} == {"sent"}
    repeats = sum(received.values()) - len(received)
    assert repeats <= lost_answers + KILLS * IN_FLIGHT
    assert all(
        len({delivery.body for delivery in receiver.deliveries if delivery.id == event}) == 1 for event in events
    )
    first = {event: place for place, event in reversed(list(enumerate(delivery.id for delivery in receiver.accepted)))}
    for story in stories.values():
        assert sorted(story, key=first.__getitem__) == story

"""Heartbeats: a loop that turns is seen, one that stands still is named, and long work that is no fault is neither."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from stories.db.embedded_server import EmbeddedServer
from stories.runtime.heartbeats import Heartbeats, beat, beating_as, recorded


def test_a_loop_is_stale_from_its_last_turn_on():
    beats = Heartbeats()
    beats.record("delivery", 100.0)
    beats.record("index", 150.0)
    assert beats.stale(160.0, 60.0) == {}
    assert beats.stale(161.0, 60.0) == {"delivery": 61.0}
    beats.record("delivery", 162.0)
    assert beats.stale(200.0, 60.0) == {}
    beats.restart(1000.0)
    assert beats.stale(1050.0, 60.0) == {}
    beats.forget("index")
    assert beats.stale(1100.0, 60.0) == {"delivery": 100.0}


def test_without_a_supervisor_nothing_is_recorded():
    beat()
    with beating_as("desk"):
        beat()


async def test_each_task_records_to_the_part_that_it_was_started_in():
    delivery, index = Heartbeats(), Heartbeats()

    async def turn() -> None:
        beat()

    with recorded(delivery, "delivery"):
        first = asyncio.create_task(turn())
    with recorded(index, "index"):
        second = asyncio.create_task(turn())
    await asyncio.gather(first, second)
    later = time.monotonic() + 1
    assert (set(delivery.stale(later, 0.5)), set(index.stale(later, 0.5))) == ({"delivery"}, {"index"})


async def test_a_server_that_loads_for_minutes_does_not_count_as_hanging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[float] = []
    beats = Heartbeats()
    monkeypatch.setattr(beats, "record", lambda loop, now: moments.append(now))
    server = EmbeddedServer(tmp_path)
    state, loading = server._state, iter(["loading"] * 30)

    async def loads_first() -> str:
        found = next(loading, None)
        return found or await state()

    monkeypatch.setattr(server, "_state", loads_first)
    with recorded(beats, "redis"):
        await server.start()
    await server.stop()
    assert len(moments) > 30

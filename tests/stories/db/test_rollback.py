"""How far Redis has come: seen after a restart of either side, and when it went back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis

from stories.db import keys
from stories.db.rollback import Change, Mark, RollbackDetector, compare

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
KNOWN = Mark(epoch=2, pulse=100, run="a", at="2026-03-10T09:30:00.000Z")


@pytest.mark.parametrize(
    ("known", "found", "change"),
    [
        (None, KNOWN, "another server"),
        (KNOWN, replace(KNOWN, pulse=101), "same"),
        (KNOWN, replace(KNOWN, pulse=900), "same"),
        (KNOWN, replace(KNOWN, pulse=101, run="b"), "another server"),
        (KNOWN, KNOWN, "went back"),
        (KNOWN, replace(KNOWN, pulse=99), "went back"),
        (KNOWN, replace(KNOWN, epoch=1, pulse=500), "went back"),
        (KNOWN, replace(KNOWN, epoch=3, pulse=101), "same"),
    ],
    ids=["never seen", "next", "others counted", "restarted", "one lost", "more lost", "older epoch", "newer epoch"],
)
def test_what_became_of_redis_is_told_by_its_mark(known: Mark | None, found: Mark, change: Change) -> None:
    assert compare(known, found) == change


async def test_a_redis_that_goes_on_is_the_same_for_the_next_daemon_too(redis: Redis, tmp_path: Path) -> None:
    assert (await RollbackDetector(redis, tmp_path, ["one"]).check(NOW)).change == "another server"
    second = RollbackDetector(redis, tmp_path, ["one"])
    assert [(await second.check(NOW)).change for _ in range(3)] == ["same"] * 3


async def test_one_that_went_back_begins_a_new_epoch_once_and_names_what_was_polled(
    redis: Redis, tmp_path: Path
) -> None:
    first = RollbackDetector(redis, tmp_path, ["two", "one"])
    await first.check(NOW)
    backup = await redis.dump(keys.epoch().name)
    for _ in range(3):
        await first.check(NOW)
    await redis.restore(keys.epoch().name, 0, backup, replace=True)
    second = RollbackDetector(redis, tmp_path, ["three"])
    found = await second.check(NOW)
    assert (found.change, found.epoch, found.polled) == ("went back", 2, ("one", "two"))
    assert found.since == "2026-03-10T09:30:00.000Z"
    assert (await second.check(NOW)).change == "same"
    assert (await RollbackDetector(redis, tmp_path, ["three"]).check(NOW)).epoch == 2


async def test_an_emptied_redis_is_a_new_memory_and_did_not_go_back(redis: Redis, tmp_path: Path) -> None:
    detector = RollbackDetector(redis, tmp_path, ["one"])
    for _ in range(5):
        await detector.check(NOW)
    await redis.flushall()
    found = await detector.check(NOW)
    assert (found.change, found.epoch, found.since) == ("another server", 1, None)


async def test_a_data_dir_that_cannot_be_written_stops_nothing(redis: Redis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    detector = RollbackDetector(redis, tmp_path / "file", ["one"])
    await detector.check(NOW)
    assert (await detector.check(NOW)).change == "same"

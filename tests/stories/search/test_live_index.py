"""The index beside Redis: made from it, following every change, never in the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archive_filler import ArchiveFiller
from redis.asyncio import Redis
from waiting import until

from config.index_query import query_expression
from scheduler.process.cancellation import cancel_and_wait
from stories.db import keys
from stories.db.memory_id import memory_id
from stories.search import live_index, reader_pool
from stories.search.filters import ReleaseFilter, filtered, page_of
from stories.search.index_file import Hit, IndexFile
from stories.search.index_location import index_path
from stories.search.live_index import LiveIndex
from stories.search.read_only_index import ReadOnlyIndex
from stories.search.reader_pool import QueryTooExpensiveError
from stories.store.archive import Archive

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def archive(redis: Redis) -> ArchiveFiller:
    """``await archive.publish(headline, …)``."""
    return ArchiveFiller(redis)


@asynccontextmanager
async def running(redis: Redis, folder: Path, *, ready: bool = True, now: datetime = NOW) -> AsyncIterator[LiveIndex]:
    """Run an index beside Redis, from when it is whole."""
    finder = LiveIndex(redis, folder, lambda: now)
    task = asyncio.create_task(finder.run())
    try:
        if ready:
            await until(lambda: finder.ready, timeout=30)
        yield finder
    finally:
        await cancel_and_wait([task], grace=0.3)


def headlines(hits: list[Hit] | None) -> list[str]:
    assert hits is not None
    return [hit.row.headline for hit in hits]


async def test_what_is_kept_is_found_at_once(redis: Redis, archive: ArchiveFiller, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as finder:
        for number in range(5):
            release = await archive.publish(f"Golf number {number}")
            assert headlines(await finder.find(query_expression(f'"golf number {number}"').text, limit=9)) == [
                release.headline
            ]
        revised = await archive.revise(release, headline="Tennis")
        assert headlines(await finder.find(query_expression("tennis").text, limit=9)) == [revised.headline]
        assert len(await finder.find(query_expression("golf").text, limit=9) or ()) == 4


async def test_an_index_is_made_of_what_was_stored_before(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_index, "RELEASE_BATCH", 3)
    for number in range(10):
        await archive.publish(f"Golf number {number}", silent=True)
    async with running(redis, tmp_path) as finder:
        assert headlines(await finder.find(None, limit=99)) == [
            f"Golf number {number}" for number in reversed(range(10))
        ]


async def test_an_index_goes_on_where_it_ended(redis: Redis, archive: ArchiveFiller, tmp_path: Path) -> None:
    first = await archive.publish("Golf")
    async with running(redis, tmp_path) as finder:
        assert finder.ready
    await archive.revise(first, headline="Tennis")
    await archive.publish("Rugby")
    path = index_path(tmp_path, await memory_id(redis))
    made = os.stat(path).st_ino  # noqa: PTH116
    async with running(redis, tmp_path) as finder:
        assert headlines(await finder.find(None, limit=9)) == ["Rugby", "Tennis"]
        assert await finder.find(query_expression("golf").text, limit=9) == []
    assert os.stat(path).st_ino == made  # noqa: PTH116


async def test_an_index_that_has_lost_the_thread_reads_all_anew(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path
) -> None:
    first = await archive.publish("Golf")
    async with running(redis, tmp_path):
        pass
    await archive.revise(first, headline="Tennis")
    await archive.publish("Rugby", silent=True)
    await redis.xtrim(keys.changes().name, maxlen=1, approximate=False)
    async with running(redis, tmp_path) as finder:
        assert headlines(await finder.find(None, limit=9)) == ["Rugby", "Tennis"]


async def test_each_memory_has_an_index_of_its_own(redis: Redis, archive: ArchiveFiller, tmp_path: Path) -> None:
    await archive.publish("Golf")
    async with running(redis, tmp_path):
        pass
    await redis.flushall()
    async with running(redis, tmp_path) as finder:
        assert await finder.find(None, limit=9) == []
    assert len([name for name in os.listdir(tmp_path) if name.endswith(".sqlite")]) == 2  # noqa: PTH208


@pytest.mark.parametrize("harm", ["no database", "a damaged page", "another format"])
async def test_a_damaged_index_is_made_anew(redis: Redis, archive: ArchiveFiller, tmp_path: Path, harm: str) -> None:
    for number in range(20):
        await archive.publish(f"Golf {number}")
    path = index_path(tmp_path, await memory_id(redis))
    if harm == "no database":
        path.write_bytes(b"nothing that SQLite knows" * 400)
    else:
        async with running(redis, tmp_path):
            pass
        if harm == "another format":
            with contextlib.closing(sqlite3.connect(path)) as opened:
                opened.execute("UPDATE about SET value = '0' WHERE name = 'format'")
                opened.commit()
        else:
            data = bytearray(path.read_bytes())
            data[4096:] = b"\xff" * (len(data) - 4096)
            path.write_bytes(data)
    async with running(redis, tmp_path) as finder:
        assert len(await finder.find(query_expression("golf").text, limit=99) or ()) == 20


def remove(path: Path) -> None:
    path.unlink()


def remove_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def replace_by_garbage(path: Path) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(b"nothing that SQLite knows" * 400)
    beside.replace(path)


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)


def truncate(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("harm", [remove, remove_all, replace_by_garbage, overwrite, truncate])
async def test_an_index_that_is_harmed_while_the_daemon_runs_is_made_anew(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path, harm: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_index, "RETRY_SECONDS", 0.1)
    for number in range(20):
        await archive.publish(f"Golf {number}")
    async with running(redis, tmp_path) as finder:
        still = ReadOnlyIndex(redis, tmp_path)
        golf = query_expression("golf").text
        assert len(await still.find(golf, limit=99) or ()) == 20
        harm(index_path(tmp_path, await memory_id(redis)))
        await archive.publish("Golf after the harm")

        async def is_whole_again() -> bool:
            by_page, by_command = await finder.find(golf, limit=99), await still.find(golf, limit=99)
            return len(by_page or ()) == len(by_command or ()) == 21

        await until(is_whole_again, timeout=15)


async def test_an_index_can_be_followed_again_after_its_loop_failed(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path
) -> None:
    finder = LiveIndex(redis, tmp_path, lambda: NOW)
    for number in (1, 2):
        await archive.publish(f"Golf {number}")
        task = asyncio.create_task(finder.run())
        await until(lambda: finder.ready, timeout=30)
        assert len(await finder.find(query_expression("golf").text, limit=99) or ()) == number
        await cancel_and_wait([task], grace=0.3)
        assert not finder.ready


async def test_filters_work_while_the_index_cannot_be_written(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    golf = await archive.publish("Golf", tags=("Golf",))
    await archive.publish("Tennis")
    async with running(redis, tmp_path / "file", ready=False) as finder:
        wanted = ReleaseFilter(tag="golf")
        page = await page_of(Archive(redis), wanted, finder=finder, before=None, limit=5, look_at=100)
        assert [release.release.id for release in page.releases] == [golf.id]
        assert not finder.ready


async def test_what_memory_lets_go_leaves_the_index(redis: Redis, archive: ArchiveFiller, tmp_path: Path) -> None:
    old = ArchiveFiller(redis, began=NOW - keys.RELEASE_LIFETIME)
    await old.publish("Old", url="https://harbour-wire.example/old")
    await archive.publish("Young")
    async with running(redis, tmp_path) as finder:
        assert headlines(await finder.find(None, limit=9)) == ["Young", "Old"]
    async with running(redis, tmp_path, now=NOW + timedelta(hours=1)) as finder:
        assert headlines(await finder.find(None, limit=9)) == ["Young"]


async def test_an_expired_release_is_not_shown_though_the_index_has_it(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path
) -> None:
    gone = await archive.publish("Golf once", tags=("Golf",))
    await archive.publish("Golf again", tags=("Golf",))
    async with running(redis, tmp_path) as finder:
        await redis.delete(keys.release(gone.id or "").name)
        found = [stored async for stored in filtered(Archive(redis), ReleaseFilter(tag="golf"), finder)]
        assert [stored.release.headline for stored in found] == ["Golf again"]


async def test_a_command_reads_the_index_of_a_daemon_while_it_is_up_to_date(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path
) -> None:
    still = ReadOnlyIndex(redis, tmp_path)
    await archive.publish("Golf")
    assert await still.find(None, limit=9) is None
    async with running(redis, tmp_path):
        assert headlines(await still.find(query_expression("golf").text, limit=9)) == ["Golf"]
    assert headlines(await still.find(query_expression("golf").text, limit=9)) == ["Golf"]
    await archive.publish("Golf again")
    assert await still.find(query_expression("golf").text, limit=9) is None


async def test_a_question_that_takes_too_long_is_ended_and_the_next_is_answered(
    redis: Redis, archive: ArchiveFiller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.publish("Golf")

    def endless(index: IndexFile) -> None:
        index._db.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT sum(x) FROM n"
        ).fetchone()

    async with running(redis, tmp_path) as finder:
        with monkeypatch.context() as patched:
            patched.setattr(reader_pool, "QUERY_TIMEOUT_SECONDS", 0.05)
            for _ in range(reader_pool.MAX_CONCURRENT_QUERIES + 1):
                with pytest.raises(QueryTooExpensiveError, match="rarer"):
                    await finder._readers.run(endless)
        assert headlines(await finder.find(None, limit=9)) == ["Golf"]

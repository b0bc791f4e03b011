"""Maintains the search index of the daemon: builds it, follows the stream of changes, and answers queries.

Writers do not wait for the index: they put the ids of changed releases in a stream. Until the index is complete, a
query returns None, and the caller reads Redis instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stories.db import keys
from stories.db.memory_id import memory_id
from stories.db.replies import text
from stories.model.list_position import ListPosition, list_position_of, parse_list_position
from stories.runtime.heartbeats import beat
from stories.runtime.private_files import private_folder
from stories.search.filters import kind_of
from stories.search.index_file import Entry, Hit, IndexFile, IndexUnusableError, Row, available
from stories.search.index_location import EntryId, entry_id_text, index_path, last_change, parse_entry_id
from stories.search.reader_pool import IndexReaderPool
from stories.search.terms import columns
from stories.store.archive import Archive, StoredRelease

log = structlog.get_logger(__name__)

T = TypeVar("T")

STREAM_BLOCK_SECONDS = 2.0  # of one blocking read of the stream; below the connection's timeout of 5 s
RELEASE_BATCH = 100  # releases of one transaction: 60 ms of work
RETRY_SECONDS = 5.0  # after an error of Redis or the disk
MAX_LAG_SECONDS = 1.0  # that a query waits for the newest change, which takes some milliseconds
SWEEP_SECONDS = 3_600.0  # between two deletions of expired releases
MAX_STALE_WORDS_PER_RELEASE = 0.5  # above this the index is rebuilt at the next start
MIN_STALE_WORDS = 10_000


class IndexLostError(Exception):
    """The open index was removed, replaced or damaged; it must be rebuilt."""


class LiveIndex:
    """The index of a running daemon: ``run`` maintains it, the other methods query it."""

    def __init__(self, redis: Redis, folder: Path, clock: Callable[[], datetime]) -> None:
        self._redis = redis
        self._archive = Archive(redis)
        self._folder = folder
        self._clock = clock
        self._index: IndexFile | None = None
        self._applied: EntryId = (0, 0)
        self._changed = asyncio.Event()
        self.ready = False
        """Whether the index holds all stored releases."""
        self.position = ""
        """Changes when the results of queries may change; for ETags."""

    async def run(self) -> None:
        """Build the index and follow changes until cancelled; an error is logged once and retried."""
        if not available():
            log.warning(
                "index_unavailable", reason="the SQLite of this Python has no full-text search; filters scan Redis"
            )
            return
        # Created in each run: a supervisor may start it again.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._readers = IndexReaderPool()
        is_logged = False
        try:
            while True:
                beat()
                try:
                    await self._open()
                    if is_logged:
                        log.info("index_recovered")
                    is_logged = False
                    while True:
                        beat()
                        await self._check_file()
                        await self._step()
                except RedisError:
                    pass  # the daemon logs it
                except IndexLostError as error:
                    log.warning("index_rebuilt", path=str(self._open_index.path), reason=str(error))
                    await self._remove()
                    continue
                except (sqlite3.Error, OSError, IndexUnusableError) as error:
                    if not is_logged:
                        log.warning(
                            "index_write_failed", reason=str(error), next="filters scan Redis until it can be written"
                        )
                    is_logged = True
                    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                        await self._remove()
                await self._close()
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            await self._close()
            self._writer.shutdown(wait=False)
            self._readers.shutdown()

    async def find(
        self, expression: str | None, *, since: int | None = None, before: ListPosition | None = None, limit: int
    ) -> list[Hit] | None:
        """Return the hits of an expression, newest first; None while the index is not up to date.

        Raises ``QueryTooExpensiveError``.
        """
        if not await self._current():
            return None
        return await self._readers.run(lambda index: index.find(expression, since=since, before=before, limit=limit))

    async def changed_stories(self, expression: str | None, *, among: int, limit: int) -> list[tuple[str, int]] | None:
        """Return the stories that changed last, with the time (ms); None while the index is not up to date.

        Raises ``QueryTooExpensiveError``.
        """
        if not await self._current():
            return None
        return await self._readers.run(lambda index: index.changed_stories(expression, among=among, limit=limit))

    async def _current(self) -> bool:
        """Return whether the index holds all stored releases, after a short wait for the newest."""
        if not self.ready:
            return False
        wanted = await last_change(self._redis)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MAX_LAG_SECONDS):
                while self.ready and self._applied < wanted:
                    await self._changed.wait()
        return self.ready and self._applied >= wanted

    async def _open(self) -> None:
        """Open or create the index of this data set; continue after the last change, or rebuild it."""
        name = await memory_id(self._redis)
        last = await last_change(self._redis)
        path = index_path(self._folder, name)

        def opened() -> IndexFile:
            private_folder(self._folder)
            try:
                index = IndexFile(path, writes=True)
                held, stale = index.counts()
                if stale <= MIN_STALE_WORDS or stale <= MAX_STALE_WORDS_PER_RELEASE * held:
                    return index
                index.close()
            except (IndexUnusableError, sqlite3.Error):
                pass
            _unlink(path)
            return IndexFile(path, create=True)

        self._index = await self._write(opened)
        self._identity = await self._write(lambda: _identity(path))
        noted = await self._write(lambda: self._open_index.value("entry"))
        self._applied = parse_entry_id(noted)
        if noted is None or not await self._follows(self._applied, last):
            self._applied = last
            await self._write(lambda: self._open_index.put_values(entry=entry_id_text(last), walk="", whole=""))
        self._swept = 0.0
        self._whole = bool(await self._write(lambda: self._open_index.value("whole")))
        self._readers.open(path)

    async def _check_file(self) -> None:
        """Raise ``IndexLostError`` when the open file is no longer the one in the folder, or a reader found it damaged.

        SQLite keeps writing to a deleted file, which no other process can open.
        """
        path = self._open_index.path
        if self._readers.damage is not None:
            raise IndexLostError(f"it is damaged: {self._readers.damage}")
        if await self._write(lambda: _identity(path)) != self._identity:
            raise IndexLostError("the file was removed, replaced or emptied")

    async def _follows(self, entry: EntryId, last: EntryId) -> bool:
        """Return whether the stream still holds all changes after an entry."""
        if entry == last:
            return True
        if entry == (0, 0):
            length = await self._redis.xlen(keys.changes().name)
            return int((await self._redis.xinfo_stream(keys.changes().name)).get("entries-added", -1)) == length
        return bool(await self._redis.xrange(keys.changes().name, entry_id_text(entry), entry_id_text(entry)))

    async def _step(self) -> None:
        await self._sweep()
        # Block only when the index is complete: there is no other work.
        block = int(STREAM_BLOCK_SECONDS * 1000) if self._whole and self.ready else None
        answer = await self._redis.xread(
            {keys.changes().name: entry_id_text(self._applied)}, count=RELEASE_BATCH, block=block
        )
        entries = [entry for _, found in cast(Any, answer) or () for entry in found]
        if entries:
            ids = list(dict.fromkeys(text(fields[b"id"]) for _, fields in entries if b"id" in fields))
            await self._put(await self._archive.releases_by_id(ids), entry=parse_entry_id(entries[-1][0]))
        elif not self._whole:
            await self._walk()
        else:
            self._publish(ready=True)

    async def _walk(self) -> None:
        """Index the next older releases, then sleep as long as that took, so that it uses half of the time."""
        began = time.monotonic()
        noted = await self._write(lambda: self._open_index.value("walk"))
        places = await self._archive.list_positions(
            before=parse_list_position(noted) if noted else None, limit=RELEASE_BATCH
        )
        if not places:
            held = await self._write(lambda: self._open_index.counts()[0])
            await self._write(lambda: self._open_index.put_values(whole="1", walk=""))
            self._whole = True
            log.info("index_built", releases=held)
            return
        await self._put(await self._archive.releases_by_id([place.id for place in places]), walk=places[-1])
        await asyncio.sleep(time.monotonic() - began)

    async def _put(
        self, found: Sequence[StoredRelease], *, entry: EntryId | None = None, walk: ListPosition | None = None
    ) -> None:
        def put() -> None:
            entries = [_indexed(stored) for stored in found]
            with self._open_index.writing():
                self._open_index.put(entries)
                if entry is not None:
                    self._open_index.put_values(entry=entry_id_text(entry))
                if walk is not None:
                    self._open_index.put_values(walk=str(walk))

        await self._write(put)
        if entry is not None:
            self._applied = entry
        self._publish(ready=self.ready)

    def _publish(self, *, ready: bool) -> None:
        if ready != self.ready or ready:
            self.ready = ready
            self.position = entry_id_text(self._applied) if ready else ""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _sweep(self) -> None:
        now = time.monotonic()
        if self._swept and now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        oldest = int((self._clock() - keys.lifetimes().releases).timestamp() * 1000)

        def forget() -> int:
            with self._open_index.writing():
                return self._open_index.forget(oldest)

        await self._write(forget)

    @property
    def _open_index(self) -> IndexFile:
        assert self._index is not None  # noqa: S101 (opened before any query)
        return self._index

    async def _write(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def _close(self) -> None:
        self._publish(ready=False)
        index, self._index = self._index, None
        self._readers.close()
        if index is not None:
            await self._write(index.close)

    async def _remove(self) -> None:
        if self._index is not None:
            path = self._index.path
            await self._close()
            await self._write(lambda: _unlink(path))


def _indexed(stored: StoredRelease) -> Entry:
    release, kind = stored.release, kind_of(stored)
    return Entry(
        place=list_position_of(release),
        revision=release.revision,
        kind=kind,
        story=stored.story,
        changed=stored.at,
        row=Row(
            headline=release.headline,
            source=release.source,
            wire=release.wire,
            url=release.url,
            published_at=release.published_at,
            first_seen_at=release.first_seen_at,
            language=release.language,
            revision=release.revision,
            tags=release.tags,
        ),
        columns=columns(release, kind),
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of an index; None when the file is missing or empty."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


def _unlink(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)

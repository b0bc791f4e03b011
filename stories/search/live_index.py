"""Keeps the index of releases beside Redis: makes it, follows every change, and answers from it.

It runs where the daemon runs. Nothing waits for it: what is kept leaves its id in a stream, and who asks before the
index is there is told so and reads Redis itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
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
from stories.model.list_position import ListPosition, parse_place, place_of
from stories.runtime.heartbeats import beat
from stories.runtime.private_files import private_folder
from stories.search.filters import kind_of
from stories.search.index import Entry, Hit, IndexFile, IndexUnusableError, Row, available
from stories.search.terms import columns
from stories.store.archive import Archive, StoredRelease

log = structlog.get_logger(__name__)

T = TypeVar("T")
EntryId = tuple[int, int]

LOOK = 2.0  # seconds for one blocking look at the stream; below the connection's timeout of 5
AT_ONCE = 100  # releases that are read and written together: 60 ms of work
PATIENCE = 5.0  # seconds to the next try when Redis or the disk does not answer
BEHIND = 1.0  # seconds that an answer waits for the newest change; it takes some milliseconds
READERS = 3  # questions asked at once; further ones wait
LONGEST = 5.0  # seconds for one question: of the beginning of a word, many words are looked at
SWEEP = 3_600.0  # seconds between two looks for releases that memory has let go
STALE = 0.5  # words without a release, for each release: then the index is made anew at the next start
LEAST_STALE = 10_000


class IndexLostError(Exception):
    """The index that is open is not the one on the disk, or is damaged; it must be made anew."""


class QueryTooExpensiveError(Exception):
    """A question that would take too long."""


def index_path(folder: Path, archive: str) -> Path:
    """Return where the index of a memory lies: each memory has one of its own."""
    return folder / f"index-{archive}.sqlite"


async def last_change(redis: Redis) -> EntryId:
    """Return the newest entry of the stream of changes, (0, 0) when there was none ever."""
    newest = await redis.xrevrange(keys.changes().name, count=1)
    return _entry(newest[0][0]) if newest else (0, 0)


class LiveIndex:
    """The index of a running daemon. ``run`` makes and follows it; the rest asks."""

    def __init__(self, redis: Redis, folder: Path, clock: Callable[[], datetime]) -> None:
        self._redis = redis
        self._archive = Archive(redis)
        self._folder = folder
        self._clock = clock
        self._index: IndexFile | None = None
        self._applied: EntryId = (0, 0)
        self._moved = asyncio.Event()
        self.ready = False
        """Whether the index holds all that is stored."""
        self.position = ""
        """Changes whenever an answer may."""

    async def run(self) -> None:
        """Make the index and follow what is kept, for ever; trouble is told once, and tried again."""
        if not available():
            log.warning("no index: this Python's SQLite has no full-text search; filters read everything")
            return
        # Made anew at each run: a supervisor may start it again.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._readers = IndexReaderPool()
        told = False
        try:
            while True:
                beat()
                try:
                    await self._open()
                    if told:
                        log.info("the index is written again")
                    told = False
                    while True:
                        beat()
                        await self._check_file()
                        await self._step()
                except RedisError:
                    pass  # the daemon has told it
                except IndexLostError as error:
                    log.warning("index_rebuilt", path=str(self._at_hand.path), reason=str(error))
                    await self._remove()
                    continue
                except (sqlite3.Error, OSError, IndexUnusableError) as error:
                    if not told:
                        log.warning("the index cannot be written; filters read everything", why=str(error))
                    told = True
                    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                        await self._remove()
                await self._close()
                await asyncio.sleep(PATIENCE)
        finally:
            await self._close()
            self._writer.shutdown(wait=False)
            self._readers.shutdown()

    async def find(
        self, expression: str | None, *, since: int | None = None, before: ListPosition | None = None, limit: int
    ) -> list[Hit] | None:
        """Return what an expression finds, newest first; None while the index cannot tell. ``QueryTooExpensiveError``."""
        if not await self._current():
            return None
        return await self._readers.ask(lambda index: index.find(expression, since=since, before=before, limit=limit))

    async def changed_stories(self, expression: str | None, *, among: int, limit: int) -> list[tuple[str, int]] | None:
        """Return the stories that changed last, with when (ms); None while the index cannot tell. ``QueryTooExpensiveError``."""
        if not await self._current():
            return None
        return await self._readers.ask(lambda index: index.changed_stories(expression, among=among, limit=limit))

    async def _current(self) -> bool:
        """Return whether the index holds all that was kept before now; waits a little for the newest."""
        if not self.ready:
            return False
        wanted = await last_change(self._redis)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEHIND):
                while self.ready and self._applied < wanted:
                    await self._moved.wait()
        return self.ready and self._applied >= wanted

    async def _open(self) -> None:
        """Open the index of this memory, or begin one; go on where it ended, else read all anew."""
        name = await memory_id(self._redis)
        last = await last_change(self._redis)
        path = index_path(self._folder, name)

        def opened() -> IndexFile:
            private_folder(self._folder)
            try:
                index = IndexFile(path, writes=True)
                held, stale = index.counts()
                if stale <= LEAST_STALE or stale <= STALE * held:
                    return index
                index.close()
            except (IndexUnusableError, sqlite3.Error):
                pass
            _unlink(path)
            return IndexFile(path, create=True)

        self._index = await self._write(opened)
        self._identity = await self._write(lambda: _identity(path))
        noted = await self._write(lambda: self._at_hand.noted("entry"))
        self._applied = _entry(noted)
        if noted is None or not await self._follows(self._applied, last):
            self._applied = last
            await self._write(lambda: self._at_hand.note(entry=_text(last), walk="", whole=""))
        self._swept = 0.0
        self._whole = bool(await self._write(lambda: self._at_hand.noted("whole")))
        self._readers.open(path)

    async def _check_file(self) -> None:
        """Raise ``IndexLostError`` when the open file is no longer the one in the folder, or a reader found it damaged.

        SQLite goes on with a file that was deleted: it would hold what nobody else can read, until the next start.
        """
        path = self._at_hand.path
        if self._readers.damage is not None:
            raise IndexLostError(f"it is damaged: {self._readers.damage}")
        if await self._write(lambda: _identity(path)) != self._identity:
            raise IndexLostError("the file was removed, replaced or emptied")

    async def _follows(self, entry: EntryId, last: EntryId) -> bool:
        """Return whether all that happened after an entry is still in the stream."""
        if entry == last:
            return True
        if entry == (0, 0):
            length = await self._redis.xlen(keys.changes().name)
            return int((await self._redis.xinfo_stream(keys.changes().name)).get("entries-added", -1)) == length
        return bool(await self._redis.xrange(keys.changes().name, _text(entry), _text(entry)))

    async def _step(self) -> None:
        await self._sweep()
        # A blocking look only when all is read: then there is nothing else to do.
        block = int(LOOK * 1000) if self._whole and self.ready else None
        answer = await self._redis.xread({keys.changes().name: _text(self._applied)}, count=AT_ONCE, block=block)
        entries = [entry for _, found in cast(Any, answer) or () for entry in found]
        if entries:
            ids = list(dict.fromkeys(text(fields[b"id"]) for _, fields in entries if b"id" in fields))
            await self._put(await self._archive.several(ids), entry=_entry(entries[-1][0]))
        elif not self._whole:
            await self._walk()
        else:
            self._moves(ready=True)

    async def _walk(self) -> None:
        """Put the next older releases into the index; as long as that took, others have the machine."""
        began = time.monotonic()
        noted = await self._write(lambda: self._at_hand.noted("walk"))
        places = await self._archive.places(before=parse_place(noted) if noted else None, limit=AT_ONCE)
        if not places:
            held = await self._write(lambda: self._at_hand.counts()[0])
            await self._write(lambda: self._at_hand.note(whole="1", walk=""))
            self._whole = True
            log.info("the index is made", releases=held)
            return
        await self._put(await self._archive.several([place.id for place in places]), walk=places[-1])
        await asyncio.sleep(time.monotonic() - began)

    async def _put(
        self, found: Sequence[StoredRelease], *, entry: EntryId | None = None, walk: ListPosition | None = None
    ) -> None:
        def put() -> None:
            entries = [_indexed(one) for one in found]
            with self._at_hand.writing():
                self._at_hand.put(entries)
                if entry is not None:
                    self._at_hand.note(entry=_text(entry))
                if walk is not None:
                    self._at_hand.note(walk=str(walk))

        await self._write(put)
        if entry is not None:
            self._applied = entry
        self._moves(ready=self.ready)

    def _moves(self, *, ready: bool) -> None:
        if ready != self.ready or ready:
            self.ready = ready
            self.position = _text(self._applied) if ready else ""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _sweep(self) -> None:
        now = time.monotonic()
        if self._swept and now - self._swept < SWEEP:
            return
        self._swept = now
        oldest = int((self._clock() - keys.lifetimes().releases).timestamp() * 1000)

        def forget() -> int:
            with self._at_hand.writing():
                return self._at_hand.forget(oldest)

        await self._write(forget)

    @property
    def _at_hand(self) -> IndexFile:
        assert self._index is not None  # noqa: S101 (opened before anything is asked)
        return self._index

    async def _write(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def _close(self) -> None:
        self._moves(ready=False)
        index, self._index = self._index, None
        self._readers.close()
        if index is not None:
            await self._write(index.close)

    async def _remove(self) -> None:
        if self._index is not None:
            path = self._index.path
            await self._close()
            await self._write(lambda: _unlink(path))


class IndexReaderPool:
    """Some connections that read an index, each in a thread of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="find")
        self._free: asyncio.Queue[IndexFile] = asyncio.Queue()
        self._path: Path | None = None
        self._opened: list[IndexFile] = []
        self.damage: str | None = None
        """What SQLite said when a question met a damaged file."""

    def open(self, path: Path) -> None:
        """Read this file from now on."""
        self._path = path
        self.damage = None
        self._free = asyncio.Queue()
        self._opened = [IndexFile(path) for _ in range(READERS)]
        for one in self._opened:
            self._free.put_nowait(one)

    def close(self) -> None:
        """Let go of the file; what is being asked fails."""
        self._path = None
        idle = []
        while not self._free.empty():
            idle.append(self._free.get_nowait())
        for one in self._opened:
            if one in idle:
                one.close()
            else:
                one.interrupt()  # its question closes it
        self._opened = []

    def shutdown(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    async def ask(self, question: Callable[[IndexFile], T]) -> T | None:
        """Return the answer; None when the file is let go of meanwhile. ``QueryTooExpensiveError`` when it takes too long."""
        free, loop = self._free, asyncio.get_running_loop()
        index = await free.get()
        asked = loop.run_in_executor(self._threads, question, index)
        asked.add_done_callback(lambda _: free.put_nowait(index) if index in self._opened else index.close())
        try:
            async with asyncio.timeout(LONGEST):
                return await asyncio.shield(asked)
        except TimeoutError:
            asked.add_done_callback(lambda done: done.exception())
            index.interrupt()
            raise QueryTooExpensiveError("this looks at too much; ask for longer or rarer words") from None
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.OperationalError):
                self.damage = str(error)
            return None


@contextlib.contextmanager
def still_index(path: Path) -> Iterator[IndexFile | None]:
    """Open an index that a daemon keeps, for reading; None where there is none."""
    try:
        index = IndexFile(path)
    except IndexUnusableError:
        yield None
        return
    try:
        yield index
    finally:
        index.close()


class ReadOnlyIndex:
    """The index as a command finds it: used when a daemon holds it whole and up to date."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self._redis = redis
        self._folder = folder

    async def find(
        self, expression: str | None, *, since: int | None = None, before: ListPosition | None = None, limit: int
    ) -> list[Hit] | None:
        """Return what an expression finds, newest first; None when the index cannot tell."""
        name = await self._redis.get(keys.memory_id().name)
        if name is None:
            return None
        path = index_path(self._folder, text(name))
        last = await last_change(self._redis)

        def ask() -> list[Hit] | None:
            with still_index(path) as index:
                if index is None or not index.noted("whole") or _entry(index.noted("entry")) < last:
                    return None
                return index.find(expression, since=since, before=before, limit=limit)

        try:
            return await asyncio.to_thread(ask)
        except sqlite3.Error:
            return None


def _indexed(stored: StoredRelease) -> Entry:
    release, kind = stored.release, kind_of(stored)
    return Entry(
        place=place_of(release),
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


def _entry(found: bytes | str | None) -> EntryId:
    moment, _, number = (text(found) if isinstance(found, bytes) else found or "0-0").partition("-")
    return int(moment), int(number)


def _text(entry: EntryId) -> str:
    return f"{entry[0]}-{entry[1]}"


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of an index; None where there is none, or an empty file in its place."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


def _unlink(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)

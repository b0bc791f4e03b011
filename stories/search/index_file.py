"""The search index of releases: one SQLite file that is derived from Redis and can be rebuilt.

A release is a row of FTS5 whose position is derived from the time it was first seen, so that results are newest first
without sorting. The full-text table stores no text: a revised release gets a new position, and the words at the old
position stay, without a release, until the index is rebuilt (docs/decisions/0008-index.md).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stories.model.list_position import ListPosition
from stories.runtime.private_files import private_file, restrict_access
from stories.search.terms import COLUMNS

FORMAT = 2  # raised with each change of the format; an index of another format is rebuilt
EPOCH = 1_577_836_800_000  # 2020-01-01 in ms; positions count from it, which needs less space
SLOT_BITS = 4  # bits: positions within a millisecond, for releases of the same time and for revisions
MAX_POSITION = (1 << 63) - 1
BUSY_TIMEOUT_SECONDS = 10.0  # seconds to wait for another process that writes
WRITE_BUFFER_BYTES = 16 << 20  # buffered words; a large buffer means fewer segments to merge

_SCHEMA = f"""
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE release (
  place INTEGER PRIMARY KEY,
  id TEXT UNIQUE,            -- NULL: a place that a revised release has left
  seen INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  kind TEXT NOT NULL,
  story TEXT NOT NULL,
  row BLOB
);
CREATE INDEX release_story ON release (story, place);
CREATE TABLE story (id TEXT PRIMARY KEY, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX story_changed ON story (changed);
CREATE VIRTUAL TABLE words USING fts5({", ".join(COLUMNS)}, content='', columnsize=0, tokenize='ascii');
INSERT INTO words (words, rank) VALUES ('hashsize', {WRITE_BUFFER_BYTES});
"""  # noqa: S608 (the names are ours)


class Row(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The row of a result list: a release without its text."""

    headline: str
    source: str | None
    wire: str | None
    url: str | None
    published_at: str | None
    first_seen_at: str | None
    language: str | None
    revision: int
    tags: tuple[str, ...] = ()


_rows = msgspec.msgpack.Decoder(Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A release as it is written to the index."""

    place: ListPosition
    revision: int
    kind: str
    story: str
    changed: int
    """When its story last changed, ms since 1970."""
    row: Row
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A release that was found."""

    place: ListPosition
    kind: str
    story: str
    row: Row


class IndexUnusableError(Exception):
    """The file is not an index, damaged, or of another format; it must be rebuilt."""


def available() -> bool:
    """Return whether this Python's SQLite has full-text search (FTS5)."""
    with contextlib.closing(sqlite3.connect(":memory:")) as trial:
        try:
            trial.execute("CREATE VIRTUAL TABLE trial USING fts5(a, content='')")
        except sqlite3.OperationalError:
            return False
    return True


class IndexFile:
    """A connection to an index; used by one thread at a time."""

    def __init__(self, path: Path, *, create: bool = False, writes: bool = False) -> None:
        """Open or create an index. Raises ``IndexUnusableError`` when the file cannot be read."""
        self.path = path
        if not create and not path.exists():
            raise IndexUnusableError(f"{path} is not there")
        if create or writes:  # SQLite gives its other files, such as the write-ahead log, the same mode
            try:
                if create or path.exists():
                    private_file(path)
                for end in ("-wal", "-shm"):
                    restrict_access(path.with_name(f"{path.name}{end}"))
            except OSError as error:
                raise IndexUnusableError(f"{path}: {error}") from error
        mode = "rwc" if create else "rw" if writes else "ro"
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None,
                check_same_thread=False,
            )  # fmt: skip
        except sqlite3.Error as error:
            raise IndexUnusableError(f"{path}: {error}") from error
        try:
            if create or writes:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
            if create:
                self._db.executescript(_SCHEMA)
                self.put_values(format=str(FORMAT), put="0")
            elif self.value("format") != str(FORMAT):
                raise IndexUnusableError(f"{path} is of another format")
        except sqlite3.Error as error:
            self._db.close()
            raise IndexUnusableError(f"{path}: {error}") from error
        except IndexUnusableError:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def interrupt(self) -> None:
        """Interrupt the running query from another thread; it raises ``sqlite3.OperationalError``."""
        self._db.interrupt()

    def value(self, name: str) -> str | None:
        """Return the value that was stored under a name."""
        found = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def put_values(self, **values: str) -> None:
        """Store values by name."""
        self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put(self, entries: Iterable[Entry]) -> int:
        """Write the current state of these releases; return how many differed."""
        written = 0
        for entry in entries:
            self._db.execute(
                "INSERT INTO story VALUES (?, ?) ON CONFLICT DO UPDATE SET changed = max(changed, excluded.changed)",
                (entry.story, entry.changed),
            )
            held = self._db.execute(
                "SELECT place, revision, kind, story FROM release WHERE id = ?", (entry.place.id,)
            ).fetchone()
            if held is not None:
                if held[1:] == (entry.revision, entry.kind, entry.story):
                    continue
                self._db.execute("UPDATE release SET id = NULL, row = NULL WHERE place = ?", held[:1])
            place = self._free(_first_place(entry.place.seen) if held is None else held[0] + 1)
            self._db.execute(
                "INSERT INTO release VALUES (?, ?, ?, ?, ?, ?, ?)",
                (place, entry.place.id, entry.place.seen, entry.revision, entry.kind, entry.story,
                 msgspec.msgpack.encode(entry.row)),
            )  # fmt: skip
            marks = ", ".join("?" * len(COLUMNS))
            self._db.execute(f"INSERT INTO words (rowid, {', '.join(COLUMNS)}) VALUES (?, {marks})",  # noqa: S608
                             (place, *entry.columns))  # fmt: skip
            written += 1
        if written:
            self.put_values(put=str(int(self.value("put") or 0) + written))
        return written

    def forget(self, before: int) -> int:
        """Delete the releases that were first seen before this time (ms); return how many."""
        gone = self._db.execute("DELETE FROM release WHERE place < ?", (_first_place(before),)).rowcount
        if gone:
            self._db.execute("DELETE FROM story WHERE id NOT IN (SELECT story FROM release WHERE id IS NOT NULL)")
        return gone

    def counts(self) -> tuple[int, int]:
        """Return the number of releases, and the number of positions with words but without a release."""
        held = self._db.execute("SELECT count(id) FROM release").fetchone()[0]
        return held, int(self.value("put") or 0) - held

    def find(
        self, expression: str | None, *, since: int | None = None, before: ListPosition | None = None, limit: int
    ) -> list[Hit]:
        """Return the releases that an expression of ``stories.search.terms`` finds (None: all), newest first.

        Only those first seen since ``since`` (ms), and after ``before`` in the list.
        """
        low = _first_place(since) if since is not None else -MAX_POSITION
        # A position may be after its millisecond if that was full.
        high = _first_place(before.seen + 64) if before is not None else MAX_POSITION
        select = "SELECT r.seen, r.id, r.kind, r.story, r.row"
        if expression is None:
            rows = self._db.execute(
                f"{select} FROM release r WHERE r.place BETWEEN ? AND ? AND r.id IS NOT NULL ORDER BY r.place DESC",
                (low, high),
            )
        else:
            rows = self._db.execute(
                f"{select} FROM words CROSS JOIN release r ON r.place = words.rowid "
                "WHERE words MATCH ? AND words.rowid BETWEEN ? AND ? AND r.id IS NOT NULL ORDER BY words.rowid DESC",
                (expression, low, high),
            )
        with contextlib.closing(rows):
            return _page(rows, since, before, limit)

    def changed_stories(self, expression: str | None, *, among: int, limit: int) -> list[tuple[str, int]]:
        """Return the stories that changed last, with the time (ms), among those of the newest hits."""
        if expression is None:
            found = self._db.execute("SELECT id, changed FROM story ORDER BY changed DESC LIMIT ?", (limit,))
        else:
            found = self._db.execute(
                "SELECT s.id, s.changed FROM (SELECT r.story FROM words CROSS JOIN release r ON r.place = words.rowid "
                "WHERE words MATCH ? AND r.id IS NOT NULL ORDER BY words.rowid DESC LIMIT ?) AS m "
                "CROSS JOIN story s ON s.id = m.story GROUP BY s.id ORDER BY s.changed DESC LIMIT ?",
                (expression, among, limit),
            )
        return found.fetchall()

    def _free(self, place: int) -> int:
        while self._db.execute("SELECT 1 FROM release WHERE place = ?", (place,)).fetchone():
            place += 1
        return place


def _first_place(seen: int) -> int:
    return (seen - EPOCH) << SLOT_BITS


def _page(rows: Iterable[Sequence[Any]], since: int | None, before: ListPosition | None, limit: int) -> list[Hit]:
    """Return the first rows in the order of ``Place``; those of one millisecond are in the order of their arrival."""
    page: list[Hit] = []
    together: list[Hit] = []
    for seen, own, kind, story, row in rows:
        place = ListPosition(seen=seen, id=own)
        if (since is not None and place.seen < since) or (before is not None and not place.after(before)):
            continue
        if together and place.seen != together[0].place.seen:
            page += sorted(together, key=lambda hit: hit.place.id, reverse=True)
            together = []
            if len(page) >= limit:
                return page[:limit]
        together.append(Hit(place=place, kind=kind, story=story, row=_rows.decode(row)))
    return (page + sorted(together, key=lambda hit: hit.place.id, reverse=True))[:limit]

"""Reads the index that a daemon maintains, for commands."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text
from stories.model.list_position import ListPosition
from stories.search.index_file import Hit, IndexFile, IndexUnusableError
from stories.search.index_location import index_path, last_change, parse_entry_id


@contextlib.contextmanager
def open_for_reading(path: Path) -> Iterator[IndexFile | None]:
    """Open an index that a daemon maintains, for reading; yield None when there is no usable file."""
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
    """The index for commands: used only when a daemon has completed it and it is up to date."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self._redis = redis
        self._folder = folder

    async def find(
        self, expression: str | None, *, since: int | None = None, before: ListPosition | None = None, limit: int
    ) -> list[Hit] | None:
        """Return the hits of an expression, newest first; None when the index is missing, incomplete or behind."""
        name = await self._redis.get(keys.memory_id().name)
        if name is None:
            return None
        path = index_path(self._folder, text(name))
        last = await last_change(self._redis)

        def query() -> list[Hit] | None:
            with open_for_reading(path) as index:
                if index is None or not index.value("whole") or parse_entry_id(index.value("entry")) < last:
                    return None
                return index.find(expression, since=since, before=before, limit=limit)

        try:
            return await asyncio.to_thread(query)
        except sqlite3.Error:
            return None

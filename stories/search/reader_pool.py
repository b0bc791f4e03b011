"""Read connections to the index: queries run in threads, with a time limit."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from stories.search.index_file import IndexFile

T = TypeVar("T")

MAX_CONCURRENT_QUERIES = 3  # further queries wait for a free connection
QUERY_TIMEOUT_SECONDS = 5.0  # a short prefix matches many words


class QueryTooExpensiveError(Exception):
    """A query exceeded the time limit."""


class IndexReaderPool:
    """A pool of read connections to an index, each with its own thread."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_CONCURRENT_QUERIES, thread_name_prefix="find")
        self._free: asyncio.Queue[IndexFile] = asyncio.Queue()
        self._opened: list[IndexFile] = []
        self.damage: str | None = None
        """The error of SQLite when a query met a damaged file; None while there was none."""

    def open(self, path: Path) -> None:
        """Open the connections to a file."""
        self.damage = None
        self._free = asyncio.Queue()
        self._opened = [IndexFile(path) for _ in range(MAX_CONCURRENT_QUERIES)]
        for index in self._opened:
            self._free.put_nowait(index)

    def close(self) -> None:
        """Close the connections; queries that are running are interrupted and return None."""
        idle = []
        while not self._free.empty():
            idle.append(self._free.get_nowait())
        for index in self._opened:
            if index in idle:
                index.close()
            else:
                index.interrupt()  # the callback of its query closes it
        self._opened = []

    def shutdown(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    async def run(self, query: Callable[[IndexFile], T]) -> T | None:
        """Return the result of a query; None when the index is closed meanwhile.

        Raises ``QueryTooExpensiveError`` after ``QUERY_TIMEOUT_SECONDS``.
        """
        free, loop = self._free, asyncio.get_running_loop()
        index = await free.get()
        running = loop.run_in_executor(self._threads, query, index)
        running.add_done_callback(lambda _: free.put_nowait(index) if index in self._opened else index.close())
        try:
            async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
                return await asyncio.shield(running)
        except TimeoutError:
            running.add_done_callback(lambda done: done.exception())
            index.interrupt()
            raise QueryTooExpensiveError("this looks at too much; ask for longer or rarer words") from None
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.OperationalError):
                self.damage = str(error)
            return None

"""Tells those who follow the stream of events that there is more: one look at Redis for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from redis.exceptions import RedisError

from stories.archive import Archive

LOOK = 2.0  # seconds for one blocking look at the stream; below the connection's timeout of 5
READING = 8  # followers that read at once
PATIENCE = 1.0  # seconds to the next look while Redis is away


class Bell:
    """Rings for every follower when events were kept, and for the last time when the server ends."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._news = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self.reading = asyncio.Semaphore(READING)
        """Held while a follower reads: a ring wakes all of them, and Redis has other work."""
        self.followers = 0
        self.ended = False

    def next_ring(self) -> asyncio.Event:
        """Return what is set at the next ring: take it before reading, so that nothing rings in between unheard."""
        return self._news

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Look at the stream while there is at least one follower."""
        self.followers += 1
        if self._watch is None:
            self._watch = asyncio.create_task(self._look(), name="events")
        try:
            yield
        finally:
            self.followers -= 1
            if self.followers == 0:
                self._watch.cancel()
                self._watch = None

    def end(self) -> None:
        """Let every follower go: the server ends."""
        self.ended = True
        self._ring()

    def _ring(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _look(self) -> None:
        entry: str | None = None
        # Before Python 3.12 a cancellation may be lost on its way through redis-py (python/cpython#86296): whoever is
        # no longer the watch ends at the next look.
        while self._watch is asyncio.current_task():
            try:
                if entry is None:
                    entry = next((one.entry for one in await self._archive.latest_events(1)), "0-0")
                else:
                    found = await self._archive.awaited(entry, seconds=LOOK)
                    if not found:
                        continue
                    entry = found[-1].entry
            except (RedisError, OSError):
                # Who follows reads by itself at every heartbeat, and sees that Redis is away.
                await asyncio.sleep(PATIENCE)
                continue
            self._ring()

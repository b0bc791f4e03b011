"""Tells those who follow the stream of events that there is more: one look at Redis for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar, cast

from redis.exceptions import RedisError

from stories.runtime.cancellation import raise_if_cancelled
from stories.store.archive import Archive

BLOCK_SECONDS = 2.0  # seconds for one blocking look at the stream; below the connection's timeout of 5
MAX_CONCURRENT_READS = 8  # followers that read at once
REDIS_RETRY_SECONDS = 1.0  # seconds to the next look while Redis is away

T = TypeVar("T")


class EventNotifier:
    """Rings for every follower when events were kept, and for the last time when the server ends."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._event = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._reading = asyncio.Semaphore(MAX_CONCURRENT_READS)  # Redis has other work
        self._reads: dict[tuple[asyncio.Event, str | None], asyncio.Future[Any]] = {}
        self.followers = 0
        self.ended = False

    def next_event(self) -> asyncio.Event:
        """Return what is set at the next event: take it before reading, so that nothing rings in between unheard."""
        return self._event

    async def coalesced_read(self, event: asyncio.Event, after: str | None, read: Callable[[], Awaitable[T]]) -> T:
        """Return what ``read`` returns, read once for all who go on from the same event at the same ring.

        A ring wakes all followers at once, most of them at the same place. Whoever took the same ring is woken by what
        is kept after the reading began, so that nobody misses it.
        """
        key = (event, after)
        if key not in self._reads:
            self._reads[key] = asyncio.ensure_future(self._read(read))
            self._reads[key].add_done_callback(lambda done: self._forget(key, done))
        # Shielded: that one of them leaves must not take it from the others.
        return cast(T, await asyncio.shield(self._reads[key]))

    async def _read(self, read: Callable[[], Awaitable[T]]) -> T:
        async with self._reading:
            return await read()

    def _forget(self, key: tuple[asyncio.Event, str | None], done: asyncio.Future[Any]) -> None:
        del self._reads[key]
        if not done.cancelled():
            done.exception()  # told to whoever is still there

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Look at the stream while there is at least one follower."""
        self.followers += 1
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll(), name="events")
        try:
            yield
        finally:
            self.followers -= 1
            if self.followers == 0:
                self._poller.cancel()
                self._poller = None

    def end(self) -> None:
        """Let every follower go: the server ends."""
        self.ended = True
        self._notify()

    def _notify(self) -> None:
        current, self._event = self._event, asyncio.Event()
        current.set()

    async def _poll(self) -> None:
        entry: str | None = None
        while True:
            raise_if_cancelled()
            try:
                if entry is None:
                    entry = next((one.entry for one in await self._archive.latest_events(1)), "0-0")
                else:
                    found = await self._archive.awaited(entry, seconds=BLOCK_SECONDS)
                    if not found:
                        continue
                    entry = found[-1].entry
            except (RedisError, OSError):
                # Who follows reads by itself at every heartbeat, and sees that Redis is away.
                await asyncio.sleep(REDIS_RETRY_SECONDS)
                continue
            self._notify()

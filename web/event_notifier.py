"""Notifies all followers of the event stream of new events, with one blocking read of Redis for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar, cast

from redis.exceptions import RedisError

from stories.runtime.cancellation import raise_if_cancelled
from stories.store.archive import Archive

BLOCK_SECONDS = 2.0  # of one blocking read of the stream; below the connection's timeout of 5 s
MAX_CONCURRENT_READS = 8  # of followers
REDIS_RETRY_SECONDS = 1.0  # to the next read while Redis does not answer

T = TypeVar("T")


class EventNotifier:
    """Wakes every follower when new events are stored, and a last time when the server stops."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._event = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._reading = asyncio.Semaphore(MAX_CONCURRENT_READS)  # to leave connections to Redis for other work
        self._reads: dict[tuple[asyncio.Event, str | None], asyncio.Future[Any]] = {}
        self.followers = 0
        self.ended = False

    def next_event(self) -> asyncio.Event:
        """Return an ``asyncio.Event`` that the next new event sets. Get it before reading, so no event is missed."""
        return self._event

    async def coalesced_read(self, event: asyncio.Event, after: str | None, read: Callable[[], Awaitable[T]]) -> T:
        """Return the result of ``read``, shared by all followers at the same position and notification.

        A notification wakes all followers at the same time, most of them at the same position. Events that are stored
        after the read began notify these followers again, so no event is missed.

        Args:
            event: the notification, from ``next_event``.
            after: id of the last event that the follower has.
            read: reads the next events.
        """
        key = (event, after)
        if key not in self._reads:
            self._reads[key] = asyncio.ensure_future(self._read(read))
            self._reads[key].add_done_callback(lambda done: self._forget(key, done))
        # Shielded, because a follower that disconnects must not cancel the read of the others.
        return cast(T, await asyncio.shield(self._reads[key]))

    async def _read(self, read: Callable[[], Awaitable[T]]) -> T:
        async with self._reading:
            return await read()

    def _forget(self, key: tuple[asyncio.Event, str | None], done: asyncio.Future[Any]) -> None:
        del self._reads[key]
        if not done.cancelled():
            done.exception()  # mark as retrieved; the followers get it

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Count one more follower. The stream is read while there is at least one."""
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
        """End all streams, because the server stops."""
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
                    entry = next((event.entry for event in await self._archive.latest_events(1)), "0-0")
                else:
                    found = await self._archive.wait_for_events(entry, seconds=BLOCK_SECONDS)
                    if not found:
                        continue
                    entry = found[-1].entry
            except (RedisError, OSError):
                # Each follower reads at every heartbeat, so it notices that Redis does not answer.
                await asyncio.sleep(REDIS_RETRY_SECONDS)
                continue
            self._notify()

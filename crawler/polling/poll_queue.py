"""The queue of polls: each listing waits in it at most once."""

from __future__ import annotations

import asyncio

from stories.model.sighting import Poll, PollReason


class PollQueue:
    """Polls in the order in which they were requested."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Poll | None] = asyncio.Queue()
        self._waiting: set[tuple[str, str | None, tuple[str, ...], str | None, PollReason]] = set()

    def put(self, poll: Poll) -> bool:
        """Queue a poll, and return whether it was; one that waits already is not queued again."""
        key = _key(poll)
        if key in self._waiting:
            return False
        self._waiting.add(key)
        self._queue.put_nowait(poll)
        return True

    def close(self) -> None:
        """Let the reader end once it has taken what was put before."""
        self._queue.put_nowait(None)

    async def get(self) -> Poll | None:
        """Return the next poll; None after ``end``."""
        poll = await self._queue.get()
        if poll is not None:
            self._waiting.discard(_key(poll))
        return poll

    def __len__(self) -> int:
        return self._queue.qsize()


def _key(poll: Poll) -> tuple[str, str | None, tuple[str, ...], str | None, PollReason]:
    return (poll.source, poll.listing, poll.urls, poll.crawl_id, poll.reason)

"""Crawl requests of users: a queue for the daemon, and the state of each crawl."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text
from stories.db.unreadable_records import decode
from stories.model.sighting import Poll
from stories.model.timestamps import timestamp

FINAL_STATES = ("done", "failed")
"""States of a crawl that has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlState:
    """The progress of a requested crawl."""

    id: str
    state: str
    """queued, running, done or failed."""
    source: str | None = None
    tag: str | None = None
    url: str | None = None
    asked_at: str | None = None
    done_at: str | None = None
    listings: int = 0
    """Listings read without an error."""
    releases: int = 0
    """Release pages read."""
    events: int = 0
    errors: tuple[str, ...] = ()


class CrawlRequests:
    """The queue of requested crawls. A request is stored until ``finish``, so that a crash does not lose it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def submit(self, poll: Poll) -> None:
        """Put a requested poll in the queue; the daemon takes it."""
        crawl = CrawlState(
            id=poll.crawl_id or "",
            state="queued",
            source=poll.source,
            tag=poll.tag,
            url=poll.urls[0] if poll.urls else None,
            asked_at=timestamp(poll.asked_at),
        )
        packed, state, requests = msgspec.json.encode(poll), keys.crawl(crawl.id), keys.requested_polls()
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(state.name, msgspec.json.encode(crawl), ex=state.seconds)
            pipeline.hset(requests.name, crawl.id, cast(Any, packed))
            pipeline.expire(requests.name, requests.seconds)
            pipeline.rpush(keys.poll_requests().name, packed)
            await pipeline.execute()

    async def next(self, seconds: float) -> Poll | None:
        """Return the next requested poll; None when the queue stays empty for ``seconds``."""
        reply = await cast(
            Awaitable[list[bytes] | None], self._redis.blpop([keys.poll_requests().name], timeout=seconds)
        )
        return decode(reply[1], Poll, "polls", keys.poll_requests().name) if reply else None

    async def requeue_lost(self) -> Sequence[Poll]:
        """Put requests that were taken and not finished back in the queue, and return them.

        A worker may still be running some of them.
        """
        # In this order: a request submitted between the two reads is not in `stored`, and is not queued twice.
        stored = await cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(keys.requested_polls().name))
        waiting = await cast(Awaitable[list[bytes]], self._redis.lrange(keys.poll_requests().name, 0, -1))
        polls = (decode(packed, Poll, "polls", keys.poll_requests().name) for packed in waiting)
        queued = {poll.crawl_id for poll in polls if poll is not None}
        lost: list[Poll] = []
        for name, packed in stored.items():
            if text(name) in queued:
                continue
            poll = decode(packed, Poll, "asked", keys.requested_polls().name)
            if poll is None or (crawl := await self.state(text(name))) is None or crawl.state in FINAL_STATES:
                await self._redis.hdel(keys.requested_polls().name, text(name))
                continue
            await self._redis.rpush(keys.poll_requests().name, packed)
            lost.append(poll)
        return lost

    async def finish(self, crawl: CrawlState) -> None:
        """Store the final state of a crawl and remove its request."""
        key = keys.crawl(crawl.id)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(key.name, msgspec.json.encode(crawl), ex=key.seconds)
            pipeline.hdel(keys.requested_polls().name, crawl.id)
            await pipeline.execute()

    async def put_state(self, crawl: CrawlState) -> None:
        """Store the progress of a crawl."""
        key = keys.crawl(crawl.id)
        await self._redis.set(key.name, msgspec.json.encode(crawl), ex=key.seconds)

    async def state(self, crawl_id: str) -> CrawlState | None:
        """Return the progress of a crawl; None for an unknown id."""
        packed = await self._redis.get(keys.crawl(crawl_id).name)
        return decode(packed, CrawlState, "crawl", keys.crawl(crawl_id).name) if packed else None

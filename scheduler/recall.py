"""What is done when Redis remembers less than it did: every listing is read whole once, and people are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
import structlog
from redis.asyncio import Redis

from crawler.polls import all_listings
from pipelines.telling import Monitor
from scheduler.newsroom import Newsroom
from stories import keys
from stories.claims import listing_key
from stories.epoch import Epoch, Found
from stories.moments import timestamp
from stories.sighting import Cursor

log = structlog.get_logger(__name__)

AT_ONCE = 500  # cursors read and written in one round trip


class Recall:
    """Looks whether Redis went back, for the daemon that polls."""

    def __init__(self, newsroom: Newsroom, monitor: Monitor, now: Callable[[], datetime]) -> None:
        self._redis = newsroom.redis
        # Each answered write of the embedded server is on the disk, so a start of it alone loses nothing.
        self._trusted = newsroom.server is not None
        self._monitor = monitor
        self._now = now
        self._listings = tuple(listing_key(one.source, one.url) for one in all_listings(newsroom.settings))
        self._epoch = Epoch(newsroom.redis, newsroom.settings.data_dir, self._listings)

    async def look(self) -> Found:
        """Look once, and have read again what may be lost; ``RedisError`` when Redis is away."""
        found = await self._epoch.look(self._now())
        if found.change == "another server" and not self._trusted:
            await doubt(self._redis, self._listings)
            log.info("another Redis server than before; every listing is read whole once", epoch=found.epoch)
        elif found.change == "went back":
            polled = set(found.polled)
            await doubt(self._redis, self._listings)
            await remember_polled(
                self._redis, [one for one in self._listings if one in polled], found.since or timestamp(self._now())
            )
            log.warning(
                "Redis went back to an earlier state; what it lost is found again", epoch=found.epoch, since=found.since
            )
            await self._tell(found)
        self._trusted = False
        return found

    async def _tell(self, found: Found) -> None:
        await self._monitor.tell(
            "redis.recovered",
            "redis",
            began=f"epoch {found.epoch}",
            detail="Redis went back to an earlier state, by a backup or a failover; every listing is read whole, and "
            "what was lost is found again: alerts may repeat, with the ids that they had",
            about={"epoch": str(found.epoch), "from": found.since, "to": timestamp(self._now())},
        )


async def doubt(redis: Redis, listings: Sequence[str]) -> None:
    """Let the next poll of each listing read it whole, whatever it answered before."""
    for begin in range(0, len(listings), AT_ONCE):
        chunk = [keys.cursor(one) for one in listings[begin : begin + AT_ONCE]]
        packed = await redis.mget([key.name for key in chunk])
        async with redis.pipeline(transaction=False) as pipeline:
            for key, known in zip(chunk, packed, strict=True):
                if known is not None:
                    cursor = msgspec.json.decode(known, type=Cursor)
                    doubted = replace(cursor, etag=None, last_modified=None, digest=None, body=None)
                    pipeline.set(key.name, msgspec.json.encode(doubted), ex=key.seconds)
            await pipeline.execute()


async def remember_polled(redis: Redis, listings: Sequence[str], since: str) -> None:
    """Note of listings that Redis no longer knows that they were read before: what they hold is news, not a beginning.

    A first poll stores silently what it finds; these had theirs, and what came out since then would never be told.
    """
    async with redis.pipeline(transaction=False) as pipeline:
        for one in listings:
            key = keys.cursor(one)
            pipeline.set(key.name, msgspec.json.encode(Cursor(read_at=since)), ex=key.seconds, nx=True)
        await pipeline.execute()

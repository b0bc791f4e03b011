"""Rate limits of hosts, shared by all processes on one Redis: request slots, Retry-After, throttling, robots.txt.

The daemon, its workers and one-off crawls keep the limits of a host together.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.db import keys
from stories.db.replies import text
from stories.db.scripts import load_script
from stories.db.unreadable_records import attempt
from stories.model.timestamps import parse_timestamp, timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class HostBackoff:
    """The backoff of a host."""

    until: datetime | None = None
    """No request before this time (``Retry-After``)."""
    apart: float = 0.0
    """Minimum seconds between two requests; 0 without throttling."""


class HostLimits:
    """Stores the limits of hosts. The caller handles ``RedisError``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @cached_property
    def _turn(self) -> AsyncScript:
        return self._redis.register_script(load_script("turn.lua"))

    async def reserve_slot(self, host: str, delay: float) -> float:
        """Reserve the next request slot of a host, ``delay`` seconds after the last; return the seconds until it."""
        key = keys.next_slot(host)
        args = [round(delay * 1000), key.seconds * 1000]
        return int(await self._turn(keys=[key.name], args=args)) / 1000

    async def backoff(self, server: str, host: str) -> HostBackoff:
        """Return the backoff of a server (``host:port``) and its host."""
        until, apart = await self._redis.mget(keys.retry_after(server).name, keys.throttle(host).name)
        seconds = attempt(lambda: float(apart or 0), "slower", keys.throttle(host).name) or 0.0
        return HostBackoff(
            until=parse_timestamp(text(until)) if until else None, apart=seconds if 0 < seconds < 86_400 else 0.0
        )

    async def put_retry_after(self, server: str, until: datetime, patience: timedelta) -> None:
        """Store until when a server must not be requested."""
        await self._redis.set(keys.retry_after(server).name, timestamp(until), px=_ms(patience))

    async def put_throttle(self, host: str, apart: float, span: timedelta) -> None:
        """Throttle a host for ``span``: ``apart`` seconds between two requests."""
        await self._redis.set(keys.throttle(host).name, repr(apart), px=_ms(span))

    async def robots(self, server: str) -> tuple[bytes, timedelta] | None:
        """Return a server's robots.txt and for how long it is valid; None when it is not stored."""
        key = keys.robots(server).name
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.get(key)
            pipeline.pttl(key)
            packed, left = await pipeline.execute()
        body = attempt(lambda: zlib.decompress(packed), "robots", key) if packed and left > 0 else None
        return (body, timedelta(milliseconds=left)) if body is not None else None

    async def put_robots(self, server: str, body: bytes) -> None:
        """Store a server's robots.txt; an empty one when it has none."""
        key = keys.robots(server)
        await self._redis.set(key.name, zlib.compress(body), ex=key.seconds)


def _ms(span: timedelta) -> int:
    return max(1, span // timedelta(milliseconds=1))

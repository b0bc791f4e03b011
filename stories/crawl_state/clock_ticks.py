"""The last tick of the daemon's clock, for the health check of the web pages."""

from __future__ import annotations

from datetime import datetime

from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text
from stories.model.timestamps import parse_timestamp, timestamp


class ClockTicks:
    """Stores when the clock ticked last."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def record(self, now: datetime) -> None:
        """Record a tick."""
        await self._redis.set(keys.clock_tick().name, timestamp(now), ex=keys.clock_tick().seconds)

    async def last(self) -> datetime | None:
        """Return when the clock ticked last; None when no tick is stored."""
        ticked_at = await self._redis.get(keys.clock_tick().name)
        return parse_timestamp(text(ticked_at)) if ticked_at else None

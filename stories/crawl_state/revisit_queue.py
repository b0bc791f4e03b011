"""When the page of each stored release is read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import texts
from stories.model.timestamps import from_milliseconds, milliseconds


class RevisitQueue:
    """The queue of revisits: release ids by the time at which their page is due."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Return at most ``limit`` ids of releases whose page is due by ``now``, the longest due first."""
        ids = await self._redis.zrangebyscore(keys.revisits_due().name, "-inf", milliseconds(now), start=0, num=limit)
        return texts(ids)

    async def due_at(self, release_ids: Sequence[str]) -> dict[str, datetime | None]:
        """Return when the pages of these releases are due; None for those without a revisit."""
        if not release_ids:
            return {}
        scores = await self._redis.zmscore(keys.revisits_due().name, list(release_ids))
        return {
            release_id: from_milliseconds(round(score)) if score is not None else None
            for release_id, score in zip(release_ids, scores, strict=True)
        }

    async def schedule(self, release_id: str, due: datetime | None) -> None:
        """Set when a release's page is read again; None removes it from the queue."""
        if due is None:
            await self._redis.zrem(keys.revisits_due().name, release_id)
        else:
            await self._redis.zadd(keys.revisits_due().name, {release_id: milliseconds(due)})

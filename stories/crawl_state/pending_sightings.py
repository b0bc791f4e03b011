"""Pending sightings: pages that were claimed and are not read yet. A sweep takes up those that a crash left over."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from datetime import datetime
from functools import cached_property
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.db import keys
from stories.db.fencing import MemoryMark, fence_argument, fenced
from stories.db.replies import texts
from stories.db.unreadable_records import decode
from stories.model.sighting import PendingSighting
from stories.model.timestamps import milliseconds
from stories.model.urls import url_digest

SCRIPT_BATCH = 250  # sightings of one script call: it takes some milliseconds, in which Redis serves no other client


class PendingSightings:
    """Stores pending sightings with the time at which the sweep checks each."""

    def __init__(self, redis: Redis, memory: MemoryMark | None = None) -> None:
        self._redis = redis
        self._memory = memory or MemoryMark()

    @cached_property
    def _add(self) -> AsyncScript:
        return self._redis.register_script(fenced("pending_add.lua"))

    async def add(self, sightings: Iterable[PendingSighting], due_at: datetime) -> None:
        """Store sightings until they are read; the sweep checks them at ``due_at``. Stored ones do not change."""
        pending = list(sightings)
        names = [keys.pending_sightings().name, keys.pending_due().name]
        for begin in range(0, len(pending), SCRIPT_BATCH):
            arguments: list[str | int | bytes] = [
                keys.leader_term().name,
                fence_argument(0, self._memory),
                milliseconds(due_at),
                "",
            ]
            for sighting in pending[begin : begin + SCRIPT_BATCH]:
                arguments += [url_digest(sighting.sighting.url), msgspec.json.encode(sighting), ""]
            await self._add(keys=names, args=arguments)

    async def due(self, now: datetime, limit: int) -> list[PendingSighting]:
        """Return at most ``limit`` sightings that are due by ``now``, the longest due first."""
        digests = await self._redis.zrangebyscore(
            keys.pending_due().name, "-inf", milliseconds(now), start=0, num=limit
        )
        return await self._get(texts(digests)) if digests else []

    async def later(self, source: str, now: datetime, limit: int) -> list[str]:
        """Return the URLs of a source's sightings that are due after ``now``, the next due first.

        ``limit``: how many sightings of all sources are searched.
        """
        digests = await self._redis.zrangebyscore(
            keys.pending_due().name, f"({milliseconds(now)}", "+inf", start=0, num=limit
        )
        urls: list[str] = []
        for begin in range(0, len(digests), SCRIPT_BATCH):
            batch = await self._get(texts(digests[begin : begin + SCRIPT_BATCH]))
            urls += [pending.sighting.url for pending in batch if pending.source == source]
        return urls

    async def reschedule(self, url: str, due_at: datetime | None) -> None:
        """Set when the sweep checks a pending sighting again; None removes it: its page was read or given up."""
        digest = url_digest(url)
        async with self._redis.pipeline(transaction=True) as pipeline:
            if due_at is None:
                pipeline.zrem(keys.pending_due().name, digest)
                pipeline.hdel(keys.pending_sightings().name, digest)
            else:
                pipeline.zadd(keys.pending_due().name, {digest: milliseconds(due_at)}, xx=True)
            await pipeline.execute()

    async def _get(self, digests: list[str]) -> list[PendingSighting]:
        name = keys.pending_sightings().name
        values = await cast(Awaitable[list[bytes | None]], self._redis.hmget(name, digests))
        decoded = (decode(packed, PendingSighting, "open", name) for packed in values if packed)
        return [pending for pending in decoded if pending is not None]

"""The last canary report of each process, for ``wirewatch check`` and the page (``scheduler.sweeps.canary``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from redis.asyncio import Redis

from stories.db import keys
from stories.db.unreadable_records import decode

DAEMON = "daemon"
"""The name under which the daemon that has the clock reports; a worker reports under its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """What the canary of one process came to. Times are ISO 8601 in UTC."""

    process: str
    at: str
    """When it ran last."""
    succeeded_at: str | None
    """When it succeeded last."""
    seconds: float
    """How long the last run took."""
    failures: int = 0
    """In a row."""
    stage: str | None = None
    """Where the last run failed: ``listing``, ``page``, ``decision``, ``match``."""
    reason: str | None = None
    blind_since: str | None = None
    """Since when the process counts as blind; None while it does not."""


class CanaryReports:
    """Writes and reads the reports."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(self, name: str, report: CanaryReport) -> None:
        """Write the report of a process; ``RedisError`` is the caller's."""
        key = keys.canary(name)
        await self._redis.set(key.name, msgspec.json.encode(report), ex=key.seconds)

    async def read(self, names: Sequence[str]) -> dict[str, CanaryReport]:
        """Return the reports of these processes, those that there are; ``RedisError`` is the caller's."""
        if not names:
            return {}
        found = await self._redis.mget([keys.canary(name).name for name in names])
        return {
            name: report
            for name, packed in zip(names, found, strict=True)
            if packed is not None
            and (report := decode(packed, CanaryReport, "canary", keys.canary(name).name)) is not None
        }

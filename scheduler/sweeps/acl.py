"""Checks the ACL permissions of the Redis user repeatedly, because an ACL may change while the process runs.

Without this check, only docket would notice a refused pub/sub channel, and it does not log it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stories.db.acl import RULE, missing_permissions
from stories.runtime.heartbeats import beat
from web.dependencies import Check

log = structlog.get_logger(__name__)

CHECK_SECONDS = 20.0  # between two checks; each queues some 80 commands and discards them, 2 ms


class PermissionMonitor:
    """Logs the missing permissions, and shows them in ``/readyz``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._missing: Sequence[str] = ()

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            beat()
            await self.update()
            await asyncio.sleep(CHECK_SECONDS)

    async def update(self) -> None:
        """Check once; while Redis is unreachable, the previous result stays."""
        try:
            missing = await missing_permissions(self._redis)
        except (RedisError, OSError):  # readiness and the Redis monitor report it
            return
        if list(missing) != list(self._missing):
            if missing:
                log.error(
                    "redis_permission_missing",
                    rules=missing,
                    next=f"give the user in redis_url the ACL rules {RULE}",
                )
            else:
                log.info("redis_permissions_complete")
        self._missing = missing

    def readiness(self) -> Check:
        """Return the result as a readiness check."""
        if not self._missing:
            return {"ok": True, "detail": "the Redis user has all permissions"}
        return {"ok": False, "detail": f"the Redis user lacks the ACL rules {' '.join(self._missing)}"}

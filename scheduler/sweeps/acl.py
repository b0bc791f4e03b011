"""What the user of Redis is allowed, looked at again and again: an ACL may change while the process runs.

Without this a refused pub/sub channel is seen by the library of the workers alone, which does not say so.
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

CHECK_SECONDS = 20.0  # between two looks; each queues some 80 commands that are thrown away, 2 ms


class PermissionMonitor:
    """Logs and remembers which rights are missing."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._missing: Sequence[str] = ()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            beat()
            await self.update()
            await asyncio.sleep(CHECK_SECONDS)

    async def update(self) -> None:
        """Look once; while Redis is away the last answer stays."""
        try:
            missing = await missing_permissions(self._redis)
        except (RedisError, OSError):  # readiness and the look at Redis report it
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
        """Return the check of readiness."""
        if not self._missing:
            return {"ok": True, "detail": "the user of Redis may do all that is needed"}
        return {"ok": False, "detail": f"the user of Redis lacks the ACL rules {' '.join(self._missing)}"}

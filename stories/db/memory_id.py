"""The id of the data in this Redis: it names the search index on disk and detects a Redis that was replaced."""

from __future__ import annotations

import hashlib
import re
import secrets

from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text

_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


async def memory_id(redis: Redis) -> str:
    """Return the id of the data in Redis, safe as part of a file name; create it on first use."""
    await redis.set(keys.memory_id().name, secrets.token_hex(8), nx=True)
    found = await redis.get(keys.memory_id().name) or b""
    name = text(found)
    return name if _NAME.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:16]

"""The leader lease: one daemon at a time polls; a second one on the same Redis would poll every listing twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import time
from collections.abc import AsyncIterator
from functools import cached_property

import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from scheduler.wiring import AppContext, StartError
from stories.db import keys
from stories.db.fencing import RAISE
from stories.db.replies import text

log = structlog.get_logger(__name__)

CHECK_SECONDS = 0.2  # seconds between two looks at a lease that another daemon is_held
RELEASE_TIMEOUT_SECONDS = 0.3  # for releasing the lease; Redis may be unreachable

# KEYS[1] the lease [2] the term. ARGV[1] the holder [2] its lifetime (s).
# Returns the new term; 0 when another is_held the lease.
_ACQUIRE = f"""{RAISE}
if not redis.call("SET", KEYS[1], ARGV[1], "NX", "EX", ARGV[2]) then return 0 end
return raise(KEYS[2])
"""
# KEYS and ARGV as above, ARGV[3] the holder's term. Returns 1, or 0 if another holder has the lease.
# Restores both keys if Redis lost them.
_RENEW = """
local holder, term = redis.call("GET", KEYS[1]), tonumber(redis.call("GET", KEYS[2]) or 0)
if term > tonumber(ARGV[3]) or (holder and holder ~= ARGV[1]) then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2])
redis.call("SET", KEYS[2], ARGV[3])
return 1
"""
# KEYS[1] the lease. ARGV[1] the holder whose lease is released.
_RELEASE = 'if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end'


class DeposedError(StartError):
    """Another daemon became the leader while this one was cut off or blocked."""


class Lease:
    """The leader lease of this process."""

    def __init__(self, redis: Redis, *, term: int = 0, took_over: bool = False, is_exclusive: bool = False) -> None:
        self.term = term
        """The fencing token: scripts refuse writes with a lower term than the current one."""
        self.took_over = took_over
        """Whether another daemon held the lease before and did not release it."""
        self._redis = redis
        self._is_exclusive = is_exclusive
        self._until = time.monotonic() + keys.leader_lease().seconds

    @cached_property
    def _renew(self) -> AsyncScript:
        return self._redis.register_script(_RENEW)

    @property
    def is_held(self) -> bool:
        """Whether no other daemon can be the leader now; computed without Redis, and right after a suspend too."""
        return self._is_exclusive or time.monotonic() < self._until

    async def renew(self) -> None:
        """Extend the lease; ``DeposedError`` when another daemon has it."""
        began, key = time.monotonic(), keys.leader_lease()
        if not await self._renew(
            keys=[key.name, keys.leader_term().name], args=[_holder_name(), key.seconds, self.term]
        ):
            self._until = 0.0
            raise DeposedError(
                "another wirewatch daemon became the leader meanwhile; start this one again as a standby: "
                "wirewatch run --standby"
            )
        self._until = began + key.seconds


@contextlib.asynccontextmanager
async def hold_lease(app: AppContext, *, standby: bool = False) -> AsyncIterator[Lease]:
    """Hold the leader lease until the block ends.

    The lease of a killed daemon is taken over immediately with the embedded Redis, because a missing process of this
    machine is detected; else when it expires (``keys.leader_lease``).

    Args:
        app: The open Redis.
        standby: Wait for the lease without limit.

    Raises:
        StartError: Another daemon renews the lease, and ``standby`` is False.
    """
    lease = await _acquire(app, standby)
    log.info("leader_lease_acquired", term=lease.term)
    try:
        yield lease
    finally:
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(RELEASE_TIMEOUT_SECONDS):
                await _release(app.redis, _holder_name())


async def _acquire(app: AppContext, standby: bool) -> Lease:
    key, left, waited, redis = keys.leader_lease(), 0, False, app.redis
    take = redis.register_script(_ACQUIRE)
    while True:
        try:
            if term := await take(keys=[key.name, keys.leader_term().name], args=[_holder_name(), key.seconds]):
                return Lease(redis, term=int(term), took_over=waited, is_exclusive=app.server is not None)
            holder = text(await redis.get(key.name) or "")
            if app.server is not None and _is_gone(holder):
                await _release(redis, holder)
                continue
            before, left = left, int(await redis.pttl(key.name))
        except RedisError as error:
            if not (standby and waited):
                raise
            log.warning("leader_lease_not_read", reason=f"Redis: {error}", retry_in=1.0)
            await asyncio.sleep(1.0)
            continue
        if waited and not standby and left > before:  # the other daemon renewed it
            raise StartError(
                f"another wirewatch daemon runs on this Redis ({holder}); stop it first, or start a standby: "
                "wirewatch run --standby"
            )
        if not waited:
            log.warning("leader_lease_held", holder=holder, next="stand by" if standby else "wait for its next renewal")
            waited = True
        await asyncio.sleep(CHECK_SECONDS)


async def _release(redis: Redis, holder: str) -> None:
    """Release the lease if this holder still has it."""
    await redis.register_script(_RELEASE)(keys=[keys.leader_lease().name], args=[holder])


def _holder_name() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _is_gone(holder: str) -> bool:
    """Return whether a holder is a process of this machine that has ended."""
    found = re.fullmatch(r"process (\d+) on (.*)", holder)
    if found is None or found[2] != socket.gethostname() or int(found[1]) == os.getpid():
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False

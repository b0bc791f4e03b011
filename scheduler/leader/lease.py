"""One daemon has the clock: a second one on the same Redis would ask every listing twice."""

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
RELEASE_TIMEOUT_SECONDS = 0.3  # seconds for giving the lease back, with a Redis that may be away

# KEYS[1] the lease [2] the term. ARGV[1] the holder [2] its lifetime (s).
# Returns the new term; 0 when another is_held the lease.
_ACQUIRE = f"""{RAISE}
if not redis.call("SET", KEYS[1], ARGV[1], "NX", "EX", ARGV[2]) then return 0 end
return raise(KEYS[2])
"""
# The same, and ARGV[3] the holder's term. Returns 1; 0 when it is another's. A Redis that forgot both is told again.
_RENEW = """
local holder, term = redis.call("GET", KEYS[1]), tonumber(redis.call("GET", KEYS[2]) or 0)
if term > tonumber(ARGV[3]) or (holder and holder ~= ARGV[1]) then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2])
redis.call("SET", KEYS[2], ARGV[3])
return 1
"""
# KEYS[1] the lease. ARGV[1] whose it must be to end.
_RELEASE = 'if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end'


class DeposedError(StartError):
    """Another daemon took the clock while this one was cut off or held up."""


class Lease:
    """The clock, while it is held."""

    def __init__(self, redis: Redis, *, term: int = 0, took_over: bool = False, is_exclusive: bool = False) -> None:
        self.term = term
        """The fencing number: scripts refuse what is written under a lower one than the last."""
        self.took_over = took_over
        """Whether it was taken from a daemon that held it until then and did not end it."""
        self._redis = redis
        self._is_exclusive = is_exclusive
        self._until = time.monotonic() + keys.leader_lease().seconds

    @cached_property
    def _renew(self) -> AsyncScript:
        return self._redis.register_script(_RENEW)

    @property
    def is_held(self) -> bool:
        """Whether nobody else can have the clock now; known without asking, and after a standstill too."""
        return self._is_exclusive or time.monotonic() < self._until

    async def renew(self) -> None:
        """Hold the clock for as long again; ``DeposedError`` when another has it."""
        began, key = time.monotonic(), keys.leader_lease()
        if not await self._renew(
            keys=[key.name, keys.leader_term().name], args=[_holder_name(), key.seconds, self.term]
        ):
            self._until = 0.0
            raise DeposedError(
                "another wirewatch daemon took the clock meanwhile; start this one again to stand by: --standby"
            )
        self._until = began + key.seconds


@contextlib.asynccontextmanager
async def hold_lease(app: AppContext, *, standby: bool = False) -> AsyncIterator[Lease]:
    """Hold the clock until the block ends; ``StartError`` when a daemon that lives has it.

    With ``standby`` it is waited for as long as it takes instead. The clock of a daemon that was killed is taken over
    at once with the embedded Redis, where it is a process of this machine and seen to be gone; else it is waited for,
    ``keys.leader_lease`` at the longest.
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
    key, left, told, redis = keys.leader_lease(), 0, False, app.redis
    take = redis.register_script(_ACQUIRE)
    while True:
        try:
            if term := await take(keys=[key.name, keys.leader_term().name], args=[_holder_name(), key.seconds]):
                return Lease(redis, term=int(term), took_over=told, is_exclusive=app.server is not None)
            holder = text(await redis.get(key.name) or "")
            if app.server is not None and _is_gone(holder):
                await _release(redis, holder)
                continue
            before, left = left, int(await redis.pttl(key.name))
        except RedisError as error:
            if not (standby and told):
                raise
            log.warning("leader_lease_not_read", reason=f"Redis: {error}", retry_in=1.0)
            await asyncio.sleep(1.0)
            continue
        if told and not standby and left > before:  # it was renewed meanwhile
            raise StartError(
                f"another wirewatch daemon runs on this Redis ({holder}); end it first, or stand by for it: "
                "wirewatch run --standby"
            )
        if not told:
            log.warning("leader_lease_held", holder=holder, next="stand by" if standby else "wait for its next renewal")
            told = True
        await asyncio.sleep(CHECK_SECONDS)


async def _release(redis: Redis, holder: str) -> None:
    """End a lease if it still is this holder's."""
    await redis.register_script(_RELEASE)(keys=[keys.leader_lease().name], args=[holder])


def _holder_name() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _is_gone(holder: str) -> bool:
    """Return whether a holder was a process of this machine that is no more."""
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

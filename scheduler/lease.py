"""One daemon polls: a second one on the same Redis would ask every listing twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import AsyncIterator

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from scheduler.newsroom import CannotStart, Newsroom
from stories import keys
from stories.answers import text

log = structlog.get_logger(__name__)

LOOK = 0.2  # seconds between two looks at a lease that another daemon holds
PARTING = 1.0  # seconds for giving the lease back, with a Redis that may be away


@contextlib.asynccontextmanager
async def one_daemon(newsroom: Newsroom) -> AsyncIterator[None]:
    """Hold the lease until the block ends; ``CannotStart`` when a daemon that lives has it.

    The lease of one that was killed is taken over at once with the embedded Redis, where it is a process of this
    machine and seen to be gone; else it is waited for, ``keys.daemon`` at the longest.
    """
    await _take(newsroom)
    try:
        yield
    finally:
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(PARTING):
                await _drop(newsroom.redis, _me())


async def renew(redis: Redis) -> None:
    """Hold the lease for as long again."""
    await redis.set(keys.daemon().name, _me(), ex=keys.daemon().seconds)


async def _take(newsroom: Newsroom) -> None:
    key, left, told = keys.daemon(), 0, False
    while not await newsroom.redis.set(key.name, _me(), nx=True, ex=key.seconds):
        holder = text(await newsroom.redis.get(key.name) or "")
        if newsroom.server is not None and _is_gone(holder):
            await _drop(newsroom.redis, holder)
            continue
        before, left = left, int(await newsroom.redis.pttl(key.name))
        if told and left > before:  # it was renewed meanwhile
            raise CannotStart(f"another wirewatch daemon runs on this Redis ({holder}); end it first")
        if not told:
            log.warning("another daemon has the clock; waiting to see whether it lives", daemon=holder)
            told = True
        await asyncio.sleep(LOOK)


async def _drop(redis: Redis, holder: str) -> None:
    """End a lease if it still is this holder's."""
    key = keys.daemon().name
    async with redis.pipeline(transaction=True) as pipeline:
        await pipeline.watch(key)
        if text(await pipeline.get(key) or "") != holder:
            return
        pipeline.multi()  # type: ignore[no-untyped-call]
        pipeline.delete(key)
        with contextlib.suppress(WatchError):  # it changed hands in this moment
            await pipeline.execute()


def _me() -> str:
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

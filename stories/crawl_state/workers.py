"""Registry of the processes that share polls: heartbeats, pages of crashed workers, and next polls."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.db import keys
from stories.db.fencing import fenced
from stories.db.replies import texts
from stories.db.scripts import load_script
from stories.db.unreadable_records import decode
from stories.model.sighting import PendingSighting

log = structlog.get_logger(__name__)

REAP_BATCH = 200  # pages of one script call, so that Redis is not blocked for long
REFUSED_KEPT = 1_000  # names that are logged; more are an attack that was logged already


@dataclass(frozen=True, slots=True, kw_only=True)
class DueListing:
    """When a listing that a worker polled is due again."""

    source: str
    listing: str
    at: datetime


class WorkerRegistry:
    """The registry of daemon and workers in Redis."""

    def __init__(self, redis: Redis, term: int = 0, *, sign: Callable[[str], str] = lambda name: "") -> None:
        """``term``: the fencing token of the leader; ``sign`` returns the signature of a process name."""
        self._redis = redis
        self._term = term
        self._sign = sign
        self._refused: set[str] = set()
        """Names whose entry was refused; each is logged once."""

    @cached_property
    def _reap(self) -> AsyncScript:
        return self._redis.register_script(load_script("bury.lua"))

    @cached_property
    def _take(self) -> AsyncScript:
        return self._redis.register_script(fenced("told.lua"))

    async def heartbeat(self, name: str) -> None:
        """Record a heartbeat; a process counts as crashed when its entry expires (``keys.worker``)."""
        crew, member = keys.workers(), keys.worker(name)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.sadd(crew.name, name)
            pipeline.expire(crew.name, crew.seconds)
            pipeline.set(member.name, self._sign(name), ex=member.seconds)
            await pipeline.execute()

    async def deregister(self, name: str) -> None:
        """Remove a process that stopped in order, with no page claimed."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.srem(keys.workers().name, name)
            pipeline.delete(keys.worker(name).name)
            await pipeline.execute()

    async def list_workers(self) -> tuple[list[str], list[str]]:
        """Return the names of live processes, and of crashed ones that are not reaped.

        An entry that is not signed with our key is in neither list; it is logged.
        """
        names = sorted(texts(await cast(Awaitable[set[bytes]], self._redis.smembers(keys.workers().name))))
        if not names:
            return [], []
        beats = await self._redis.mget([keys.worker(name).name for name in names])
        found = dict(zip(names, beats, strict=True))
        living = [name for name, beat in found.items() if beat is not None and self._is_signed(name, beat)]
        return living, [name for name, beat in found.items() if beat is None]

    def _is_signed(self, name: str, beat: bytes | str) -> bool:
        given = beat if isinstance(beat, bytes) else beat.encode()
        if hmac.compare_digest(given, self._sign(name).encode()):
            return True
        if name not in self._refused and len(self._refused) < REFUSED_KEPT:
            self._refused.add(name)
            log.warning(
                "worker_refused",
                worker=name,
                reason="its registry entry is not signed with our key; a worker of yours needs the daemon's version, "
                "and its [workers] secret or the same password in redis_url",
            )
        return False

    async def reap(self, name: str) -> list[tuple[str, int]]:
        """End the leases of a crashed process; return the digests of its pages with the crashes of their readers.

        Only the leases of pending sightings are ended; other leases expire.
        """
        digests = texts(await cast(Awaitable[list[bytes]], self._redis.hkeys(keys.pending_sightings().name)))
        found: list[tuple[str, int]] = []
        for start in range(0, len(digests), REAP_BATCH):
            some = digests[start : start + REAP_BATCH]
            names = [key.name for digest in some for key in (keys.claim(digest), keys.page(digest))]
            deaths = await self._reap(keys=names, args=[name, keys.page("").seconds])
            found += [(digest, int(died)) for digest, died in zip(some, deaths, strict=True) if died]
        await self.deregister(name)
        return found

    async def pending_sightings(self, digests: Sequence[str]) -> dict[str, PendingSighting]:
        """Return the pending sightings of pages with these digests."""
        if not digests:
            return {}
        found = await cast(
            Awaitable[list[bytes | None]], self._redis.hmget(keys.pending_sightings().name, list(digests))
        )
        name = keys.pending_sightings().name
        return {
            digest: pending
            for digest, packed in zip(digests, found, strict=True)
            if packed and (pending := decode(packed, PendingSighting, "open", name)) is not None
        }

    async def publish_next_poll(self, due: DueListing) -> None:
        """Publish the next poll of a listing to the leader."""
        key = keys.next_polls()
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.rpush(key.name, msgspec.json.encode(due))
            pipeline.expire(key.name, key.seconds)
            await pipeline.execute()

    async def take_next_polls(self, limit: int) -> Sequence[DueListing]:
        """Remove and return at most ``limit`` published next polls, the oldest first; refused with an old term."""
        found = await self._take(keys=[keys.next_polls().name], args=[keys.leader_term().name, self._term, limit])
        decoded = (decode(record, DueListing, "due", keys.next_polls().name) for record in found)
        return [due for due in decoded if due is not None]

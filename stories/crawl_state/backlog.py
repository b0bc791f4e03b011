"""Pages that wait in Redis until their source may have them: the backlog of each source.

A listing that names more than its source may read now leaves the rest here. The order is by class (new releases before
those of a first poll), then the newest listing first, then the listing's own order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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

MAX_PAGES = 20_000  # of a source that wait; beyond it the listings themselves are what keeps the rest
BATCH = 250  # pages of one write
BACKLOG_CHECK_DELAY = timedelta(
    days=30
)  # until a waiting page is checked on; the backlog itself brings it forward earlier
_CLASS = 10**15
_SECONDS = 10**10
_POSITIONS = 10**4


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPage:
    """A page of a backlog."""

    pending: PendingSighting
    first_poll: bool
    """Its listing's first poll named it: it is older than the monitor, and yields to new releases."""


def rank(listed_at: datetime, position: int, *, first_poll: bool) -> int:
    """Return the place of a page in its source's backlog; lower goes first. ``position``: in its listing, from 0."""
    age = _SECONDS - min(max(int(listed_at.timestamp()), 0), _SECONDS)
    return first_poll * _CLASS + age * _POSITIONS + min(position, _POSITIONS - 1)


class Backlog:
    """The backlogs of all sources, shared by all processes."""

    def __init__(self, redis: Redis, memory: MemoryMark | None = None) -> None:
        """``memory``: nothing is added or taken in a Redis that lost its data (``stories.db.fencing``)."""
        self._redis = redis
        self._memory = memory

    @cached_property
    def _take(self) -> AsyncScript:
        return self._redis.register_script(fenced("backlog_take.lua"))

    @cached_property
    def _add(self) -> AsyncScript:
        return self._redis.register_script(fenced("pending_add.lua"))

    async def add(
        self, source: str, sightings: Sequence[PendingSighting], listed_at: datetime, *, first_poll: bool = False
    ) -> None:
        """Put pages in a source's backlog, in the listing's order; those that wait already keep their place."""
        if not sightings:
            return
        waiting = milliseconds(listed_at + BACKLOG_CHECK_DELAY)
        for begin in range(0, len(sightings), BATCH):
            arguments: list[str | int | bytes] = [
                keys.leader_term().name,
                fence_argument(0, self._memory),
                waiting,
                source,
            ]
            for position, pending in enumerate(sightings[begin : begin + BATCH], begin):
                arguments += [url_digest(pending.sighting.url), msgspec.json.encode(pending)]
                arguments.append(rank(listed_at, position, first_poll=first_poll))
            names = [keys.pending_sightings(), keys.pending_due(), keys.backlog(source), keys.backlog_sources()]
            await self._add(keys=[key.name for key in names], args=arguments)

    async def take(
        self, source: str, limit: int, check_at: datetime, *, new_only: bool = False
    ) -> Sequence[WaitingPage]:
        """Return up to ``limit`` pages of a source, removed from its backlog; ``new_only``: none of a first poll.

        What became of them is checked at ``check_at``: a page whose process died is read all the same.
        """
        names = [
            keys.backlog(source).name,
            keys.backlog_sources().name,
            keys.pending_sightings().name,
            keys.pending_due().name,
        ]
        below = str(_CLASS) if new_only else ""
        fence = [keys.leader_term().name, fence_argument(0, self._memory)]
        answer = await self._take(keys=names, args=[source, limit, milliseconds(check_at), below, *fence])
        decoded = (
            (score, decode(packed, PendingSighting, "open", keys.pending_sightings().name))
            for score, packed in zip(answer[::2], answer[1::2], strict=True)
        )
        return [
            WaitingPage(pending=pending, first_poll=float(score) >= _CLASS)
            for score, pending in decoded
            if pending is not None
        ]

    async def sizes(self) -> dict[str, tuple[int, int]]:
        """Return for each source with a backlog how many pages wait, and how many of them are new releases."""
        sources = sorted(texts(await cast(Awaitable[set[bytes]], self._redis.smembers(keys.backlog_sources().name))))
        if not sources:
            return {}
        async with self._redis.pipeline(transaction=False) as pipeline:
            for source in sources:
                pipeline.zcard(keys.backlog(source).name)
                pipeline.zcount(keys.backlog(source).name, "-inf", f"({_CLASS}")
            answers = await pipeline.execute()
        return {
            source: (int(total), int(new))
            for source, total, new in zip(sources, answers[::2], answers[1::2], strict=True)
        }

    async def size(self, source: str) -> int:
        """Return how many pages of a source wait."""
        return int(await self._redis.zcard(keys.backlog(source).name))

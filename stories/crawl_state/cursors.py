"""The cursor of each listing: what its last poll returned. A poll and its health are recorded in one script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.crawl_state.source_status import listing_field
from stories.db import keys
from stories.db.fencing import MemoryMark, fence_argument, fenced
from stories.db.unreadable_records import decode, number
from stories.model.sighting import Cursor
from stories.model.source_health import ListingHealth

UNREADABLE_AT = "1970-01-01T00:00:00.000Z"
"""``read_at`` of a cursor that cannot be decoded: its listing was polled before, so its pages are not a first poll."""


class Cursors:
    """Stores the cursors of listings."""

    def __init__(self, redis: Redis, term: int = 0, memory: MemoryMark | None = None) -> None:
        """``term``: the fencing token of the leader; 0 for other processes. A poll with an older term is refused.

        ``memory``: the mark that identifies the data set, see ``stories.db.fencing``.
        """
        self._redis = redis
        self._term = term
        self._memory = memory or MemoryMark()

    @cached_property
    def _record_poll(self) -> AsyncScript:
        return self._redis.register_script(fenced("polled.lua"))

    async def get(self, listing: str) -> Cursor:
        """Return the cursor of a listing; an empty one before its first poll.

        Raises ``ForgottenError`` when Redis lost its data: an empty cursor would make this poll a first poll.
        """
        packed, mark = await self._redis.mget([keys.cursor(listing).name, keys.memory_mark().name])
        self._memory.check(mark)
        return _cursor(packed, listing)

    async def get_many(self, listings: Sequence[str]) -> list[Cursor]:
        """Return the cursors of these listings, in their order, in one round trip."""
        if not listings:
            return []
        values = await self._redis.mget([keys.cursor(listing).name for listing in listings])
        return [_cursor(packed, listing) for packed, listing in zip(values, listings, strict=True)]

    async def get_with_term(self, listing: str) -> tuple[Cursor, int]:
        """Return the cursor of a listing and the current fencing term; 0 before the first term."""
        packed, term = await self._redis.mget([keys.cursor(listing).name, keys.leader_term().name])
        return _cursor(packed, listing), number(term, "term", keys.leader_term().name)

    async def put(self, listing: str, cursor: Cursor) -> None:
        """Store a listing's cursor."""
        key = keys.cursor(listing)
        await self._redis.set(key.name, msgspec.json.encode(cursor), ex=key.seconds)

    async def record_poll(
        self,
        source: str,
        cursor: Cursor,
        *,
        listing: str = "",
        health: ListingHealth | None = None,
        after: str | None = None,
    ) -> bool:
        """Store the result of a listing's poll: the source's fields and, with its key, the listing's cursor.

        Args:
            source: the name of the source.
            cursor: the cursor after the poll.
            listing: the key of the listing; empty stores the source's fields only.
            health: the listing's health after the poll.
            after: ``polled_at`` of the cursor that the poll began with.

        Returns: whether it was stored. False when another poll was recorded since ``after``: this one was delayed, and
            its result is older.
        """
        key = keys.source(source)
        values: dict[str, str | int | bytes] = {"failures": cursor.failures, "error": cursor.error or ""}
        values |= {name: value for name in ("polled_at", "read_at") if (value := getattr(cursor, name))}
        if cursor.error is None:
            values["sightings"] = cursor.sightings
        if health is not None:
            values[listing_field(listing)] = msgspec.json.encode(health)
        names = [key.name, *([keys.cursor(listing).name] if listing else [])]
        packed = msgspec.json.encode(cursor)
        arguments: list[str | int | bytes] = [
            keys.leader_term().name,
            fence_argument(self._term, self._memory),
            key.seconds,
        ]
        arguments += [packed, keys.cursor("").seconds, after or ""]
        for name, value in values.items():
            arguments += [name, value]
        return bool(await self._record_poll(keys=names, args=arguments))


def _cursor(packed: bytes | str | None, listing: str) -> Cursor:
    """Return a decoded cursor; one that cannot be decoded counts as polled long ago."""
    if not packed:
        return Cursor()
    cursor = decode(cast(bytes, packed), Cursor, "cursor", keys.cursor(listing).name)
    return cursor if cursor is not None else Cursor(read_at=UNREADABLE_AT)

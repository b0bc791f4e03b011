"""The status of each source: the health of its listings, its open gaps, and whether it is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.crawl_state.quarantine import QuarantinedItem, set_aside
from stories.db import keys
from stories.db.fencing import MemoryMark, fence_argument, fenced
from stories.db.replies import text
from stories.db.unreadable_records import attempt, decode
from stories.model.source_health import Gap, ListingHealth, Verdict, verdict

LISTING_FIELD_PREFIX = "of "
"""Begins the fields of a source's hash that hold the health of one listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """The health of a source. Times are ISO 8601 in UTC."""

    polled_at: str | None = None
    read_at: str | None = None
    failures: int = 0
    """Consecutive failures of the listing that was polled last."""
    error: str | None = None
    sightings: int = 0
    releases: int = 0
    """Releases stored since the data set was created."""
    last_release_at: str | None = None
    verdict: Verdict = field(default_factory=lambda: Verdict(state=None))
    listings: tuple[ListingHealth, ...] = ()
    """The listings that were polled, by URL."""
    gaps: tuple[Gap, ...] = ()
    """The open gaps, the oldest first."""
    waiting_pages: int = 0
    """Pages in the source's backlog: it has reached its limit of concurrent pages or its budget."""
    set_aside: tuple[QuarantinedItem, ...] = ()
    """Pages and listings in quarantine, the oldest first. They are read again only when a user requests it."""


def listing_field(listing: str) -> str:
    """Return the field of a source's hash that holds the health of the listing with this key."""
    return f"{LISTING_FIELD_PREFIX}{listing}"


class SourceStatusStore:
    """Reads and writes the status of sources; polls are written by ``Cursors.record_poll``."""

    def __init__(self, redis: Redis, memory: MemoryMark | None = None) -> None:
        self._redis = redis
        self._memory = memory or MemoryMark()

    @cached_property
    def _put_field(self) -> AsyncScript:
        return self._redis.register_script(fenced("put_field.lua"))

    async def health(self, source: str) -> SourceHealth:
        """Return the health of a source."""
        return (await self.healths([source]))[0]

    async def healths(self, sources: Sequence[str]) -> list[SourceHealth]:
        """Return the health of these sources, in their order, in two round trips."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for source in sources:
                pipeline.hgetall(keys.source(source).name)
                pipeline.hvals(keys.gaps(source).name)
                pipeline.zcard(keys.backlog(source).name)
            replies = iter(await pipeline.execute())
        quarantined = await set_aside(self._redis)
        return [
            replace(
                _health(fields, packed_gaps, source),
                waiting_pages=int(waiting),
                set_aside=tuple(item for item in quarantined if item.source == source),
            )
            for source, fields, packed_gaps, waiting in zip(sources, replies, replies, replies, strict=True)
        ]

    async def listings(self, source: str) -> list[ListingHealth]:
        """Return the health of a source's listings, in no order."""
        fields = await cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(keys.source(source).name))
        return _listings({text(name): value for name, value in fields.items()}, keys.source(source).name)

    async def lost(self, source: str) -> str | None:
        """Return since when a source is lost, as it was reported; None when it is not lost."""
        since = await cast(Awaitable[bytes | None], self._redis.hget(keys.source(source).name, "lost"))
        return text(since) if since else None

    async def put_lost(self, source: str, since: str | None) -> None:
        """Record that a source was reported as lost, or with None that its recovery was reported."""
        key = keys.source(source)
        if since is None:
            await self._redis.hdel(key.name, "lost")
            return
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(key.name, "lost", since)
            pipeline.expire(key.name, key.seconds)
            await pipeline.execute()

    async def gaps(self, source: str) -> list[Gap]:
        """Return the open gaps of a source, the oldest first."""
        packed = await cast(Awaitable[list[bytes]], self._redis.hvals(keys.gaps(source).name))
        return _open_gaps(packed, source)

    async def put_gap(self, gap: Gap) -> None:
        """Store a gap, open or closed, under its id."""
        key = keys.gaps(gap.source)
        arguments: list[str | int | bytes] = [keys.leader_term().name, fence_argument(0, self._memory)]
        arguments += [gap.id, msgspec.json.encode(gap), key.seconds]
        await self._put_field(keys=[key.name], args=arguments)


def _open_gaps(packed_gaps: Iterable[bytes], source: str) -> list[Gap]:
    gaps = (decode(packed, Gap, "gaps", keys.gaps(source).name) for packed in packed_gaps)
    return sorted((gap for gap in gaps if gap is not None and gap.closed_at is None), key=lambda gap: gap.from_at)


def _health(packed_fields: Mapping[bytes, bytes], packed_gaps: Iterable[bytes], source: str) -> SourceHealth:
    key = keys.source(source).name
    fields = {text(name): value for name, value in packed_fields.items() if value}
    values = {name: text(value) for name, value in fields.items() if not name.startswith(LISTING_FIELD_PREFIX)}
    listings = _listings(fields, key)
    return replace(
        attempt(lambda: msgspec.convert(values, SourceHealth, strict=False), "source", key) or SourceHealth(),
        verdict=verdict(listings),
        listings=tuple(sorted(listings, key=lambda listing: listing.url)),
        gaps=tuple(_open_gaps(packed_gaps, source)),
    )


def _listings(fields: Mapping[str, bytes], key: str) -> list[ListingHealth]:
    packed_listings = (value for name, value in fields.items() if name.startswith(LISTING_FIELD_PREFIX))
    listings = (decode(packed, ListingHealth, "source", key) for packed in packed_listings)
    return [listing for listing in listings if listing is not None]

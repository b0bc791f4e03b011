"""What the crawl remembers between two polls: cursors, the health of sources, polls that were asked for, the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.crawl_state.quarantine import QuarantinedItem, set_aside
from stories.db import keys
from stories.db.fencing import MemoryMark, fence_argument, fenced
from stories.db.replies import text, texts
from stories.db.unreadable_records import attempt, decode, number
from stories.model.sighting import Cursor, PendingSighting, Poll
from stories.model.source_health import Gap, ListingHealth, Verdict, verdict
from stories.model.timestamps import from_milliseconds, milliseconds, parse_timestamp, timestamp
from stories.model.urls import url_digest

ENDED = ("done", "failed")
"""States of a crawl that was asked for in which nobody need do it any more."""
BATCH = 250  # sightings of one script call: it takes some milliseconds, in which Redis serves no other client
UNREADABLE_AT = "1970-01-01T00:00:00.000Z"
OF_LISTING = "of "
"""Begins the fields of a source's hash that hold the health of one listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How a source is doing. Times are ISO 8601 in UTC."""

    polled_at: str | None = None
    read_at: str | None = None
    failures: int = 0
    """Of its listings in a row, the last one polled."""
    error: str | None = None
    sightings: int = 0
    releases: int = 0
    """Kept since memory began."""
    last_release_at: str | None = None
    verdict: Verdict = field(default_factory=lambda: Verdict(state=None))
    listings: tuple[ListingHealth, ...] = ()
    """Those that were polled, by URL."""
    gaps: tuple[Gap, ...] = ()
    """That are open, the oldest first."""
    waiting_pages: int = 0
    """Pages that its listings named and that wait: it has as many in flight, or used as much, as a source may."""
    set_aside: tuple[QuarantinedItem, ...] = ()
    """Pages and listings that nobody reads any more until a person asks for them, the longest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlState:
    """How far a crawl is that was asked for."""

    id: str
    state: str
    """queued, running, done or failed."""
    source: str | None = None
    tag: str | None = None
    url: str | None = None
    asked_at: str | None = None
    done_at: str | None = None
    listings: int = 0
    """Read without an error."""
    releases: int = 0
    """Read."""
    events: int = 0
    errors: tuple[str, ...] = ()


class Desk:
    """The crawl's small memory in Redis."""

    def __init__(self, redis: Redis, term: int = 0, memory: MemoryMark | None = None) -> None:
        """``term``: of the clock, for who has it; its polls are refused once another has it (``stories.db.fencing``)."""
        self._redis = redis
        self._term = term
        self._memory = memory or MemoryMark()

    @cached_property
    def _polled(self) -> AsyncScript:
        return self._redis.register_script(fenced("polled.lua"))

    @cached_property
    def _add_pending(self) -> AsyncScript:
        return self._redis.register_script(fenced("pending_add.lua"))

    @cached_property
    def _put_field(self) -> AsyncScript:
        return self._redis.register_script(fenced("put_field.lua"))

    async def cursor(self, listing: str) -> Cursor:
        """Return what is remembered of a listing; an empty cursor before its first poll.

        ``ForgottenError`` where Redis lost its data: an empty cursor would make this a first poll.
        """
        packed, mark = await self._redis.mget([keys.cursor(listing).name, keys.memory_mark().name])
        self._memory.check(mark)
        return _cursor(packed, listing)

    async def cursors(self, listings: Sequence[str]) -> list[Cursor]:
        """Return what is remembered of these listings, in their order, in one round trip."""
        if not listings:
            return []
        found = await self._redis.mget([keys.cursor(one).name for one in listings])
        return [_cursor(packed, listing) for packed, listing in zip(found, listings, strict=True)]

    async def cursor_and_term(self, listing: str) -> tuple[Cursor, int]:
        """Return what is remembered of a listing, and the clock's term that stands; 0 before the first."""
        packed, term = await self._redis.mget([keys.cursor(listing).name, keys.leader_term().name])
        return _cursor(packed, listing), number(term, "term", keys.leader_term().name)

    async def put_cursor(self, listing: str, cursor: Cursor) -> None:
        """Remember a listing's cursor."""
        key = keys.cursor(listing)
        await self._redis.set(key.name, msgspec.json.encode(cursor), ex=key.seconds)

    async def polled(
        self,
        source: str,
        cursor: Cursor,
        *,
        listing: str = "",
        health: ListingHealth | None = None,
        after: str | None = None,
    ) -> bool:
        """Remember what the poll of a listing showed, of the source and, if its key is given, of the listing itself.

        ``after``: when the cursor was noted that the poll began with (its ``polled_at``). When another poll was noted
        since then, this one was held up for so long that it knows less: False, and nothing is written.
        """
        key = keys.source(source)
        values: dict[str, str | int | bytes] = {"failures": cursor.failures, "error": cursor.error or ""}
        values |= {name: value for name in ("polled_at", "read_at") if (value := getattr(cursor, name))}
        if cursor.error is None:
            values["sightings"] = cursor.sightings
        if health is not None:
            values[f"{OF_LISTING}{listing}"] = msgspec.json.encode(health)
        remembered = [keys.cursor(listing)] if listing else []
        packed = msgspec.json.encode(cursor)
        arguments: list[str | int | bytes] = [
            keys.leader_term().name,
            fence_argument(self._term, self._memory),
            key.seconds,
        ]
        arguments += [packed, keys.cursor("").seconds, after or ""]
        for name, value in values.items():
            arguments += [name, value]
        return bool(await self._polled(keys=[key.name, *(one.name for one in remembered)], args=arguments))

    async def health(self, source: str) -> SourceHealth:
        """Return how a source is doing."""
        return (await self.healths([source]))[0]

    async def healths(self, sources: Sequence[str]) -> list[SourceHealth]:
        """Return how these sources are doing, in their order, in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for source in sources:
                pipeline.hgetall(keys.source(source).name)
                pipeline.hvals(keys.gaps(source).name)
                pipeline.zcard(keys.backlog(source).name)
            answers = iter(await pipeline.execute())
        aside = await set_aside(self._redis)
        return [
            replace(
                _health(found, packed, source),
                waiting_pages=int(waiting),
                set_aside=tuple(item for item in aside if item.source == source),
            )
            for source, found, packed, waiting in zip(sources, answers, answers, answers, strict=True)
        ]

    async def listings(self, source: str) -> list[ListingHealth]:
        """Return how the listings of a source are doing, in no order."""
        found = await cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(keys.source(source).name))
        return _listings({text(name): value for name, value in found.items()}, keys.source(source).name)

    async def lost(self, source: str) -> str | None:
        """Return since when a source is known to be lost, as that was told; None while it is not."""
        found = await cast(Awaitable[bytes | None], self._redis.hget(keys.source(source).name, "lost"))
        return text(found) if found else None

    async def put_lost(self, source: str, since: str | None) -> None:
        """Remember that a source is lost, or with None that it is not, once that was told."""
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
        found = _gaps(packed, keys.gaps(source).name)
        return sorted((gap for gap in found if gap.closed_at is None), key=lambda gap: gap.from_at)

    async def put_gap(self, gap: Gap) -> None:
        """Remember a gap as it stands now."""
        key = keys.gaps(gap.source)
        arguments: list[str | int | bytes] = [keys.leader_term().name, fence_argument(0, self._memory)]
        arguments += [gap.id, msgspec.json.encode(gap), key.seconds]
        await self._put_field(keys=[key.name], args=arguments)

    async def take_in_hand(self, sightings: Iterable[PendingSighting], look_at: datetime) -> None:
        """Remember sightings until they are read, to be looked after at a moment; what is remembered stays as it is."""
        found = list(sightings)
        names = [keys.pending_sightings().name, keys.pending_due().name]
        for begin in range(0, len(found), BATCH):
            arguments: list[str | int | bytes] = [
                keys.leader_term().name,
                fence_argument(0, self._memory),
                milliseconds(look_at),
                "",
            ]
            for pending in found[begin : begin + BATCH]:
                arguments += [url_digest(pending.sighting.url), msgspec.json.encode(pending), ""]
            await self._add_pending(keys=names, args=arguments)

    async def in_hand(self, now: datetime, limit: int) -> list[PendingSighting]:
        """Return the sightings that are to be looked after by now, the longest due first."""
        due = await self._redis.zrangebyscore(keys.pending_due().name, "-inf", milliseconds(now), start=0, num=limit)
        if not due:
            return []
        found = await cast(Awaitable[list[bytes | None]], self._redis.hmget(keys.pending_sightings().name, texts(due)))
        name = keys.pending_sightings().name
        decoded = (decode(packed, PendingSighting, "open", name) for packed in found if packed)
        return [one for one in decoded if one is not None]

    async def pending_later(self, source: str, now: datetime, limit: int) -> list[str]:
        """Return the pages of a source that wait for a later moment, the next due first.

        ``limit``: of the pages of all sources that are looked at.
        """
        name = keys.pending_sightings().name
        due = await self._redis.zrangebyscore(
            keys.pending_due().name, f"({milliseconds(now)}", "+inf", start=0, num=limit
        )
        found: list[str] = []
        for begin in range(0, len(due), BATCH):
            batch = texts(due[begin : begin + BATCH])
            packed = await cast(Awaitable[list[bytes | None]], self._redis.hmget(name, batch))
            decoded = (decode(item, PendingSighting, "open", name) for item in packed if item)
            found += [pending.sighting.url for pending in decoded if pending is not None and pending.source == source]
        return found

    async def put_in_hand(self, url: str, look_at: datetime | None) -> None:
        """Remember when a sighting in hand is looked after again; None: it came to its end."""
        digest = url_digest(url)
        async with self._redis.pipeline(transaction=True) as pipeline:
            if look_at is None:
                pipeline.zrem(keys.pending_due().name, digest)
                pipeline.hdel(keys.pending_sightings().name, digest)
            else:
                pipeline.zadd(keys.pending_due().name, {digest: milliseconds(look_at)}, xx=True)
            await pipeline.execute()

    async def ask(self, poll: Poll) -> None:
        """Put a poll in the queue of those that were asked for; the daemon takes it.

        It is remembered until ``finished``, whatever becomes of who took it.
        """
        crawl = CrawlState(
            id=poll.crawl_id or "",
            state="queued",
            source=poll.source,
            tag=poll.tag,
            url=poll.urls[0] if poll.urls else None,
            asked_at=timestamp(poll.asked_at),
        )
        packed, state, remembered = msgspec.json.encode(poll), keys.crawl(crawl.id), keys.requested_polls()
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(state.name, msgspec.json.encode(crawl), ex=state.seconds)
            pipeline.hset(remembered.name, crawl.id, cast(Any, packed))
            pipeline.expire(remembered.name, remembered.seconds)
            pipeline.rpush(keys.poll_requests().name, packed)
            await pipeline.execute()

    async def asked(self, seconds: float) -> Poll | None:
        """Return the next poll that was asked for; None when none came within ``seconds``."""
        found = await cast(
            Awaitable[list[bytes] | None], self._redis.blpop([keys.poll_requests().name], timeout=seconds)
        )
        return decode(found[1], Poll, "polls", keys.poll_requests().name) if found else None

    async def ask_again(self) -> Sequence[Poll]:
        """Put back in the queue what was asked for, taken, and never came to its end; return it.

        Some of it may still be under way at a worker.
        """
        # In this order: what is asked for meanwhile is not among those, and not put in the queue twice.
        remembered = await cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(keys.requested_polls().name))
        waiting = await cast(Awaitable[list[bytes]], self._redis.lrange(keys.poll_requests().name, 0, -1))
        polls = (decode(one, Poll, "polls", keys.poll_requests().name) for one in waiting)
        queued = {poll.crawl_id for poll in polls if poll is not None}
        lost: list[Poll] = []
        for name, packed in remembered.items():
            if text(name) in queued:
                continue
            poll = decode(packed, Poll, "asked", keys.requested_polls().name)
            if poll is None or (state := await self.crawl(text(name))) is None or state.state in ENDED:
                await self._redis.hdel(keys.requested_polls().name, text(name))
                continue
            await self._redis.rpush(keys.poll_requests().name, packed)
            lost.append(poll)
        return lost

    async def finished(self, crawl: CrawlState) -> None:
        """Remember how a crawl that was asked for ended, and that nobody need do it any more."""
        key = keys.crawl(crawl.id)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(key.name, msgspec.json.encode(crawl), ex=key.seconds)
            pipeline.hdel(keys.requested_polls().name, crawl.id)
            await pipeline.execute()

    async def put_crawl(self, crawl: CrawlState) -> None:
        """Remember how far a crawl is."""
        key = keys.crawl(crawl.id)
        await self._redis.set(key.name, msgspec.json.encode(crawl), ex=key.seconds)

    async def crawl(self, crawl_id: str) -> CrawlState | None:
        """Return how far a crawl is."""
        packed = await self._redis.get(keys.crawl(crawl_id).name)
        return decode(packed, CrawlState, "crawl", keys.crawl(crawl_id).name) if packed else None

    async def tick(self, now: datetime) -> None:
        """Remember that the clock ticked."""
        await self._redis.set(keys.clock_tick().name, timestamp(now), ex=keys.clock_tick().seconds)

    async def ticked(self) -> datetime | None:
        """Return when the clock last ticked."""
        found = await self._redis.get(keys.clock_tick().name)
        return parse_timestamp(text(found)) if found else None

    async def due_revisits(self, now: datetime, limit: int) -> list[str]:
        """Return the ids of the releases whose page is due to be read again, the longest due first."""
        found = await self._redis.zrangebyscore(keys.revisits_due().name, "-inf", milliseconds(now), start=0, num=limit)
        return texts(found)

    async def revisits_at(self, release_ids: Sequence[str]) -> dict[str, datetime | None]:
        """Return when the pages of these releases are next read again; None for those that never are."""
        if not release_ids:
            return {}
        scores = await self._redis.zmscore(keys.revisits_due().name, list(release_ids))
        return {
            one: from_milliseconds(round(score)) if score is not None else None
            for one, score in zip(release_ids, scores, strict=True)
        }

    async def put_revisit(self, release_id: str, due: datetime | None) -> None:
        """Remember when a release's page is next read again; None: never."""
        if due is None:
            await self._redis.zrem(keys.revisits_due().name, release_id)
        else:
            await self._redis.zadd(keys.revisits_due().name, {release_id: milliseconds(due)})


def _cursor(packed: bytes | str | None, listing: str) -> Cursor:
    """Return a cursor; one that cannot be decoded counts as read long ago: its listing had its first poll."""
    if not packed:
        return Cursor()
    found = decode(cast(bytes, packed), Cursor, "cursor", keys.cursor(listing).name)
    return found if found is not None else Cursor(read_at=UNREADABLE_AT)


def _gaps(packed: Iterable[bytes], key: str) -> list[Gap]:
    return [gap for one in packed if (gap := decode(one, Gap, "gaps", key)) is not None]


def _health(found: Mapping[bytes, bytes], packed: Iterable[bytes], source: str) -> SourceHealth:
    key = keys.source(source).name
    fields = {text(name): value for name, value in found.items() if value}
    known = {name: text(value) for name, value in fields.items() if not name.startswith(OF_LISTING)}
    listings = _listings(fields, key)
    gaps = sorted(_gaps(packed, keys.gaps(source).name), key=lambda gap: gap.from_at)
    return replace(
        attempt(lambda: msgspec.convert(known, SourceHealth, strict=False), "source", key) or SourceHealth(),
        verdict=verdict(listings),
        listings=tuple(sorted(listings, key=lambda one: one.url)),
        gaps=tuple(gap for gap in gaps if gap.closed_at is None),
    )


def _listings(fields: Mapping[str, bytes], key: str) -> list[ListingHealth]:
    packed = (value for name, value in fields.items() if name.startswith(OF_LISTING))
    return [one for value in packed if (one := decode(value, ListingHealth, "source", key)) is not None]

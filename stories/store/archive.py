"""Reads stored data: releases, their revisions, stories and events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from stories.db import keys
from stories.db.codec import unpack_kept
from stories.db.dictionaries import Dictionaries
from stories.db.replies import text
from stories.db.unreadable_records import ERRORS, skip
from stories.model.list_position import ListPosition
from stories.model.release import Release
from stories.model.timestamps import milliseconds
from stories.store.event_log import StreamedEvent as StreamedEvent
from stories.store.event_log import payloads, streamed
from stories.store.releases import marked

READ_BATCH = 200  # releases that are read in one round trip while filtering


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRelease:
    """A stored release and its relation to its story."""

    release: Release
    story: str
    verdict: str
    """new, copy, notice, late_original, reissue, revised, withdrawn (page removed) or back (page restored)."""
    why: str
    """The reason why it belongs to the story, in words."""
    replaces: str | None
    at: int
    """When this state was stored, ms since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStory:
    """A story: its releases in the order in which they were first seen."""

    id: str
    releases: tuple[StoredRelease, ...]
    channels: tuple[str, ...]
    """The channels that got alerts of the story."""
    watches: tuple[str, ...]


class Archive:
    """Reads stored data; never writes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._dictionaries = Dictionaries(redis)

    async def release(self, release_id: str) -> StoredRelease | None:
        """Return the current state of a release."""
        found = await self.releases_by_id([release_id])
        return found[0] if found else None

    async def revisions(self, release_id: str) -> list[Release]:
        """Return the states of a release, oldest first, the current one last; empty if it is unknown."""
        present = await self.release(release_id)
        if present is None:
            return []
        packed = await cast(Awaitable[list[bytes]], self._redis.lrange(keys.revisions(release_id).name, 0, -1))
        return [*await self._dictionaries.unpacked(packed, keys.revisions(release_id).name), present.release]

    async def story(self, story_id: str) -> StoredStory | None:
        """Return a story with all of its releases."""
        found = await self.stories([story_id])
        return found[0] if found else None

    async def stories(self, story_ids: Sequence[str]) -> list[StoredStory]:
        """Return those of these stories that are stored, in this order, in two round trips."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for story_id in story_ids:
                pipeline.zrange(keys.story(story_id).name, 0, -1)
            members = cast(list[list[bytes]], await pipeline.execute())
        ids = [[text(name) for name in found if name.startswith(b"rel_")] for found in members]
        stored = {
            release.release.id: release
            for release in await self.releases_by_id([release_id for found in ids for release_id in found])
        }
        return [
            StoredStory(
                id=story,
                releases=tuple(stored[release_id] for release_id in own if release_id in stored),
                channels=tuple(marked(marks, "c:")),
                watches=tuple(marked(marks, "w:")),
            )
            for story, own, marks in zip(story_ids, ids, members, strict=True)
            if any(release_id in stored for release_id in own)
        ]

    async def story_of(self, any_id: str) -> StoredStory | None:
        """Return the story with this id, or the one to which a release (``rel_…``) or an event (``evt_…``) belongs."""
        if any_id.startswith("sty_"):
            return await self.story(any_id)
        if any_id.startswith("evt_"):
            event = await self.event(any_id)
            story = msgspec.json.decode(event)["data"].get("story") if event else None
            return await self.story(story["id"]) if story else None
        stored = await self.release(any_id)
        return await self.story(stored.story) if stored else None

    async def releases(
        self, *, since: datetime | None = None, before: ListPosition | None = None
    ) -> AsyncIterator[StoredRelease]:
        """Yield the stored releases, newest first: those first seen since ``since``, from ``before`` on."""
        lowest = milliseconds(since) if since is not None else None
        while places := await self.list_positions(before=before):
            wanted = [place.id for place in places if lowest is None or place.seen >= lowest]
            for stored in await self.releases_by_id(wanted):
                yield stored
            if len(wanted) < len(places):
                return
            before = places[-1]

    async def list_positions(
        self, *, before: ListPosition | None = None, limit: int = READ_BATCH
    ) -> list[ListPosition]:
        """Return the list positions of releases, newest first, those after ``before``."""
        index = keys.releases().name
        start = 0
        if before is not None:
            # Ranks change while releases arrive, so each page starts after the last one's end, which may have expired.
            rank = await self._redis.zrevrank(index, before.id)
            newer = f"({before.seen}"
            start = cast(int, rank) + 1 if rank is not None else await self._redis.zcount(index, newer, "+inf")
        found = await self._redis.zrevrange(index, start, start + limit - 1, withscores=True)
        places = [ListPosition(seen=int(seen), id=text(own)) for own, seen in cast(list[tuple[bytes, float]], found)]
        after = [place for place in places if before is None or place.after(before)]
        return after if after or len(places) < limit else await self.list_positions(before=places[-1], limit=limit)

    async def withdrawn(self, stories: Sequence[str]) -> frozenset[str]:
        """Return those of these stories whose newest notice withdraws them."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for story in stories:
                pipeline.zrangebyscore(keys.story(story).name, 0, 0)
            marks = await pipeline.execute()
        newest = {story: marked(found, "n:") for story, found in zip(stories, marks, strict=True)}
        notices = {notice: story for story, found in newest.items() for notice in found}
        return frozenset(
            notices[stored.release.id or ""]
            for stored in await self.releases_by_id(list(notices))
            if stored.release.notice is not None and stored.release.notice.kind == "withdrawal"
        )

    async def event(self, event_id: str) -> bytes | None:
        """Return an event's JSON."""
        entry = await self._redis.get(keys.event(event_id).name)
        if entry is None:
            return None
        return (await payloads(self._redis, [text(entry)]))[0]

    async def events_by_id(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the JSON of those of these events that are stored, by id, in two round trips."""
        if not event_ids:
            return {}
        found = cast(list[bytes | None], await self._redis.mget([keys.event(event_id).name for event_id in event_ids]))
        kept = {event_id: text(entry) for event_id, entry in zip(event_ids, found, strict=True) if entry is not None}
        said = await payloads(self._redis, list(kept.values()))
        return {event_id: payload for event_id, payload in zip(kept, said, strict=True) if payload is not None}

    async def events(self, *, after: str | None = None, limit: int = 100) -> list[StreamedEvent]:
        """Return events in their order, after the event with the id ``after``.

        Raises ``KeyError`` if there is no such event (any more).
        """
        start = "-"
        if after is not None:
            entry = await self._redis.get(keys.event(after).name)
            if entry is None:
                raise KeyError(after)
            start = f"({text(entry)}"
        return await streamed(self._redis, await self._redis.xrange(keys.history().name, start, "+", count=limit))

    async def wait_for_events(self, entry: str, *, seconds: float, limit: int = 100) -> list[StreamedEvent]:
        """Return the events after the stream's own id ``entry``, in order; empty if none arrived within ``seconds``."""
        answer = await self._redis.xread({keys.history().name: entry}, count=limit, block=int(seconds * 1000))
        return await streamed(
            self._redis, [streamed_entry for _, entries in cast(Any, answer) or () for streamed_entry in entries]
        )

    async def latest_events(self, limit: int = 100, *, before: str | None = None) -> list[StreamedEvent]:
        """Return the newest events, newest first; those before the event with the id ``before``.

        Raises ``KeyError`` if there is no such event (any more).
        """
        end = "+"
        if before is not None:
            entry = await self._redis.get(keys.event(before).name)
            if entry is None:
                raise KeyError(before)
            end = f"({text(entry)}"
        return await streamed(self._redis, await self._redis.xrevrange(keys.history().name, end, "-", count=limit))

    async def releases_by_id(self, ids: Sequence[str]) -> list[StoredRelease]:
        """Return those of these releases that are stored, in this order."""
        if not ids:
            return []
        answers = await self._redis.mget([keys.release(release_id).name for release_id in ids])
        values = [value for value in cast(list[bytes | None], answers) if value is not None]
        values = await self._dictionaries.readable(values)
        return [stored for value in values if (stored := _stored(value)) is not None]


def _stored(value: bytes) -> StoredRelease | None:
    try:
        kept = unpack_kept(value)
    except ERRORS as error:
        skip("release", f"{keys.release('').name}… ({value[:60]!r})", error)
        return None
    return StoredRelease(
        release=kept.release, story=kept.story, verdict=kept.verdict, why=kept.why, replaces=kept.replaces, at=kept.at
    )

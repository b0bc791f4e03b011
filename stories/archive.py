"""What is stored, for reading: releases, their revisions, stories and events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from stories import keys
from stories.answers import text, texts
from stories.packing import unpack
from stories.release import Release

CHUNK = 200  # releases read in one round trip while filtering


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A release as memory holds it, with its part in its story."""

    release: Release
    story: str
    verdict: str
    """new, copy, notice, late_original, reissue or revised."""
    why: str
    """Why wirewatch holds it for part of this story, in words."""
    replaces: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStory:
    """A story: its releases, first seen first."""

    id: str
    releases: tuple[Stored, ...]
    channels: tuple[str, ...]
    """That were alerted of it."""
    watches: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedEvent:
    """One entry of the stream of events."""

    entry: str
    """The stream's own id: where to go on from."""
    payload: bytes
    """The contract's JSON."""


class Archive:
    """Reads what was kept; writes nothing."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def release(self, release_id: str) -> Stored | None:
        """Return a release in its present state."""
        found = await self._many([release_id])
        return found[0] if found else None

    async def revisions(self, release_id: str) -> list[Release]:
        """Return the states of a release, oldest first, the present one last; empty when it is unknown."""
        present = await self.release(release_id)
        if present is None:
            return []
        packed = await cast(Awaitable[list[bytes]], self._redis.lrange(keys.revisions(release_id).name, 0, -1))
        return [*(unpack(one) for one in packed), present.release]

    async def story(self, story_id: str) -> StoredStory | None:
        """Return a story whole."""
        ids = await self._redis.zrange(keys.story_releases(story_id).name, 0, -1)
        if not ids:
            return None
        channels = await cast(Awaitable[set[bytes]], self._redis.smembers(keys.story_channels(story_id).name))
        watches = await cast(Awaitable[set[bytes]], self._redis.smembers(keys.story_watches(story_id).name))
        return StoredStory(
            id=story_id,
            releases=tuple(await self._many(texts(ids))),
            channels=tuple(sorted(texts(channels))),
            watches=tuple(sorted(texts(watches))),
        )

    async def story_of(self, any_id: str) -> StoredStory | None:
        """Return the story with this id, or the one that a release (``rel_…``) or an event (``evt_…``) belongs to."""
        if any_id.startswith("sty_"):
            return await self.story(any_id)
        if any_id.startswith("evt_"):
            event = await self.event(any_id)
            story = msgspec.json.decode(event)["data"].get("story") if event else None
            return await self.story(story["id"]) if story else None
        stored = await self.release(any_id)
        return await self.story(stored.story) if stored else None

    async def releases(self, *, since: datetime | None = None, before: str | None = None) -> AsyncIterator[Stored]:
        """Yield the stored releases, newest first: those first seen since ``since``, from ``before`` (an id) on."""
        index = keys.releases().name
        start = 0
        if before is not None:
            rank = await self._redis.zrevrank(index, before)
            if rank is None:
                return
            start = cast(int, rank) + 1
        while True:
            ids = texts(await self._redis.zrevrange(index, start, start + CHUNK - 1))
            for stored in await self._many(ids):
                if since is not None and _first_seen(stored.release) < since:
                    return
                yield stored
            if len(ids) < CHUNK:
                return
            # Releases that arrived meanwhile moved the ranks: go on after the last one that was given.
            rank = await self._redis.zrevrank(index, ids[-1])
            start = start + CHUNK if rank is None else cast(int, rank) + 1

    async def event(self, event_id: str) -> bytes | None:
        """Return an event's JSON."""
        entry = await self._redis.get(keys.event(event_id).name)
        if entry is None:
            return None
        found = _streamed(await self._redis.xrange(keys.events().name, text(entry), text(entry)))
        return found[0].payload if found else None

    async def events(self, *, after: str | None = None, limit: int = 100) -> list[StreamedEvent]:
        """Return events in the order they happened, after the event with the id ``after``.

        ``KeyError`` when there is no such event (any more).
        """
        start = "-"
        if after is not None:
            entry = await self._redis.get(keys.event(after).name)
            if entry is None:
                raise KeyError(after)
            start = f"({text(entry)}"
        return _streamed(await self._redis.xrange(keys.events().name, start, "+", count=limit))

    async def awaited(self, entry: str, *, seconds: float, limit: int = 100) -> list[StreamedEvent]:
        """Return the events after the stream's own id ``entry``, in order; empty when none came within ``seconds``."""
        answer = await self._redis.xread({keys.events().name: entry}, count=limit, block=int(seconds * 1000))
        return [event for _, entries in cast(Any, answer) or () for event in _streamed(entries)]

    async def latest_events(self, limit: int = 100) -> list[StreamedEvent]:
        """Return the newest events, newest first."""
        return _streamed(await self._redis.xrevrange(keys.events().name, count=limit))

    async def _many(self, ids: Sequence[str]) -> list[Stored]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for one in ids:
                pipeline.hmget(keys.release(one).name, "doc", "story", "verdict", "why", "replaces")
            answers = await pipeline.execute()
        return [
            Stored(
                release=unpack(doc),
                story=text(story),
                verdict=text(verdict),
                why=text(why),
                replaces=text(replaces) if replaces else None,
            )
            for doc, story, verdict, why, replaces in answers
            if doc is not None
        ]


def _streamed(entries: Any) -> list[StreamedEvent]:
    return [StreamedEvent(entry=text(entry), payload=fields[b"event"]) for entry, fields in entries]


def _first_seen(release: Release) -> datetime:
    return datetime.fromisoformat(cast(str, release.first_seen_at))

"""The stored events: each is stored in a compact form and read as the contract's JSON.

An event contains its release, which is stored already. So the stored form names the release, and the release is
inserted when the event is read. An event about a later revision is stored completely, because the revision may be
deleted earlier than the event (of a page that changes at every visit).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import msgspec
from redis.asyncio import Redis

from stories.db import keys
from stories.db.codec import compress, decompress, packed_of, revision_of
from stories.db.dictionaries import Dictionaries
from stories.db.unreadable_records import attempt
from stories.model.event import Event, event_payload
from stories.model.release import Release, release_payload

T = TypeVar("T")

STREAM_LENGTH = 1_000  # events in the stream for programs: about 5 MB
MIN_COMPRESSED_BYTES = 100  # bytes: compressing shorter data gains nothing
_BRIEF = b"~"  # prefix of an event without its release


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedEvent:
    """One event of the history."""

    entry: str
    """Its id in the stream, to continue from."""
    payload: bytes
    """The event as the contract's JSON."""


def written(event: Event, kept: Release) -> tuple[bytes, bytes]:
    """Return an event as the contract's JSON, and in its stored form next to the stored release ``kept``."""
    payload = event_payload(event)
    whole = msgspec.json.encode(payload)
    compact = whole
    if event.release is kept and kept.revision == 1:
        payload["data"]["release"] = kept.id
        compact = _BRIEF + msgspec.json.encode(payload)
    return whole, compact if len(compact) < MIN_COMPRESSED_BYTES else compress(compact)


async def streamed(redis: Redis, entries: Any) -> list[StreamedEvent]:
    """Return the events of stream entries, in their order, without events whose release was deleted."""
    found = [(entry.decode(), fields.get(b"event")) for entry, fields in entries]
    payloads = await _payloads(redis, [compact for _, compact in found])
    return [
        StreamedEvent(entry=entry, payload=payload)
        for (entry, _), payload in zip(found, payloads, strict=True)
        if payload is not None
    ]


async def payloads(redis: Redis, entries: Sequence[str]) -> list[bytes | None]:
    """Return the JSON of the events with these stream ids; None for a deleted event."""
    if not entries:
        return []
    async with redis.pipeline(transaction=False) as pipeline:
        for entry in entries:
            pipeline.xrange(keys.history().name, entry, entry)
        answers = await pipeline.execute()
    return await _payloads(redis, [found[0][1].get(b"event") if found else None for found in answers])


async def _payloads(redis: Redis, written: Sequence[bytes | None]) -> list[bytes | None]:
    """Return events as JSON with their releases inserted; None for one that cannot be decoded, counted and logged."""
    whole: list[bytes | None] = [None if entry is None else _attempt(partial(decompress, entry)) for entry in written]
    brief: dict[int, dict[str, Any]] = {}
    for place, content in enumerate(whole):
        if content is None:
            continue
        shape = _attempt(partial(_shaped, content.removeprefix(_BRIEF)))
        if shape is None:
            whole[place] = None
        elif content.startswith(_BRIEF):
            brief[place] = msgspec.json.decode(content[len(_BRIEF) :])
    ids = list(dict.fromkeys(str(payload["data"]["release"]) for payload in brief.values()))
    releases = dict(zip(ids, await _first_states(redis, ids), strict=True))
    for place, payload in brief.items():
        release = releases[str(payload["data"]["release"])]
        if release is not None:
            payload["data"]["release"] = release_payload(release)
        whole[place] = msgspec.json.encode(payload) if release is not None else None
    return whole


async def _first_states(redis: Redis, ids: Sequence[str]) -> list[Release | None]:
    """Return the first revision of each release; None for one that was deleted or cannot be decoded."""
    if not ids:
        return []
    values = cast(list[bytes | None], await redis.mget([keys.release(release_id).name for release_id in ids]))
    revisions = [
        value and attempt(partial(revision_of, value), "release", keys.release(release_id).name)
        for release_id, value in zip(ids, values, strict=True)
    ]
    revised = [release_id for release_id, revision in zip(ids, revisions, strict=True) if revision and revision > 1]
    first: dict[str, bytes | None] = {}
    if revised:
        async with redis.pipeline(transaction=False) as pipeline:
            for release_id in revised:
                pipeline.lindex(keys.revisions(release_id).name, 0)
            first = dict(zip(revised, await pipeline.execute(), strict=True))
    dictionaries, found = Dictionaries(redis), []
    for release_id, value in zip(ids, values, strict=True):
        earlier = first.get(release_id)
        packed = [earlier] if earlier is not None else await dictionaries.readable([value]) if value else []
        states = await dictionaries.unpacked(
            [packed_of(packed[0])] if earlier is None and packed else packed, release_id
        )
        found.append(states[0] if states else None)
    return found


@dataclass(frozen=True, slots=True)
class _Data:
    watches: list[str]
    release: str | _Release | None = None
    story: _Story | None = None


@dataclass(frozen=True, slots=True)
class _Release:
    """The fields of a release that all readers of events need."""

    id: str
    url: str | None = None
    source: str | None = None
    headline: str | None = None
    notice: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Story:
    id: str


@dataclass(frozen=True, slots=True)
class _Shape:
    id: str
    type: str
    timestamp: str
    data: _Data


_SHAPE = msgspec.json.Decoder(_Shape)


def is_event(payload: bytes) -> bool:
    """Return whether stored JSON has the structure of an event; if not, it is counted and logged."""
    return _attempt(partial(_shaped, payload)) is not None


def _shaped(payload: bytes) -> _Shape:
    return _SHAPE.decode(payload)


def _attempt(read: Callable[[], T]) -> T | None:
    return attempt(read, "event", keys.history().name)

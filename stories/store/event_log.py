"""The history of events: all that are kept, each written small, and read again as the contract's JSON.

An event tells a release whole, and memory holds that release already: the history names it, and puts it in again when
the event is read. An event about a later revision, which a page that changes all the time may lose, is written whole.
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

LIVE = 1_000  # events in the stream that programs follow: some 5 MB
SMALL = 100  # bytes: compressing what is shorter gains nothing
_BRIEF = b"~"  # begins an event whose release stands elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedEvent:
    """One event of the history."""

    entry: str
    """Its id in the history: where to go on from."""
    payload: bytes
    """The contract's JSON."""


def written(event: Event, kept: Release) -> tuple[bytes, bytes]:
    """Return an event as the contract's JSON, and as the history keeps it beside the release ``kept``."""
    payload = event_payload(event)
    whole = msgspec.json.encode(payload)
    told = whole
    if event.release is kept and kept.revision == 1:
        payload["data"]["release"] = kept.id
        told = _BRIEF + msgspec.json.encode(payload)
    return whole, told if len(told) < SMALL else compress(told)


async def streamed(redis: Redis, entries: Any) -> list[StreamedEvent]:
    """Return the events of entries of the history, in their order; those whose release is forgotten are left out."""
    found = [(entry.decode(), fields.get(b"event")) for entry, fields in entries]
    payloads = await _payloads(redis, [told for _, told in found])
    return [
        StreamedEvent(entry=entry, payload=payload)
        for (entry, _), payload in zip(found, payloads, strict=True)
        if payload is not None
    ]


async def payloads(redis: Redis, entries: Sequence[str]) -> list[bytes | None]:
    """Return the JSON of the events with these ids in the history; None for one that is forgotten."""
    if not entries:
        return []
    async with redis.pipeline(transaction=False) as pipeline:
        for entry in entries:
            pipeline.xrange(keys.history().name, entry, entry)
        answers = await pipeline.execute()
    return await _payloads(redis, [found[0][1].get(b"event") if found else None for found in answers])


async def _payloads(redis: Redis, written: Sequence[bytes | None]) -> list[bytes | None]:
    """Return events as JSON, their releases put in again; None for what cannot be decoded, counted and logged."""
    whole: list[bytes | None] = [None if one is None else _attempt(partial(decompress, one)) for one in written]
    brief: dict[int, dict[str, Any]] = {}
    for place, one in enumerate(whole):
        if one is None:
            continue
        told = _attempt(partial(_shaped, one.removeprefix(_BRIEF)))
        if told is None:
            whole[place] = None
        elif one.startswith(_BRIEF):
            brief[place] = msgspec.json.decode(one[len(_BRIEF) :])
    ids = list(dict.fromkeys(str(payload["data"]["release"]) for payload in brief.values()))
    releases = dict(zip(ids, await _first_states(redis, ids), strict=True))
    for place, payload in brief.items():
        release = releases[str(payload["data"]["release"])]
        if release is not None:
            payload["data"]["release"] = release_payload(release)
        whole[place] = msgspec.json.encode(payload) if release is not None else None
    return whole


async def _first_states(redis: Redis, ids: Sequence[str]) -> list[Release | None]:
    """Return the first revision of each release; None for one that is forgotten or cannot be decoded."""
    if not ids:
        return []
    values = cast(list[bytes | None], await redis.mget([keys.release(one).name for one in ids]))
    revisions = [
        value and attempt(partial(revision_of, value), "release", keys.release(one).name)
        for one, value in zip(ids, values, strict=True)
    ]
    revised = [one for one, revision in zip(ids, revisions, strict=True) if revision and revision > 1]
    first: dict[str, bytes | None] = {}
    if revised:
        async with redis.pipeline(transaction=False) as pipeline:
            for one in revised:
                pipeline.lindex(keys.revisions(one).name, 0)
            first = dict(zip(revised, await pipeline.execute(), strict=True))
    dictionaries, found = Dictionaries(redis), []
    for one, value in zip(ids, values, strict=True):
        earlier = first.get(one)
        packed = [earlier] if earlier is not None else await dictionaries.readable([value]) if value else []
        states = await dictionaries.unpacked([packed_of(packed[0])] if earlier is None and packed else packed, one)
        found.append(states[0] if states else None)
    return found


@dataclass(frozen=True, slots=True)
class _Data:
    watches: list[str]
    release: str | _Release | None = None
    story: _Story | None = None


@dataclass(frozen=True, slots=True)
class _Release:
    """As much of a release as all readers of events rely on."""

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
    """Return whether stored JSON has the shape of an event; what has not is counted and logged."""
    return _attempt(partial(_shaped, payload)) is not None


def _shaped(payload: bytes) -> _Shape:
    return _SHAPE.decode(payload)


def _attempt(read: Callable[[], T]) -> T | None:
    return attempt(read, "event", keys.history().name)

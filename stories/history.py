"""The history of events: all that are kept, each written small, and read again as the contract's JSON.

An event tells a release whole, and memory holds that release already: the history names it, and puts it in again when
the event is read. An event about a later revision, which a page that changes all the time may lose, is written whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from stories import keys
from stories.dictionaries import Dictionaries
from stories.event import Event, event_payload
from stories.packing import compress, decompress, packed_of, revision_of, unpack, unpack_kept
from stories.release import Release, release_payload

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
    found = [(entry.decode(), fields[b"event"]) for entry, fields in entries]
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
    return await _payloads(redis, [found[0][1][b"event"] if found else None for found in answers])


async def _payloads(redis: Redis, written: Sequence[bytes | None]) -> list[bytes | None]:
    """Return events as JSON, their releases put in again."""
    whole = [None if one is None else decompress(one) for one in written]
    brief = {
        place: msgspec.json.decode(one[len(_BRIEF) :])
        for place, one in enumerate(whole)
        if one is not None and one.startswith(_BRIEF)
    }
    ids = list(dict.fromkeys(payload["data"]["release"] for payload in brief.values()))
    releases = dict(zip(ids, await _first_states(redis, ids), strict=True))
    for place, payload in brief.items():
        release = releases[payload["data"]["release"]]
        if release is not None:
            payload["data"]["release"] = release_payload(release)
        whole[place] = msgspec.json.encode(payload) if release is not None else None
    return whole


async def _first_states(redis: Redis, ids: Sequence[str]) -> list[Release | None]:
    """Return the first revision of each release."""
    if not ids:
        return []
    values = cast(list[bytes | None], await redis.mget([keys.release(one).name for one in ids]))
    revised = [one for one, value in zip(ids, values, strict=True) if value and revision_of(value) > 1]
    first: dict[str, bytes | None] = {}
    if revised:
        async with redis.pipeline(transaction=False) as pipeline:
            for one in revised:
                pipeline.lindex(keys.revisions(one).name, 0)
            first = dict(zip(revised, await pipeline.execute(), strict=True))
    packed = [*(packed_of(value) for value in values if value), *(one for one in first.values() if one)]
    await Dictionaries(redis).ready(packed)
    return [_first(value, first.get(one)) for one, value in zip(ids, values, strict=True)]


def _first(value: bytes | None, earlier: bytes | None) -> Release | None:
    if value is None:
        return None
    return unpack(earlier) if earlier is not None else unpack_kept(value).release

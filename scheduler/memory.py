"""What the daemon knows of Redis' content, so that a Redis that comes back empty is restored and not seeded silently.

The daemon reads what it needs every few seconds, keeps it in the process and in a file in ``data_dir``. What may be
stale leads to a repeated alert (with the same id), never to a lost one (docs/decisions/0018-emptied-redis.md).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from crawler.polls import Listing
from stories import keys
from stories.answers import text, texts
from stories.archive import Archive
from stories.claims import listing_key
from stories.ids import number_of, release_id
from stories.moments import timestamp
from stories.sighting import Cursor, OpenSighting, Sighting
from stories.urls import url_digest

MAX_KNOWN = 50_000  # releases; 5 MB of memory, and more than all listings show within the age of an alert
MAX_IN_FILE = 20_000  # of them in the file, which is written twice a minute at the most
MAX_OPEN = 5_000  # sightings that are restored; the listings themselves name the rest
MAX_ALERTS = 2_000  # alerts of a channel whose releases are read again
BATCH = 500  # keys of one command


@dataclass(slots=True, kw_only=True)
class Known:
    """What was last seen in Redis; the file holds the same."""

    mark: str = ""
    at: str = ""
    """When it was read, ISO 8601 in UTC."""
    cursors: dict[str, bytes] = field(default_factory=dict)
    """By the listing's key, packed as Redis has them."""
    releases: list[str] = field(default_factory=list)
    """Ids of the releases that were kept, the oldest first."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Alerts that waited, by channel."""
    unsent: dict[str, bytes] = field(default_factory=dict)
    """Releases with an alert that waited, by id: the ``OpenSighting`` by which they are read again."""
    pending: dict[str, bytes] = field(default_factory=dict)
    """Sightings that were not read to their end, by the digest of their URL."""
    seeded: list[str] = field(default_factory=list)
    """Digests of those of them that a first poll held: stored silently."""
    hashes: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Health of sources, gaps, subscriptions at hubs, states of channels: by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What an emptied Redis lost. Times are ISO 8601 in UTC."""

    since: str
    """What was kept until then is lost for certain; releases that came out since may be missing."""
    found_at: str
    releases: int
    alerts: Mapping[str, int]
    """That waited, by channel."""

    @property
    def words(self) -> str:
        """What was lost, what may be lost, what is repeated."""
        waited = ", ".join(f"{number} of {channel}" for channel, number in sorted(self.alerts.items())) or "none"
        return (
            f"Redis came back empty. Lost: stored releases, stories, events and receipts ({self.releases} releases "
            f"known), and the alerts that waited ({waited}); their releases are read and alerted again where their "
            f"pages can be read. May be missing: releases since {self.since} that no listing shows any more. Restored: "
            "positions of the listings, health of sources, gaps, subscriptions at hubs, channels that are off. Every "
            "listing is read again: what was alerted before is stored silently, the rest is alerted; an alert of the "
            "last seconds before the loss may repeat, with the id that it had"
        )


class Mirror:
    """Keeps ``Known`` up to date, and restores it."""

    def __init__(self, redis: Redis, listings: Sequence[Listing], channels: Iterable[str], file: Path) -> None:
        self._redis = redis
        self._archive = Archive(redis)
        self._listings = {listing_key(one.source, one.url): one for one in listings}
        self._channels = tuple(channels)
        self._file = file
        self._ids: dict[str, None] = {}
        self._reads = 0
        self.known = Known()

    async def read(self, mark: str, now: datetime) -> None:
        """Read what changed, in an order in which nothing counts as alerted that was not."""
        known = Known(mark=mark, at=timestamp(now), hashes=self.known.hashes)
        names = list(self._listings)
        for begin in range(0, len(names), BATCH):
            chunk = names[begin : begin + BATCH]
            found = await self._redis.mget([keys.cursor(name).name for name in chunk])
            known.cursors |= {
                name: packed for name, packed in zip(chunk, cast(list[bytes | None], found), strict=True) if packed
            }
        await self._read_pending(known)
        await self._read_releases()
        known.releases = list(self._ids)
        await self._read_alerts(known)
        if self._reads % 10 == 0:
            await self._read_hashes(known)
        self._reads += 1
        self.known = known

    async def _read_pending(self, known: Known) -> None:
        if await self._redis.hlen(keys.open_sightings().name) > MAX_OPEN:
            return
        found = await cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(keys.open_sightings().name))
        known.pending = {text(digest): packed for digest, packed in found.items()}
        async with self._redis.pipeline(transaction=False) as pipeline:
            for digest, packed in known.pending.items():
                pending = _open(packed)
                listing = listing_key(pending.source, pending.listing) if pending else ""
                pipeline.sismember(keys.seeded(listing).name, digest)
            answers = await pipeline.execute()
        known.seeded = [digest for digest, silent in zip(known.pending, answers, strict=True) if silent]

    async def _read_releases(self) -> None:
        fresh: list[str] = []
        while len(fresh) < MAX_KNOWN:
            page = texts(await self._redis.zrevrange(keys.releases().name, len(fresh), len(fresh) + BATCH - 1))
            new = [one for one in page if one not in self._ids]
            fresh += page
            if len(page) < BATCH or len(new) < len(page) // 2:
                break
        for one in reversed(fresh):
            self._ids.setdefault(one)
        while len(self._ids) > MAX_KNOWN:
            del self._ids[next(iter(self._ids))]

    async def _read_alerts(self, known: Known) -> None:
        events: list[str] = []
        for channel in self._channels:
            name = keys.outbox(channel).name
            known.waiting[channel] = await self._redis.zcard(name)
            events += [one.partition(":")[0] for one in texts(await self._redis.zrange(name, 0, MAX_ALERTS - 1))]
        known.waiting = {channel: number for channel, number in known.waiting.items() if number}
        for payload in (await self._archive.told(list(dict.fromkeys(events)))).values():
            release = msgspec.json.decode(payload)["data"].get("release")
            if release and (sighting := self._again(release)):
                known.unsent[release["id"]] = msgspec.json.encode(sighting)

    def _again(self, release: Mapping[str, Any]) -> OpenSighting | None:
        listing = next((one for one in self._listings.values() if one.source == release.get("source")), None)
        if listing is None or not release.get("url"):
            return None
        sighting = Sighting(url=release["url"], headline=release.get("headline"))
        return OpenSighting(source=listing.source, listing=listing.url, tag=listing.tag, sighting=sighting)

    async def _read_hashes(self, known: Known) -> None:
        sources = {one.source for one in self._listings.values()}
        names = [keys.source(one).name for one in sources] + [keys.gaps(one).name for one in sources]
        names += [keys.push(one).name for one in self._listings] + [keys.channel(one).name for one in self._channels]
        names.append(keys.aside().name)
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hgetall(name)
            answers = await pipeline.execute()
        known.hashes = {
            name: {text(key): value for key, value in found.items()}
            for name, found in zip(names, answers, strict=True)
            if found
        }

    async def restore(self, mark: str, now: datetime) -> Loss:
        """Write what is known into the empty Redis and then its new mark, in one transaction; return what is lost."""
        known = self.known
        loss = Loss(since=known.at, found_at=timestamp(now), releases=len(known.releases), alerts=known.waiting)
        alerted = [number_of(one) for one in known.releases if one not in known.unsent]
        alerted += [number_of(release_id(digest)) for digest in known.seeded]
        pending = {**known.pending, **{url_digest(_url(one)): one for one in known.unsent.values()}}
        async with self._redis.pipeline(transaction=True) as pipeline:
            for name, packed in known.cursors.items():
                key = keys.cursor(name)
                pipeline.set(key.name, _doubted(packed), ex=key.seconds)
            for begin in range(0, len(alerted), BATCH):
                pipeline.sadd(keys.known().name, *alerted[begin : begin + BATCH])
            pipeline.expire(keys.known().name, keys.known().seconds)
            for digest, packed in pending.items():
                pipeline.hset(keys.open_sightings().name, digest, cast(Any, packed))
                pipeline.zadd(keys.open_due().name, {digest: int(now.timestamp() * 1000)})
            for name, values in known.hashes.items():
                pipeline.hset(name, mapping=cast(Any, values))
                if not name.startswith(keys.channel("").name):
                    pipeline.expire(name, keys.gaps("").seconds)
            pipeline.set(keys.loss().name, msgspec.json.encode(loss), ex=keys.loss().seconds)
            pipeline.set(keys.memory().name, mark)
            await pipeline.execute()
        return loss

    def load(self) -> bool:
        """Take over what the file holds; False where there is none that can be read."""
        try:
            self.known = msgspec.json.decode(self._file.read_bytes(), type=Known)
        except (OSError, msgspec.MsgspecError):
            return False
        self._ids = dict.fromkeys(self.known.releases)
        return bool(self.known.mark)

    async def save(self) -> None:
        """Write the file; ``OSError`` when that fails."""
        kept = replace(self.known, releases=self.known.releases[-MAX_IN_FILE:])
        await asyncio.to_thread(self._put, msgspec.json.encode(kept))

    def _put(self, content: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_name(f"{self._file.name}.new")
        new.touch(mode=0o600)
        new.write_bytes(content)
        new.replace(self._file)


def memory_file(data_dir: Path, address: str) -> Path:
    """Return the file of what is known of the Redis at an address: another Redis is another memory."""
    return data_dir / f"known-{hashlib.sha256(address.encode()).hexdigest()[:12]}.json"


def _doubted(packed: bytes) -> bytes:
    cursor = msgspec.json.decode(packed, type=Cursor)
    return msgspec.json.encode(replace(cursor, etag=None, last_modified=None, digest=None, body=None, next_at=None))


def _open(packed: bytes) -> OpenSighting | None:
    try:
        return msgspec.json.decode(packed, type=OpenSighting)
    except msgspec.MsgspecError:
        return None


def _url(packed: bytes) -> str:
    return msgspec.json.decode(packed, type=OpenSighting).sighting.url

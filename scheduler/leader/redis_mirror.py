"""Mirrors the essential content of Redis, so that an emptied Redis is restored instead of being seeded silently.

The leader reads the content every few seconds and keeps it in memory and in a file in ``data_dir``. Stale data lead to
a repeated alert (with the same id), never to a lost one (docs/decisions/0018-emptied-redis.md).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from crawler.polling.polls import Listing
from stories.crawl_state.backlog import BACKLOG_CHECK_DELAY, rank
from stories.crawl_state.claims import listing_key
from stories.crawl_state.cursors import UNREADABLE_AT
from stories.db import keys
from stories.db.fencing import MemoryMark
from stories.db.replies import text, texts
from stories.db.unreadable_records import decode
from stories.model.ids import is_release_id, release_id, release_id_bytes
from stories.model.sighting import Cursor, PendingSighting, Sighting
from stories.model.timestamps import milliseconds, parse_timestamp, timestamp
from stories.model.urls import url_digest
from stories.store.archive import Archive

MAX_KNOWN = 50_000  # releases; 5 MB of memory, and more than all listings show within the age of an alert
MAX_IN_FILE = 20_000  # in the file, which is written at most twice a minute
MAX_OPEN = 5_000  # pending pages read every time; more are read every ``DEEP_READS`` times
MAX_PENDING = 50_000  # pending pages restored; the listings name the others again
MAX_PENDING_IN_FILE = 20_000  # 6 MB
DEEP_READS = 20  # reads, about 30 s
MAX_DETAILS = 2_000  # newest releases whose page, revisit and alerted channels are restored
DETAILS_A_READ = 200  # read in one pass; unpacking takes 20 ms in all
REVISIT_SECONDS = 2.0  # between two restored revisits
MAX_ALERTS = 2_000  # alerts of a channel whose releases are read again
BATCH = 500  # keys of one command

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What a later correction of a release needs."""

    marks: tuple[str, ...] = ()
    """Of its story: ``c:`` a channel that was alerted, ``w:`` a watch that was named."""
    revisit: PendingSighting | None = None
    """Its page, if a revisit is scheduled."""


@dataclass(slots=True, kw_only=True)
class MirroredContent:
    """The content of Redis at the last read; the file has the same fields."""

    mark: str = ""
    at: str = ""
    """When it was read, ISO 8601 in UTC."""
    cursors: dict[str, bytes] = field(default_factory=dict)
    """By the key of the listing, encoded as in Redis."""
    releases: list[str] = field(default_factory=list)
    """Ids of the releases that were kept, the oldest first."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Alerts that waited, by channel."""
    unsent: dict[str, bytes] = field(default_factory=dict)
    """Releases with an alert that waited, by id: the ``PendingSighting`` by which they are read again."""
    pending: dict[str, bytes] = field(default_factory=dict)
    """Sightings that were not read to their end, by the digest of their URL."""
    seeded: list[str] = field(default_factory=list)
    """Digests of those of them that a first poll held: stored silently."""
    details: dict[str, Detail] = field(default_factory=dict)
    """Of the newest releases, by id."""
    hashes: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Health of sources, gaps, subscriptions at hubs, states of channels, dictionaries of releases: by key."""


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
            "positions of the listings, waiting pages, health of sources, gaps, subscriptions at hubs, channels that "
            f"are off, and which channels were alerted of the newest {MAX_DETAILS} releases; a correction of an older "
            "one may reach fewer channels. Every "
            "listing is read again: what was alerted before is stored silently, the rest is alerted; an alert of the "
            "last seconds before the loss may repeat, with the id that it had"
        )


class Mirror:
    """Keeps ``MirroredContent`` up to date, and restores it."""

    def __init__(self, redis: Redis, listings: Sequence[Listing], channels: Iterable[str], file: Path) -> None:
        self._redis = redis
        self._archive = Archive(redis)
        self._listings = {listing_key(listing.source, listing.url): listing for listing in listings}
        self._by_source = {listing.source: listing for listing in reversed(listings)}
        self._channels = tuple(channels)
        self._file = file
        self._ids: dict[str, None] = {}
        self._reads = 0
        self.known = MirroredContent()

    async def read(self, mark: str, now: datetime) -> None:
        """Read what changed, in an order that never marks a release as alerted before it was.

        Raises:
            ForgottenError: Redis lost its data meanwhile; the mirrored content stays unchanged.
        """
        known = MirroredContent(mark=mark, at=timestamp(now), hashes=self.known.hashes, details=self.known.details)
        names = list(self._listings)
        for begin in range(0, len(names), BATCH):
            chunk = names[begin : begin + BATCH]
            found = await self._redis.mget([keys.cursor(name).name for name in chunk])
            known.cursors |= {
                name: packed for name, packed in zip(chunk, cast(list[bytes | None], found), strict=True) if packed
            }
        await self._read_pending(known)
        await self._read_releases()
        ids = list(self._ids)
        known.releases = ids
        await self._read_alerts(known)
        await self._read_details(known)
        if self._reads % 10 == 0:
            await self._read_hashes(known)
        MemoryMark(name=mark).check(await self._redis.get(keys.memory_mark().name))
        self._reads += 1
        self.known = known

    async def _read_pending(self, known: MirroredContent) -> None:
        name = keys.pending_sightings().name
        if await self._redis.hlen(name) > MAX_OPEN and self._reads % DEEP_READS:
            known.pending, known.seeded = self.known.pending, self.known.seeded
            return
        async for digest, packed in self._redis.hscan_iter(name, count=BATCH):
            if len(known.pending) < MAX_PENDING and _open(packed) is not None:
                known.pending[text(digest)] = packed
        seeded = set(self.known.seeded) & known.pending.keys()
        unseen = [digest for digest in known.pending if digest not in self.known.pending]
        for begin in range(0, len(unseen), BATCH):
            chunk = unseen[begin : begin + BATCH]
            async with self._redis.pipeline(transaction=False) as pipeline:
                for digest in chunk:
                    pending = _open(known.pending[digest])
                    listing = listing_key(pending.source, pending.listing) if pending else ""
                    pipeline.sismember(keys.seeded(listing).name, digest)
                answers = await pipeline.execute()
            seeded |= {digest for digest, silent in zip(chunk, answers, strict=True) if silent}
        known.seeded = sorted(seeded)

    async def _read_releases(self) -> None:
        fresh: list[str] = []
        while len(fresh) < MAX_KNOWN:
            page = texts(await self._redis.zrevrange(keys.releases().name, len(fresh), len(fresh) + BATCH - 1))
            new = [release_id for release_id in page if release_id not in self._ids]
            fresh += page
            if len(page) < BATCH or len(new) < len(page) // 2:
                break
        for stored_id in reversed(fresh):
            if is_release_id(stored_id):
                self._ids.setdefault(stored_id)
        while len(self._ids) > MAX_KNOWN:
            del self._ids[next(iter(self._ids))]

    async def _read_alerts(self, known: MirroredContent) -> None:
        events: list[str] = []
        for channel in self._channels:
            name = keys.outbox(channel).name
            known.waiting[channel] = await self._redis.zcard(name)
            events += [
                alert_id.partition(":")[0] for alert_id in texts(await self._redis.zrange(name, 0, MAX_ALERTS - 1))
            ]
        known.waiting = {channel: number for channel, number in known.waiting.items() if number}
        for payload in (await self._archive.events_by_id(list(dict.fromkeys(events)))).values():
            event = decode(payload, _StoredEvent, "event", keys.history().name)
            release = event.data.release if event else None
            if release and (sighting := self._again(release.source, release.url, release.headline)):
                known.unsent[release.id] = msgspec.json.encode(sighting)

    def _again(self, source: str | None, url: str | None, headline: str | None) -> PendingSighting | None:
        listing = self._by_source.get(source or "")
        if listing is None or not url:
            return None
        sighting = Sighting(url=url, headline=headline)
        return PendingSighting(source=listing.source, listing=listing.url, tag=listing.tag, sighting=sighting)

    async def _read_details(self, known: MirroredContent) -> None:
        newest = list(reversed(known.releases[-MAX_DETAILS:]))
        unseen = [release_id for release_id in newest if release_id not in known.details][:DETAILS_A_READ]
        if not unseen:
            return
        stored = {kept.release.id: kept for kept in await self._archive.releases_by_id(unseen)}
        scores = dict(zip(unseen, await self._redis.zmscore(keys.revisits_due().name, unseen), strict=True))
        async with self._redis.pipeline(transaction=False) as pipeline:
            for release_id in unseen:
                pipeline.zrangebyscore(keys.story(stored[release_id].story if release_id in stored else "").name, 0, 0)
            answers = await pipeline.execute()
        found = {}
        for release_id, marks in zip(unseen, answers, strict=True):
            release = stored[release_id].release if release_id in stored else None
            again = self._again(release.source, release.url, release.headline) if release else None
            kept_marks = tuple(mark for mark in texts(marks) if mark.startswith(("c:", "w:")))
            found[release_id] = Detail(marks=kept_marks, revisit=again if scores[release_id] is not None else None)
        wanted = set(newest)
        known.details = {
            release_id: detail for release_id, detail in {**known.details, **found}.items() if release_id in wanted
        }

    def _hash_keys(self) -> list[keys.Key]:
        sources = {listing.source for listing in self._listings.values()}
        found = [keys.source(source) for source in sources] + [keys.gaps(source) for source in sources]
        found += [keys.websub_subscription(listing) for listing in self._listings] + [
            keys.channel(channel) for channel in self._channels
        ]
        return [*found, keys.quarantined(), keys.dictionaries()]

    async def _read_hashes(self, known: MirroredContent) -> None:
        names = [key.name for key in self._hash_keys()]
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
        """Write the content and a new mark into an empty Redis in one transaction; return what is lost."""
        known = self.known
        loss = Loss(
            since=known.at or timestamp(now),
            found_at=timestamp(now),
            releases=len(known.releases),
            alerts=known.waiting,
        )
        alerted = {
            release_id_bytes(release): "\n".join(known.details[release].marks if release in known.details else ())
            for release in known.releases
            if release not in known.unsent
        }
        alerted |= {release_id_bytes(release_id(digest)): "" for digest in known.seeded}
        hashes = {key.name: key for key in self._hash_keys()}  # without those of removed sources
        async with self._redis.pipeline(transaction=True) as pipeline:
            for name, packed in known.cursors.items():
                key = keys.cursor(name)
                pipeline.set(key.name, _doubted(packed, now), ex=key.seconds)
            for chunk in _batches(alerted):
                pipeline.hset(keys.recovered_releases().name, mapping=cast(Any, chunk))
            pipeline.expire(keys.recovered_releases().name, keys.recovered_releases().seconds)
            self._restore_pending(pipeline, now)
            for name, values in known.hashes.items():
                if (hash_key := hashes.get(name)) is not None:
                    pipeline.hset(name, mapping=cast(Any, values))
                    if hash_key.ttl is not None:
                        pipeline.expire(name, hash_key.seconds)
            pipeline.set(keys.data_loss().name, msgspec.json.encode(loss), ex=keys.data_loss().seconds)
            pipeline.set(keys.memory_mark().name, mark)
            await pipeline.execute()
        return loss

    def _restore_pending(self, pipeline: Pipeline, now: datetime) -> None:
        """Queue the writes of pages to read: pending pages go to their backlogs, revisits are spread out over time."""
        known, seeded = self.known, set(self.known.seeded)
        later: dict[str, tuple[PendingSighting, datetime, int | None]] = {}
        for place, release in enumerate(reversed(known.releases)):
            if (detail := known.details.get(release)) is not None and detail.revisit is not None:
                due = now + timedelta(seconds=REVISIT_SECONDS * (place + 1))
                later[url_digest(detail.revisit.sighting.url)] = (detail.revisit, due, None)
        soon: dict[str, tuple[PendingSighting, datetime, int | None]] = {}
        for place, packed in enumerate([*known.unsent.values(), *known.pending.values()]):
            if (pending := _open(packed)) is None:
                continue
            digest = url_digest(pending.sighting.url)
            listed_at = parse_timestamp(pending.listed_at) or now
            waits = pending.source in self._by_source
            place_in_backlog = rank(listed_at, place, first_poll=digest in seeded) if waits else None
            soon.setdefault(digest, (pending, now + BACKLOG_CHECK_DELAY if waits else now, place_in_backlog))
        both: dict[str, tuple[PendingSighting, datetime, int | None]] = {**later, **soon}
        for chunk in _batches(both):
            packed_ones = {digest: msgspec.json.encode(pending) for digest, (pending, _, _) in chunk.items()}
            pipeline.hset(keys.pending_sightings().name, mapping=cast(Any, packed_ones))
            pipeline.zadd(keys.pending_due().name, {digest: milliseconds(due) for digest, (_, due, _) in chunk.items()})
            for digest, (pending, _, order) in chunk.items():
                if order is not None:
                    pipeline.zadd(keys.backlog(pending.source).name, {digest: order})
                    pipeline.sadd(keys.backlog_sources().name, pending.source)

    def load(self) -> bool:
        """Load the file; False when it is missing or unreadable."""
        try:
            self.known = msgspec.json.decode(self._file.read_bytes(), type=MirroredContent)
        except (OSError, msgspec.MsgspecError):
            return False
        self._ids = dict.fromkeys(self.known.releases)
        return bool(self.known.mark)

    async def save(self) -> None:
        """Write the file; ``OSError`` when that fails."""
        known = self.known
        pending = dict(islice(known.pending.items(), MAX_PENDING_IN_FILE))
        seeded = [digest for digest in known.seeded if digest in pending]
        kept = replace(known, releases=known.releases[-MAX_IN_FILE:], pending=pending, seeded=seeded)
        await asyncio.to_thread(self._put, msgspec.json.encode(kept))

    def _put(self, content: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_name(f"{self._file.name}.new")
        new.touch(mode=0o600)
        new.write_bytes(content)
        new.replace(self._file)


def _batches(found: Mapping[K, V]) -> Iterator[dict[K, V]]:
    """Yield a mapping in parts of one command each."""
    items = iter(found.items())
    while chunk := dict(islice(items, BATCH)):
        yield chunk


async def data_loss(redis: Redis) -> str | None:
    """Return what Redis lost when it was last emptied, as a sentence; None when that is more than a week ago."""
    try:
        packed = await redis.get(keys.data_loss().name)
    except (RedisError, OSError):  # readiness reports it
        return None
    loss = decode(packed, Loss, "loss", keys.data_loss().name) if packed else None
    return f"at {loss.found_at}: {loss.words}" if loss is not None else None


def memory_file(data_dir: Path, address: str) -> Path:
    """Return the mirror file of the Redis at an address; each Redis has its own file."""
    return data_dir / f"known-{hashlib.sha256(address.encode()).hexdigest()[:12]}.json"


def _doubted(packed: bytes, now: datetime) -> bytes:
    """Return a cursor whose next poll reads the listing completely; an unreadable one counts as polled before."""
    cursor = decode(packed, Cursor, "cursor", "the mirror of Redis") or Cursor(read_at=UNREADABLE_AT)
    doubted = replace(cursor, etag=None, last_modified=None, digest=None, body=None, next_at=timestamp(now))
    return msgspec.json.encode(doubted)


def _open(packed: bytes) -> PendingSighting | None:
    return decode(packed, PendingSighting, "open", keys.pending_sightings().name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Release:
    id: str
    source: str | None = None
    url: str | None = None
    headline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    release: _Release | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredEvent:
    data: _Data

"""The release store: looks up candidates for a release, and stores a decision with one atomic script (step 11, keep).

The script stores nothing if a candidate changed since the lookup, and the decision is made again. So many workers may
ingest copies, an original and its correction concurrently.

A release is one string: ``revision story replaces tokens verdict at why``, a newline, and the compressed release.
``replaces`` is "-" if it replaces no known release, ``tokens`` are those of the last two writes. Scripts read only
the first line. With one key instead of a hash, a dozen short strings instead of sorted sets, and events that name
their release instead of containing it, the data need a third of the memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self, cast

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.crawl_state.claims import listed_digest
from stories.db import keys
from stories.db.codec import pack, unpack_kept
from stories.db.dictionaries import Dictionaries
from stories.db.fencing import MemoryMark, fence_argument, fenced
from stories.db.replies import text
from stories.db.script_batcher import ScriptBatcher
from stories.db.scripts import load_script
from stories.db.unreadable_records import ERRORS, skip
from stories.model.event import Event
from stories.model.ids import release_id_bytes
from stories.model.page_result import PageResult
from stories.model.release import Release
from stories.model.timestamps import milliseconds, timestamp
from stories.model.urls import url_digest
from stories.store.event_log import STREAM_LENGTH, written

RELEASES_PER_KEY = 32  # newest releases that share a blocking key: a series has thousands of issues
MAX_CANDIDATES = 20  # those that share the most blocking keys; more were never needed in a replay of 23,000 releases
INDEX_KEPT = RELEASES_PER_KEY  # entries of one index; the oldest issues of a long series are removed
CHANGES_KEPT = 10_000  # a follower that is further behind reads everything again
REVISIONS_KEPT = 24  # pages with a clock in them change on every visit


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingKey:
    """One key of the index. Releases that share a key are candidates for each other."""

    kind: str
    """``url``, ``wire``, ``uuid``, ``text``, ``headline``, ``slug``, ``lead``, ``band``, ``figure`` or ``contact``
    (``pipelines.identity.blocking_keys``)."""
    digest: str
    """Eight characters of the kind and the shared value, equal in every process and version.

    Among a hundred million keys, three in a million collide. A collision costs one needless comparison.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRelease:
    """A stored release with the state of its story."""

    release: Release
    story: str
    replaces: str | None
    """The id of the release that it is a notice about, if that is known."""
    first: bool
    """Whether it is the first release of its story."""
    releases: int = 1
    """The number of releases in its story."""
    channels: frozenset[str] = frozenset()
    """The channels that got alerts of the story."""
    watches: frozenset[str] = frozenset()
    """The watches that the events of the story named."""
    verdict: str = "new"
    """The verdict of the last write: ``withdrawn`` while its page is gone."""
    at: int = 0
    """When it was written, ms since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The stored releases that are relevant for a decision."""

    fingerprint: bytes
    own: KnownRelease | None
    candidates: tuple[KnownRelease, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """An event with the channels that receive an alert of it."""

    event: Event
    channels: frozenset[str]
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A complete decision: everything that the script writes."""

    release: Release
    """With id, revision, source, first_seen_at and notice."""
    story: str
    verdict: str
    why: str
    replaces: str | None = None
    """The id of the release that it is a notice about; its own id if the notice is about its own page."""
    revises: bool = False
    """The page was known; its stored state becomes an earlier revision."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Notices of which this is the original: the notice's release id and the id of the release that it replaces."""
    events: tuple[Event, ...] = ()
    alerts: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    """By event id: the channels and when their alerts are due."""
    revisit: datetime | None = None
    withheld: str | None = None
    """Why no channel receives the release though a watch matches it: ``too old``, ``seeded``."""

    @classmethod
    def of(
        cls,
        release: Release,
        *,
        story: str,
        verdict: str,
        why: str,
        notifications: Iterable[Notification],
        replaces: str | None = None,
        revises: bool = False,
        revisit: datetime | None = None,
    ) -> Self:
        """Return a decision with the events and alerts of the notifications, in their order."""
        notifications = list(notifications)
        return cls(
            release=release,
            story=story,
            verdict=verdict,
            why=why,
            replaces=replaces,
            revises=revises,
            events=tuple(notification.event for notification in notifications),
            alerts={
                notification.event.id: dict.fromkeys(sorted(notification.channels), notification.due)
                for notification in notifications
            },
            revisit=revisit,
        )


class ReleaseStore:
    """Looks up what a decision needs, and stores decisions."""

    def __init__(self, redis: Redis, term: int = 0, memory: MemoryMark | None = None) -> None:
        """``term``: the fencing token of the leader; an outdated one stores nothing (``stories.db.fencing``)."""
        self._redis = redis
        self._term = term
        self._memory = memory
        self._dictionaries = Dictionaries(redis)
        self._courier = ScriptBatcher(redis)

    @cached_property
    def _lookup(self) -> AsyncScript:
        return self._script("lookup.lua")

    @cached_property
    def _keep(self) -> AsyncScript:
        return self._script("keep.lua")

    def _script(self, name: str) -> AsyncScript:
        candidates = load_script("candidates.lua")
        return self._redis.register_script(candidates + fenced(name))

    async def lookup(self, release_id: str, traits: Sequence[BlockingKey]) -> Lookup:
        """Return the release itself if it is known, and the newest releases that share a blocking key with it."""
        number = release_id_bytes(release_id)
        args = [number, RELEASES_PER_KEY, MAX_CANDIDATES, f"{keys.PREFIX}:"]
        answer = await self._courier.run(self._lookup, _indexes(traits), args)
        fingerprint, own, candidates = answer
        readable = set(
            await self._dictionaries.readable([candidate[1] for candidate in (own, *candidates) if candidate])
        )
        return Lookup(
            fingerprint=fingerprint,
            own=_known(own) if own and own[1] in readable else None,
            candidates=tuple(
                known
                for candidate in candidates
                if candidate and candidate[1] in readable and (known := _known(candidate)) is not None
            ),
        )

    async def marks_before_loss(self, release_id: str) -> tuple[str, ...] | None:
        """Return the marks of the story of a release that was stored and alerted before Redis lost its data.

        ``c:`` and a channel, ``w:`` and a watch. None for any other release.
        """
        found = await cast(
            Awaitable[bytes | None],
            self._redis.hget(keys.recovered_releases().name, cast(str, release_id_bytes(release_id))),
        )
        return None if found is None else tuple(text(found).split("\n")) if found else ()

    async def commit(
        self,
        keep: Decision,
        reading: PageResult,
        traits: Sequence[BlockingKey],
        fingerprint: bytes,
        now: datetime,
        marks: Sequence[str] = (),
    ) -> bool:
        """Write a decision completely and return True; False, without writing, if a candidate changed since the lookup.

        ``marks``: the marks of the story before Redis lost its data (``marks_before_loss``).
        """
        release = keep.release
        assert release.id is not None  # noqa: S101 (the decision sets the id)
        # The text in page order is needed only when one page is read; the store has its parts, and compares those.
        packed = pack(replace(release, text=""), await self._dictionaries.newest())
        digest = url_digest(reading.url)
        plan = self._plan(keep, reading, fingerprint, now) | {"marks": list(marks)}
        plan["token"] = hashlib.blake2b(msgspec.json.encode(plan) + packed, digest_size=6).hexdigest()
        names = [
            keys.release(release.id),
            keys.revisions(release.id),
            keys.story(keep.story),
            keys.releases(),
            keys.events(),
            keys.history(),
            keys.alerts(),
            keys.page(digest),
            keys.claim(digest),
            keys.revisits_due(),
            keys.source(reading.source),
        ]
        lines = [line for event in keep.events for line in written(event, release)]
        answer = await self._courier.run(
            self._keep,
            [key.name for key in names] + _indexes(traits),
            [msgspec.json.encode(plan), release_id_bytes(release.id), packed, *lines],
        )
        return bool(answer == b"kept")

    def _plan(self, keep: Decision, reading: PageResult, fingerprint: bytes, now: datetime) -> dict[str, Any]:
        release = keep.release
        first_seen = datetime.fromisoformat(release.first_seen_at) if release.first_seen_at else now
        listed = reading.journey.listed_at
        plan: dict[str, Any] = {
            "id": release.id,
            "now": milliseconds(now),
            "seen": timestamp(now),
            "first_seen": milliseconds(first_seen),
            "listed": milliseconds(listed) if listed else "",
            "prefix": f"{keys.PREFIX}:",
            "each": RELEASES_PER_KEY,
            "most": MAX_CANDIDATES,
            "index_kept": INDEX_KEPT,
            "changes": keys.changes().name,
            "changes_kept": CHANGES_KEPT,
            "revisions_kept": REVISIONS_KEPT,
            "live": STREAM_LENGTH,
            "fingerprint": fingerprint.decode(),
            "term": fence_argument(self._term, self._memory),
            "term_key": keys.leader_term().name,
            "story": keep.story,
            "revision": release.revision,
            "verdict": keep.verdict,
            "why": " ".join(keep.why.split()),
            "revises": keep.revises,
            "links": [{"key": keys.release(notice).name, "replaces": of} for notice, of in keep.links.items()],
            "events": [self._planned(event, keep) for event in keep.events],
            "listed_as": listed_digest(reading.listed_headline, reading.listed_version, reading.listed_tags),
            "ttl": {
                "releases": keys.release("").seconds,
                "events": keys.event("").seconds,
                "receipts": keys.alert("").seconds,
            },
        }
        # Omitted rather than null: cjson decodes null to a true value.
        if keep.replaces:
            plan["replaces"] = keep.replaces
        if release.notice is not None and release.notice.kind != "repeat" and keep.verdict == "notice":
            plan["notice"] = True
        if reading.listing:
            plan["listed_field"] = f"h:{reading.listing}"
        if keep.revisit:
            plan["revisit"] = milliseconds(keep.revisit)
        return plan

    @staticmethod
    def _planned(event: Event, keep: Decision) -> dict[str, Any]:
        return {
            "id": event.id,
            "key": keys.event(event.id).name,
            "type": event.type,
            "watches": list(event.watches),
            "alerts": [
                {
                    "id": f"{event.id}:{channel}",
                    "key": keys.alert(f"{event.id}:{channel}").name,
                    "channel": channel,
                    "outbox": keys.outbox(channel).name,
                    "due": milliseconds(due),
                }
                for channel, due in keep.alerts.get(event.id, {}).items()
            ],
        }


def _indexes(traits: Sequence[BlockingKey]) -> list[str]:
    prefix = keys.index("").name
    return [prefix + trait.digest for trait in traits]


def _known(answer: Sequence[Any]) -> KnownRelease | None:
    release_id, value, releases, first, marks = answer
    try:
        kept = unpack_kept(value)
    except ERRORS as error:
        skip("release", keys.release(str(release_id)).name, error)
        return None
    return KnownRelease(
        release=kept.release,
        story=kept.story,
        replaces=kept.replaces,
        releases=int(releases),
        first=first == release_id,
        channels=frozenset(marked(marks, "c:")),
        watches=frozenset(marked(marks, "w:")),
        verdict=kept.verdict,
        at=kept.at,
    )


def marked(marks: Iterable[Any], kind: str) -> list[str]:
    """Return the names in the marks of one kind (``c:``, ``w:``, ``n:``) of a story, in order."""
    return [mark.decode()[2:] for mark in sorted(marks) if mark.startswith(kind.encode())]

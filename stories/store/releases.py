"""Stop 11, keep: what memory knows of a release's like, and one atomic script that keeps what was decided.

The script keeps nothing when any candidate changed since the decision looked: the decision is made again, so that
many workers may bring copies, the original and its correction at the same moment.

A release is one string: ``revision story replaces tokens verdict at why``, a line, and then the release, packed;
``replaces`` is "-" where it is about nothing that is known, ``tokens`` are of the last two keeps. Scripts read its
beginning alone. One key instead of a hash, a dozen short strings instead of sorted sets, and events that name their
release instead of telling it again: a third of the room that the plain way takes.
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
from stories.store.event_log import LIVE, written

EACH = 32  # of the newest releases that share a trait; a serial with thousands of issues must not cost thousands
CANDIDATES = 20  # those that share the most traits; more were never right in a replay of 23,000 releases
INDEX_KEPT = EACH  # entries of one index; the oldest of a serial that runs for years leave
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
    """A release as memory holds it, with the state of its story."""

    release: Release
    story: str
    replaces: str | None
    """The id of the release that it is a notice about, once that is known."""
    first: bool
    """Whether it is the first release of its story."""
    releases: int = 1
    """The number of releases in its story."""
    channels: frozenset[str] = frozenset()
    """The channels that got alerts of the story."""
    watches: frozenset[str] = frozenset()
    """The watches that those alerts named."""
    verdict: str = "new"
    """What it was kept as the last time: ``withdrawn`` while its page is gone."""
    at: int = 0
    """When that was, ms since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What memory knows that bears on a release."""

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
    """A decision, complete: what the script writes."""

    release: Release
    """With id, revision, source, first_seen_at and notice."""
    story: str
    verdict: str
    why: str
    replaces: str | None = None
    """The id of the release that it is a notice about; its own when it says so of its own page."""
    revises: bool = False
    """The page was known; its present state becomes an earlier revision."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Notices whose original this is: notice's release id to the id of what it replaces."""
    events: tuple[Event, ...] = ()
    alerts: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    """Event id to channel to when it is due."""
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
        """Return a decision whose events and alerts are those of the notifications, in their order."""
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
    """Reads what a decision needs and keeps what was decided."""

    def __init__(self, redis: Redis, term: int = 0, memory: MemoryMark | None = None) -> None:
        """``term``: of the clock, for who has it; nothing is kept once another has it (``stories.db.fencing``)."""
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
        """Return the release itself if it is known, and the newest releases that share a trait with it."""
        number = release_id_bytes(release_id)
        args = [number, EACH, CANDIDATES, f"{keys.PREFIX}:"]
        answer = await self._courier.run(self._lookup, _indexes(traits), args)
        fingerprint, own, candidates = answer
        readable = set(await self._dictionaries.readable([one[1] for one in (own, *candidates) if one]))
        return Lookup(
            fingerprint=fingerprint,
            own=_known(own) if own and own[1] in readable else None,
            candidates=tuple(
                known for one in candidates if one and one[1] in readable and (known := _known(one)) is not None
            ),
        )

    async def marks_before_loss(self, release_id: str) -> tuple[str, ...] | None:
        """Return the marks of the story of a release that was stored, and its alerts delivered, before Redis lost its
        data: ``c:`` and a channel, ``w:`` and a watch. None for any other release."""
        found = await cast(
            Awaitable[bytes | None],
            self._redis.hget(keys.recovered_releases().name, cast(str, release_id_bytes(release_id))),
        )
        return None if found is None else tuple(text(found).split("\n")) if found else ()

    async def keep(
        self,
        keep: Decision,
        reading: PageResult,
        traits: Sequence[BlockingKey],
        fingerprint: bytes,
        now: datetime,
        marks: Sequence[str] = (),
    ) -> bool:
        """Write a decision whole and return True; False, nothing written, when memory changed since the lookup.

        ``marks``: of the story, as it was before Redis lost its data (``marks_before_loss``).
        """
        release = keep.release
        assert release.id is not None  # noqa: S101 (whoever decides gives the id)
        # The text in page order is for whoever reads one page; memory has its parts, and compares those.
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
        told = [line for event in keep.events for line in written(event, release)]
        answer = await self._courier.run(
            self._keep,
            [key.name for key in names] + _indexes(traits),
            [msgspec.json.encode(plan), release_id_bytes(release.id), packed, *told],
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
            "each": EACH,
            "most": CANDIDATES,
            "index_kept": INDEX_KEPT,
            "changes": keys.changes().name,
            "changes_kept": CHANGES_KEPT,
            "revisions_kept": REVISIONS_KEPT,
            "live": LIVE,
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
            "listed_as": listed_digest(reading.listed_headline, reading.listed_version),
            "ttl": {
                "releases": keys.release("").seconds,
                "events": keys.event("").seconds,
                "receipts": keys.alert("").seconds,
            },
        }
        # Left out rather than null: cjson gives null a value that is true.
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
    """Return what the marks of a story of one kind (``c:``, ``w:``, ``n:``) name, in order."""
    return [mark.decode()[2:] for mark in sorted(marks) if mark.startswith(kind.encode())]

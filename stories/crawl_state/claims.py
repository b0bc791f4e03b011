"""Claims sightings for reading with a lease, so that a crash delays a release and never loses it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.db import keys
from stories.db.fencing import MemoryMark, fence_argument, fenced
from stories.db.replies import text
from stories.db.scripts import load_script
from stories.db.unreadable_records import number
from stories.model.sighting import Sighting
from stories.model.timestamps import from_milliseconds, milliseconds
from stories.model.urls import url_digest
from stories.text.index_words import tag_word

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=12))
"""Backoff of a page that could not be read, by consecutive failures; the last value is for all further ones."""
REASON_KEPT = 500  # characters of why a page could not be read
SETTLED_FAILURES = 4  # after these, a page no longer prevents conditional requests of its listing
BATCH = 250  # sightings of one script call: it takes some milliseconds, in which Redis serves no other client
LEASED = (1, 2, 3)
DEFERRED = 5
UNSETTLED = (3, 4)
"""Answers of the claim script. A new page counts as settled: it is pending until it is read, whatever becomes of its
listing. A known page whose headline or version changed is not pending, and an open one may not be."""
CLOCKS_APART = 5000  # ms by which the clocks of two processes may differ
MAX_DELAY_MS = 366 * 86_400_000  # ms; no page waits longer than it is stored
GIVEN_UP = 8  # consecutive failures, about two days, after which a page that no listing names is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sighting that this process has leased."""

    sighting: Sighting
    silent: bool
    """A first poll held it: stored, not alerted."""
    changed: bool
    """Its page is known; the listing shows another headline or version than before."""


def listed_digest(headline: str | None, version: str | None = None, tags: Iterable[str] = ()) -> str:
    """Return what is stored of how a listing names a page: digests of headline, watched tags and version.

    ``headline#tags.version``, without what the listing does not give; empty for nothing.
    """
    plain = " ".join((headline or "").split()).casefold()
    words = "\n".join(sorted({tag_word(tag) for tag in tags}))
    digest = _short_digest(plain) + (f"#{_short_digest(words)}" if words else "")
    return f"{digest}.{version}" if version else digest


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16] if text else ""


def tags_among(tags: Iterable[str], watched: Collection[str]) -> tuple[str, ...]:
    """Return those of the tags that are watched; ``watched`` as ``tag_word`` gives them."""
    return tuple(tag for tag in tags if tag_word(tag) in watched) if watched else ()


def listing_key(source: str, url: str) -> str:
    """Return the key of a listing (with its tag filled in) of a source."""
    return hashlib.sha256(f"{source}\0{url}".encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """The result of claiming a listing's sightings."""

    claims: tuple[Claim, ...]
    """Leased by this process, in the order of the listing."""
    settled: bool
    """Every sighting is known, or is read in the end once the claims are pending: the listing need not be read again
    until it changes."""
    deferred: tuple[Sighting, ...] = ()
    """To be read, but beyond the limit: not leased. They must be put in the backlog of their source."""


class Claims:
    """Stores the leases on pages, and the failures of pages without a release."""

    def __init__(self, redis: Redis, role: str = "", term: int = 0, memory: MemoryMark | None = None) -> None:
        """``role``: what one process at a time is ("daemon"); the leases of those that were it before are void.

        ``term``: the fencing token of the leader; writes with an older term are refused (``stories.db.fencing``).
        """
        self._redis = redis
        self._term = term
        self._memory = memory
        self._role = f"{role}/" if role else ""
        self._run = f"{self._role}{secrets.token_hex(8)}/"

    @property
    def process_name(self) -> str:
        """The name of this process, which begins all of its lease tokens: ``role/run/``."""
        return self._run

    @cached_property
    def _claim(self) -> AsyncScript:
        return self._redis.register_script(fenced("claim.lua", "listed.lua"))

    @cached_property
    def _failed(self) -> AsyncScript:
        return self._redis.register_script(fenced("failed.lua"))

    @cached_property
    def _pull_forward(self) -> AsyncScript:
        return self._redis.register_script(fenced("pull_forward.lua"))

    @cached_property
    def _unchanged(self) -> AsyncScript:
        return self._redis.register_script(fenced("unchanged.lua", "listed.lua"))

    @cached_property
    def _give_back(self) -> AsyncScript:
        return self._redis.register_script(load_script("give_back.lua"))

    async def claim(
        self,
        listing: str,
        sightings: Sequence[Sighting],
        now: datetime,
        *,
        seeding: bool = False,
        poll: str = "",
        limit: int | None = None,
        source: str = "",
        watched_tags: Collection[str] = (),
    ) -> ClaimResult:
        """Lease the sightings that are not read and not leased for ``keys.CLAIM_LEASE``, and return them.

        ``limit``: how many may be leased, the first ones; the rest is returned as deferred, unless it waits in the
        backlog of the ``source`` already.

        ``seeding``: no poll of the listing has ended yet. What the first ``poll`` that claims here holds, on all of
        its pages, is stored silently whenever it is read; a later one is no first poll, though the first was killed.
        Of a page that is named twice, the first sighting counts.

        ``watched_tags``: a known page is read again when this listing gives it one of these for the first time.
        """
        watched = frozenset(map(tag_word, watched_tags))
        by_digest: dict[str, Sighting] = {}
        for sighting in sightings:
            by_digest.setdefault(url_digest(sighting.url), sighting)
        claims: list[Claim] = []
        deferred: list[Sighting] = []
        settled = True
        for batch in _batches(list(by_digest.items())):
            left = None if limit is None else max(0, limit - len(claims))
            answers = await self._claim_batch(
                listing, batch, now, f"poll {poll}" if seeding else "", left, source, watched
            )
            for (_, sighting), answer in zip(batch, answers, strict=True):
                if answer in LEASED:
                    claims.append(Claim(sighting=sighting, silent=answer == 2, changed=answer == 3))
                elif answer == DEFERRED:
                    deferred.append(sighting)
            settled = settled and not any(answer in UNSETTLED for answer in answers)
        return ClaimResult(claims=tuple(claims), settled=settled, deferred=tuple(deferred))

    async def _claim_batch(
        self,
        listing: str,
        batch: Sequence[tuple[str, Sighting]],
        now: datetime,
        first_poll: str,
        limit: int | None,
        source: str,
        watched: frozenset[str],
    ) -> Sequence[int]:
        seeded, page, lease = keys.seeded(listing), keys.page(""), keys.claim("")
        names = [seeded.name, keys.backlog(source).name, keys.pending_sightings().name]
        arguments: list[str | int] = [milliseconds(now), lease.seconds * 1000, f"h:{listing}", first_poll]
        arguments += [seeded.seconds, page.seconds, SETTLED_FAILURES, self._run + secrets.token_hex(8)]
        arguments += [
            self._run,
            self._role,
            keys.leader_term().name,
            fence_argument(self._term, self._memory),
            "" if limit is None else limit,
        ]
        for digest, sighting in batch:
            names += [keys.page(digest).name, keys.claim(digest).name]
            tags = tags_among(sighting.tags, watched)
            arguments += [digest, listed_digest(sighting.headline, sighting.version, tags)]
        return cast(Sequence[int], await self._claim(keys=names, args=arguments))

    async def release_id(self, url: str) -> str | None:
        """Return the id of the release at a URL, if one was kept."""
        found = cast(bytes | None, await self._redis.hget(keys.page(url_digest(url)).name, "release"))
        return text(found) if found else None

    async def next_attempt_at(self, url: str, now: datetime) -> datetime | None:
        """Return when a sighting's page is to be looked at again: now, or when its lease or its wait ends; None when it
        was read, or failed so often that it is given up."""
        digest = url_digest(url)
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hmget(keys.page(digest).name, "release", "failures", "retry_at", "failed_at")
            pipeline.pttl(keys.claim(digest).name)
            pipeline.get(keys.claim(digest).name)
            (release, failures, retry_at, failed_at), lease, holder = await pipeline.execute()
        if holder and self._is_void(holder.decode(errors="replace")):
            lease = 0
        name = keys.page(digest).name
        if release or number(failures, "page", name) >= GIVEN_UP:
            return None
        retry = number(retry_at, "page", name)
        if number(failed_at, "page", name) > milliseconds(now) + CLOCKS_APART:  # the clock was set back
            retry = 0
        wait = max(
            min(retry, milliseconds(now) + MAX_DELAY_MS) - milliseconds(now),
            min(lease, keys.claim("").seconds * 1000),
            0,
        )
        return now + timedelta(milliseconds=wait)

    def _is_void(self, holder: str) -> bool:
        """Return whether a lease is of a process that was what this one is now: it has ended."""
        return bool(self._role) and holder.startswith(self._role) and not holder.startswith(self._run)

    async def record_failure(self, url: str, reason: str, now: datetime) -> timedelta:
        """Record that a page could not be read, and return the delay until the next attempt.

        When another process has leased the page meanwhile, nothing is recorded and the delay is zero.
        """
        digest = url_digest(url)
        page = keys.page(digest)
        delays = [delay // timedelta(milliseconds=1) for delay in RETRIES]
        arguments: list[str | int | bytes] = [
            milliseconds(now),
            reason[:REASON_KEPT].encode(errors="replace"),
            page.seconds,
        ]
        arguments += [self._run, keys.leader_term().name, fence_argument(self._term, self._memory), *delays]
        delay = await self._failed(keys=[page.name, keys.claim(digest).name], args=arguments)
        return timedelta(milliseconds=int(delay))

    async def pull_forward(self, urls: Sequence[str], since: datetime, now: datetime) -> int:
        """Make pages due earlier whose last failure was after ``since``, when their host went away; return how many.

        None is due earlier than the first retry after its last failure, and that failure no longer counts.
        """
        pulled = 0
        for begin in range(0, len(urls), BATCH):
            digests = [url_digest(url) for url in urls[begin : begin + BATCH]]
            names = [keys.pending_due().name, *(keys.page(digest).name for digest in digests)]
            arguments: list[str | int] = [
                milliseconds(now),
                milliseconds(since),
                RETRIES[0] // timedelta(milliseconds=1),
            ]
            arguments += [keys.leader_term().name, fence_argument(self._term, self._memory), *digests]
            pulled += int(await self._pull_forward(keys=names, args=arguments))
        return pulled

    async def record_unchanged(
        self,
        url: str,
        release: str,
        listing: str | None,
        listed_headline: str | None,
        listed_version: str | None = None,
        listed_tags: Iterable[str] = (),
    ) -> None:
        """End the lease on a page that did not change, and store how its listing names it now."""
        digest = url_digest(url)
        page = keys.page(digest)
        listed = listed_digest(listed_headline, listed_version, listed_tags)
        arguments: list[str | int] = [keys.leader_term().name, fence_argument(self._term, self._memory), page.seconds]
        arguments += [release, f"h:{listing}" if listing and listed else "", listed]
        await self._unchanged(keys=[page.name, keys.claim(digest).name], args=arguments)

    async def record_gone(self, url: str, now: datetime) -> datetime:
        """Record that a known page is gone, and return since when."""
        digest = url_digest(url)
        page = keys.page(digest)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hsetnx(page.name, "gone_since", str(milliseconds(now)))
            pipeline.hget(page.name, "gone_since")
            pipeline.expire(page.name, page.seconds)
            pipeline.delete(keys.claim(digest).name)
            answers = await pipeline.execute()
        since = number(answers[1], "page", page.name)
        return from_milliseconds(since) if 0 < since < milliseconds(now) else now

    async def return_lease(self, url: str) -> None:
        """End our lease on a page that was not read, so that the next poll can claim it."""
        await self._give_back(keys=[keys.claim(url_digest(url)).name], args=[self._run])


def _batches(found: Sequence[tuple[str, Sighting]]) -> Iterator[Sequence[tuple[str, Sighting]]]:
    for begin in range(0, len(found), BATCH):
        yield found[begin : begin + BATCH]

"""Quarantine of pages and listings that crash their reader.

Before reading a page, a process records it in Redis and removes the record afterwards. A record that is left over names
the page that crashed its reader. Such a page is then read exclusively, with no other page in the same process. After
``MAX_CRASHES`` crashes it goes to quarantine, and is read again only when a user requests it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stories.crawl_state.claims import GIVEN_UP, REASON_KEPT, listing_key
from stories.db import keys
from stories.db.replies import texts
from stories.db.unreadable_records import decode
from stories.model.timestamps import milliseconds, timestamp
from stories.model.urls import url_digest
from stories.text.shell_commands import command

log = structlog.get_logger(__name__)

MAX_CRASHES = 4  # consecutive crashes; another page may cause the first, but not a fourth during an exclusive read

FREEZE_SECONDS = 3.0  # of CPU time that block the event loop; an ordinary release takes 0.01

Doing = Literal["read", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTarget:
    """A page or a listing that is read."""

    kind: Literal["page", "listing"]
    source: str
    url: str
    """The URL; of a page, the canonical one."""

    @property
    def id(self) -> str:
        """The id of the target in Redis keys."""
        return f"{self.kind}:{url_digest(self.url) if self.kind == 'page' else listing_key(self.source, self.url)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedItem:
    """A page or a listing in quarantine: it is not read until a user requests it."""

    kind: Literal["page", "listing"]
    source: str
    url: str
    why: str
    deaths: int
    since: str
    """ISO 8601 in UTC."""


class QuarantinedError(Exception):
    """The target is in quarantine; the message has the reason and the command that reads it again."""

    expected = True


@dataclass(slots=True)
class ReadAttempt:
    """A read in progress."""

    died: str | None = None
    """Set by the reader when its reader process crashed: the reason."""


def decide_access(
    deaths: int, known: QuarantinedItem | None, *, is_requested: bool, request_deaths: int = 0
) -> Literal["shared", "exclusive", "refuse"]:
    """Return how to read a target after ``deaths`` crashes, ``request_deaths`` of them in the same user request.

    A user request reads a quarantined target once more.
    """
    if request_deaths >= 1 if known and is_requested else known is not None or deaths >= MAX_CRASHES:
        return "refuse"
    return "exclusive" if deaths else "shared"


class Quarantine:
    """Records what this process reads, and the quarantine that all processes share."""

    def __init__(self, redis: Redis, run: str = "") -> None:
        """``run``: the unique name of this process."""
        self._redis = redis
        self._run = run
        self._lock = _SharedExclusiveLock()

    @contextlib.asynccontextmanager
    async def attempt(
        self, subject: ReadTarget, now: datetime, *, doing: Doing = "read", requested_by: str | None = None
    ) -> AsyncIterator[ReadAttempt]:
        """Read or process a target inside this context; a crash of the process in it is counted.

        The lease on a page is renewed. While Redis is not available, the target is read without a record.

        Args:
            subject: the page or listing.
            now: the current time.
            doing: the step: ``read`` (download and extract) or ``kept`` (ingest).
            requested_by: the id of the crawl in which a user requested this target.

        Raises: ``QuarantinedError`` when the target is in quarantine.
        """
        request = f"asked {requested_by} " if requested_by else ""
        token = request + self._run
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(self._lock.shared())
            others, known = await self._begin(subject, doing, token)
            request_deaths = sum(name.startswith(request) for name in others) if requested_by else 0
            access = decide_access(len(others), known, is_requested=bool(requested_by), request_deaths=request_deaths)
            if access != "shared":
                await self._take_back(subject, doing, token)
            if access == "refuse":
                raise await self._leave(subject, known, len(others), now)
            if access == "exclusive":  # another page in this process may be the one that crashes it
                await held.aclose()
                await held.enter_async_context(self._lock.exclusive())
                await self._begin(subject, doing, token)
            attempt = ReadAttempt()
            try:
                yield attempt
            except asyncio.CancelledError:  # an orderly stop is no crash; earlier crashes still count
                await self._take_back(subject, doing, token)
                raise
            except Exception:  # an error without a crash
                await self._ended(subject, doing, token, attempt, known, now)
                raise
            more_to_come = subject.kind == "page" and doing == "read"
            await self._ended(subject, doing, token, attempt, None if more_to_come else known, now)

    async def record_freeze(self, subject: ReadTarget, seconds: float, now: datetime) -> None:
        """Count that a target blocked the event loop; after ``MAX_CRASHES`` times it goes to quarantine."""
        begun = keys.reads_in_progress(subject.id, "kept")
        with contextlib.suppress(RedisError):  # one freeze is not counted, of several that it takes
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.sadd(begun.name, f"{self._run} {secrets.token_hex(4)}")
                pipeline.expire(begun.name, begun.seconds)
                pipeline.scard(begun.name)
                deaths = int((await pipeline.execute())[-1])
            if deaths >= MAX_CRASHES:
                await self._put(subject, freeze(seconds), deaths, now)

    async def clear_freezes(self, subject: ReadTarget) -> None:
        """Reset the count of freezes of a target: it did not block the event loop this time."""
        with contextlib.suppress(RedisError):
            await self._redis.delete(keys.reads_in_progress(subject.id, "kept").name)

    async def _begin(self, subject: ReadTarget, doing: Doing, token: str) -> tuple[list[str], QuarantinedItem | None]:
        """Record the read; return the reads that never ended, and the quarantined item if there is one."""
        begun = keys.reads_in_progress(subject.id, doing)
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.sadd(begun.name, token)
                pipeline.expire(begun.name, begun.seconds)
                pipeline.smembers(begun.name)
                pipeline.hget(keys.quarantined().name, subject.id)
                if subject.kind == "page":
                    claim = keys.claim(url_digest(subject.url))
                    pipeline.pexpire(claim.name, claim.seconds * 1000)
                _, _, names, packed, *_ = await pipeline.execute()
        except RedisError:  # the ingest waits for Redis and logs it
            return [], None
        known = decode(packed, QuarantinedItem, "aside", keys.quarantined().name) if packed else None
        return [name for name in texts(names) if name != token], known

    async def _take_back(self, subject: ReadTarget, doing: Doing, token: str) -> None:
        with contextlib.suppress(RedisError):  # one crash too many is counted, of several that it takes
            await self._redis.srem(keys.reads_in_progress(subject.id, doing).name, token)

    async def _ended(
        self,
        subject: ReadTarget,
        doing: Doing,
        token: str,
        attempt: ReadAttempt,
        known: QuarantinedItem | None,
        now: datetime,
    ) -> None:
        begun = keys.reads_in_progress(subject.id, doing)
        with contextlib.suppress(RedisError):  # as above
            async with self._redis.pipeline(transaction=True) as pipeline:
                if attempt.died is None:
                    pipeline.delete(begun.name)
                    if known is not None:
                        pipeline.hdel(keys.quarantined().name, subject.id)
                        log.info("quarantine_released", source=subject.source, url=subject.url)
                    await pipeline.execute()
                    return
                pipeline.srem(begun.name, token)
                pipeline.sadd(begun.name, f"{token} {secrets.token_hex(4)}")
                pipeline.expire(begun.name, begun.seconds)
                pipeline.scard(begun.name)
                deaths = int((await pipeline.execute())[-1])
            if deaths >= MAX_CRASHES:
                await self._put(subject, attempt.died, deaths, now)

    async def _leave(
        self, subject: ReadTarget, known: QuarantinedItem | None, deaths: int, now: datetime
    ) -> QuarantinedError:
        if known is None:
            known = await self._put(subject, f"the process that read it ended, {deaths} times in a row", deaths, now)
        return QuarantinedError(f"set aside since {known.since}: {known.why}; {how_to_read(known)}")

    async def _put(self, subject: ReadTarget, why: str, deaths: int, now: datetime) -> QuarantinedItem:
        """Put a target in quarantine: no poll, sweep or worker reads it from now on."""
        put = QuarantinedItem(
            kind=subject.kind,
            source=subject.source,
            url=subject.url,
            why=why[:REASON_KEPT],
            deaths=deaths,
            since=timestamp(now),
        )
        key = keys.quarantined()
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(key.name, subject.id, cast(Any, msgspec.json.encode(put)))
            pipeline.expire(key.name, key.seconds)
            if subject.kind == "page":
                digest = url_digest(subject.url)
                page = keys.page(digest)
                never = milliseconds(now + (page.ttl or keys.RELEASE_LIFETIME))
                failed = {
                    "failures": GIVEN_UP,
                    "retry_at": never,
                    "failed_at": 0,
                    "reason": put.why.encode(errors="replace"),
                }
                pipeline.hset(page.name, mapping=cast(Mapping[Any, Any], failed))
                pipeline.expire(page.name, page.seconds)
                pipeline.delete(keys.claim(digest).name)
                pipeline.zrem(keys.pending_due().name, digest)
                pipeline.hdel(keys.pending_sightings().name, digest)
            await pipeline.execute()
        log.error("quarantined", kind=put.kind, source=put.source, url=put.url, reason=put.why, next=how_to_read(put))
        return put


def freeze(seconds: float) -> str:
    """Return the reason for a quarantine because of freezes."""
    return f"it held up the daemon or worker for {seconds:.1f} s, and everything else with it"


def how_to_read(item: QuarantinedItem) -> str:
    """Return the command that reads a quarantined item again."""
    arguments = ("--url", item.url) if item.kind == "page" else (item.source,)
    return f"to try again: {command('crawl', *arguments)}"


async def set_aside(redis: Redis) -> Sequence[QuarantinedItem]:
    """Return the quarantined items, the oldest first."""
    packed = await cast(Awaitable[list[bytes]], redis.hvals(keys.quarantined().name))
    decoded = (decode(record, QuarantinedItem, "aside", keys.quarantined().name) for record in packed)
    return sorted((item for item in decoded if item is not None), key=lambda item: item.since)


class _SharedExclusiveLock:
    """A shared-exclusive lock; an exclusive waiter goes before later shared ones."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._inside = 0
        self._exclusive = 0
        """Tasks that hold the exclusive lock or wait for it."""

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._exclusive)
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            await self._notify()

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        self._exclusive += 1
        inside = False
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._inside)
                self._inside, inside = 1, True
            yield
        finally:
            self._exclusive -= 1
            self._inside -= inside
            await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

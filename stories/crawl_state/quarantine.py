"""What is being read at this moment, and what was set aside because reading it ended one process after another.

A process says in Redis what it reads before it begins, and takes that back when it lives on. What is found there later
is what somebody died of: then it is read by itself, and nothing beside it in the same process, and after ``DEATHS`` of
them not at all until a person asks for it.
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

DEATHS = 4  # in a row; the first may be another page's fault, a fourth while it was read alone is no chance

FREEZE_SECONDS = 3.0  # of CPU time without a turn of the event loop; an ordinary release takes 0.01

Doing = Literal["read", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTarget:
    """A page or a listing that is read."""

    kind: Literal["page", "listing"]
    source: str
    url: str
    """As it is known: of a page the canonical one."""

    @property
    def id(self) -> str:
        """What it is known by in Redis."""
        return f"{self.kind}:{url_digest(self.url) if self.kind == 'page' else listing_key(self.source, self.url)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedItem:
    """A page or a listing that nobody reads until a person asks for it."""

    kind: Literal["page", "listing"]
    source: str
    url: str
    why: str
    deaths: int
    since: str
    """ISO 8601 in UTC."""


class QuarantinedError(Exception):
    """It is set aside; the message says why, and how to have it read."""

    expected = True


@dataclass(slots=True)
class ReadAttempt:
    """A reading that goes on."""

    died: str | None = None
    """Set by who reads: what became of the process of its own in which it was read, when that ended."""


def judge(
    deaths: int, known: QuarantinedItem | None, *, asked: bool, of_this: int = 0
) -> Literal["read", "alone", "leave"]:
    """Return what to do with something of which so many readers died, ``of_this`` those of the same request.

    A person who asks for what is set aside gets one more try.
    """
    if of_this >= 1 if known and asked else known is not None or deaths >= DEATHS:
        return "leave"
    return "alone" if deaths else "read"


class Quarantine:
    """What one process reads, and what all of them set aside."""

    def __init__(self, redis: Redis, run: str = "") -> None:
        """``run``: the name of this process among all that ever read."""
        self._redis = redis
        self._run = run
        self._floor = _SharedExclusiveLock()

    @contextlib.asynccontextmanager
    async def attempt(
        self, subject: ReadTarget, now: datetime, *, doing: Doing = "read", asked: str | None = None
    ) -> AsyncIterator[ReadAttempt]:
        """Do something with a subject that may end this process, so that it is remembered if it does.

        ``asked``: the id of the crawl in which a person asked for just this. ``QuarantinedError`` when it is set aside. The
        claim on a page lasts from here on for as long again. While Redis is away it is done unremembered.
        """
        request = f"asked {asked} " if asked else ""
        token = request + self._run
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(self._floor.shared())
            others, known = await self._begin(subject, doing, token)
            of_this = sum(one.startswith(request) for one in others) if asked else 0
            verdict = judge(len(others), known, asked=bool(asked), of_this=of_this)
            if verdict != "read":
                await self._take_back(subject, doing, token)
            if verdict == "leave":
                raise await self._leave(subject, known, len(others), now)
            if verdict == "alone":  # whoever is read now may be the one that kills
                await held.aclose()
                await held.enter_async_context(self._floor.alone())
                await self._begin(subject, doing, token)
            attempt = ReadAttempt()
            try:
                yield attempt
            except asyncio.CancelledError:  # this process ends in order: nobody died, and those before still did
                await self._take_back(subject, doing, token)
                raise
            except Exception:  # nothing comes of it, and that without a death
                await self._ended(subject, doing, token, attempt, known, now)
                raise
            more_to_come = subject.kind == "page" and doing == "read"
            await self._ended(subject, doing, token, attempt, None if more_to_come else known, now)

    async def record_freeze(self, subject: ReadTarget, seconds: float, now: datetime) -> None:
        """Count that what a subject led to held up the event loop; after ``DEATHS`` times the subject is set aside."""
        begun = keys.reads_in_progress(subject.id, "kept")
        with contextlib.suppress(RedisError):  # one time too many is processed, of several that it takes
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.sadd(begun.name, f"{self._run} {secrets.token_hex(4)}")
                pipeline.expire(begun.name, begun.seconds)
                pipeline.scard(begun.name)
                deaths = int((await pipeline.execute())[-1])
            if deaths >= DEATHS:
                await self._put(subject, freeze(seconds), deaths, now)

    async def clear_freezes(self, subject: ReadTarget) -> None:
        """Forget that a subject held up the event loop: now it did not."""
        with contextlib.suppress(RedisError):
            await self._redis.delete(keys.reads_in_progress(subject.id, "kept").name)

    async def _begin(self, subject: ReadTarget, doing: Doing, token: str) -> tuple[list[str], QuarantinedItem | None]:
        """Note that it begins; return who else began and never ended, and whether it is set aside."""
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
        except RedisError:  # who keeps what is read waits for it, and says so
            return [], None
        known = decode(packed, QuarantinedItem, "aside", keys.quarantined().name) if packed else None
        return [one for one in texts(names) if one != token], known

    async def _take_back(self, subject: ReadTarget, doing: Doing, token: str) -> None:
        with contextlib.suppress(RedisError):  # one death too many is counted, of several that it takes
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
                        log.info("no longer set aside", source=subject.source, url=subject.url)
                    await pipeline.execute()
                    return
                pipeline.srem(begun.name, token)
                pipeline.sadd(begun.name, f"{token} {secrets.token_hex(4)}")
                pipeline.expire(begun.name, begun.seconds)
                pipeline.scard(begun.name)
                deaths = int((await pipeline.execute())[-1])
            if deaths >= DEATHS:
                await self._put(subject, attempt.died, deaths, now)

    async def _leave(
        self, subject: ReadTarget, known: QuarantinedItem | None, deaths: int, now: datetime
    ) -> QuarantinedError:
        if known is None:
            known = await self._put(subject, f"the process that read it ended, {deaths} times in a row", deaths, now)
        return QuarantinedError(f"set aside since {known.since}: {known.why}; {how_to_read(known)}")

    async def _put(self, subject: ReadTarget, why: str, deaths: int, now: datetime) -> QuarantinedItem:
        """Set something aside: no poll, no sweep and no worker reads it from here on."""
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
        log.error("set aside", kind=put.kind, source=put.source, url=put.url, why=put.why, back=how_to_read(put))
        return put


def freeze(seconds: float) -> str:
    """Return why something is set aside that held up the event loop."""
    return f"it held up the daemon or worker for {seconds:.1f} s, and everything else with it"


def how_to_read(one: QuarantinedItem) -> str:
    """Return how a person has it read all the same."""
    arguments = ("--url", one.url) if one.kind == "page" else (one.source,)
    return f"to try again: {command('crawl', *arguments)}"


async def set_aside(redis: Redis) -> Sequence[QuarantinedItem]:
    """Return what is set aside, the longest first."""
    packed = await cast(Awaitable[list[bytes]], redis.hvals(keys.quarantined().name))
    decoded = (decode(one, QuarantinedItem, "aside", keys.quarantined().name) for one in packed)
    return sorted((one for one in decoded if one is not None), key=lambda one: one.since)


class _SharedExclusiveLock:
    """Many read at the same time, or one alone; who wants to be alone goes before those who come later."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._inside = 0
        self._alone = 0
        """Who is alone or waits for it."""

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone)
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            await self._tell()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        self._alone += 1
        inside = False
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._inside)
                self._inside, inside = 1, True
            yield
        finally:
            self._alone -= 1
            self._inside -= inside
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

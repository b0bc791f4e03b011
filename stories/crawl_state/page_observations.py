"""What is stored between two readings of a page: validators, volatile lines, page states, and evidence of outages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text
from stories.db.unreadable_records import decode, number
from stories.model.page_result import Gone, Validators
from stories.model.timestamps import milliseconds

MOVES_KEPT = 500  # of a site, the latest: a few lines, each on a few releases, with a few values
SAME_OUTAGE = timedelta(days=2)  # a page that went so long before another one went for a reason of its own
MAX_PRESENT_PAGES = 10  # pages of a site that were read well last

REPORTED_PREFIX = "told-"
"""Begins the value of a line that stayed and was reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatileLine:
    """A line (or a field) of a page that differed from what was kept, while nothing else on the page did."""

    mark: str
    """Of the line without its numbers, or the field's name."""
    release: str
    """The release's id."""
    value: str
    """A digest of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilePlace:
    """A sentence, line or block of a page that changes (``pipelines.volatile_places``)."""

    field: str
    above: str
    """The digest of the sentence above, in the state that was reported last."""
    known: tuple[str, ...] = ()
    """The digests of its sentences in that state."""
    words: tuple[int, ...] | None = ()
    """Which words of its sentence have changed so far; None: all of it."""
    growth: int = 0
    """How many sentences it has had more than in that state."""
    seen: tuple[str, ...] = ()
    """Digests of what it said, the latest last."""
    news: str = ""
    """Of each of the latest visits, 1 for a text that was not seen before, else 0."""
    visits: int = 0
    """At how many visits in a row it said the same."""
    is_volatile: bool = False
    reported: int = 0
    """How many texts were reported since they stayed in a volatile place."""
    text: str = ""
    """What it said last, where it is volatile, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStates:
    """The states in which a page was read (``pipelines.page_states``)."""

    seen: tuple[str, ...] = ()
    """Digests, the latest last."""
    is_unstable: bool = False
    """Whether the page went back to an earlier state, and that was reported."""
    latest: str | None = None
    """The earlier state that was read at the last visits and was not reported."""
    visits: int = 0
    """At how many visits in a row."""
    places: tuple[VolatilePlace, ...] = ()
    """What changes on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """The state of a site's pages when one of them is gone."""

    alike: int
    """Pages that are gone in the same way and were not reported, including this one."""
    stood: bool
    """Whether an older page of the site was read without an error since this one went."""
    others: tuple[str, ...] = ()
    """Releases whose pages were read before and can show now whether the site is up; the last read first."""


class PageObservations:
    """Stores observations of pages that are read again. The caller handles ``RedisError``."""

    is_enabled = True

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def validators(self, release_ids: Sequence[str]) -> dict[str, Validators]:
        """Return the validators (ETag, Last-Modified) of the pages of these releases that have any."""
        if not release_ids:
            return {}
        found = await self._redis.mget([keys.validators(release_id).name for release_id in release_ids])
        return {
            release_id: validators
            for release_id, packed in zip(release_ids, found, strict=True)
            if packed and (validators := decode(packed, Validators, "validators", keys.validators(release_id).name))
        }

    async def put_validators(self, release_id: str, validators: Validators | None) -> None:
        """Store the validators of a page; None deletes them."""
        key = keys.validators(release_id)
        if validators is None:
            await self._redis.delete(key.name)
        else:
            await self._redis.set(key.name, msgspec.json.encode(validators), ex=key.seconds)

    async def page_states(self, release_id: str) -> PageStates:
        """Return the states in which a page was read."""
        key = keys.page_states(release_id).name
        packed = await self._redis.get(key)
        return (decode(packed, PageStates, "page states", key) if packed else None) or PageStates()

    async def put_page_states(self, release_id: str, states: PageStates) -> None:
        """Store the states in which a page was read."""
        key = keys.page_states(release_id)
        await self._redis.set(key.name, msgspec.json.encode(states), ex=key.seconds)

    async def volatile_lines(self, host: str) -> tuple[VolatileLine, ...]:
        """Return what moved by itself on the pages of a site, in the order in which it was last seen."""
        found = await self._redis.zrange(keys.site_volatile_lines(host).name, 0, -1)
        parts = (text(member).split(" ") for member in found)
        return tuple(VolatileLine(mark=part[0], release=part[1], value=part[2]) for part in parts if len(part) == 3)

    async def record_volatile(self, host: str, moves: Iterable[VolatileLine], now: datetime) -> None:
        """Record lines that changed by themselves; a line expires ``keys.SITE_LIFETIME`` after it was last seen."""
        key, at = keys.site_volatile_lines(host), milliseconds(now)
        members = {_member(move): at for move in moves}
        if not members:
            return
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(key.name, members)
            pipe.zremrangebyscore(key.name, "-inf", f"({at - int(keys.SITE_LIFETIME.total_seconds() * 1000)}")
            pipe.zremrangebyrank(key.name, 0, -MOVES_KEPT - 1)
            pipe.expire(key.name, key.seconds)
            await pipe.execute()

    async def mark_reported(self, host: str, moves: Iterable[VolatileLine], now: datetime) -> None:
        """Mark these lines as stable and reported. On one release that is an edit; on many it is a slow counter."""
        reported = [
            replace(line, value=REPORTED_PREFIX + line.value)
            for line in moves
            if not line.value.startswith(REPORTED_PREFIX)
        ]
        await self._redis.zrem(keys.site_volatile_lines(host).name, *(_member(move) for move in moves))
        await self.record_volatile(host, reported, now)

    async def record_gone(self, host: str, release_id: str, how: Gone, since: datetime) -> SiteStatus:
        """Record that a page is gone, and return the state of the site's other pages."""
        key = keys.site_removed_pages(host)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key.name, release_id, f"{milliseconds(since)} {how}")
            pipe.expire(key.name, key.seconds)
            pipe.hgetall(key.name)
            pipe.get(keys.site_last_present(host).name)
            pipe.zrevrange(keys.site_present_pages(host).name, 0, -1)
            _, _, found, stood, pages = await pipe.execute()
        went = [text(record).partition(" ") for record in found.values()]
        alike = sum(
            said == how and number(at, "gone", key.name) > milliseconds(since - SAME_OUTAGE) for at, _, said in went
        )
        others = tuple(text(page) for page in pages if page not in found)
        return SiteStatus(alike=alike, stood=number(stood, "stood", key.name) > milliseconds(since), others=others)

    async def forget_gone(self, host: str, release_id: str) -> None:
        """Delete the record of a page that is gone, once it was reported."""
        await self._redis.hdel(keys.site_removed_pages(host).name, release_id)

    async def record_seen(self, host: str, release_id: str, known_since: datetime, now: datetime) -> None:
        """Record that a page was read without an error: evidence that its site is up."""
        pages = keys.site_present_pages(host)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(pages.name, {release_id: milliseconds(now)})
            pipe.zremrangebyscore(pages.name, "-inf", f"({milliseconds(now) - pages.seconds * 1000}")
            pipe.zremrangebyrank(pages.name, 0, -MAX_PRESENT_PAGES - 1)
            pipe.expire(pages.name, pages.seconds)
            pipe.hdel(keys.site_removed_pages(host).name, release_id)
            pipe.hvals(keys.site_removed_pages(host).name)
            *_, found = await pipe.execute()
        gone = (number(text(record).partition(" ")[0], "gone", keys.site_removed_pages(host).name) for record in found)
        if any(at > milliseconds(known_since) for at in gone):
            stood = keys.site_last_present(host)
            await self._redis.set(stood.name, milliseconds(now), ex=stood.seconds)


def _member(move: VolatileLine) -> str:
    return f"{move.mark} {move.release} {move.value}"

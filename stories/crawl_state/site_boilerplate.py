"""The memory of sites: lines that many of a site's pages end with, and the headlines of its releases; as digests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text
from stories.model.timestamps import milliseconds

VOICES = 3  # issuers under whose releases a line must stand before it is the site's, and not one of theirs
LINES_KEPT = 1_000  # of a site, the latest; each voice that has a line counts
HEADLINES_KEPT = 500  # of a site, the latest; a page's teasers are of the last days
LINES_OF_A_PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBoilerplate:
    """What is remembered of a site, and of one page of it."""

    lines: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who has shown a line, by line; only those that are the site's own."""
    headlines: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    """The lines that the page had when it was read before: what was of the release stays of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLines:
    """What a page that was read adds to the memory of its site; digests."""

    voice: str
    """Who speaks."""
    headline: str
    lines: tuple[str, ...]
    """Those at the edges of its text."""


class SiteBoilerplateStore:
    """Keeps what is repeated; each host forgets what it has not shown for ``keys.SITE_LIFETIME``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def known(self, host: str, page: str) -> KnownBoilerplate:
        """Return what is remembered of a host, and of the page with this URL digest. ``RedisError`` is the caller's."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrange(keys.site_lines(host).name, 0, -1)
            pipe.zrange(keys.site_headlines(host).name, 0, -1)
            pipe.smembers(keys.site_page_lines(page).name)
            lines, headlines, kept = await pipe.execute()
        voices: dict[str, set[str]] = defaultdict(set)
        for member in lines:
            line, _, voice = text(member).partition(" ")
            voices[line].add(voice)
        return KnownBoilerplate(
            lines={line: frozenset(heard) for line, heard in voices.items() if len(heard) >= VOICES},
            headlines=frozenset(text(member) for member in headlines),
            kept=frozenset(text(member) for member in kept),
        )

    async def learn(self, host: str, page: str, shown: ShownLines, known: KnownBoilerplate, now: datetime) -> None:
        """Remember what a page shows.

        What the site is ``known`` to repeat lives on with every page of it, since no reading shows it any more.
        """
        at, oldest = milliseconds(now), milliseconds(now - keys.SITE_LIFETIME)
        lines = shown.lines[:LINES_OF_A_PAGE]
        heard = {f"{line} {one}": at for line, voices in known.lines.items() for one in sorted(voices)[:VOICES]}
        heard |= {f"{line} {shown.voice}": at for line in lines}
        async with self._redis.pipeline(transaction=True) as pipe:
            for key, members, bound in (
                (keys.site_lines(host), heard, LINES_KEPT),
                (keys.site_headlines(host), {shown.headline: at}, HEADLINES_KEPT),
            ):
                if members:
                    pipe.zadd(key.name, members)
                pipe.zremrangebyscore(key.name, "-inf", f"({oldest}")
                pipe.zremrangebyrank(key.name, 0, -bound - 1)
                pipe.expire(key.name, key.seconds)
            of_page = keys.site_page_lines(page)
            if lines:
                pipe.sadd(of_page.name, *lines)
                pipe.expire(of_page.name, of_page.seconds)
            await pipe.execute()

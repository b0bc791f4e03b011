"""The memory of sites: lines that many of a site's pages end with, and the headlines of its releases; as digests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stories.db import keys
from stories.db.replies import text
from stories.model.timestamps import milliseconds
from stories.model.urls import canonical_url, url_digest

log = structlog.get_logger(__name__)

MIN_ISSUERS = 3  # issuers under whose releases a line must stand before it is the site's, and not one of theirs
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
    """Keeps what is repeated; each host forgets what it has not shown for ``keys.SITE_LIFETIME``.

    While Redis is away, pages are read without it: no method raises ``RedisError``.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def known(self, url: str) -> KnownBoilerplate:
        """Return the boilerplate of a page's host, and what the page at ``url`` showed before; empty without Redis."""
        try:
            return await self._known(_host(url), url_digest(canonical_url(url)))
        except RedisError as error:
            log.info("site_boilerplate_not_read", url=url, reason=f"Redis: {error}", next="the page is read without it")
            return KnownBoilerplate()

    async def learn(self, url: str, shown: ShownLines, known: KnownBoilerplate, now: datetime) -> None:
        """Store what the page at ``url`` shows; ``known`` as :meth:`known` returned it before the page was read."""
        try:
            await self._learn(_host(url), url_digest(canonical_url(url)), shown, known, now)
        except RedisError as error:
            log.info("site_boilerplate_not_stored", url=url, reason=f"Redis: {error}", next="the next page adds to it")

    async def _known(self, host: str, page: str) -> KnownBoilerplate:
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
            lines={line: frozenset(heard) for line, heard in voices.items() if len(heard) >= MIN_ISSUERS},
            headlines=frozenset(text(member) for member in headlines),
            kept=frozenset(text(member) for member in kept),
        )

    async def _learn(self, host: str, page: str, shown: ShownLines, known: KnownBoilerplate, now: datetime) -> None:
        # Known lines are refreshed with every page: once removed from the text, no later page would show them.
        at, oldest = milliseconds(now), milliseconds(now - keys.SITE_LIFETIME)
        lines = shown.lines[:LINES_OF_A_PAGE]
        heard = {
            f"{line} {voice}": at for line, voices in known.lines.items() for voice in sorted(voices)[:MIN_ISSUERS]
        }
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


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")

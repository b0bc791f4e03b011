"""Releases that were read from their feed and not from their page: what the feed said, to see when it says more."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text
from stories.db.unreadable_records import attempt
from stories.model.urls import url_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntryRecord:
    """A feed's entry, as its release was read from it last."""

    edition: str
    """What is the same as long as it says the same."""
    page: str | None = None
    """The entry as a page, of one that was edited: what may change by itself is looked at twice."""


class FeedEntries:
    """The memory of entries, by the URL of the page that was not read."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get_many(self, urls: Sequence[str]) -> dict[str, FeedEntryRecord]:
        """Return those entries among these pages' that a release was read from."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for url in urls:
                pipeline.hgetall(keys.feed_entry(url_digest(url)).name)
            found = await pipeline.execute()
        return {
            url: entry
            for url, fields in zip(urls, found, strict=True)
            if fields and (entry := attempt(partial(_entry, fields), "entry", keys.feed_entry(url_digest(url)).name))
        }

    async def put(self, url: str, entry: FeedEntryRecord) -> None:
        """Remember that a release was read from its entry."""
        key = keys.feed_entry(url_digest(url))
        values: dict[str, Any] = {"edition": entry.edition}
        if entry.page is not None:
            values["page"] = zlib.compress(entry.page.encode("utf-8", "replace"))
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(key.name)
            pipeline.hset(key.name, mapping=cast(Any, values))
            pipeline.expire(key.name, key.seconds)
            await pipeline.execute()

    async def delete(self, url: str) -> None:
        """Forget it: the page itself was read."""
        await self._redis.delete(keys.feed_entry(url_digest(url)).name)


def _entry(fields: dict[bytes, bytes]) -> FeedEntryRecord:
    page = fields.get(b"page")
    return FeedEntryRecord(
        edition=text(fields[b"edition"]), page=zlib.decompress(page).decode("utf-8", "replace") if page else None
    )

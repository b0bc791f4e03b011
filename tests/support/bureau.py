"""Memory at work in a test: readings go in, and what stands in Redis comes out as a user would see it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis

from config.settings import Settings
from pipelines.ingest import Ingestor, IngestResult
from stories.crawl_state.claims import Claims
from stories.crawl_state.page_observations import PageObservations
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.db import keys
from stories.model.page_result import Gone, PageResult
from stories.model.release import Release
from stories.store.archive import Archive
from stories.store.releases import ReleaseStore

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@dataclass(slots=True)
class TestClock:
    """A clock that a test moves; each look at it takes a millisecond."""

    __test__ = False
    at: datetime = START

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def forward(self, **span: float) -> None:
        """Let time pass: ``clock.forward(hours=1)``."""
        self.at += timedelta(**span)


def settings(**tables: Any) -> Settings:
    """Return settings with one watch of everything and one channel, unless the test gives others."""
    standard: dict[str, Any] = {"catalog": False, "watches": {"all": {}}, "channels": {"desk": None}}
    return Settings.model_validate(standard | tables)


def reading(release: Release, /, **fields: Any) -> PageResult:
    """Return the reading of a page; its source is the first part of its host."""
    url = release.url or "https://harbour-wire.example/read-from-here"
    source = (urlsplit(url).hostname or "").removesuffix(".example")
    return PageResult(**({"url": url, "source": source, "release": release} | fields))


@dataclass(slots=True)
class Bureau:
    """One worker's memory, and eyes on what all workers left in Redis."""

    redis: Redis
    settings: Settings = field(default_factory=settings)
    clock: TestClock = field(default_factory=TestClock)

    @property
    def memory(self) -> Ingestor:
        """A worker's memory."""
        return self.on(self.redis)

    def on(self, redis: Redis) -> Ingestor:
        """Return the memory of a worker with a connection of its own."""
        return Ingestor(
            ReleaseStore(redis),
            Claims(redis),
            RevisitQueue(redis),
            self.settings,
            self.clock,
            lambda remembered: None,
            PageObservations(redis),
        )

    async def read(self, release: Release, **fields: Any) -> IngestResult:
        """Remember one reading of a page."""
        return await self.memory.ingest(reading(release, **fields))

    async def gone(self, release: Release, how: Gone = "not found") -> IngestResult:
        """Remember that a page is gone."""
        return await self.memory.ingest(reading(release, release=None, gone=how))

    @property
    def archive(self) -> Archive:
        return Archive(self.redis)

    async def events(self) -> list[dict[str, Any]]:
        """Return the stream of events, in order."""
        entries = await self.redis.xrange(keys.events().name)
        return [json.loads(fields[b"event"]) for _, fields in entries]

    async def types(self) -> list[str]:
        """Return the types of all events, in order."""
        return [event["type"].removeprefix("release.") for event in await self.events()]

    async def heard(self, channel: str = "desk") -> list[str]:
        """Return the types of the events that a channel is alerted of, in the order of the events."""
        waiting = {name.decode() for name in await self.redis.zrange(keys.outbox(channel).name, 0, -1)}
        events = await self.events()
        ids = {f"{event['id']}:{channel}" for event in events}
        assert waiting <= ids, "an alert without its event"
        return [event["type"].removeprefix("release.") for event in events if f"{event['id']}:{channel}" in waiting]

    async def due(self, channel: str = "desk") -> list[datetime]:
        """Return when a channel's alerts are due, the earliest first."""
        found = await self.redis.zrange(keys.outbox(channel).name, 0, -1, withscores=True)
        return [datetime.fromtimestamp(score / 1000, UTC) for _, score in found]

    async def everything(self) -> dict[bytes, object]:
        """Return all that stands in Redis, lifetimes left out: to see that nothing changed."""
        found: dict[bytes, object] = {}
        async for name in self.redis.scan_iter(count=1_000):
            found[name] = await self.redis.dump(name)
        return found

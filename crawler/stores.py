"""The stored state of the crawl as the spider uses it: Redis stores in operation, null objects in a dry run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from stories.crawl_state.claims import ClaimResult
from stories.model.sighting import Cursor, PendingSighting, Sighting
from stories.model.source_health import Gap, ListingHealth


class ClaimStore(Protocol):
    """Leases on pages; see ``stories.crawl_state.claims.Claims``."""

    @property
    def process_name(self) -> str: ...

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
    ) -> ClaimResult: ...

    async def release_id(self, url: str) -> str | None: ...

    async def next_attempt_at(self, url: str, now: datetime) -> datetime | None: ...

    async def record_failure(self, url: str, reason: str, now: datetime) -> timedelta: ...

    async def pull_forward(self, urls: Sequence[str], since: datetime, now: datetime) -> int: ...

    async def return_lease(self, url: str) -> None: ...


class CursorStore(Protocol):
    """Cursors of listings; see ``stories.crawl_state.cursors.Cursors``."""

    async def get(self, listing: str) -> Cursor: ...

    async def get_many(self, listings: Sequence[str]) -> list[Cursor]: ...

    async def get_with_term(self, listing: str) -> tuple[Cursor, int]: ...

    async def record_poll(
        self,
        source: str,
        cursor: Cursor,
        *,
        listing: str = "",
        health: ListingHealth | None = None,
        after: str | None = None,
    ) -> bool: ...


class SourceStatus(Protocol):
    """Status of sources; see ``stories.crawl_state.source_status.SourceStatusStore``."""

    async def listings(self, source: str) -> list[ListingHealth]: ...

    async def lost(self, source: str) -> str | None: ...

    async def put_lost(self, source: str, since: str | None) -> None: ...

    async def gaps(self, source: str) -> list[Gap]: ...

    async def put_gap(self, gap: Gap) -> None: ...


class PendingStore(Protocol):
    """Pending sightings; see ``stories.crawl_state.pending_sightings.PendingSightings``."""

    async def add(self, sightings: Iterable[PendingSighting], due_at: datetime) -> None: ...

    async def later(self, source: str, now: datetime, limit: int) -> list[str]: ...

    async def reschedule(self, url: str, due_at: datetime | None) -> None: ...


class SpiderStores(Protocol):
    """The stores that a poll reads and writes; ``CrawlStores`` has them all."""

    @property
    def cursors(self) -> CursorStore: ...

    @property
    def source_status(self) -> SourceStatus: ...

    @property
    def pending_sightings(self) -> PendingStore: ...

"""Null objects for a dry run (``sources test``): a crawl that stores nothing and needs no Redis."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipelines.tidy import tidy
from stories.crawl_state.claims import Claim, ClaimResult
from stories.model.event import Event
from stories.model.page_result import PageResult
from stories.model.release import Release
from stories.model.sighting import Cursor, PendingSighting, Sighting
from stories.model.source_health import Gap, ListingHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class DryOutcome:
    """The result of a page in a dry run: no events."""

    events: tuple[Event, ...] = ()
    awaits_original: bool = False


class DryIngestor:
    """Collects the releases in this process."""

    def __init__(self) -> None:
        self.releases: list[Release] = []

    async def ingest(self, reading: PageResult, *, may_wait: bool = False) -> DryOutcome:
        if reading.release is not None:
            self.releases.append(tidy(reading.release, reading.source))
        return DryOutcome()


class DryClaims:
    """Claims the first ``pages`` sightings, whatever listing has them, and leases nothing."""

    process_name = "dry run"

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self.sightings: list[Sighting] = []

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
        self.sightings.extend(sightings)
        claims = tuple(Claim(sighting=sighting, silent=False, changed=False) for sighting in sightings[: self._pages])
        self._pages -= len(claims)
        return ClaimResult(claims=claims, settled=True)

    async def release_id(self, url: str) -> str | None:
        return None

    async def next_attempt_at(self, url: str, now: datetime) -> datetime | None:
        return None

    async def record_failure(self, url: str, reason: str, now: datetime) -> timedelta:
        return timedelta()

    async def pull_forward(self, urls: Sequence[str], since: datetime, now: datetime) -> int:
        return 0

    async def return_lease(self, url: str) -> None:
        return None


class NullCursors:
    """Every poll is a first poll."""

    async def get(self, listing: str) -> Cursor:
        return Cursor()

    async def get_many(self, listings: Sequence[str]) -> list[Cursor]:
        return [Cursor() for _ in listings]

    async def get_with_term(self, listing: str) -> tuple[Cursor, int]:
        return Cursor(), 0

    async def record_poll(
        self,
        source: str,
        cursor: Cursor,
        *,
        listing: str = "",
        health: ListingHealth | None = None,
        after: str | None = None,
    ) -> bool:
        return True


class NullSourceStatus:
    """No source has a status."""

    async def listings(self, source: str) -> list[ListingHealth]:
        return []

    async def lost(self, source: str) -> str | None:
        return None

    async def put_lost(self, source: str, since: str | None) -> None:
        return None

    async def gaps(self, source: str) -> list[Gap]:
        return []

    async def put_gap(self, gap: Gap) -> None:
        return None


class NullPendingSightings:
    """No sighting is pending."""

    async def add(self, sightings: Iterable[PendingSighting], due_times: datetime) -> None:
        return None

    async def later(self, source: str, now: datetime, limit: int) -> list[str]:
        return []

    async def reschedule(self, url: str, due_times: datetime | None) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class NullStores:
    """The stores of a dry run."""

    cursors: NullCursors = field(default_factory=NullCursors)
    source_status: NullSourceStatus = field(default_factory=NullSourceStatus)
    pending_sightings: NullPendingSightings = field(default_factory=NullPendingSightings)

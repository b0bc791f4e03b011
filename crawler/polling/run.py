"""The state of one poll of a listing, and the counters that a poll adds to the listing's cursor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scrapy.http import Response

from crawler.polling import overlap
from stories.model.sighting import Cursor, Poll, Sighting
from stories.model.timestamps import timestamp

MAX_READINGS = 200  # after which both counters are halved, so that older readings count less in the share
LATENCY_WEIGHT = 0.2  # of the latest response in the moving average of the response time


@dataclass(slots=True, kw_only=True)
class ListingRun:
    """The state of one poll of a listing, from its first page back through older pages."""

    poll: Poll
    key: str
    cursor: Cursor
    """As it was before this poll."""
    is_conditional: bool
    """Whether the poll may end early when the listing is unchanged."""
    gap_targets: tuple[tuple[str, ...], ...] = ()
    """Marks at the older edges of the gaps that this poll tries to fill."""
    pages: int = 0
    """Pages that were read."""
    requested_urls: set[str] = field(default_factory=set)
    unread_sitemaps: list[str] = field(default_factory=list)
    """Sitemaps that a sitemap index names and that were not read yet."""
    is_index: bool = False
    """Whether the listing is a sitemap index."""
    sightings: list[Sighting] = field(default_factory=list)
    has_known: bool = False
    """Whether it names a release that any listing named before."""
    new_count: int = 0
    is_settled: bool = True
    """Whether everything that it names is stored."""
    first_response: Cursor = field(default_factory=Cursor)
    """The fields of the cursor that the response with the first page sets."""
    window: int = 0
    """Sightings on the first page."""
    fresh_for: timedelta = timedelta()
    has_overlap: bool = False
    """Whether the sightings reach back to those of the previous poll, so that nothing was missed between them."""

    def update_overlap(self) -> None:
        """Set ``has_overlap``, after the releases of a further page were claimed."""
        if not self.cursor.window:
            self.has_overlap = self.has_known
        elif not self.has_overlap:
            self.has_overlap = not self.new_count or overlap.has_overlap(self.sightings, self.cursor.window)


def average_latency(cursor: Cursor, response: Response) -> float:
    """Return the moving average of a listing's response time (s), including this response."""
    latency = float(response.meta.get("download_latency") or 0.0)
    return round(latency if not cursor.seconds else cursor.seconds + LATENCY_WEIGHT * (latency - cursor.seconds), 3)


def count_reading(cursor: Cursor, now: datetime, *, has_sightings: bool, is_complete: bool) -> Cursor:
    """Return the cursor with one reading counted.

    Args:
        has_sightings: The listing showed at least one sighting.
        is_complete: The reading overlapped with the previous one, so it is proven that nothing was missed.
    """
    if not has_sightings:
        had_sightings = bool(cursor.window)  # a listing that never showed a sighting is quiet, not broken
        empty_since = cursor.empty_since or (timestamp(now) if had_sightings else None)
        return replace(cursor, empty=cursor.empty + had_sightings, empty_since=empty_since)
    readings, complete = (cursor.readings + 1, cursor.whole + is_complete) if cursor.window else (0, 0)
    if readings > MAX_READINGS:
        readings, complete = readings // 2, complete // 2
    return replace(cursor, empty=0, empty_since=None, whole_at=timestamp(now), readings=readings, whole=complete)

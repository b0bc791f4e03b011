"""One poll's way through a listing, from its first page back, and what a reading adds to the listing's record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scrapy.http import Response

from crawler.polling import overlap
from stories.model.sighting import Cursor, Poll, Sighting
from stories.model.timestamps import timestamp

FORGETTING = 200  # readings, after which the older half counts for less in the share that was proven complete
LATENCY = 0.2  # weight of the last answer in how long answers take


@dataclass(slots=True, kw_only=True)
class ListingRun:
    """One poll's way through a listing, from its first page back."""

    poll: Poll
    key: str
    cursor: Cursor
    """As it stood before."""
    conditional: bool
    """Whether an answer that is the same as before is enough."""
    targets: tuple[tuple[str, ...], ...] = ()
    """Marks at the older edges of gaps that this course is to fill."""
    pages: int = 0
    asked: set[str] = field(default_factory=set)
    ahead: list[str] = field(default_factory=list)
    """Sitemaps of an index that were not read yet."""
    index: bool = False
    sightings: list[Sighting] = field(default_factory=list)
    known: bool = False
    """Something on it was known already, to whichever listing."""
    news: int = 0
    settled: bool = True
    first: Cursor = field(default_factory=Cursor)
    """What the first page's answer leaves to remember."""
    window: int = 0
    fresh_for: timedelta = timedelta()

    threaded: bool = False
    """It reached back to what the listing showed before."""

    def look_for_the_thread(self) -> None:
        """Look whether it is found, once a further page was claimed."""
        if not self.cursor.window:
            self.threaded = self.known
        elif not self.threaded:
            self.threaded = not self.news or overlap.takes_up(self.sightings, self.cursor.window)


def latency(cursor: Cursor, response: Response) -> float:
    """Return how long a listing's answers take (s), with this one counted in."""
    took = float(response.meta.get("download_latency") or 0.0)
    return round(took if not cursor.seconds else cursor.seconds + LATENCY * (took - cursor.seconds), 3)


def counted(cursor: Cursor, now: datetime, *, shown: bool, whole: bool) -> Cursor:
    """Return the cursor with a reading counted: did it show anything, and was it proven that nothing was missed."""
    if not shown:
        once = bool(cursor.window)  # a listing that never showed anything is quiet
        return replace(
            cursor, empty=cursor.empty + once, empty_since=cursor.empty_since or (timestamp(now) if once else None)
        )
    readings, proven = (cursor.readings + 1, cursor.whole + whole) if cursor.window else (0, 0)
    if readings > FORGETTING:
        readings, proven = readings // 2, proven // 2
    return replace(cursor, empty=0, empty_since=None, whole_at=timestamp(now), readings=readings, whole=proven)

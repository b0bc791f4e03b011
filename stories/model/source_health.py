"""The health of sources: gaps, the health of each listing, and the summary for a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from stories.model.timestamps import parse_timestamp

State = Literal["working", "slow", "degraded", "broken", "forbidden", "dead"]
"""From best to worst. ``degraded``: some listings work; ``broken``: it responds, and the response has no releases."""
LOST: tuple[State, ...] = ("dead", "forbidden", "broken")
"""States in which no release of a source is seen."""
MAX_LISTING_AGE = timedelta(days=2)  # a listing polled so much less lately than the others is no longer configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A period in which releases of a listing may have been missed. Times are ISO 8601 in UTC."""

    id: str
    source: str
    listing: str
    from_at: str
    """The start: everything listed until then was seen."""
    to_at: str
    """The end: everything published since then was seen."""
    opened_at: str
    closed_at: str | None = None
    """When a later reading showed the entries in between."""
    before: tuple[str, ...] = ()
    """Marks of the sightings at its older edge."""
    after: tuple[str, ...] = ()
    """Marks of the sightings at its newer edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingHealth:
    """The health of one listing."""

    url: str
    state: State
    word: str | None = None
    """The error kind."""
    detail: str | None = None
    """The error for people."""
    since: str | None = None
    """ISO 8601, since when."""
    polled_at: str | None = None
    next_at: str | None = None
    pace: str | None = None
    """The reason of that time."""
    usual_a_day: float | None = None
    readings: int = 0
    whole: int = 0
    """The number of those readings that were proven complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The health of a source, as one state."""

    state: State | None
    """None before its first poll."""
    word: str | None = None
    detail: str | None = None
    since: str | None = None
    whole: float | None = None
    """The share of recent readings that were proven complete; None while this is unknown."""
    usual_a_day: float | None = None


def verdict(listings: Sequence[ListingHealth]) -> Verdict:
    """Return a source's health from that of its listings: lost only if all of them are."""
    listings = _still_polled(listings)
    if not listings:
        return Verdict(state=None)
    readings, whole = sum(listing.readings for listing in listings), sum(listing.whole for listing in listings)
    rates = [listing.usual_a_day for listing in listings if listing.usual_a_day is not None]
    share, usual = (whole / readings if readings else None), (round(sum(rates), 1) if rates else None)
    bad = [listing for listing in listings if listing.state not in ("working", "slow")]
    lost = [listing for listing in bad if listing.state in LOST]
    if len(lost) == len(listings):
        state = Counter(listing.state for listing in lost).most_common(1)[0][0]
        first = next(listing for listing in lost if listing.state == state)
        since = max((listing.since for listing in lost if listing.since), default=None)
        return Verdict(state=state, word=first.word, detail=first.detail, since=since, whole=share, usual_a_day=usual)
    if bad:
        first = next(iter(lost), bad[0])
        part = f"{len(bad)} of {len(listings)} listings: " if len(listings) > 1 else ""
        since = min((listing.since for listing in bad if listing.since), default=None)
        return Verdict(
            state="degraded",
            word=first.word,
            detail=f"{part}{first.detail or first.word or first.state}",
            since=since,
            whole=share,
            usual_a_day=usual,
        )
    slow = next((listing for listing in listings if listing.state == "slow"), None)
    return Verdict(
        state="slow" if slow else "working",
        word=slow.word if slow else None,
        detail=slow.detail if slow else None,
        since=slow.since if slow else None,
        whole=share,
        usual_a_day=usual,
    )


def _still_polled(listings: Sequence[ListingHealth]) -> list[ListingHealth]:
    polled = [moment for listing in listings if (moment := parse_timestamp(listing.polled_at))]
    newest = max(polled, default=None)
    return [
        listing
        for listing in listings
        if newest is None or (at := parse_timestamp(listing.polled_at)) is None or newest - at < MAX_LISTING_AGE
    ]

"""How the monitor stands with its sources: gaps, the health of a listing, and what they come to for a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from stories.model.timestamps import parse_timestamp

State = Literal["working", "slow", "degraded", "broken", "forbidden", "dead"]
"""From well to ill. ``degraded``: some of it works; ``broken``: it answers, and nothing is found in the answer."""
LOST: tuple[State, ...] = ("dead", "forbidden", "broken")
"""Nothing more is learnt from such a source."""
FORGOTTEN = timedelta(days=2)  # a listing polled so much less lately than the others is no longer configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time of which a listing's releases may not all have been seen. Times are ISO 8601 in UTC."""

    id: str
    source: str
    listing: str
    from_at: str
    """When the thread was last in hand: everything that was listed until then was seen."""
    to_at: str
    """What was published since then was seen."""
    opened_at: str
    closed_at: str | None = None
    """When a later reading saw what lies between."""
    before: tuple[str, ...] = ()
    """Marks of the sightings at its older edge."""
    after: tuple[str, ...] = ()
    """Marks of the sightings at its newer edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingHealth:
    """How a listing is doing."""

    url: str
    state: State
    word: str | None = None
    """Why, in a word."""
    detail: str | None = None
    """The same in words."""
    since: str | None = None
    """ISO 8601, since when."""
    polled_at: str | None = None
    next_at: str | None = None
    pace: str | None = None
    """Why it is asked then."""
    usual_a_day: float | None = None
    readings: int = 0
    whole: int = 0
    """Those of them that were proven complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a source is doing, in one state."""

    state: State | None
    """None before its first poll."""
    word: str | None = None
    detail: str | None = None
    since: str | None = None
    whole: float | None = None
    """The share of late readings that were proven complete; None while nothing could be proven."""
    usual_a_day: float | None = None


def verdict(listings: Sequence[ListingHealth]) -> Verdict:
    """Return what the health of its listings comes to for a source: lost only if all of them are."""
    listings = _still_polled(listings)
    if not listings:
        return Verdict(state=None)
    readings, whole = sum(one.readings for one in listings), sum(one.whole for one in listings)
    rates = [one.usual_a_day for one in listings if one.usual_a_day is not None]
    share, usual = (whole / readings if readings else None), (round(sum(rates), 1) if rates else None)
    bad = [one for one in listings if one.state not in ("working", "slow")]
    lost = [one for one in bad if one.state in LOST]
    if len(lost) == len(listings):
        state = Counter(one.state for one in lost).most_common(1)[0][0]
        first = next(one for one in lost if one.state == state)
        since = max((one.since for one in lost if one.since), default=None)
        return Verdict(state=state, word=first.word, detail=first.detail, since=since, whole=share, usual_a_day=usual)
    if bad:
        first = next(iter(lost), bad[0])
        part = f"{len(bad)} of {len(listings)} listings: " if len(listings) > 1 else ""
        since = min((one.since for one in bad if one.since), default=None)
        return Verdict(
            state="degraded",
            word=first.word,
            detail=f"{part}{first.detail or first.word or first.state}",
            since=since,
            whole=share,
            usual_a_day=usual,
        )
    slow = next((one for one in listings if one.state == "slow"), None)
    return Verdict(
        state="slow" if slow else "working",
        word=slow.word if slow else None,
        detail=slow.detail if slow else None,
        since=slow.since if slow else None,
        whole=share,
        usual_a_day=usual,
    )


def _still_polled(listings: Sequence[ListingHealth]) -> list[ListingHealth]:
    polled = [moment for one in listings if (moment := parse_timestamp(one.polled_at))]
    newest = max(polled, default=None)
    return [
        one
        for one in listings
        if newest is None or (at := parse_timestamp(one.polled_at)) is None or newest - at < FORGOTTEN
    ]

"""Whether a poll overlaps with the previous one, so that nothing was missed between them; pure.

A listing is a window over releases that come in order. When the window still shows one of those that it showed before,
everything newer is in it as well. What is pinned to its top proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from stories.model.sighting import Sighting
from stories.model.timestamps import latest_instant, parse_timestamp
from stories.model.urls import url_digest

MARK_CHARACTERS = 8  # characters; two of 100 in a window agree with one of 100 in another once in 400,000 times
MAX_WINDOW_MARKS = 100  # marks that are kept of a listing; a sitemap may have thousands
MAX_EDGE_MARKS = 8  # marks at each edge of a gap


def mark(sighting: Sighting) -> str:
    """Return what is remembered of a sighting."""
    return url_digest(sighting.url)[:MARK_CHARACTERS]


def newest_first(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return the sightings of a listing with the newest first: turned round where its dates only rise."""
    dates = [moment for sighting in sightings if (moment := latest_instant(sighting.published_at))]
    if len(dates) > 1 and dates[0] < dates[-1] and all(earlier <= other for earlier, other in pairwise(dates)):
        return list(reversed(sightings))
    return list(sightings)


def window_of(sightings: Sequence[Sighting]) -> str:
    """Return the marks of what a listing shows, newest first, as they are kept in its cursor."""
    return "".join(mark(sighting) for sighting in newest_first(sightings)[:MAX_WINDOW_MARKS])


def marks(window: str) -> list[str]:
    """Return the marks of a window in its order."""
    return [window[at : at + MARK_CHARACTERS] for at in range(0, len(window), MARK_CHARACTERS)]


def unseen(sightings: Sequence[Sighting], window: str) -> list[Sighting]:
    """Return the sightings that the window did not show, newest first; of a long listing among its newest."""
    before = set(marks(window))
    return [sighting for sighting in newest_first(sightings)[:MAX_WINDOW_MARKS] if mark(sighting) not in before]


def count_unseen(sightings: Sequence[Sighting], window: str) -> int:
    """Return how many sightings the window did not show."""
    return len(unseen(sightings, window))


def has_overlap(sightings: Sequence[Sighting], window: str) -> bool:
    """Return whether sightings (of one page, or of several that follow each other) reach back to the window before.

    They do when one that was shown before comes after one that is new, or when half of them were shown before: a known
    one above nothing but new ones may be pinned there.
    """
    before = set(marks(window))
    known = [mark(sighting) in before for sighting in newest_first(sightings)]
    if sum(known) * 2 >= len(known):
        return any(known)
    first_new = known.index(False)
    return any(known[first_new:])


def gap_edges(sightings: Sequence[Sighting], window: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the marks at the two edges of what lies unseen between a window and the sightings after it."""
    ordered = newest_first(sightings)
    return tuple(marks(window)[:MAX_EDGE_MARKS]), tuple(mark(sighting) for sighting in ordered[-MAX_EDGE_MARKS:])


def fills_gap(seen: Collection[str], before: Collection[str], after: Collection[str], *, same_listing: bool) -> bool:
    """Return whether a reading that followed the pages from one edge of a gap to the other saw what lies between.

    Another listing of the source counts only when it names all that is known of both edges: one that names only some
    of them shows a part of the releases.
    """
    enough = any if same_listing else all
    return (
        bool(before and after)
        and enough(edge_mark in seen for edge_mark in before)
        and enough(edge_mark in seen for edge_mark in after)
    )


def newest_time(sightings: Sequence[Sighting]) -> str | None:
    """Return when the newest sighting came out, as the listing prints it; None where no times are printed."""
    return max(_printed(sightings), key=lambda pair: pair[0], default=(None, None))[1]


def oldest_time(sightings: Sequence[Sighting]) -> datetime | None:
    """Return when the oldest sighting came out, as the listing prints it; None where no times are printed."""
    return min((moment for moment, _ in _printed(sightings)), default=None)


def _printed(sightings: Sequence[Sighting]) -> list[tuple[datetime, str]]:
    return [
        (moment, sighting.published_at)
        for sighting in sightings
        if sighting.published_at and (moment := parse_timestamp(sighting.published_at))
    ]


def sightings_digest(sightings: Sequence[Sighting]) -> str:
    """Return what is the same as long as a listing names the same releases in the same words."""
    said = "\n".join(
        f"{sighting.url}\t{sighting.headline}\t{sighting.published_raw}\t{sighting.version}\t{' '.join(sighting.tags)}"
        for sighting in sightings
    )
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def body_digest(body: bytes) -> str:
    """Return what is the same as long as an answer is the same, byte for byte."""
    return hashlib.blake2b(body, digest_size=12).hexdigest()

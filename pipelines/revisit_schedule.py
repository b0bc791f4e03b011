"""When a release's page is read again after its publication; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from stories.model.release import Release
from stories.model.timestamps import parse_timestamp

Ladder = Sequence[tuple[timedelta, timedelta]]
"""(interval, until this age), the ages growing."""

SPREAD = 0.1  # of a step
CONFIRMATION_STEPS = 5  # of the ladder's first steps, beyond its end: one more than it takes at most


def next_revisit(release: Release, ladder: Ladder, now: datetime) -> datetime | None:
    """Return when to read the page again, or None when the release is older than the ladder is long.

    The age counts from the first sighting: a release that was found late may be edited as soon as one found at once.
    Releases that were found together are read again apart from each other: each a little later than its step says, by
    a part of the step that is always the same for one release.
    """
    seen = parse_timestamp(release.first_seen_at) or now
    for interval, until in ladder:
        if now + interval - seen <= until:
            return now + interval * (1 + SPREAD * _share(release.id))
    return None


def within_steps(span: timedelta, ladder: Ladder, *, steps: int = 1) -> timedelta:
    """Return the span, or so many of the ladder's first steps if they are shorter."""
    return min(span, steps * ladder[0][0]) if ladder else span


def visits_before(release: Release, ladder: Ladder, now: datetime, most: int) -> int:
    """Return how many visits the ladder set between a page's first reading and a visit now; at most ``most``."""
    seen = parse_timestamp(release.first_seen_at) or now
    at, visits = seen, 0
    for interval, until in ladder:
        while visits <= most and at + interval <= min(seen + until, now):
            at, visits = at + interval, visits + 1
    return min(most, max(0, visits - 1))


def is_beyond_ladder(release: Release, ladder: Ladder, now: datetime) -> bool:
    """Return whether a page is older than it is read again at all.

    One that is gone at its last look is looked at again for a few steps, until that is confirmed.
    """
    seen = parse_timestamp(release.first_seen_at)
    return not ladder or (
        seen is not None and now - seen > ladder[-1][1] * (1 + SPREAD) + CONFIRMATION_STEPS * ladder[0][0]
    )


def _share(release_id: str | None) -> float:
    """Return a number from 0 to 1 that belongs to a release."""
    digest = hashlib.blake2b((release_id or "").encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32 if release_id else 0.0

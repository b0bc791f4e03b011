"""When a release's page is read again after its publication; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from stories.moments import parse_moment
from stories.release import Release

Ladder = Sequence[tuple[timedelta, timedelta]]
"""(interval, until this age), the ages growing."""


def next_revisit(release: Release, ladder: Ladder, now: datetime) -> datetime | None:
    """Return when to read the page again, or None when the release is older than the ladder is long.

    The age counts from the first sighting: a release that was found late may be edited as soon as one found at once.
    """
    seen = parse_moment(release.first_seen_at) or now
    for interval, until in ladder:
        due = now + interval
        if due - seen <= until:
            return due
    return None

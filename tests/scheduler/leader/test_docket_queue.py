"""Which polls that were handed out are done: none that somebody else only just did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.leader.docket_queue import is_duplicate
from stories.model.sighting import Cursor, Poll
from stories.model.timestamps import timestamp

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
INTERVAL = timedelta(minutes=8)
POLL = Poll(source="wire", listing="https://wire.example/news", asked_at=NOW, term=7)


def polled(ago: timedelta) -> Cursor:
    """A listing that was polled so long ago, and is due an interval after."""
    return Cursor(polled_at=timestamp(NOW - ago), next_at=timestamp(NOW - ago + INTERVAL))


@pytest.mark.parametrize(
    ("poll", "cursor", "double"),
    [
        (POLL, Cursor(), False),
        (POLL, polled(INTERVAL), False),
        (POLL, polled(INTERVAL / 2), False),
        (POLL, polled(timedelta(seconds=30)), True),
        (replace(POLL, term=6), polled(INTERVAL), False),
        (replace(POLL, term=6), polled(INTERVAL / 2), True),
        (replace(POLL, term=6), Cursor(), False),
        (replace(POLL, term=6, reason="trigger"), polled(timedelta(seconds=30)), False),
        (POLL, polled(timedelta(days=-3)), False),
        (replace(POLL, term=6), polled(timedelta(hours=-1)), False),
    ],
    ids=[
        "never polled", "due", "early, as the clock wants it", "polled just now", "of a deposed clock, due",
        "of a deposed clock, not due", "of a deposed clock, never polled", "asked for by a person",
        "before the clock was set back", "of a deposed clock, before the clock was set back",
    ],
)  # fmt: skip
def test_a_listing_that_was_polled_just_now_is_not_polled_again_by_a_clock(poll, cursor, double):
    assert is_duplicate(poll, cursor, INTERVAL, 7, NOW) is double

"""RevisitSweep: when a page is read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import PollingSettings
from pipelines.revisit_schedule import SPREAD, next_revisit
from stories.model.release import Release
from stories.model.timestamps import timestamp

SEEN = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
LADDER = PollingSettings().ladder
PAGE = Release(headline="Ferries Ordered", first_seen_at=timestamp(SEEN), published_at="1999-01-01")


@pytest.mark.parametrize(
    ("age", "after"),
    [
        (timedelta(), timedelta(minutes=15)),
        (timedelta(hours=2, minutes=45), timedelta(minutes=15)),
        (timedelta(hours=2, minutes=46), timedelta(hours=1)),
        (timedelta(hours=23), timedelta(hours=1)),
        (timedelta(days=1), timedelta(hours=3)),
        (timedelta(days=6, hours=22), timedelta(days=3)),
        (timedelta(days=27), timedelta(days=3)),
    ],
    ids=str,
)
def test_the_older_a_release_the_later_it_is_read_again(age: timedelta, after: timedelta) -> None:
    now = SEEN + age
    assert next_revisit(PAGE, LADDER, now) == now + after


@pytest.mark.parametrize("age", [timedelta(days=27, seconds=1), timedelta(days=4000)], ids=str)
def test_beyond_the_ladder_a_page_is_left_alone(age: timedelta) -> None:
    assert next_revisit(PAGE, LADDER, SEEN + age) is None


def test_an_empty_ladder_means_never() -> None:
    assert next_revisit(PAGE, (), SEEN) is None


def test_a_release_whose_first_sight_is_unknown_is_as_young_as_can_be() -> None:
    assert next_revisit(Release(headline="x"), LADDER, SEEN) == SEEN + timedelta(minutes=15)


@given(st.timedeltas(timedelta(), timedelta(days=40)))
def test_the_next_look_lies_ahead_and_within_the_ladder(age: timedelta) -> None:
    now = SEEN + age
    due = next_revisit(PAGE, LADDER, now)
    if due is None:
        assert age > timedelta(days=27)
    else:
        assert now < due <= SEEN + LADDER[-1][1]


def test_releases_that_were_found_together_are_read_again_apart() -> None:
    due = sorted(next_revisit(replace(PAGE, id=f"rel_{number}"), LADDER, SEEN) or SEEN for number in range(100))
    assert due[0] >= SEEN + timedelta(minutes=15), "none before its step"
    assert due[-1] <= SEEN + timedelta(minutes=15) * (1 + SPREAD)
    assert max(later - earlier for earlier, later in pairwise(due)) < timedelta(seconds=15)

"""What a listing's week teaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.polling.hourly_rate import (
    HOURS,
    expected_sightings,
    hour_of_week,
    known_hours,
    learn_rates,
    rate_at,
    usual_a_day,
)
from stories.model.sighting import Cursor
from stories.model.timestamps import timestamp

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def watched(news, hours, *, every=timedelta(minutes=5), start=MONDAY):
    """A cursor after polls every few minutes, each with ``news(moment)`` new sightings."""
    cursor, at = Cursor(read_at=timestamp(start)), start
    while at < start + HOUR * hours:
        at += every
        cursor = learn_rates(cursor, news(at), at)
        cursor = Cursor(read_at=timestamp(at), week=cursor.week, hour=cursor.hour, hour_news=cursor.hour_news)
    return cursor


def six_an_hour_in_the_morning(at):
    return 1 if at.weekday() < 5 and 8 <= at.hour < 12 and at.minute % 10 == 5 else 0


def test_the_hours_of_a_week_count_from_mondays_first():
    assert [hour_of_week(MONDAY), hour_of_week(MONDAY - HOUR), hour_of_week(MONDAY + 25 * HOUR)] == [0, 167, 25]


def test_only_whole_hours_count():
    late = watched(lambda at: 1, 0.5, start=MONDAY + timedelta(minutes=40))
    assert known_hours(late.week) == []
    assert len(known_hours(watched(lambda at: 0, 3).week)) == 2


def test_a_week_is_remembered_hour_by_hour():
    week = watched(six_an_hour_in_the_morning, 170).week
    assert len(week) == HOURS
    assert rate_at(week, MONDAY + 9 * HOUR, 1.0, 1.0) == pytest.approx(6, rel=0.25)
    assert rate_at(week, MONDAY + 15 * HOUR, 1.0, 1.0) < 0.5
    assert rate_at(week, MONDAY + (5 * 24 + 9) * HOUR, 1.0, 1.0) < 0.5
    assert usual_a_day(week) == pytest.approx(6 * 4 * 5 / 7, rel=0.1)
    assert expected_sightings(week, MONDAY, MONDAY + 24 * HOUR) == pytest.approx(24, rel=0.3)


def test_what_came_in_hours_without_a_poll_is_spread_over_them():
    slow = watched(lambda at: 4, 40, every=timedelta(hours=4))
    assert known_hours(slow.week)
    assert all(rate == pytest.approx(1, rel=0.1) for rate in known_hours(slow.week))


def test_what_was_learnt_fades():
    busy = watched(lambda at: 1, 169)
    then = watched(lambda at: 1 if at < MONDAY + 168 * HOUR else 0, 3 * 168 + 2)
    assert usual_a_day(then.week) < usual_a_day(busy.week) / 3


def test_a_long_pause_teaches_nothing():
    before = watched(lambda at: 1, 30)
    after = learn_rates(before, 500, MONDAY + 30 * HOUR + timedelta(days=4))
    assert (after.week, after.hour) == (before.week, None)


def test_nothing_is_expected_of_a_listing_that_was_not_watched_for_a_day():
    young = watched(lambda at: 1, 5)
    assert usual_a_day(young.week) is None
    assert expected_sightings(young.week, MONDAY, MONDAY + HOUR) is None
    assert rate_at("", MONDAY, 7.0, 6.0) == 7.0


@given(st.lists(st.tuples(st.timedeltas(timedelta(days=-3), timedelta(days=9)), st.integers(0, 5_000)), max_size=30))
def test_no_course_of_polls_and_clocks_breaks_it(polls):
    cursor, at = Cursor(), MONDAY
    for step, news in polls:
        at += step
        learnt = learn_rates(cursor, news, at)
        cursor = Cursor(read_at=timestamp(at), week=learnt.week, hour=learnt.hour, hour_news=learnt.hour_news)
        assert len(cursor.week) in (0, HOURS)
        assert rate_at(cursor.week, at, 1.0, 6.0) >= 0
        assert (expected_sightings(cursor.week, at - HOUR * 40, at) or 0.0) >= 0

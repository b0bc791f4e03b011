"""Quiet hours in the wall-clock time of their zone, on the days that clocks change too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.quiet_hours import parse_quiet_hours, quiet_until

NIGHT = "22:00-07:00 Asia/Hong_Kong"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (NIGHT, "2026-02-11T21:59:59+08:00", None),
        (NIGHT, "2026-02-11T22:00:00+08:00", "2026-02-12T07:00:00+08:00"),
        (NIGHT, "2026-02-12T03:00:00+08:00", "2026-02-12T07:00:00+08:00"),
        (NIGHT, "2026-02-12T07:00:00+08:00", None),
        (NIGHT, "2026-02-11T16:00:00+00:00", "2026-02-12T07:00:00+08:00"),
        ("12:00-13:30 Europe/Berlin", "2026-02-11T12:30:00+01:00", "2026-02-11T13:30:00+01:00"),
        ("12:00-13:30 Europe/Berlin", "2026-02-11T13:30:00+01:00", None),
        # 2026-03-29: Berlin's clocks go from 02:00 to 03:00.
        ("22:00-07:00 Europe/Berlin", "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),
        ("01:00-02:30 Europe/Berlin", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        ("02:30-05:00 Europe/Berlin", "2026-03-29T03:15:00+02:00", None),
        ("02:30-05:00 Europe/Berlin", "2026-03-29T03:45:00+02:00", "2026-03-29T05:00:00+02:00"),
        # 2026-10-25: they go from 03:00 back to 02:00.
        ("22:00-07:00 Europe/Berlin", "2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"),
        ("01:00-02:30 Europe/Berlin", "2026-10-25T02:15:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("01:00-02:30 Europe/Berlin", "2026-10-25T02:15:00+01:00", None),
        ("02:30-05:00 Europe/Berlin", "2026-10-25T02:15:00+02:00", None),
        ("02:30-05:00 Europe/Berlin", "2026-10-25T02:15:00+01:00", "2026-10-25T05:00:00+01:00"),
    ],
)
def test_quiet_hours_end_when_the_clock_on_the_wall_says_so(hours, now, until):
    assert quiet_until(parse_quiet_hours(hours), at(now)) == (at(until) if until else None)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_quiet_hours_always_end_within_a_day(now):
    end = quiet_until(parse_quiet_hours("22:00-07:00 America/New_York"), now)
    assert end is None or now < end <= now + timedelta(hours=10)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("22-7", "allowed is"),
        ("22:00-07:00", "an IANA time zone"),
        ("25:00-07:00 UTC", "hour must be in"),
        ("22:00-22:00 UTC", "same time"),
        ("22:00-07:00 Mars/Olympus", "no time zone 'Mars/Olympus'"),
        ("22:00-07:00 ../../etc/passwd", "no time zone"),
    ],
)
def test_hours_that_mean_nothing_are_refused_with_what_is_allowed(text, reason):
    with pytest.raises(ValueError, match="allowed is") as error:
        parse_quiet_hours(text)
    assert reason in str(error.value)

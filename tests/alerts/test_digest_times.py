"""Digests at fixed hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.digest_times import digest_at, parse_digest_times


@pytest.mark.parametrize(
    ("text", "due", "sent"),
    [
        ("08:00,17:00 Asia/Hong_Kong", "2026-02-11T00:30+00:00", "2026-02-11T09:00+00:00"),
        ("08:00,17:00 Asia/Hong_Kong", "2026-02-11T09:00+00:00", "2026-02-12T00:00+00:00"),
        ("17:00, 08:00 Asia/Hong_Kong", "2026-02-10T23:59+00:00", "2026-02-11T00:00+00:00"),
        ("02:30 Europe/Berlin", "2026-03-29T00:00+00:00", "2026-03-29T01:30+00:00"),
        ("02:30 Europe/Berlin", "2026-10-24T23:00+00:00", "2026-10-25T00:30+00:00"),
    ],
)
def test_a_digest_is_sent_at_the_next_of_its_hours(text: str, due: str, sent: str) -> None:
    assert digest_at(datetime.fromisoformat(due), parse_digest_times(text)) == datetime.fromisoformat(sent)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8 Asia/Hong_Kong", "neither a duration nor times"),
        ("25:00 Asia/Hong_Kong", "hour must be in"),
        ("08:00", "neither a duration nor times"),
        ("08:00 Asia/Atlantis", "no time zone 'Asia/Atlantis'"),
    ],
)
def test_other_hours_are_refused_with_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        parse_digest_times(text)
    assert "08:00,17:00 Asia/Hong_Kong" in str(raised.value)


@given(st.integers(0, 10 * 365 * 24 * 60), st.sampled_from(["Europe/Berlin", "Asia/Hong_Kong"]))
def test_the_next_time_is_later_and_within_a_day_and_an_hour(minutes: int, zone: str) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    wait = parse_digest_times(f"09:15 {zone}").next_after(now) - now
    assert timedelta() < wait <= timedelta(hours=25)

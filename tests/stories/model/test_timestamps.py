"""Timestamps: text to aware moments and back, without a guess."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.model.timestamps import from_milliseconds, latest_instant, milliseconds, parse_timestamp, timestamp


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_a_moment_survives_being_written(local: datetime, minutes: int) -> None:
    moment = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    written = timestamp(moment)
    assert written.endswith("Z")
    read = parse_timestamp(written)
    assert read is not None
    assert timedelta() <= moment - read < timedelta(milliseconds=1)
    assert read == latest_instant(written)
    assert abs(from_milliseconds(milliseconds(read)) - read) <= timedelta(milliseconds=1)


def test_a_bare_date_lasts_until_it_is_over_everywhere() -> None:
    assert latest_instant("2026-02-11") == datetime(2026, 2, 12, 12, tzinfo=UTC)


def test_a_bare_date_is_no_moment_where_a_moment_is_needed() -> None:
    assert parse_timestamp("2026-02-11") is None


@pytest.mark.parametrize(
    "text",
    [None, "", "2026-02-11T09:00:00", "20260211", "11.02.2026", "2026-02-30", "9999-12-31", "soon", "2026-02-11T25:00Z",
     "\ud800" * 10, "٢٠٢٦-٠٢-١١"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_moment_or_has_no_offset_is_unknown(text: str | None) -> None:
    assert latest_instant(text) is None
    assert parse_timestamp(text) is None


@given(st.text(alphabet="0123456789-:TZ+. W", max_size=32))
def test_any_text_is_a_moment_or_nothing(text: str) -> None:
    for moment in (parse_timestamp(text), latest_instant(text)):
        assert moment is None or moment.tzinfo is not None

"""Durations as people write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from config.durations import Duration, Interval, format_duration, parse_duration

HUNDRED_YEARS = timedelta(days=36_500)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("48h", timedelta(hours=48)),
        ("7d", timedelta(days=7)),
        ("0s", timedelta()),
        ("1.5h", timedelta(minutes=90)),
        (" 10 m ", timedelta(minutes=10)),
        ("0.000001s", timedelta(microseconds=1)),
        ("36500d", HUNDRED_YEARS),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 minutes", "-5m", "5M", "1h30m", "1e3s", "٥m", "5m\n5m", ".5h", "5.m", "inf", "1w"]
)
def test_what_is_no_duration_is_told_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match='allowed is a number with a unit: "90s", "5m", "48h" or "7d"'):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "9999999999s", "999999999h"])
def test_more_than_a_hundred_years_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="longer than 100 years"):
        parse_duration(text)


@given(st.text(max_size=30))
def test_whatever_is_written_either_is_a_duration_or_a_plain_error(text: str) -> None:
    with suppress(ValueError):
        assert timedelta() <= parse_duration(text) <= HUNDRED_YEARS


@given(st.timedeltas(min_value=timedelta(), max_value=HUNDRED_YEARS))
def test_a_duration_that_was_written_is_read_back_exactly(span: timedelta) -> None:
    assert parse_duration(format_duration(span)) == span


@given(st.integers(0, 10_000), st.sampled_from("smhd"))
def test_writing_a_duration_keeps_its_meaning_and_never_grows_it(number: int, unit: str) -> None:
    written = format_duration(parse_duration(f"{number}{unit}"))
    assert parse_duration(written) == parse_duration(f"{number}{unit}")
    assert len(written) <= len(f"{number}{unit}")


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=60), "1h"),
        (timedelta(hours=48), "2d"),
        (timedelta(seconds=1_234_567, milliseconds=500), "1234567.5s"),
        (timedelta(microseconds=10), "0.00001s"),
    ],
)
def test_a_span_is_written_in_its_largest_exact_unit(span: timedelta, text: str) -> None:
    assert format_duration(span) == text


class Polled(BaseModel):
    every: Duration
    interval: Interval = timedelta(minutes=5)


def test_a_setting_takes_text_and_is_printed_as_text() -> None:
    assert Polled.model_validate({"every": "2h"}).model_dump(mode="json") == {"every": "2h", "interval": "5m"}


@pytest.mark.parametrize("value", [5, 5.0, None, ["5m"], True])
def test_a_bare_number_is_no_duration_since_nobody_knows_its_unit(value: object) -> None:
    with pytest.raises(ValidationError, match="is not a duration"):
        Polled.model_validate({"every": value})


@pytest.mark.parametrize("value", ["0s", "0.9s"])
def test_an_interval_is_at_least_a_second(value: str) -> None:
    with pytest.raises(ValidationError, match="too short; allowed is 1s or more"):
        Polled.model_validate({"every": "1s", "interval": value})

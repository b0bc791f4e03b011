"""Reads and writes durations: ``"90s"``, ``"5m"``, ``"48h"``, ``"7d"``."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"\s*([0-9]{1,10}(?:\.[0-9]{1,6})?)\s*([smhd])\s*")  # microseconds, the resolution of timedelta
_LONGEST = timedelta(days=36_500)
_RESOLUTION = timedelta(microseconds=1)
ALLOWED = 'a number with a unit: "90s", "5m", "48h" or "7d"'


def parse_duration(text: str) -> timedelta:
    """Return the timedelta of a text such as ``"5m"``; ``ValueError`` names what is allowed."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration; allowed is {ALLOWED}")
    microseconds = int(Decimal(found[1]) * _UNITS[found[2]] * 1_000_000)
    if microseconds > _LONGEST // _RESOLUTION:
        raise ValueError(f"{text!r} is longer than 100 years; allowed is at most 36500d")
    return microseconds * _RESOLUTION


def format_duration(span: timedelta) -> str:
    """Return the shortest exact way to write a span that is not negative; ``parse_duration`` reads it back."""
    for unit in "dhm":
        if span and not span % timedelta(seconds=_UNITS[unit]):
            return f"{span // timedelta(seconds=_UNITS[unit])}{unit}"
    whole, rest = divmod(span // _RESOLUTION, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0") + "s" if rest else f"{whole}s"


def _read(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"{value!r} is not a duration; allowed is {ALLOWED}")


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$", "examples": ["90s", "5m", "48h", "7d"]}),
]


def _at_least_a_second(span: timedelta) -> timedelta:
    if span < timedelta(seconds=1):
        raise ValueError(f"{format_duration(span)} is too short; allowed is 1s or more")
    return span


Interval = Annotated[Duration, AfterValidator(_at_least_a_second)]
"""A duration of at least a second: the time between two polls."""

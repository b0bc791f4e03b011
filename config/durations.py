"""Durations as people write them: ``"90s"``, ``"5m"``, ``"48h"``, ``"7d"``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"\s*(\d{1,9}(?:\.\d{1,3})?)\s*([smhd])\s*")
_LONGEST = timedelta(days=36_500)
ALLOWED = 'a number with a unit: "90s", "5m", "48h" or "7d"'


def parse_duration(text: str) -> timedelta:
    """Return the span that ``"5m"`` means; ``ValueError`` names what is allowed."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration; allowed is {ALLOWED}")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than a hundred years; allowed is {ALLOWED}")
    return timedelta(seconds=seconds)


def format_duration(span: timedelta) -> str:
    """Return the shortest exact way to write a span."""
    seconds = span.total_seconds()
    for unit in "dhm":
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds:g}s"


def _read(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"{value!r} is no duration; allowed is {ALLOWED}")


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$", "examples": ["90s", "5m", "48h", "7d"]}),
]

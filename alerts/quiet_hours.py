"""Quiet hours, during which a channel holds delivery, in the wall-clock time of a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s+(\S+)\s*")
ALLOWED = '"22:00-07:00 Asia/Hong_Kong": from, to, and an IANA time zone'


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From ``start`` (inclusive) to ``end`` (exclusive), over midnight if ``end`` is earlier than ``start``."""

    start: time
    end: time
    zone: ZoneInfo


def parse_quiet_hours(text: str) -> QuietHours:
    """Return the parsed ``"22:00-07:00 Asia/Hong_Kong"``. Raises ``ValueError`` with the allowed form."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a span of quiet hours; allowed is {ALLOWED}")
    try:
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; allowed is {ALLOWED}") from error
    if start == end:
        raise ValueError(f"{text!r} begins and ends at the same time; allowed is {ALLOWED}")
    try:
        zone = ZoneInfo(found[5])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{text!r}: there is no time zone {found[5]!r}; allowed is {ALLOWED}") from error
    return QuietHours(start=start, end=end, zone=zone)


def quiet_until(hours: QuietHours, now: datetime) -> datetime | None:
    """Return the end (UTC) of the quiet hours that include ``now``, or None outside quiet hours.

    When a clock change skips the end, the end moves later by the skipped time. When a clock change repeats the start or
    end, the first of the two counts.
    """
    today = now.astimezone(hours.zone).date()
    for day in (today - timedelta(days=1), today):
        last = day if hours.start < hours.end else day + timedelta(days=1)
        start = datetime.combine(day, hours.start, hours.zone).astimezone(UTC)
        end = datetime.combine(last, hours.end, hours.zone).astimezone(UTC)
        if start <= now < end:
            return end
    return None

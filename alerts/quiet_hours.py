"""Quiet hours: when a channel holds delivery, in the wall-clock time of its zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s+(\S+)\s*")
ALLOWED = '"22:00-07:00 Asia/Hong_Kong": from, to, and an IANA time zone'


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From ``start`` (quiet) to ``end`` (no longer), over midnight when the end is the earlier."""

    start: time
    end: time
    zone: ZoneInfo


def parse_quiet_hours(text: str) -> QuietHours:
    """Return what ``"22:00-07:00 Asia/Hong_Kong"`` means; ``ValueError`` names what is allowed."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} are no quiet hours; allowed is {ALLOWED}")
    try:
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; allowed is {ALLOWED}") from error
    if start == end:
        raise ValueError(f"{text!r} would be quiet for ever; allowed is {ALLOWED}")
    try:
        zone = ZoneInfo(found[5])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{text!r}: there is no time zone {found[5]!r}; allowed is {ALLOWED}") from error
    return QuietHours(start=start, end=end, zone=zone)


def quiet_until(hours: QuietHours, now: datetime) -> datetime | None:
    """Return when the quiet that holds at ``now`` ends (UTC), or None outside of it.

    On the day a clock is put forward, an end that the clock skips comes as much later as it skips; on the day it is
    put back, an end or a start that comes twice is the first of the two.
    """
    today = now.astimezone(hours.zone).date()
    for day in (today - timedelta(days=1), today):
        last = day if hours.start < hours.end else day + timedelta(days=1)
        start = datetime.combine(day, hours.start, hours.zone).astimezone(UTC)
        end = datetime.combine(last, hours.end, hours.zone).astimezone(UTC)
        if start <= now < end:
            return end
    return None

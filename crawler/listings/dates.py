"""Dates as sites print them: where they are in a text, and which moment they name if that needs no guessing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from time import struct_time
from typing import Literal
from zoneinfo import ZoneInfo

from stories.model.publication_dates import is_placeholder, unix_moment
from stories.text.calendars import ERA_YEAR, YEAR, gregorian_year, spelled_out, western_digits
from stories.text.date_words import (
    HalfDay,
    any_of,
    half_days,
    half_days_after,
    hour_in_day,
    month_number,
    month_pattern,
    weekday_pattern,
)

NumericOrder = Literal["dmy", "mdy"]
"""Which of two numbers is the day in ``03/04/2026``."""

_FIXED = {
    "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7,
    "HKT": 8, "SGT": 8, "MYT": 8, "PHT": 8, "JST": 9, "KST": 9, "ICT": 7, "WIB": 7,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
}  # fmt: skip
_REGIONAL = {
    "ET": "America/New_York", "EASTERN": "America/New_York", "CET/CEST": "Europe/Berlin", "MT": "America/Denver",
    "PT": "America/Los_Angeles", "PACIFIC": "America/Los_Angeles",
}  # fmt: skip
"""Names whose offset depends on the date. CST, IST and AST are in neither table: each names several zones."""

_MONTH = rf"{month_pattern()}(?!\w)\.?"
_WEEKDAY = rf"(?:{weekday_pattern(abbreviations='all')}(?!\w)\.?,?\s+)?"
_ZONE = (
    r"(?:\s?\(?(?P<{0}zone>Z\b|(?:UTC|GMT)\s?[+-]\d{{1,2}}(?::?\d\d)?\b|[+-]\d\d:?\d\d\b|CET/CEST\b|"
    + "|".join(rf"{name}\b" for name in sorted({*_FIXED, *_REGIONAL, "CST", "IST", "AST"}, key=len, reverse=True))
    + "))?"
)
_CLOCK = (
    rf"(?P<{{0}}half>{any_of(half_days())})?\s?"
    r"(?P<{0}hour>[01]?\d|2[0-4])(?:[:.时時點点h]|시\s?)(?P<{0}minute>[0-5]\d(?!\d)|\d(?=\s?[分분]))\s?[分분]?"
    r"(?::(?P<{0}second>[0-6]\d)(?:[.,]\d{{1,9}})?)?"
    rf"(?:\s?(?P<{{0}}noon>[ap]\.?\s?m\b\.?|{any_of(half_days_after())}(?!\w)))?"
    r"(?:\s?(?:uhr|hrs?|h)\b)?" + _ZONE
)
_BEFORE = "(?:" + _CLOCK.format("early_") + r"[\s,|@·•–—-]{1,5})?"
_AFTER = r"(?:(?:[\s,|@·•/–—-]|\b(?:at|um|à|as|às|alle|om|kl\.?))*\s?T?" + _CLOCK.format("") + ")?"
_DATE = (
    rf"(?P<y1>{YEAR})(?P<sep>[-/]|\.\s?)(?P<m1>[01]?\d)(?P=sep)(?P<d1>[0-3]?\d)(?!\d)\.?",
    rf"(?P<y2>{YEAR}|{ERA_YEAR})\s?[年년]\s?(?P<m2>[01]?\d)\s?[月월]\s?(?P<d2>[0-3]?\d)\s?[日号號일]",
    rf"(?P<d3>[0-3]?\d)(?:st|nd|rd|th|er|º|ª|\.)?[\s,.-]{{0,3}}(?:(?:of|de|di)\s)?(?P<n3>{_MONTH})"
    rf"[\s,،.-]{{0,3}}(?:(?:de|del|พ\.ศ\.)\s?)?(?P<y3>{YEAR})(?!\d)",
    rf"(?P<n4>{_MONTH})[\s-]{{0,3}}(?P<d4>[0-3]?\d)(?:st|nd|rd|th)?[\s,،-]{{1,3}}(?P<y4>{YEAR})(?!\d)",
    rf"(?P<a5>[0-3]?\d)(?P<sep5>[-/.])(?P<b5>[0-3]?\d)(?P=sep5)(?P<y5>{YEAR})(?!\d)",
    rf"(?P<n6>{_MONTH})\s?(?P<d6>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:%])",
    rf"(?P<d7>[0-3]?\d)(?:st|nd|rd|th|\.)?\s(?P<n7>{_MONTH})",
    r"(?P<m8>[01]?\d)\s?[月월]\s?(?P<d8>[0-3]?\d)\s?[日号號일]",
)
_RELATIVE = (
    r"\b(?:\d{1,3}|an?|one|few)\s?(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?)\s"
    r"(?:\d{1,2}\s?(?:m|mins?|minutes?)\s)?ago\b"
    r"|\bvor\s(?:\d{1,3}|einer|einem)\s(?:sekunden?|minuten?|stunden?|tag(?:en)?|wochen?)\b"
    r"|\bil\sy\sa\s\d{1,3}\s\w{1,10}|\bhace\s\d{1,3}\s\w{1,10}"
    r"|\d{1,3}\s?(?:秒|分钟|分鐘|小时|小時|天|日|周|時間|分|시간|분|일)\s?[前전]"
    r"|\b(?:today|yesterday|heute|gestern|hoy|ayer|aujourd['’]hui|hier)\b|今天|昨天|今日|昨日"
)
_PRINTED = re.compile(
    rf"(?<![\w.,/-]){_BEFORE}{_WEEKDAY}(?:{'|'.join(_DATE)}){_AFTER}|(?:{_RELATIVE}){_AFTER.replace('P<', 'P<then_')}"
    rf"|(?<![\w:.]){_CLOCK.format('lone_').removesuffix('?')}",
    re.IGNORECASE,
)


_SIGN = re.compile(
    rf"{YEAR}|[元年]|\d[:.]\d|\d\s?[月월秒分小时時天日周前일]|\d\W{{0,3}}(?:de\s)?[^\W\d]{{3}}|[^\W\d]{{3}}\.?\s?\d|\d\s?[smhd]\b"
)
_HALF_DAYS: dict[str, HalfDay] = {"a": "am", "p": "pm"}  # "a.m.", "PM"
_DIGIT = re.compile(r"\d")
_DAYS = re.compile(r"day\b|vor\s|heute|gestern|今|昨|hoy|ayer|hier|\bago\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedDate:
    """A date found in a text."""

    start: int
    end: int
    raw: str
    """As printed, with weekday, time and zone."""
    day: date | None
    """None without a year, for "2 hours ago", and while it is open which number is the month."""
    pair: tuple[int, int, int] | None
    """(first number, second number, year) where the order of day and month is open."""
    clock: time | None
    zone: str | None
    """The name or offset of the zone as printed."""


def may_hold_date(line: str) -> bool:
    """Return whether a line has at least what every date has; much cheaper than to search it for dates."""
    if _DIGIT.search(line):
        return _SIGN.search(line) is not None
    return len(line) <= 60 and _DAYS.search(line) is not None


def find_dates(text: str) -> list[PrintedDate]:
    """Return the dates in a text, in its order: in English, German, French, Spanish, Italian, Chinese and more."""
    matches = (match for match in _PRINTED.finditer(western_digits(text)) if match.group().strip())
    return [found for match in matches if (found := _printed(match, text[match.start() : match.end()]))]


def _printed(match: re.Match[str], raw: str) -> PrintedDate | None:
    part = {name: value for name, value in match.groupdict().items() if value is not None}
    day, pair = _day(part)
    if (
        day is None
        and pair is None
        and any(name[0] in "ymdna" and name[1:].isdigit() for name in part if name[1:] in "12345")
    ):
        return None  # 31 February, month 13
    prefix = next((prefix for prefix in ("", "early_", "then_", "lone_") if f"{prefix}hour" in part), "")
    return PrintedDate(
        start=match.start(),
        end=match.end(),
        raw=" ".join(raw.split()).strip(" ,|-–"),
        day=day,
        pair=pair,
        clock=_clock(part, prefix),
        zone=part.get(f"{prefix}zone"),
    )


def _day(part: dict[str, str]) -> tuple[date | None, tuple[int, int, int] | None]:
    try:
        for form in "12":
            if f"y{form}" in part:
                return date(gregorian_year(part[f"y{form}"]), int(part[f"m{form}"]), int(part[f"d{form}"])), None
        for form in "34":
            if f"y{form}" in part:
                month = month_number(part[f"n{form}"])
                if part[f"n{form}"].isascii() and part[f"y{form}"].startswith("25"):
                    return None, None  # "on May 4, 2500 employees"
                return date(gregorian_year(part[f"y{form}"]), month, int(part[f"d{form}"])), None
        if "y5" in part:
            first, second, year = int(part["a5"]), int(part["b5"]), gregorian_year(part["y5"])
            if part["sep5"] == "." or first > 12 or first == second:
                return date(year, second, first), None
            if second > 12:
                return date(year, first, second), None
            date(year, first, second)
            return None, (first, second, year)
    except ValueError:
        pass  # no such day: the caller leaves it out
    return None, None


def _clock(part: dict[str, str], prefix: str) -> time | None:
    if f"{prefix}hour" not in part:
        return None
    printed = part.get(f"{prefix}noon", "").lower()
    half = (
        half_days().get(part.get(f"{prefix}half", "")) or half_days_after().get(printed) or _HALF_DAYS.get(printed[:1])
    )
    hour = hour_in_day(int(part[f"{prefix}hour"]), half)
    if hour > 23:
        return None
    return time(hour, int(part[f"{prefix}minute"]), min(int(part.get(f"{prefix}second") or 0), 59))


def zone_named(name: str, fallback: tzinfo | None = None) -> tzinfo | None:
    """Return the zone of a printed name or offset; ``fallback`` for a name that several zones have."""
    upper = name.upper().replace(" ", "")
    if upper in _FIXED:
        return timezone(timedelta(hours=_FIXED[upper])) if _FIXED[upper] else UTC
    if upper in _REGIONAL:
        return ZoneInfo(_REGIONAL[upper])
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", upper)
    if offset is None:
        return fallback
    ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return timezone(ahead if offset[1] == "+" else -ahead) if ahead < timedelta(hours=16) else None


def moment_of(found: PrintedDate, zone: tzinfo | None = None, order: NumericOrder | None = None) -> str | None:
    """Return a found date in ISO 8601: with an offset where one is printed or ``zone`` is known, else the bare date.

    ``None`` where the day is ambiguous.
    """
    day = found.day
    if day is None and found.pair and order:
        first, second, year = found.pair
        day = date(year, second, first) if order == "dmy" else date(year, first, second)
    if day is None:
        return None
    if found.clock is None:
        return day.isoformat()
    where = zone_named(found.zone, zone) if found.zone else zone
    return day.isoformat() if where is None else _iso(datetime.combine(day, found.clock, where))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds" if not moment.microsecond else "milliseconds")


def numeric_order(found: Iterable[PrintedDate], texts: Iterable[str] = ()) -> NumericOrder | None:
    """Return which number is the day on a page, where some of its dates (14/03/2026) settle it and none disagrees."""
    orders: set[NumericOrder] = set()
    for raw in (*(one.raw for one in found), *texts):
        for first, second in re.findall(r"(?<!\d)(\d{1,2})/(\d{1,2})/(?:19|20)\d\d", raw):
            if int(first) > 12 >= int(second):
                orders.add("dmy")
            elif int(second) > 12 >= int(first):
                orders.add("mdy")
    return orders.pop() if len(orders) == 1 else None


def read_date(text: str, zone: tzinfo | None = None, order: NumericOrder | None = None) -> str | None:
    """Return the date of a short text as ISO 8601, also that of Unix seconds and milliseconds.

    Returns:
        ``None`` without a date, if it would have to be guessed, and for what systems write where no date is set.
    """
    text = spelled_out(text.strip())
    moment = _unix(text) or _iso_8601(text, zone)
    moment = moment or next((moment_of(found, zone, order) for found in find_dates(text[:200])), None)
    return moment if moment and not is_placeholder(moment) else None


def _iso_8601(text: str, zone: tzinfo | None) -> str | None:
    if not re.match(r"(?:19|20)\d\d-\d\d-\d\d(?:$|[T ]\d\d:\d\d)", text):
        return None
    try:
        if len(text) == len("2026-02-11"):
            return date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        return _iso(moment.replace(tzinfo=zone)) if zone else moment.date().isoformat()
    return _iso(moment)


def feed_moment(raw: str | None, parsed: struct_time | None, zone: tzinfo | None = None) -> str | None:
    """Return a feed's date (RFC 822, RFC 3339, Unix time or what else is found) as ISO 8601, with the offset it gives.

    ``parsed`` is feedparser's reading, in UTC, for forms that nothing else here knows.

    Returns:
        ``None`` without a date, and for what systems write where no date is set (1970, the year 1).
    """
    if not raw:
        return None
    moment = _rfc_822(raw, zone) or read_date(raw, zone) or _parsed(raw, parsed)
    return moment if moment and not is_placeholder(moment) else None


def _unix(raw: str) -> str | None:
    moment = unix_moment(raw)
    return _iso(moment) if moment else None


def _parsed(raw: str, parsed: struct_time | None) -> str | None:
    """Return feedparser's reading; only its day unless the text has a time whose zone feedparser knows."""
    if parsed is None or _BARE_NUMBER.match(raw):
        return None
    try:
        moment = datetime(*parsed[:5], min(parsed[5], 59), tzinfo=UTC)
    except ValueError:
        return None
    has_clock = moment.time() != time() or re.search(r"\b00:?00", raw) is not None
    is_understood = re.search(r"(?:Z|GMT|UTC|[+-]\d\d:?\d\d)\s*$", raw, re.IGNORECASE) is not None
    return _iso(moment) if has_clock and is_understood else moment.date().isoformat()


_BARE_NUMBER = re.compile(r"\s*\d{1,7}(?:[.,]\d*)?\s*$|\s*\d{9,}(?:[.,]\d*)?\s*$")
_RFC_822 = re.compile(
    r"\s*(?:[A-Za-z]{3,9}\.?,?\s+)?\d{1,2}[\s-][A-Za-z]{3,9}[\s-]\d{2,4}\s+\d{1,2}:\d\d(?::\d\d)?"
    r"\s*(?:(?:[+-]\d{4}|(?P<zone>[A-Z]{1,5}))\s*(?:\([^)]*\))?\s*)?$"
)


def _rfc_822(raw: str, zone: tzinfo | None) -> str | None:
    match = _RFC_822.match(raw)
    if match is None or match["zone"] in ("AM", "PM"):
        return None
    name = match["zone"]
    try:
        moment = parsedate_to_datetime(raw)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None or (name and name not in ("GMT", "UTC", "EST", "EDT", "CDT", "MST", "MDT", "PST", "PDT")):
        where = zone_named(name, zone) if name else zone
        return _iso(moment.replace(tzinfo=where)) if where else moment.date().isoformat()
    return _iso(moment)

"""Dates and times as wires print them, in the languages the wires use.

A reading is only given where there is one: ``4/6/2016`` may be April or June, so it is no date here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from crawler.extraction.fields.time_zones import PLACE_TIME, named_zone
from stories.model.publication_dates import unix_moment
from stories.text.calendars import ERA_YEAR, YEAR, gregorian_year, spelled_out, western_digits
from stories.text.date_words import (
    HalfDay,
    any_of,
    half_days,
    half_days_after,
    hour_in_day,
    month_number,
    month_numerals,
    month_pattern,
    weekday_pattern,
)

MONTH = month_pattern()
VIETNAMESE_MONTH = any_of(month_numerals())
WEEKDAY = weekday_pattern()
_HALF_DAY = any_of(half_days())
_HALF_DAY_AFTER = any_of(half_days_after())
_HALF_DAYS: dict[str, HalfDay] = {"a": "am", "p": "pm"}  # "a.m.", "PM"

_DATES = re.compile(
    rf"""(?<![\w/])(?:
      (?P<mname>{MONTH})\.?\s++(?P<mday>\d{{1,2}})(?:st|nd|rd|th)?\s*+[,،]?\s*+(?P<myear>{YEAR})(?!\d)
    | (?:ngày\s+)?(?P<vday>\d{{1,2}})\s+tháng\s+(?P<vmonth>\d{{1,2}}|{VIETNAMESE_MONTH})(?:\s+năm|,)?\s+(?P<vyear>{YEAR})(?!\d)
    | (?P<dday>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?\s*+(?:de\s++|of\s++|-)?\s*+(?P<dname>{MONTH})\.?[,،]?\s*+(?:del?\s++|-|พ\.ศ\.\s*+)?(?P<dyear>{YEAR})(?!\d)
    | (?P<iyear>{YEAR})(?:[-/.]|\.\s)(?P<imonth>\d{{1,2}})(?:[-/.]|\.\s)(?P<iday>\d{{1,2}})(?!\d)
    | (?P<sngay>ngày\s+)?(?P<sone>\d{{1,2}})/(?P<stwo>\d{{1,2}})/(?P<syear>{YEAR})(?![\d/])
    | (?P<pday>\d{{1,2}})\.\s?(?P<pmonth>\d{{1,2}})\.\s?(?P<pyear>{YEAR})(?!\d)
    )
    | (?P<cyear>{YEAR}|{ERA_YEAR})\s*[年년]\s*(?P<cmonth>\d{{1,2}})\s*[月월]\s*(?P<cday>\d{{1,2}})\s*[日號号일]
    | (?P<zyear>[〇零一二三四五六七八九]{{4}})年(?P<zmonth>[一二三四五六七八九十]{{1,2}})月(?P<zday>[一二三四五六七八九十]{{1,3}})日
    """,  # noqa: E501
    re.IGNORECASE | re.VERBOSE,
)
_YEARS = re.compile(rf"{YEAR}|年")
_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {"零": 0}


@dataclass(frozen=True, slots=True)
class Printed:
    """A date found in a text, with its place there."""

    day: date
    start: int
    end: int

    @property
    def iso(self) -> str:
        """``2026-02-11``."""
        return self.day.isoformat()


def find_dates(text: str) -> Iterator[Printed]:
    """Yield the dates of a text in order; impossible ones (31 June) are none."""
    text = western_digits(text)
    if _YEARS.search(text) is None:
        return
    for match in _DATES.finditer(text):
        day = _day(match)
        if day is not None:
            yield Printed(day, match.start(), match.end())


def find_date(text: str) -> Printed | None:
    """Return the first date of a text."""
    return next(find_dates(text), None)


_SLASHED = re.compile(rf"\d{{1,2}}/\d{{1,2}}/{YEAR}")
_CLOCK = re.compile(
    r"""(?:HALF_DAY)?\s*(?<!\d)
    (?:\d{1,2}(?:[:.h]\d\d){1,2}(?![.\d])|\d{1,2}\sh\s\d\d\b|\d{1,2}h?(?=\s?(?:[ap]\.?m\b|uhr|hrs?\b))|\d{1,2}\s?[時时點点시]\s*(?:\d{1,2}\s?[分분])?)
    (?:\s?[ap]\.?\s?m\b\.?|\s?HALF_DAY_AFTER(?!\w)|\s?uhr\b|\s?hrs?\b)?
    \s*[(（]?(?:PLACE_TIME|(?-i:Z\b|[A-Z]{2,5}(?:/[A-Z]{2,5})?\b|(?:US/)?(?:Eastern|Central|Mountain|Pacific)\b|[A-Z]\w+/[A-Z]\w+))?[)）]?
    (?:\s(?:standard|daylight|summer)?\s?time\b)?[+-]?(?:\d\d?(?::?\d\d)?\b)?""".replace("PLACE_TIME", PLACE_TIME)
    .replace("HALF_DAY_AFTER", _HALF_DAY_AFTER)
    .replace("HALF_DAY", _HALF_DAY),
    re.IGNORECASE | re.VERBOSE,
)
_AROUND_DATES = re.compile(
    rf"(?<!\w)(?:{WEEKDAY}|published|posted|updated|released?|date|on|at|from|um|vom|den|der|am|le|à|el|a\s+las?|às|kl|t)(?!\w)|"
    r"[(（][月火水木金土日一二三四五六월화수목금토일][)）]|(?:星期|[周週])[一二三四五六日天]",
    re.IGNORECASE,
)
_OTHER_SCRIPT = re.compile(r"\d{1,2}\W+(?:[^\W\da-zA-Z]+\W+){1,3}\d{4}\W*(?:[^\W\da-zA-Z]{1,3}\W*)?")
DATE_LINE = 90  # characters; "Published on Wednesday, 30 September 2026 at 10:00 Eastern Daylight Time" has 72


def is_date_line(text: str) -> bool:
    """Whether a line holds a date, or two, and the time of day, and nothing else."""
    if len(text) > DATE_LINE or not re.search(r"\d", text):
        return False
    rest = _CLOCK.sub(" ", _SLASHED.sub(" 1 January 2000 ", western_digits(text)))
    if _OTHER_SCRIPT.fullmatch(rest.strip()):  # "22 июня 2026 г."
        return True
    rest, dates = _DATES.subn(" ", rest)
    return dates > 0 and not re.search(r"\w", _AROUND_DATES.sub(" ", rest))


def _day(match: re.Match[str]) -> date | None:
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    kind = next(iter(groups))[0]
    try:
        if kind == "z":
            year = int("".join(str(_DIGITS[char]) for char in groups["zyear"]))
            return date(year, _han(groups["zmonth"]), _han(groups["zday"]))
        if kind == "s":
            return _slashed(
                int(groups["sone"]), int(groups["stwo"]), gregorian_year(groups["syear"]), "sngay" in groups
            )
        if kind == "v" and not groups["vmonth"].isdigit():
            groups["vmonth"] = str(month_numerals()[" ".join(groups["vmonth"].lower().split())])
        if groups.get(f"{kind}name", "").isascii() and groups.get(f"{kind}year", "").startswith("25") and kind in "md":
            return None  # "on May 4, 2500 employees"
        month = month_number(groups[f"{kind}name"]) if f"{kind}name" in groups else int(groups[f"{kind}month"])
        return date(gregorian_year(groups[f"{kind}year"]), month, int(groups[f"{kind}day"]))
    except ValueError:
        return None


def _slashed(one: int, two: int, year: int, day_first: bool) -> date | None:
    """Return a date between slashes where it can be read in one way only: ``22/6/2026``, not ``4/6/2016``."""
    if one > 12 or one == two or day_first:
        return date(year, two, one)
    return date(year, one, two) if two > 12 else None


def _han(number: str) -> int:
    tens, found, ones = number.partition("十")
    if not found:
        return _DIGITS[number] if len(number) == 1 else 0
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


_TIME = re.compile(
    rf"""(?<!\d)(?P<ampm0>{_HALF_DAY})?\s*(?P<hour>[01]?\d|2[0-4])\s*(?:(?::|h|\.|時|时|點|点|시)\s*(?P<minute>[0-5]\d|\d(?=\s?[分분]))\s*[分분]?(?::(?P<second>[0-5]\d))?)?
    \s*(?:(?P<ampm>[ap]\.?\s?m\b\.?|{_HALF_DAY_AFTER}(?!\w))|(?P<uhr>Uhr\b|h(?:rs?)?\b|noon\b))?
    \s*[(（]?(?P<zone>CET/CEST|HKT/SGT|{PLACE_TIME}|[A-Z]{{2,4}}\b|Z\b|(?:US/)?(?:Eastern|Central|Mountain|Pacific)\b|[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+)?[)）]?
    \s*(?P<offset>[+-](?:0?\d|1[0-4]):?(?:[03]0|45)?\b)?""",
    re.VERBOSE | re.IGNORECASE,
)
_NEAR = 30  # characters between a date and its time: " at ", " / ", ", ", a weekday


def find_moment(text: str, zone: str | None = None) -> str | None:
    """Return the first date of a text with its time and offset, ``2026-02-11T09:00:00+08:00``.

    ``zone`` (IANA) counts only where the text has a time and names no zone. The bare date where there is no time, or a
    time without any zone; None where there is no date.
    """
    found = find_date(text)
    if found is None:
        return None
    after = text[found.end : found.end + _NEAR + 40]
    for match in _TIME.finditer(after):
        if match.start() > _NEAR:
            break
        moment = _moment(found.day, match, zone)
        if moment is not None:
            return moment
    before = text[max(0, found.start - 30) : found.start]
    for match in _TIME.finditer(before):
        moment = _moment(found.day, match, zone)
        if moment is not None:
            return moment
    return found.iso


def _moment(day: date, match: re.Match[str], zone: str | None) -> str | None:
    if match["minute"] is None and not match["ampm"] and not match["uhr"] and not match["ampm0"]:
        return None
    hour, minute, second = int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0)
    half = _half_of(match["ampm"]) or half_days().get(match["ampm0"] or "")
    hour = hour_in_day(hour, half)
    if hour > 23:
        return None
    tz = named_zone(match["zone"]) if match["zone"] else None
    if match["offset"] and (tz is None or tz.utcoffset(None) == timedelta(0)):
        tz = _offset(match["offset"])
    elif tz is None and match["zone"] and match["zone"].isupper() and match["zone"] not in ("AM", "PM"):
        return None  # a zone is printed, but several zones have that name
    if tz is None and zone:
        tz = ZoneInfo(zone)
    if tz is None:
        return None
    return datetime.combine(day, time(hour, minute, second), tz).isoformat()


def _half_of(printed: str | None) -> HalfDay | None:
    """Return the half of the day that a word after a time names."""
    word = (printed or "").lower()
    return half_days_after().get(word) or (_HALF_DAYS.get(word[:1]) if word[-2:].strip(". ")[-1:] == "m" else None)


def _offset(text: str) -> timezone:
    sign = -1 if text[0] == "-" else 1
    hours, _, minutes = text[1:].partition(":")
    if not minutes and len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes or 0)))


_ISO = re.compile(
    r"^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*+(Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)?)?\s*+$",
    re.I,
)


def read_machine_date(text: str, zone: str | None = None) -> str | None:
    """Return a date meant for machines as ISO 8601; a time without an offset counts only with ``zone``.

    ISO 8601 with or without its marks, Unix seconds and milliseconds, RFC 822 ("Fri, 02 Oct 2026 18:06 GMT"), else as
    :func:`find_moment` reads it.
    """
    text = spelled_out(text.strip())
    if moment := unix_moment(text):
        return moment.isoformat()
    match = _ISO.match(text)
    if match is None:
        return find_moment(text, zone)
    day, clock, offset = match.groups()
    try:
        if clock is None:
            return date.fromisoformat(day).isoformat()
        moment = datetime.fromisoformat(f"{day}T{clock}")
        if offset:
            tz: timezone | ZoneInfo | None = timezone.utc if offset[0] not in "+-" else _offset(offset)  # noqa: UP017
        else:
            tz = ZoneInfo(zone) if zone else None
        return moment.replace(tzinfo=tz).isoformat() if tz else day
    except (ValueError, OverflowError):
        return None

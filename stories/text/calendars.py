"""Digits, years and written forms of dates in other scripts and calendars: Buddhist Era, Minguo, Japanese eras.

``2569`` in Thailand, ``民國115年`` in Taiwan and ``令和8年`` in Japan are 2026.
"""

from __future__ import annotations

import re

_ZEROS = "０٠۰०০๐"  # full-width, Arabic, Persian, Devanagari, Bengali, Thai
_DIGITS = str.maketrans({chr(ord(zero) + value): str(value) for zero in _ZEROS for value in range(10)})
_FIRST_YEARS = {"令和": 2019, "平成": 1989, "昭和": 1926, "民國": 1912, "民国": 1912}
"""The Gregorian year of each era's year 1."""
_BUDDHIST = range(2500, 2600)  # no release is dated in a Gregorian year of that size
_BUDDHIST_AHEAD = 543

YEAR = r"(?:(?:19|20|25)\d\d)"
"""A pattern: a year of four digits, Gregorian or of the Buddhist Era."""
ERA_YEAR = rf"(?:(?:中[華华])?(?:{'|'.join(_FIRST_YEARS)})\s?(?:元|\d{{1,3}})|(?<!\d)1\d\d)"
"""A pattern: a year as it is written before 年, of a Japanese era or of Minguo (``令和8``, ``民國115``, ``115``)."""
_ERA = re.compile(rf"(?P<era>{'|'.join(_FIRST_YEARS)})\s?(?P<number>元|\d{{1,3}})$")


def western_digits(text: str) -> str:
    """Return the text with its decimal digits as ASCII; the length stays."""
    return text if text.isascii() else text.translate(_DIGITS)


def gregorian_year(text: str) -> int:
    """Return the Gregorian year of a year that ``YEAR`` or ``ERA_YEAR`` matches.

    Raises:
        ValueError: the text is no year.
    """
    if match := _ERA.search(text):
        return _FIRST_YEARS[match["era"]] + (1 if match["number"] == "元" else int(match["number"])) - 1
    year = int(text)
    if year in _BUDDHIST:
        return year - _BUDDHIST_AHEAD
    return year if year >= 1000 else year + _FIRST_YEARS["民國"] - 1


_COMPACT = re.compile(r"((?:19|20)\d\d)([01]\d)([0-3]\d)(?:T?([0-2]\d)([0-5]\d)([0-5]\d)?\s*(Z|[+-]\d\d:?\d\d)?)?$")


def spelled_out(text: str) -> str:
    """Return a date in the basic format of ISO 8601 in its extended format; another text unchanged.

    ``20261201T090000Z`` is ``2026-12-01T09:00:00Z``, and so is the same without its ``T``.
    """
    match = _COMPACT.match(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, offset = match.groups()
    return f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second or '00'}{offset or ''}" if hour else "")

"""The time zones that releases print: abbreviations, and the time of a place."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

_EASTERN, _CENTRAL, _MOUNTAIN, _PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
# Abbreviations that mean one thing. CST, IST, AST and others mean several: no zone is better than a wrong one.
_ABBREVIATIONS: dict[str, str | float] = {
    "UTC": 0, "GMT": 0, "Z": 0, "BST": 1, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,  # noqa: E501
    "CET/CEST": "Europe/Berlin", "ET": _EASTERN, "EST": -5, "EDT": -4, "CT": _CENTRAL, "CDT": -5, "MT": _MOUNTAIN, "MST": -7, "MDT": -6,  # noqa: E501
    "PT": _PACIFIC, "PST": -8, "PDT": -7, "EASTERN": _EASTERN, "CENTRAL": _CENTRAL, "MOUNTAIN": _MOUNTAIN, "PACIFIC": _PACIFIC,  # noqa: E501
    "HE": _EASTERN, "HAE": -4, "HNE": -5, "AKST": -9, "AKDT": -8, "HST": -10, "ADT": -3, "BRT": -3, "ART": -3, "COT": -5, "PET": -5,  # noqa: E501
    "HKT": 8, "SGT": 8, "HKT/SGT": 8, "MYT": 8, "PHT": 8, "AWST": 8, "WIB": 7, "WITA": 8, "ICT": 7, "JST": 9, "KST": 9,
    "PKT": 5, "AEST": 10, "AEDT": 11, "ACST": 9.5, "NZST": 12, "NZDT": 13, "MSK": 3, "TRT": 3, "GST": 4, "SAST": 2, "EAT": 3, "WAT": 1, "CAT": 2,  # noqa: E501
}  # fmt: skip
_PLACES = {
    place: zone
    for line in """
Asia/Hong_Kong: hong kong, 香港
Asia/Shanghai: beijing, china, shanghai, 北京
Asia/Taipei: taipei, taiwan, 台北, 臺北, 台灣
Asia/Singapore: singapore, 新加坡
Asia/Kuala_Lumpur: malaysia
Asia/Tokyo: tokyo, japan, 日本, 東京
Asia/Seoul: seoul, korea, korean, 韩国, 韓國, 한국
Asia/Ho_Chi_Minh: vietnam, hanoi
Asia/Bangkok: bangkok
Asia/Dubai: dubai
Asia/Kolkata: india, indian standard
Europe/London: london, uk
Europe/Paris: paris
Europe/Berlin: berlin, frankfurt, central european
Europe/Zurich: zurich
America/New_York: new york, toronto, 紐約, 纽约, 美東, 美东
Australia/Sydney: sydney
""".strip().splitlines()
    for zone, _, places in [line.partition(": ")]
    for place in places.split(", ")
}
_LATIN = "|".join(re.escape(name).replace(r"\ ", r"\s") for name in _PLACES if name.isascii())
_OTHER = "|".join(name for name in _PLACES if not name.isascii())
PLACE_TIME = (
    rf"(?:(?:{_LATIN})\s(?:standard\s|local\s|summer\s)?time\b|(?:{_OTHER})\s?(?:標準|标准)?(?:時間|时间|시간))"
)
"""A pattern: ``Hong Kong time``, ``北京时间``, ``日本時間``; to be used without regard to case."""
_TIME_WORD = re.compile(r"\s?(?:(?:standard|local|summer)\s)?time$|\s?(?:標準|标准)?(?:時間|时间|시간)$", re.I)


def named_zone(name: str) -> timezone | ZoneInfo | None:
    """Return the zone that a printed abbreviation, or the time of a place, means; None for several or none."""
    known = _ABBREVIATIONS.get(name.upper())
    if known is None and _TIME_WORD.search(name):
        known = _PLACES.get(" ".join(_TIME_WORD.sub("", name).lower().split()))
    if known is None and "/" in name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            return None
    if known is None:
        return None
    return ZoneInfo(known) if isinstance(known, str) else timezone(timedelta(hours=known))

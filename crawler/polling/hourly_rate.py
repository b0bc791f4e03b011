"""The hourly rate model: how many new sightings a listing has in each hour of the week, learnt from its polls.

A week is 168 characters in the cursor, one for every hour from Monday, 0 o'clock UTC, each a rate on a logarithmic
scale. What was learnt fades: a week in which an hour was different moves it half of
the way.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stories.model.sighting import Cursor
from stories.model.timestamps import parse_timestamp, timestamp

HOURS = 168
UNKNOWN_HOUR = " "  # an hour that was never watched
RATE_RESOLUTION, STEPS_PER_DOUBLING, MAX_LEVEL = (
    4.0,
    8.0,
    93,
)  # the lowest rate above zero is 0.02 an hour; neighbouring levels differ by 9 %
DECAY = 0.5  # of what was known, at each further week
MAX_UNWATCHED = timedelta(hours=26)  # in a longer pause, the hours of its new sightings are unknown
HOUR = timedelta(hours=1)
RATES = {chr(33 + level): (2 ** (level / STEPS_PER_DOUBLING) - 1) / RATE_RESOLUTION for level in range(MAX_LEVEL + 1)}


def _char(rate: float) -> str:
    return chr(33 + min(MAX_LEVEL, round(STEPS_PER_DOUBLING * math.log2(1 + max(0.0, rate) * RATE_RESOLUTION))))


def hour_of_week(moment: datetime) -> int:
    """Return 0 for Monday's first hour in UTC, 167 for Sunday's last."""
    utc = moment.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour


def _begin(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def learn_rates(cursor: Cursor, news: int, now: datetime) -> Cursor:
    """Return the cursor after a reading that showed ``news`` new sightings; only whole hours count.

    What came between two readings that are hours apart is spread over those hours.
    """
    before, opened = parse_timestamp(cursor.read_at), parse_timestamp(cursor.hour)
    hour = _begin(now)
    if before is None or not timedelta() <= now - before <= MAX_UNWATCHED:
        return replace(cursor, hour=None, hour_news=0.0)
    if _begin(before) == hour:
        return replace(cursor, hour_news=cursor.hour_news + news) if opened == hour else cursor
    passed = [_begin(before) + HOUR * number for number in range((hour - _begin(before)) // HOUR)]
    ends = [*(begin + HOUR for begin in passed), now]
    span = (now - before).total_seconds() or 1.0
    shares = [news * (end - max(before, end - HOUR if end is not now else hour)).total_seconds() / span for end in ends]
    week = list(cursor.week.ljust(HOURS, UNKNOWN_HOUR))
    for number, begin in enumerate(passed):
        counted = cursor.hour_news if opened == begin else 0.0
        if number or opened == begin:  # the first was watched from its beginning only if it was counted from there
            index = hour_of_week(begin)
            known = RATES.get(week[index])
            rate = counted + shares[number]
            week[index] = _char(rate if known is None else known * DECAY + rate * (1 - DECAY))
    return replace(cursor, week="".join(week), hour=timestamp(hour), hour_news=shares[-1])


def known_hours(week: str) -> list[float]:
    """Return the rates of the hours that were watched, in no order."""
    return [RATES[char] for char in week if char in RATES]


def rate_at(week: str, moment: datetime, usual: float, weight: float) -> float:
    """Return how many new sightings an hour are to be expected at a moment.

    ``usual`` is what to expect of a listing that was not watched for long, and ``weight`` how many hours of watching
    it takes to believe half in what was seen. Hours of the day that are alike on other days count too: those of working
    days are not those of a weekend.
    """
    known = known_hours(week)
    mean = (sum(known) + usual * weight) / (len(known) + weight)
    if not known:
        return mean
    index = hour_of_week(moment)
    day, hour = divmod(index, 24)
    alike = range(5) if day < 5 else range(5, 7)
    total, weights = mean * 2.0, 2.0
    for other in alike:
        for shift in (-1, 0, 1):
            rate = RATES.get(week[(other * 24 + hour + shift) % HOURS])
            if rate is not None:
                importance = 3.0 if other == day and shift == 0 else 0.5 if shift else 1.0
                total, weights = total + rate * importance, weights + importance
    return total / weights


def usual_a_day(week: str) -> float | None:
    """Return how many new sightings a day has; None before a day was watched."""
    known = known_hours(week)
    return sum(known) * 24 / len(known) if len(known) >= 24 else None


def expected_sightings(week: str, start: datetime, end: datetime) -> float | None:
    """Return how many new sightings were to be expected between two moments; None before a day was watched."""
    usual = usual_a_day(week)
    if usual is None or end <= start:
        return None
    if end - start > timedelta(days=14):
        return usual * ((end - start) / timedelta(days=1))
    total, at = 0.0, start
    while at < end:
        upto = min(end, _begin(at) + HOUR)
        total += rate_at(week, at, usual / 24, 1.0) * ((upto - at) / HOUR)
        at = upto
    return total

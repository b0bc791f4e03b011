"""The health of a listing: a pure judgement of its cursor, as a state, a word and a sentence."""

from __future__ import annotations

from datetime import datetime, timedelta

from crawler.polling.hourly_rate import expected_sightings, usual_a_day
from stories.model.sighting import Cursor, Trouble
from stories.model.source_health import ListingHealth, State
from stories.model.timestamps import parse_timestamp

MIN_DEAD_FAILURES = 5  # failures in a row: at an interval of 5 minutes and with backing off, forty minutes
MIN_FORBIDDEN_FAILURES: dict[Trouble, int] = {"robots": 1, "refused": 1, "forbidden": 3}
MIN_GONE_FAILURES = 3  # a 410 is meant; an accident is over by the third
MAX_BUSY_DURATION = timedelta(days=1)  # a host that says 429 or 503 for longer is not busy
MIN_BROKEN_READINGS = 3  # readings in a row that showed nothing, or could not be read
SLOW_RESPONSE_SECONDS = 10.0  # seconds for an answer
MIN_MISSING_SIGHTINGS = 10.0  # releases that should have come: by chance none of them comes once in 20,000 times
MIN_SILENCE = timedelta(hours=6)  # at the least

TROUBLE_LABELS: dict[Trouble, str] = {
    "dns": "name",
    "connect": "connection",
    "tls": "certificate",
    "timeout": "timeout",
    "status": "error",
    "busy": "busy",
    "forbidden": "forbidden",
    "gone": "gone",
    "robots": "robots.txt",
    "refused": "address",
    "answer": "answer",
    "parse": "unreadable",
    "other": "error",
}
"""What went wrong, as a person says it in a word."""


def listing_health(url: str, cursor: Cursor, now: datetime) -> ListingHealth:
    """Return how a listing is doing after a poll, by what its cursor remembers."""
    state, word, detail, since = _state(cursor, now)
    usual = usual_a_day(cursor.week)
    return ListingHealth(
        url=url,
        state=state,
        word=word,
        detail=detail,
        since=since,
        polled_at=cursor.polled_at,
        next_at=cursor.next_at,
        pace=cursor.pace,
        usual_a_day=None if usual is None else round(usual, 2),
        readings=cursor.readings,
        whole=cursor.whole,
    )


def _state(cursor: Cursor, now: datetime) -> tuple[State, str | None, str | None, str | None]:
    if cursor.failures:
        trouble = cursor.trouble or "other"
        return _failing(cursor, trouble, now), TROUBLE_LABELS[trouble], cursor.error, cursor.failing_since
    if cursor.empty >= MIN_BROKEN_READINGS:
        return (
            "broken",
            "empty",
            "nothing is found on it any more, where releases were found before",
            cursor.empty_since,
        )
    if ignore_monitor_event := _silence(cursor, now):
        return "degraded", "silent", ignore_monitor_event, cursor.news_at
    if cursor.seconds > SLOW_RESPONSE_SECONDS:
        return "slow", "slow", f"an answer takes {cursor.seconds:.0f} s", None
    return "working", None, None, None


def _failing(cursor: Cursor, trouble: Trouble, now: datetime) -> State:
    if trouble in MIN_FORBIDDEN_FAILURES and cursor.failures >= MIN_FORBIDDEN_FAILURES[trouble]:
        return "forbidden"
    since = parse_timestamp(cursor.failing_since)
    if trouble == "busy" and (since is None or now - since < MAX_BUSY_DURATION):
        return "slow"
    if trouble == "parse" and cursor.failures >= MIN_BROKEN_READINGS:
        return "broken"
    failures_until_dead = MIN_GONE_FAILURES if trouble == "gone" else MIN_DEAD_FAILURES
    return "dead" if cursor.failures >= failures_until_dead else "degraded"


def _silence(cursor: Cursor, now: datetime) -> str | None:
    """Return in words that much too little came; None while that may be chance, or the listing's way."""
    last = parse_timestamp(cursor.news_at)
    if last is None or now - last < MIN_SILENCE:
        return None
    missing, usual = expected_sightings(cursor.week, last, now), usual_a_day(cursor.week)
    if missing is None or usual is None or missing < MIN_MISSING_SIGHTINGS:
        return None
    often = f"{usual:.0f} a day" if usual >= 1 else f"{usual * 7:.0f} a week" if usual * 7 >= 1 else "one now and then"
    return f"nothing for {_format_duration(now - last)}, usually {often}"


def _format_duration(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"

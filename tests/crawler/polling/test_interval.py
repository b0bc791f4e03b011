"""When a listing is asked again: one case a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.polling.hourly_rate import learn_rates
from crawler.polling.interval import BACKOFF, IntervalPolicy, PollResult, next_poll
from stories.model.sighting import Cursor
from stories.model.timestamps import timestamp

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
NINE = MONDAY + timedelta(hours=9)
MINUTE = timedelta(minutes=1)
PACE = IntervalPolicy(interval=5 * MINUTE)


def remembered(news, days, start=MONDAY):
    """A cursor after days with polls every five minutes."""
    cursor, at = Cursor(read_at=timestamp(start)), start
    while at < start + timedelta(days=days):
        at += 5 * MINUTE
        learnt = learn_rates(cursor, news(at), at)
        cursor = Cursor(read_at=timestamp(at), week=learnt.week, hour=learnt.hour, hour_news=learnt.hour_news)
    return cursor


FRESH = Cursor(read_at=timestamp(NINE - 5 * MINUTE))
QUIET = remembered(lambda at: 0, 7)
DEAD_FOR_WEEKS = remembered(lambda at: 0, 28)
FLOOD = remembered(lambda at: 5, 7)
DAYTIME = remembered(lambda at: at.weekday() < 5 and 9 <= at.hour < 17 and at.minute == 0, 14)
WEEK_LATER, TWO = NINE + timedelta(days=7), NINE + timedelta(days=14)
UNCHANGED = PollResult(outcome="unchanged", window=20)


def failed(trouble, times, **more):
    return Cursor(failures=times, trouble=trouble), PollResult(outcome="failed", trouble=trouble, **more)


CASES = {
    "a young listing keeps the interval": (FRESH, UNCHANGED, NINE, 5, 5),
    "so does one that shows its first news": (FRESH, PollResult(outcome="read", news=1, window=20), NINE, 5, 5),
    "a first poll, with nothing to compare": (Cursor(), PollResult(outcome="read", news=20, window=20), NINE, 5, 5),
    "a week without news slows it": (QUIET, UNCHANGED, WEEK_LATER, 20, 60),
    "but never beyond a dozen intervals": (DEAD_FOR_WEEKS, UNCHANGED, NINE + timedelta(days=28), 30, 60),
    "sixty an hour are asked for as fast as may be": (FLOOD, UNCHANGED, WEEK_LATER, 1.25, 1.4),
    "one an hour in working hours: in the middle of the day": (DAYTIME, UNCHANGED, TWO + timedelta(hours=3), 4, 7),
    "in the middle of the night": (DAYTIME, UNCHANGED, TWO - timedelta(hours=8), 12, 60),
    "on Sunday": (DAYTIME, UNCHANGED, TWO - timedelta(hours=22), 10, 60),
    "a long step ends where the busy hours begin": (DAYTIME, UNCHANGED, TWO - timedelta(minutes=80), 7.5, 50),
    "half of the window was new": (FRESH, PollResult(outcome="read", news=10, window=20), NINE, 2.5, 2.5),
    "all of it was": (FRESH, PollResult(outcome="read", news=20, window=20), NINE, 1.25, 1.4),
    "all three entries of a short page are no burst": (FRESH, PollResult(outcome="read", news=1, window=3), NINE, 5, 5),
    "the source says that its answer stands for twenty minutes": (
        FRESH, PollResult(outcome="unchanged", window=20, fresh_for=20 * MINUTE), NINE, 20, 20),
    "for a day: within the bounds": (FRESH, PollResult(outcome="read", fresh_for=timedelta(days=1)), NINE, 60, 60),
    "for less than we wait anyway": (FRESH, PollResult(outcome="read", fresh_for=MINUTE), NINE, 5, 5),
    "it did not answer in time, once": (*failed("timeout", 1), NINE, 5, 5),
    "four times": (*failed("timeout", 4), NINE, 20, 20),
    "a hundred times": (*failed("timeout", 100), NINE, 30, 30),
    "its name is gone: asking costs it nothing": (*failed("dns", 100), NINE, 10, 10),
    "nobody listens": (*failed("connect", 100), NINE, 20, 20),
    "its certificate is bad": (*failed("tls", 1), NINE, 10, 10),
    "a server error, once": (*failed("status", 1), NINE, 5, 5),
    "a hundred times a server error": (*failed("status", 100), NINE, 60, 60),
    "no listing any more, but a page": (*failed("parse", 3), NINE, 10, 10),
    "it is gone": (*failed("gone", 1), NINE, 20, 20),
    "we are forbidden": (*failed("forbidden", 1), NINE, 20, 20),
    "robots.txt forbids it": (*failed("robots", 1), NINE, 60, 60),
    "it is busy and does not say for how long": (*failed("busy", 1), NINE, 10, 10),
    "it is busy for two hours": (*failed("busy", 1, retry_after=120 * MINUTE), NINE, 120, 120),
    "it is busy for a second": (*failed("busy", 1, retry_after=timedelta(seconds=1)), NINE, 10, 10),
    "it is busy for ten years": (*failed("busy", 1, retry_after=timedelta(days=3650)), NINE, 1440, 1440),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_when_a_listing_is_asked_again(case):
    cursor, reply, now, least, most = CASES[case]
    found = next_poll(cursor, reply, now, PACE, "wire")
    assert least * 0.9 <= (found.at - now) / MINUTE <= most * 1.1
    assert found.why


@pytest.mark.parametrize(
    ("cursor", "reply", "minutes"),
    [
        (FLOOD, UNCHANGED, 5),
        (QUIET, UNCHANGED, 5),
        (FRESH, PollResult(outcome="read", news=20, window=20, fresh_for=timedelta(hours=1)), 5),
        (*failed("robots", 9), 5),
        (*failed("busy", 9, retry_after=30 * MINUTE), 30),
        (*failed("gone", 9), 60),
    ],
    ids=[
        "much comes",
        "nothing comes",
        "a burst that stands for an hour",
        "failures",
        "but patience that is asked for",
        "but a listing that is gone",
    ],
)
def test_a_fixed_interval_stays_fixed(cursor, reply, minutes):
    found = next_poll(cursor, reply, WEEK_LATER, IntervalPolicy(interval=5 * MINUTE, adaptive=False), "wire")
    assert minutes * 0.9 <= (found.at - WEEK_LATER) / MINUTE <= minutes * 1.1


def test_a_listing_that_works_again_is_back_at_its_pace_at_once():
    down, reply = failed("status", 50)
    assert (next_poll(down, reply, NINE, PACE).at - NINE) > 50 * MINUTE
    assert (next_poll(FRESH, UNCHANGED, NINE, PACE).at - NINE) < 6 * MINUTE


def test_ten_minutes_without_news_at_two_seconds_slow_nothing():
    pace, at = IntervalPolicy(interval=timedelta(seconds=2)), NINE
    cursor = Cursor(read_at=timestamp(at))
    for _ in range(300):
        at += timedelta(seconds=2)
        learnt = learn_rates(cursor, 0, at)
        cursor = Cursor(read_at=timestamp(at), week=learnt.week, hour=learnt.hour, hour_news=learnt.hour_news)
        assert next_poll(cursor, UNCHANGED, at, pace, "wire").at - at <= timedelta(seconds=2.3)


def test_listings_with_one_pace_part_and_each_in_the_same_way_again():
    waits = {next_poll(FRESH, UNCHANGED, NINE, PACE, f"listing {number}").at for number in range(100)}
    assert len(waits) > 90
    assert max(waits) - min(waits) > MINUTE / 2
    assert next_poll(FRESH, UNCHANGED, NINE, PACE, "a") == next_poll(FRESH, UNCHANGED, NINE, PACE, "a")


@given(
    seconds=st.integers(1, 86_400),
    news=st.integers(0, 10_000),
    window=st.integers(0, 5_000),
    ago=st.timedeltas(timedelta(days=-400), timedelta(days=400)),
    fresh_for=st.timedeltas(timedelta(0), timedelta(days=4_000)),
    trouble=st.none() | st.sampled_from(sorted(BACKOFF)),
    failures=st.integers(0, 10**6),
    week=st.sampled_from(["", QUIET.week, FLOOD.week, DAYTIME.week]),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_whatever_happens_an_adaptive_wait_stays_within_its_bounds(
    seconds, news, window, ago, fresh_for, trouble, failures, week, now
):
    pace = IntervalPolicy(interval=timedelta(seconds=seconds))
    cursor = Cursor(read_at=timestamp(now - ago), week=week, failures=failures)
    reply = PollResult(
        outcome="failed" if trouble else "read", news=news, window=window, trouble=trouble, fresh_for=fresh_for
    )
    wait = next_poll(cursor, reply, now, pace, "wire").at - now
    assert pace.interval / 4 <= wait <= pace.interval * 12

"""How a listing does, and a source with its listings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler.polling.hourly_rate import HOURS
from crawler.polling.listing_health import listing_health
from stories.model.sighting import Cursor
from stories.model.source_health import ListingHealth, verdict
from stories.model.timestamps import timestamp

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
WELL = Cursor(polled_at=timestamp(NOW), read_at=timestamp(NOW), sightings=20, news_at=timestamp(NOW - HOUR))
HALF_AN_HOUR = chr(33 + 13) * HOURS  # 0.52 an hour: 12.5 a day


def failing(times, trouble="timeout", why="wire.example did not answer in time"):
    return replace(WELL, failures=times, trouble=trouble, error=why, failing_since=timestamp(NOW - HOUR))


CASES = {
    "all is well": (WELL, "working", None),
    "it failed once": (failing(1), "degraded", "timeout"),
    "it fails on and on": (failing(5), "dead", "timeout"),
    "its name is gone": (failing(9, "dns"), "dead", "name"),
    "its certificate is bad": (failing(9, "tls"), "dead", "certificate"),
    "robots.txt forbids it": (failing(1, "robots"), "forbidden", "robots.txt"),
    "it answers 403 once": (failing(1, "forbidden"), "degraded", "forbidden"),
    "it answers 403 again and again": (failing(3, "forbidden"), "forbidden", "forbidden"),
    "it asks for patience": (failing(7, "busy"), "slow", "busy"),
    "it asks for patience day after day": (
        replace(failing(40, "busy"), failing_since=timestamp(NOW - 30 * HOUR)), "dead", "busy"),
    "it is no listing any more": (failing(3, "parse"), "broken", "unreadable"),
    "nothing is found on it any more": (replace(WELL, empty=3), "broken", "empty"),
    "nothing was found once": (replace(WELL, empty=1), "working", None),
    "it takes its time": (replace(WELL, seconds=22.0), "slow", "slow"),
    "nothing comes, and something should": (
        replace(WELL, week=HALF_AN_HOUR, news_at=timestamp(NOW - 72 * HOUR)), "degraded", "silent"),
    "nothing comes, as usual": (
        replace(WELL, week="!" * HOURS, news_at=timestamp(NOW - 900 * HOUR)), "working", None),
    "nothing came for a while, which may be chance": (
        replace(WELL, week=HALF_AN_HOUR, news_at=timestamp(NOW - 8 * HOUR)), "working", None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_listing_does_in_a_state_and_a_word(case):
    cursor, state, word = CASES[case]
    judged = listing_health("https://wire.example/rss", cursor, NOW)
    assert (judged.state, judged.word) == (state, word)


def test_silence_is_told_against_what_is_usual():
    silent = listing_health("https://wire.example/rss", CASES["nothing comes, and something should"][0], NOW)
    assert silent.detail == "nothing for 3 days, usually 13 a day"
    assert silent.since == timestamp(NOW - 72 * HOUR)
    rare = replace(WELL, week=("!" * 23 + "*") * 7, news_at=timestamp(NOW - 24 * 60 * HOUR))
    assert listing_health("https://wire.example/rss", rare, NOW).detail == "nothing for 60 days, usually 2 a week"


def listing(number, state="working", **more):
    return ListingHealth(url=f"https://wire.example/{number}", state=state, polled_at=timestamp(NOW), **more)


def test_a_source_is_lost_only_when_all_of_its_listings_are():
    dead = listing(
        1, "dead", word="timeout", detail="wire.example did not answer in time", since="2026-03-12T08:00:00Z"
    )
    assert verdict([dead]).state == "dead"
    assert verdict([dead]).detail == "wire.example did not answer in time"
    partly = verdict([dead, listing(2), listing(3)])
    assert (partly.state, partly.word) == ("degraded", "timeout")
    assert partly.detail == "1 of 3 listings: wire.example did not answer in time"
    assert verdict([dead, listing(2, "forbidden", word="robots.txt"), listing(3, "dead")]).state == "dead"
    assert verdict([listing(1), listing(2, "slow", word="slow")]).state == "slow"
    assert verdict([listing(1), listing(2)]).state == "working"
    assert verdict([]).state is None


def test_a_listing_that_is_no_longer_polled_counts_for_nothing():
    gone = replace(listing(1, "dead"), polled_at=timestamp(NOW - 72 * HOUR))
    assert verdict([gone, listing(2)]).state == "working"


def test_the_share_of_whole_readings_is_that_of_all_listings():
    both = verdict([listing(1, readings=30, whole=30), listing(2, readings=10, whole=0)])
    assert both.whole == 0.75
    assert verdict([listing(1)]).whole is None

"""When a hub is asked, what its word is worth, and that it never costs delay."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crawler.polling.interval import FASTEST, SLOWEST, IntervalPolicy, PollResult, next_poll
from crawler.websub.discovery import HubLinks
from crawler.websub.policy import (
    MIN_RESUBSCRIBE_DELAY,
    RETRY_DELAYS,
    Leave,
    next_poll_for_push,
    next_step,
    renewal,
    slowdown,
    subscription_failed,
    update_trust,
)
from stories.crawl_state.websub_subscriptions import (
    MAX_PUSH_DELAY,
    POLLS_PER_PUSH,
    Subscription,
    agreed,
    pushed,
    refused,
)
from stories.db.keys import MAX_WEBSUB_LEASE
from stories.model.sighting import Cursor, Poll
from stories.model.timestamps import parse_timestamp, timestamp

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
ONE, TWO = "https://one.example/hub", "https://two.example/hub"
FEED = "https://wire.example/rss"
HOME = "https://watch.example"
INTERVAL = timedelta(minutes=5)


def poll(now=NOW):
    return Poll(source="wire", listing=FEED, asked_at=now)


def says(*hubs, topic=FEED):
    return HubLinks(hubs=hubs, topic=topic if hubs else None)


def step(known, named, now=NOW, *, home=HOME):
    numbers = itertools.count()
    return next_step(known, named, poll(now), home, now, lambda: f"secret {next(numbers)} {now}")


def asked(now=NOW, **changed):
    return replace(step(None, says(ONE), now), **changed)


def turned(known, changes):
    return replace(known, **changes)


def verified(now=NOW, lease=timedelta(days=9), **changed):
    known = asked(now)
    return replace(turned(known, agreed(known, lease, now)), **changed)


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("known", "named", "after", "wanted"),
    [
        pytest.param(None, says(), MINUTE, None, id="no hub"),
        pytest.param(None, says(ONE, TWO), MINUTE, (ONE, "anew", 1), id="a hub is named: the first is asked"),
        pytest.param(asked(), says(ONE), 9 * MINUTE, None, id="it was asked just now"),
        pytest.param(asked(), says(ONE), 11 * MINUTE, (ONE, "again", 2), id="nothing came of it"),
        pytest.param(asked(), says(ONE, TWO), 11 * MINUTE, (TWO, "anew", 2), id="nothing came of it: the next hub"),
        pytest.param(asked(tries=5), says(ONE), 11 * MINUTE, (ONE, "again", 6), id="it is never given up for good"),
        pytest.param(verified(), says(ONE), 5 * DAY, None, id="verified"),
        pytest.param(verified(), says(ONE, TWO), 5 * DAY, None, id="verified at the first of two"),
        pytest.param(verified(), says(ONE), 6 * DAY + MINUTE, (ONE, "again", 1), id="a third of the lease is left"),
        pytest.param(
            verified(tries=1, retry_at=timestamp(NOW + 8 * DAY)),
            says(ONE),
            7 * DAY,
            None,
            id="renewed in vain just now",
        ),
        pytest.param(verified(), says(ONE), 10 * DAY, (ONE, "again", 1), id="the lease ran out"),
        pytest.param(verified(), says(), 2 * HOUR, "leave", id="no hub is named any more"),
        pytest.param(verified(), says(), 59 * MINUTE, None, id="now a hub is named, now none"),
        pytest.param(verified(), says(TWO), 2 * HOUR, (TWO, "anew", 1), id="another hub"),
        pytest.param(verified(), says(ONE, topic=f"{FEED}?b"), 2 * HOUR, (ONE, "anew", 1), id="another topic"),
        pytest.param(verified(), says(ONE, topic=f"{FEED}?b"), 59 * MINUTE, None, id="another topic all the time"),
        pytest.param(verified(callback="https://old.example"), says(ONE), 2 * HOUR, (ONE, "anew", 1), id="we moved"),
    ],
)
def test_a_hub_is_asked_when_it_is_time(known, named, after, wanted):
    now = NOW + after
    got = step(known, named, now)
    if wanted is None or wanted == "leave":
        assert got == (Leave() if wanted else None)
        return
    assert isinstance(got, Subscription)
    assert (got.hub, got.tries, got.topic, got.callback) == (wanted[0], wanted[2], named.topic, HOME)
    assert (parse_timestamp(got.asked_at), parse_timestamp(got.retry_at)) == (
        now,
        now + RETRY_DELAYS[min(got.tries, 5) - 1],
    )
    same = known is not None and (got.token, got.secret) == (known.token, known.secret)
    assert same == (wanted[1] == "again")
    assert got.token != got.secret


def test_a_hub_that_asks_for_patience_gets_it():
    known = asked()
    assert turned(known, subscription_failed(known, "503", 2 * HOUR, NOW)).retry_at == timestamp(NOW + 2 * HOUR)
    assert turned(known, subscription_failed(known, "503", MINUTE, NOW)).retry_at == timestamp(NOW + RETRY_DELAYS[0])
    assert turned(known, subscription_failed(known, "503", 400 * DAY, NOW)).retry_at == timestamp(
        NOW + RETRY_DELAYS[-1]
    )


def test_a_lease_lasts_as_long_as_the_hub_says_within_reason():
    for said, lasts in [(HOUR, HOUR), (None, DAY), (400 * DAY, MAX_WEBSUB_LEASE)]:
        known = turned(asked(), agreed(asked(), said, NOW))
        assert known.verified(NOW + lasts - MINUTE)
        assert not known.verified(NOW + lasts)


def test_what_polls_find_says_what_a_hub_is_worth():
    before = NOW - 10 * MINUTE
    known = verified(NOW - DAY)
    assert slowdown(known, NOW) == 2
    told = turned(known, pushed(known, NOW))
    right = turned(told, update_trust(told, poll(), timestamp(before), 1, NOW))
    assert (right.trust, slowdown(right, NOW), right.found_at) == (2, 4, timestamp(NOW))
    missing = turned(right, update_trust(right, poll(NOW + HOUR), timestamp(NOW + HOUR / 2), 1, NOW + HOUR))
    assert slowdown(missing, NOW + HOUR) == 1, "one release that no push told of, and it is not waited for any more"
    late = turned(missing, pushed(missing, NOW + HOUR + MAX_PUSH_DELAY))
    assert slowdown(late, NOW + HOUR + MAX_PUSH_DELAY) == 4, "told late is not untold"
    later = NOW + HOUR + 2 * MAX_PUSH_DELAY
    well = turned(missing, pushed(missing, later))
    assert slowdown(well, later) == 1
    well = turned(well, update_trust(well, poll(later), timestamp(later - MINUTE), 2, later))
    assert slowdown(well, later) == 2, "told of what was found again: begun anew"


def test_what_came_out_before_the_hub_agreed_was_not_its_to_tell():
    known = verified(NOW)
    assert "missed_at" not in update_trust(known, poll(NOW + MINUTE), timestamp(NOW - MINUTE), 3, NOW + MINUTE)
    assert update_trust(known, poll(), timestamp(NOW), 0, NOW) == {}


@pytest.mark.parametrize(
    ("changed", "cursor", "after"),
    [
        pytest.param({}, Cursor(), timedelta(), id="at once"),
        pytest.param({}, Cursor(polled_at=timestamp(NOW)), timedelta(), id="whenever the clock polled it"),
        pytest.param({"looked_at": timestamp(NOW - MINUTE)}, Cursor(), INTERVAL / FASTEST - MINUTE, id="not too often"),
        pytest.param({"looked_at": timestamp(NOW), "looks": 1}, Cursor(), INTERVAL / FASTEST, id="nothing new yet"),
        pytest.param({"looks": POLLS_PER_PUSH}, Cursor(), None, id="looked in vain"),
        pytest.param({"found_at": timestamp(NOW)}, Cursor(), None, id="something new was found"),
        pytest.param({"found_at": timestamp(NOW - MINUTE)}, Cursor(), timedelta(), id="found by a poll from before"),
        pytest.param({}, Cursor(failures=1), None, id="the listing fails: it has a pace of its own"),
    ],
)
def test_a_push_is_a_reason_to_poll(changed, cursor, after):
    known = verified(NOW - DAY)
    known = replace(turned(known, pushed(known, NOW)), **changed)
    assert next_poll_for_push(known, cursor, NOW, INTERVAL) == (None if after is None else NOW + after)


def paced(**fields: Any):
    return next_poll(
        Cursor(read_at=timestamp(NOW - INTERVAL)), PollResult(outcome="read", window=20), NOW, fields.pop("pace")
    )


def test_polls_slow_down_within_the_bounds_and_a_fixed_pace_stays():
    plain = paced(pace=IntervalPolicy(interval=INTERVAL)).at
    slow = paced(pace=IntervalPolicy(interval=INTERVAL, slowdown=4))
    assert slow.why == "its hub pushes"
    assert plain + 2 * (plain - NOW) < slow.at <= NOW + INTERVAL * SLOWEST * 1.1
    assert paced(pace=IntervalPolicy(interval=INTERVAL, slowdown=16)).at <= NOW + INTERVAL * SLOWEST
    fixed = IntervalPolicy(interval=INTERVAL, adaptive=False)
    assert paced(pace=replace(fixed, slowdown=16)) == paced(pace=fixed)


def test_a_slower_pace_does_not_sleep_through_the_end_of_a_lease():
    until = NOW + 2 * INTERVAL
    assert paced(pace=IntervalPolicy(interval=INTERVAL, slowdown=16, until=until)).at <= until + INTERVAL / 4
    passed = IntervalPolicy(interval=INTERVAL, slowdown=16, until=NOW - HOUR)
    assert paced(pace=passed) == paced(pace=IntervalPolicy(interval=INTERVAL))


def test_a_busy_listing_is_not_let_go_however_well_its_hub_tells():
    busy = Cursor(read_at=timestamp(NOW - INTERVAL), week="~" * 168)
    reply = PollResult(outcome="unchanged", window=20)
    pace = IntervalPolicy(interval=HOUR, slowdown=16)
    assert next_poll(busy, reply, NOW, pace).at == next_poll(busy, reply, NOW, replace(pace, slowdown=1)).at


class HubAndListing(RuleBasedStateMachine):
    """Whatever a hub, a listing and the network do, in any order."""

    @initialize()
    def begin(self):
        self.now, self.known, self.named = NOW, None, says(ONE)
        self.read_at, self.anew = None, []

    @rule(minutes=st.integers(1, 3_000))
    def time_passes(self, minutes):
        self.now += minutes * MINUTE

    @rule(named=st.sampled_from([says(), says(ONE), says(ONE, TWO), says(TWO), says(ONE, topic=f"{FEED}?b")]))
    def the_listing_names(self, named):
        self.named = named

    @rule(news=st.integers(0, 2))
    def a_poll(self, news):
        if self.known is not None:
            changes = update_trust(
                self.known, poll(self.now), timestamp(self.read_at) if self.read_at else None, news, self.now
            )
            self.known = turned(self.known, changes)
        self.read_at = self.now
        got = step(self.known, self.named, self.now)
        if isinstance(got, Leave):
            self.known = None
        elif got is not None:
            renewed = self.known is not None and got.token == self.known.token
            assert renewed or not self.anew or self.now - self.anew[-1] >= min(MIN_RESUBSCRIBE_DELAY, RETRY_DELAYS[0])
            self.anew += [] if renewed else [self.now]
            self.known = got

    @precondition(lambda self: self.known is not None)
    @rule(lease=st.one_of(st.none(), st.integers(1, 10**7)))
    def the_hub_agrees(self, lease):
        changes = agreed(self.known, None if lease is None else timedelta(seconds=lease), self.now)
        assert (changes is None) == (self.now - parse_timestamp(self.known.asked_at) > DAY)
        self.known = turned(self.known, changes or {})

    @precondition(lambda self: self.known is not None)
    @rule(reason=st.text(max_size=500))
    def the_hub_says_no(self, reason):
        self.known = turned(self.known, refused(self.known, reason, self.now))
        assert self.known.state(self.now) == "denied"

    @precondition(lambda self: self.known is not None)
    @rule()
    def the_hub_pushes(self):
        self.known = turned(self.known, pushed(self.known, self.now))

    @precondition(lambda self: self.known is not None)
    @rule(patience=st.one_of(st.none(), st.integers(0, 10**9)))
    def the_hub_fails(self, patience):
        after = None if patience is None else timedelta(seconds=patience)
        self.known = turned(self.known, subscription_failed(self.known, "500", after, self.now))

    @precondition(lambda self: self.known is not None)
    @rule()
    def the_sweep_looks(self):
        at = next_poll_for_push(self.known, Cursor(), self.now, INTERVAL)
        if at is not None and at <= self.now:
            before = parse_timestamp(self.known.looked_at)
            assert before is None or self.now - before >= INTERVAL / FASTEST
            self.known = replace(self.known, looks=self.known.looks + 1, looked_at=timestamp(self.now))

    @invariant()
    def it_is_waited_for_only_while_it_agreed_and_told_all(self):
        if self.known is None or slowdown(self.known, self.now) == 1:
            return
        assert self.known.verified(self.now)
        assert self.known.missed_at is None
        assert slowdown(self.known, self.now) <= 16
        assert renewal(self.known) < parse_timestamp(self.known.lease_until)

    @invariant()
    def nobody_is_asked_twice_in_a_row_without_an_answer(self):
        if (
            self.known is not None
            and self.known.retry_at is not None
            and self.now < parse_timestamp(self.known.retry_at)
        ):
            changed = self.known.hub not in self.named.hubs or self.known.topic != self.named.topic
            if changed and self.now - parse_timestamp(self.known.asked_at) >= MIN_RESUBSCRIBE_DELAY:
                return
            assert not isinstance(step(self.known, self.named, self.now), Subscription)

    @invariant()
    def a_subscription_is_never_asked_for_less_than_once_in_eight_days(self):
        # Of a hub that is named, whatever became of it before: it may have come back.
        later = self.now + RETRY_DELAYS[-1] + MIN_RESUBSCRIBE_DELAY
        if self.known is not None and self.named.hubs and not self.known.verified(later):
            assert isinstance(step(self.known, self.named, later), Subscription)


TestHubAndListing = HubAndListing.TestCase
TestHubAndListing.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

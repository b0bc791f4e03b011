"""What a source may use up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.pages.source_budget import BYTES_BURST, PAGES_BURST, PAGES_PER_SECOND, SourceBudget, TokenBucket

HOUR = 3600.0


@given(st.lists(st.tuples(st.floats(0, 600), st.floats(0, 50)), max_size=60))
def test_over_any_time_no_more_is_used_than_the_burst_and_what_was_filled_up(steps):
    bucket, now, used = TokenBucket(20.0, 0.5, 20.0, 0.0), 0.0, 0.0
    for seconds, wanted in steps:
        now += seconds
        amount = min(wanted, 20.0)
        if bucket.wait(amount, now) == 0.0:
            bucket.take(amount, now)
            used += amount
        assert used <= 20.0 + now * 0.5 + 1e-6


@given(st.floats(0.1, 500), st.floats(0, 400))
def test_after_the_wait_that_is_named_the_tokens_are_there(overdrawn, amount):
    bucket = TokenBucket(400.0, 2.0, 400.0, 0.0)
    bucket.take(overdrawn, 0.0)
    wait = bucket.wait(amount, 0.0)
    assert bucket.wait(amount, wait + 1e-6) == 0.0


def test_a_clock_that_goes_back_fills_nothing_up_and_takes_nothing_away():
    bucket = TokenBucket(10.0, 1.0, 5.0, 100.0)
    assert bucket.refill(50.0) == 5.0


def test_an_ordinary_first_poll_is_within_the_budget():
    budget = SourceBudget()
    for _ in range(30):
        assert budget.page_wait(0.0) == (0.0, None)
        budget.charge("pages", 1.0, 0.0)
        budget.charge("bytes", 150_000, 0.0)
        budget.charge("reader", 0.05, 0.0)


def test_a_listing_of_five_thousand_pages_takes_hours_and_listings_are_read_meanwhile():
    budget, now, read = SourceBudget(), 0.0, 0
    while read < 5000:
        wait, resource = budget.page_wait(now)
        assert resource in (None, "pages")
        assert budget.listing_wait(now) == (0.0, None)
        now += wait
        budget.charge("pages", 1.0, now)
        read += 1
    assert 2 * HOUR < now < 3 * HOUR
    assert now >= (5000 - PAGES_BURST) / PAGES_PER_SECOND - 1


def test_what_costs_too_many_bytes_or_too_much_reading_waits_listings_included():
    for resource, amount in (("bytes", BYTES_BURST * 1.1), ("reader", 150.0)):
        budget = SourceBudget()
        budget.charge(resource, amount, 0.0)
        wait, named = budget.page_wait(0.0)
        assert named == resource
        assert wait > 60
        assert budget.listing_wait(0.0) == (wait, named)
        assert budget.page_wait(wait + 1) == (0.0, None)


def test_a_budget_counts_as_recovered_once_it_holds_a_tenth_again():
    budget = SourceBudget()
    budget.charge("pages", PAGES_BURST, 0.0)
    assert not budget.has_recovered(1.0)
    assert budget.has_recovered(PAGES_BURST / 10 / PAGES_PER_SECOND + 1)

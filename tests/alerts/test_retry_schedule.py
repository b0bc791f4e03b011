"""When a failed alert is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.retry_schedule import DEFAULT_RETRY, MAX_WAIT, next_try

NOW = datetime(2026, 2, 11, tzinfo=UTC)


class NoChance(Random):
    """Jitter of nothing."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_the_default_is_the_schedule_of_standard_webhooks_with_two_short_waits_more():
    waits = []
    while (due := next_try(len(waits) + 1, NOW, None, NoChance())) is not None:
        waits.append(due - NOW)
    hours = timedelta(hours=1)
    assert waits == [
        *(timedelta(seconds=5), timedelta(seconds=20), timedelta(minutes=1)),
        *(timedelta(minutes=5), timedelta(minutes=30)),
        *(2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours),
    ]


@given(failures=st.integers(1, 9), seed=st.integers())
def test_every_wait_is_within_a_fifth_of_the_schedule(failures, seed):
    wait = next_try(failures, NOW, None, Random(seed)) - NOW
    assert 0.8 * DEFAULT_RETRY[failures - 1] <= wait <= 1.2 * DEFAULT_RETRY[failures - 1]


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (timedelta(seconds=1), timedelta(seconds=5)),
        (timedelta(minutes=7), timedelta(minutes=7)),
        (timedelta(days=400), MAX_WAIT),
        (None, timedelta(seconds=5)),
    ],
    ids=["shorter than the schedule", "longer than the schedule", "longer than a day", "nothing"],
)
def test_a_wait_that_was_asked_for_is_honoured(asked, wait):
    assert next_try(1, NOW, asked, NoChance()) == NOW + wait


def test_without_a_schedule_there_is_one_try():
    assert next_try(1, NOW, timedelta(seconds=1), Random(1), schedule=()) is None

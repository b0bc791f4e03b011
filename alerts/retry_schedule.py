"""The retry schedule: when a failed alert is sent again. Pure; time and randomness are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

DEFAULT_RETRY = (
    timedelta(seconds=5),
    timedelta(seconds=20),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The schedule of Standard Webhooks 1.0.0 (immediately, then after these waits; 75 hours in total) with two more short
waits. Later events of a story wait for earlier ones, so one lost answer must not delay a correction for minutes."""

JITTER = 0.2  # a fifth either way, as in Svix: alerts that failed together are not retried together
MAX_WAIT = timedelta(hours=24)  # a longer Retry-After than the schedule's longest wait is not honoured


def next_try(
    failures: int,
    now: datetime,
    retry_after: timedelta | None,
    rng: Random,
    schedule: Sequence[timedelta] = DEFAULT_RETRY,
) -> datetime | None:
    """Return the time of the next try, or None to give up.

    Args:
        failures: number of failures so far, 1 after the first.
        now: current time.
        retry_after: wait that the receiver requested. It makes a wait longer (24 hours at most), never shorter, so a
            short ``Retry-After`` cannot use up the whole schedule in one minute.
        rng: source of the jitter.
        schedule: waits after the first, second, … failure.
    """
    if failures > len(schedule):
        return None
    wait = schedule[failures - 1] * rng.uniform(1 - JITTER, 1 + JITTER)
    if retry_after is not None:
        wait = max(wait, min(retry_after, MAX_WAIT))
    return now + wait

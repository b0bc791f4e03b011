"""When a failed alert is tried again. Pure: time and chance come in as arguments."""

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
"""The schedule of Standard Webhooks 1.0.0 (immediately, then after these waits; 75 hours in all) with two short waits
more: a story's later events wait for the earlier ones, so one lost answer must not hold up a correction for minutes."""

JITTER = 0.2  # a fifth either way, as Svix has it: what failed together does not come back together
LONGEST_WAIT = timedelta(hours=24)  # a receiver that asks for more than the schedule's longest wait is not believed


def next_try(
    failures: int,
    now: datetime,
    retry_after: timedelta | None,
    rng: Random,
    schedule: Sequence[timedelta] = DEFAULT_RETRY,
) -> datetime | None:
    """Return when to try again after the ``failures``-th failure (1 for the first), or None to give up.

    ``retry_after`` is what the receiver asked for: it makes a wait longer (24 hours at most), never shorter, so that
    a receiver that keeps asking for a second does not use up the whole schedule in one bad minute.
    """
    if failures > len(schedule):
        return None
    wait = schedule[failures - 1] * rng.uniform(1 - JITTER, 1 + JITTER)
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_WAIT))
    return now + wait

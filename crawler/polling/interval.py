"""The poll interval policy: when a listing is polled next, by its cursor, its last result and the time; pure.

Polls are spent where releases come. A density that grows with the square root of the rate would make the mean delay
least for the polls that are spent, and leave those waiting longest that come on a quiet evening. So it grows less: with
the 0.4th power where less comes than ``interval`` is meant for, hardly at all up to a dozen times that, and with the
square root only where much comes. In a simulation of four real weeks (``benchmarks/polling.py week 4``) that takes 56 %
of the polls of the fixed interval for 1.07 times its mean delay, and 95 of 100 releases are seen within 1.3 times its
time; the square root alone took 41 % and 1.9 times. ``interval`` is the pace of a listing that shows one new release in
two dozen polls.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from crawler.polling.hourly_rate import rate_at
from stories.model.sighting import Cursor, Trouble
from stories.model.timestamps import parse_timestamp

FASTEST, SLOWEST = 4, 12  # the contract's bounds: within [interval/4, interval*12]
NEW_PER_POLL = 1 / 23  # new releases at a poll, at which ``interval`` is the right pace
LOW_RATE_POWER, HIGH_RATE_POWER, ROOT_WEIGHT = (
    0.4,
    0.4 / 3,
    0.36,
)  # powers of the rate below and above that, and the weight of its square root
PRIOR_HOURS = 6.0  # hours of watching before what was seen weighs as much as what is usual
MAX_WINDOW_SHARE = 0.25  # of what a listing holds may be new at a poll: more, and the next but one may miss something
BURST_SHARE = MAX_WINDOW_SHARE / 2
MIN_WINDOW = 10  # a page with three entries is no window that slides
JITTER = 0.1
MAX_RETRY_AFTER = timedelta(days=1)  # a Retry-After beyond it is a mistake, or a trap

BACKOFF: dict[Trouble, tuple[float, float]] = {
    "dns": (1, 2),  # a question to a name server costs the site nothing, and often it is our own network that is away
    "connect": (1, 4),
    "timeout": (1, 6),
    "answer": (1, 6),
    "status": (1, SLOWEST),
    "parse": (1, SLOWEST),
    "other": (1, SLOWEST),
    "tls": (2, SLOWEST),  # an operator must renew a certificate
    "busy": (2, SLOWEST),
    "forbidden": (4, SLOWEST),
    "gone": (4, SLOWEST),  # RFC 9110, 15.5.11: the site says that it is likely to be permanent
    "robots": (SLOWEST, SLOWEST),  # the rules are kept for a day
    "refused": (SLOWEST, SLOWEST),
}
"""Intervals to the second try and at the most, by what went wrong; between them the wait doubles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalPolicy:
    """What the configuration says of a listing's pace."""

    interval: timedelta
    adaptive: bool = True
    slowdown: int = 1
    """The factor by which polls are slower because a hub pushes (``crawler.websub.policy``)."""
    until: datetime | None = None
    """A limit for the slower pace: the time at which the subscription must be renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """What a poll showed."""

    outcome: Literal["read", "unchanged", "failed"]
    news: int = 0
    """Sightings that no listing named before."""
    window: int = 0
    """Sightings on the listing's first page."""
    trouble: Trouble | None = None
    retry_after: timedelta | None = None
    """What Retry-After said."""
    fresh_for: timedelta = timedelta()
    """The freshness lifetime of the response: Cache-Control, Expires or the feed's ttl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPoll:
    """When a listing is polled again, and the reason."""

    at: datetime
    why: str


def next_poll(cursor: Cursor, reply: PollResult, now: datetime, pace: IntervalPolicy, seed: str = "") -> NextPoll:
    """Return when a listing is polled again.

    ``cursor`` is what is remembered with this reply in it, but for ``read_at``, which is that of the reading before;
    ``seed`` (the listing's key) spreads listings that have the same pace, always in the same way.
    """
    span, why = (
        _after_failure(cursor, reply, pace) if reply.outcome == "failed" else _after_read(cursor, reply, now, pace)
    )
    spread = 1 + JITTER * (2 * _pseudo_random(seed, now) - 1)
    if pace.adaptive:
        span = min(max(span * spread, pace.interval / FASTEST), pace.interval * SLOWEST)
    else:
        span *= spread
    patience = min(reply.retry_after, MAX_RETRY_AFTER) if reply.retry_after is not None else timedelta()
    if patience > span:
        # Never earlier than Retry-After; a random delay is added, so that listings are not polled all together.
        return NextPoll(at=now + patience * (1 + JITTER * _pseudo_random(seed, now)), why="Retry-After")
    return NextPoll(at=now + span, why=why)


def _after_failure(cursor: Cursor, reply: PollResult, pace: IntervalPolicy) -> tuple[timedelta, str]:
    if not pace.adaptive and reply.trouble != "gone":
        return pace.interval, "fixed"
    first, most = BACKOFF[reply.trouble or "other"]
    return pace.interval * min(first * 2 ** min(max(0, cursor.failures - 2), 10), most), "after a failure"


def _after_read(cursor: Cursor, reply: PollResult, now: datetime, pace: IntervalPolicy) -> tuple[timedelta, str]:
    if not pace.adaptive:
        return pace.interval, "fixed"
    window = max(reply.window, MIN_WINDOW)
    span = _by_rate(cursor.week, now, pace.interval, window)
    why = "busy" if span < pace.interval * 0.8 else "quiet" if span > pace.interval * 1.25 else "as usual"
    if pace.slowdown > 1:
        slow = _by_rate(cursor.week, now, pace.interval, window, pace.slowdown)
        slow = min(slow, pace.until - now) if pace.until is not None else slow
        if slow > span:
            span, why = slow, "its hub pushes"
    before = parse_timestamp(cursor.read_at)
    share = reply.news / window
    if before is not None and share >= BURST_SHARE and (burst := (now - before) * (MAX_WINDOW_SHARE / share)) < span:
        span, why = burst, "a burst"
    elif reply.fresh_for > span:
        # Believed no further than half of what it shows may have changed by then: a ttl is set once, for quiet days.
        usual = NEW_PER_POLL * 3600 / pace.interval.total_seconds()
        half = window / 2 / rate_at(cursor.week, now, usual, PRIOR_HOURS)
        trusted = min(reply.fresh_for, timedelta(hours=min(half, 24.0)))
        if trusted > span:
            span, why = trusted, "its response is fresh for that long"
    return span, why


def _by_rate(week: str, now: datetime, interval: timedelta, window: int, slowdown: int = 1) -> timedelta:
    """Walk the hours ahead until one poll is due, so that a quiet hour's long step ends where a busy hour begins.

    ``slower`` stretches what is spent on speed, not what the window's size asks for: the thread is never let go.
    """
    seconds = interval.total_seconds()
    usual = NEW_PER_POLL * 3600 / seconds
    longest, at, due = now + interval * SLOWEST, now, 1.0
    while at < longest:
        rate = rate_at(week, at, usual, PRIOR_HOURS)
        density = max(_density(rate / usual) / seconds / slowdown, rate / 3600 / (MAX_WINDOW_SHARE * window))
        upto = min(longest, at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
        needed = due / density if density else math.inf
        if needed <= (upto - at).total_seconds():
            return at + timedelta(seconds=needed) - now
        due -= density * (upto - at).total_seconds()
        at = upto
    return longest - now


def _density(often: float) -> float:
    """Return how many polls an interval has for a listing that shows so many times what it is meant for."""
    return max(math.pow(often, LOW_RATE_POWER if often < 1 else HIGH_RATE_POWER), ROOT_WEIGHT * math.sqrt(often))


def _pseudo_random(seed: str, now: datetime) -> float:
    """Return a number in [0, 1) that is the same for the same listing and moment."""
    drawn = hashlib.blake2b(f"{seed} {now.timestamp()}".encode(), digest_size=4).digest()
    return int.from_bytes(drawn, "big") / 2**32

"""How late alerts are: counted from when they are due and the reader wants them, not from when they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.asyncio import Redis

from alerts.quiet_hours import parse_quiet_hours, quiet_until
from alerts.settings import DeliverySettings
from stories.db import keys
from stories.db.replies import moment, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late the alerts of a channel are; both are zero where none is late."""

    oldest_due: timedelta
    """Since the moment at which the first one was due."""
    overdue: timedelta
    """Since the moment from which nothing held it: no digest, quiet hours, rate or pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What Redis says of a channel's alerts."""

    now: datetime
    """By the clock of Redis, as all moments here."""
    first_due: datetime | None
    paused_until: datetime | None = None
    """Until when its receiver asked for a pause."""
    first_start: datetime | None = None
    """The first of the deliveries within the period of its rate."""
    starts: int = 0
    """How many those are."""


def holds_back(settings: DeliverySettings) -> bool:
    """Return whether a channel's settings delay alerts on purpose."""
    return settings.digest is not None or settings.quiet_hours is not None or settings.rate is not None


def expected_at(due: datetime, settings: DeliverySettings) -> datetime:
    """Return when an alert that is due goes out: at the end of its digest's period and of quiet hours."""
    at = due + settings.digest if settings.digest is not None else due
    if settings.quiet_hours is not None:
        at = quiet_until(parse_quiet_hours(settings.quiet_hours), at) or at
    return at


def lateness(found: Outgoing, settings: DeliverySettings) -> Lateness:
    """Return how late the alerts of a channel are."""
    if found.first_due is None:
        return Lateness(oldest_due=timedelta(), overdue=timedelta())
    at = expected_at(found.first_due, settings)
    if found.paused_until is not None:
        at = max(at, found.paused_until)
    if settings.rate is not None and found.starts >= settings.rate.alerts and found.first_start is not None:
        at = max(at, found.first_start + settings.rate.period)
    late = found.now - found.first_due
    return Lateness(oldest_due=max(late, timedelta()), overdue=max(found.now - at, timedelta()))


async def measure_lateness(redis: Redis, channels: Mapping[str, DeliverySettings]) -> dict[str, Lateness]:
    """Return how late the alerts of each channel are; ``RedisError`` is the caller's."""
    seconds, microseconds = await redis.time()
    now = moment(int(seconds) * 1000 + int(microseconds) / 1000)
    assert now is not None  # noqa: S101 (no server's clock stands at 1970)
    async with redis.pipeline(transaction=False) as pipe:
        for name in channels:
            pipe.zrange(keys.outbox(name).name, 0, 0, withscores=True)
            pipe.hget(keys.channel(name).name, "paused_until")
            pipe.zrange(keys.sent_at(name).name, 0, 0, withscores=True)
            pipe.zcard(keys.sent_at(name).name)
        answers = iter(await pipe.execute())
    found = {}
    for name, settings in channels.items():
        first, paused, start, starts = next(answers), next(answers), next(answers), next(answers)
        outgoing = Outgoing(
            now=now,
            first_due=moment(first[0][1]) if first else None,
            paused_until=moment(text(paused)) if paused else None,
            first_start=moment(start[0][1]) if start else None,
            starts=int(starts),
        )
        found[name] = lateness(outgoing, settings)
    return found

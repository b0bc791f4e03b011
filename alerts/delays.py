"""How late alerts are, measured from their expected delivery time: digests, quiet hours and pauses are no delay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.asyncio import Redis

from alerts.digest_times import digest_at
from alerts.quiet_hours import parse_quiet_hours, quiet_until
from alerts.settings import DeliverySettings
from stories.db import keys
from stories.db.replies import moment, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late the alerts of a channel are; zero if no alert is late."""

    oldest_due: timedelta
    """Time since the first waiting alert was due."""
    overdue: timedelta
    """Time since no digest, quiet hours, rate limit or pause held the first waiting alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelQueue:
    """What Redis stores about a channel's waiting alerts."""

    now: datetime
    """By the clock of Redis, as all times here."""
    first_due: datetime | None
    paused_until: datetime | None = None
    """End of the pause that the receiver requested."""
    first_start: datetime | None = None
    """The first delivery within the period of the rate limit."""
    starts: int = 0
    """Number of deliveries within the period of the rate limit."""


def holds_back(settings: DeliverySettings) -> bool:
    """Return whether a channel's settings delay alerts intentionally."""
    return settings.digest is not None or settings.quiet_hours is not None or settings.rate is not None


def expected_at(due: datetime, settings: DeliverySettings) -> datetime:
    """Return the expected delivery time of a due alert: after its digest's period and after quiet hours."""
    at = digest_at(due, settings.digest) if settings.digest is not None else due
    if settings.quiet_hours is not None:
        at = quiet_until(parse_quiet_hours(settings.quiet_hours), at) or at
    return at


def lateness(queue: ChannelQueue, settings: DeliverySettings) -> Lateness:
    """Return how late the alerts of a channel are."""
    if queue.first_due is None:
        return Lateness(oldest_due=timedelta(), overdue=timedelta())
    at = expected_at(queue.first_due, settings)
    if queue.paused_until is not None:
        at = max(at, queue.paused_until)
    if settings.rate is not None and queue.starts >= settings.rate.alerts and queue.first_start is not None:
        at = max(at, queue.first_start + settings.rate.period)
    late = queue.now - queue.first_due
    return Lateness(oldest_due=max(late, timedelta()), overdue=max(queue.now - at, timedelta()))


async def measure_lateness(redis: Redis, channels: Mapping[str, DeliverySettings]) -> dict[str, Lateness]:
    """Return how late the alerts of each channel are. Raises ``RedisError``."""
    seconds, microseconds = await redis.time()
    now = moment(int(seconds) * 1000 + int(microseconds) / 1000)
    assert now is not None  # noqa: S101 (a server's clock is never at 1970)
    async with redis.pipeline(transaction=False) as pipe:
        for name in channels:
            pipe.zrange(keys.outbox(name).name, 0, 0, withscores=True)
            pipe.hget(keys.channel(name).name, "paused_until")
            pipe.zrange(keys.sent_at(name).name, 0, 0, withscores=True)
            pipe.zcard(keys.sent_at(name).name)
        answers = iter(await pipe.execute())
    delays = {}
    for name, settings in channels.items():
        first, paused, start, starts = next(answers), next(answers), next(answers), next(answers)
        queue = ChannelQueue(
            now=now,
            first_due=moment(first[0][1]) if first else None,
            paused_until=moment(text(paused)) if paused else None,
            first_start=moment(start[0][1]) if start else None,
            starts=int(starts),
        )
        delays[name] = lateness(queue, settings)
    return delays

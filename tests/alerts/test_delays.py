"""An alert is late from when nothing holds it any more, not from when it was made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.delays import ChannelQueue, Lateness, lateness, measure_lateness
from alerts.settings import DeliverySettings
from stories.db import keys

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def settings(**given) -> DeliverySettings:
    return DeliverySettings(type="webhook", **given)


@pytest.mark.parametrize(
    ("given", "now", "overdue"),
    [
        ({}, NOON, hours(0)),
        ({}, NOON + hours(1), hours(1)),
        ({}, NOON - hours(1), hours(0)),
        ({"digest": "1h"}, NOON + hours(1), hours(0)),
        ({"digest": "1h"}, NOON + hours(1.5), hours(0.5)),
        ({"quiet_hours": "11:00-20:00 UTC"}, NOON + hours(8), hours(0)),
        ({"quiet_hours": "11:00-20:00 UTC"}, NOON + hours(9), hours(1)),
        ({"quiet_hours": "12:30-20:00 UTC"}, NOON + hours(1), hours(1)),
        ({"quiet_hours": "12:30-20:00 UTC", "digest": "1h"}, NOON + hours(8), hours(0)),
        ({"quiet_hours": "12:30-20:00 UTC", "digest": "1h"}, NOON + hours(9), hours(1)),
        ({"quiet_hours": "10:00-12:30 UTC", "digest": "1h"}, NOON + hours(1), hours(0)),
    ],
)
def test_quiet_hours_and_digests_are_no_lateness(given, now, overdue):
    found = lateness(ChannelQueue(now=now, first_due=NOON), settings(**given))
    assert found == Lateness(oldest_due=max(now - NOON, hours(0)), overdue=overdue)


def test_nothing_is_late_where_nothing_waits():
    assert lateness(ChannelQueue(now=NOON, first_due=None), settings()) == Lateness(
        oldest_due=hours(0), overdue=hours(0)
    )


def test_a_pause_that_the_receiver_asked_for_is_no_lateness_until_it_ends():
    for now, overdue in ((NOON + hours(1), hours(0)), (NOON + hours(3), hours(1))):
        found = lateness(ChannelQueue(now=now, first_due=NOON, paused_until=NOON + hours(2)), settings())
        assert found.overdue == overdue


def test_a_rate_that_is_used_up_is_no_lateness_until_it_has_room():
    used = ChannelQueue(now=NOON + hours(0.5), first_due=NOON, first_start=NOON - hours(0.25), starts=2)
    assert lateness(used, settings(rate="2 per 1h")).overdue == hours(0)
    assert lateness(used, settings(rate="3 per 1h")).overdue == hours(0.5)


async def test_it_is_measured_by_the_clock_of_redis(redis):
    seconds, _ = await redis.time()
    due = (int(seconds) - 90) * 1000
    await redis.zadd(keys.outbox("late").name, {"evt_1:late": due, "evt_2:late": due + 60_000})
    await redis.zadd(keys.outbox("digest").name, {"evt_1:digest": due})
    await redis.zadd(keys.outbox("future").name, {"evt_1:future": due + 500_000})
    await redis.zadd(keys.outbox("paused").name, {"evt_1:paused": due})
    await redis.hset(keys.channel("paused").name, "paused_until", str(due + 500_000))
    channels = {name: settings() for name in ("late", "future", "paused", "empty")} | {"digest": settings(digest="1h")}
    found = await measure_lateness(redis, channels)
    assert {name for name, late in found.items() if late.overdue > hours(0)} == {"late"}
    assert {name for name, late in found.items() if late.oldest_due > hours(0)} == {"late", "digest", "paused"}
    assert 90 <= found["late"].overdue.total_seconds() < 150

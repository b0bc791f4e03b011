"""Receipts as people ask for them: by channel, state, watch and age; and how each channel does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from stories.db import keys
from stories.store.receipts import count_alerts, list_alerts

LEASE = timedelta(seconds=60)


async def settle_one(outbox, channel, outcome, words=""):
    claim = await outbox.claim(channel, 1, LEASE)
    assert await outbox.settle(claim.alerts[0], outcome, words)


async def age(redis: Redis, alert: str, span: timedelta) -> None:
    """Let an alert be older."""
    made = await redis.zscore(keys.alerts().name, alert)
    await redis.zadd(keys.alerts().name, {alert: made - span.total_seconds() * 1000})


async def test_alerts_are_found_by_the_watch_that_their_event_names(redis, desk):
    await desk.publish("mail", watches=["hkstp", "batteries"])
    second = await desk.publish("mail", watches=["batteries"])
    gone = await desk.publish("mail", watches=["hkstp"])
    await redis.delete(keys.event(gone).name)
    assert [receipt.event for receipt in await list_alerts(redis, watch="hkstp")] == ["evt_1"]
    assert [receipt.event for receipt in await list_alerts(redis, watch="batteries")] == [second, "evt_1"]
    assert [receipt.event for receipt in await list_alerts(redis, watch="batteries", limit=1)] == [second]
    assert await list_alerts(redis, watch="none") == []


async def test_alerts_are_found_by_their_age_and_given_up_ones_by_when_they_were(redis, desk, outbox):
    old, young = await desk.publish("mail"), await desk.publish("mail", story="sty_2")
    await age(redis, f"{old}:mail", timedelta(days=3))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert [receipt.event for receipt in await list_alerts(redis, since=yesterday)] == [young]
    assert len(await list_alerts(redis, since=yesterday - timedelta(days=3))) == 2
    await settle_one(outbox, "mail", "failed", "no")
    assert [receipt.event for receipt in await list_alerts(redis, since=yesterday, state="failed")] == [old]


async def test_every_filter_that_is_given_must_hold(redis, desk, outbox):
    await desk.publish("mail", watches=["hkstp"])
    await desk.publish("chat", watches=["hkstp"])
    await settle_one(outbox, "chat", "sent")
    hour = datetime.now(UTC) - timedelta(hours=1)
    assert [receipt.id for receipt in await list_alerts(redis, watch="hkstp", state="sent", since=hour)] == [
        "evt_2:chat"
    ]
    assert await list_alerts(redis, watch="hkstp", state="sent", channel="mail") == []


async def test_counts_say_since_when_a_channel_is_off_and_name_channels_that_left_the_configuration(
    redis, desk, outbox
):
    await desk.publish("mail", "gone")
    claim = await outbox.claim("mail", 1, LEASE)
    before = datetime.now(UTC) - timedelta(seconds=1)
    await outbox.settle(claim.alerts[0], "failed", "410 from mail.example", off=True)
    await settle_one(outbox, "gone", "failed", "the configuration has no channel 'gone' any more")
    (mail,) = await count_alerts(redis, ["mail"])
    assert mail.off == "410 from mail.example"
    assert mail.off_at is not None
    assert before < mail.off_at
    assert [(count.channel, count.failed) for count in await count_alerts(redis, ["mail"], others=True)] == [
        ("mail", 1), ("gone", 1)
    ]  # fmt: skip
    await outbox.turn_on("mail")
    (mail,) = await count_alerts(redis, ["mail"])
    assert (mail.off, mail.off_at) == (None, None)


async def test_what_the_monitor_tells_of_itself_is_of_no_story(redis, desk):
    await desk.publish("mail", kind="source.dead", story="source:example-wire")
    (receipt,) = await list_alerts(redis)
    assert receipt.story is None

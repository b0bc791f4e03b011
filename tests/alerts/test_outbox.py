"""The outbox keeps its word: due, leased, settled, in the order of a story, whatever is lost on the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alerts.outbox import Outbox
from stories.db import keys
from stories.store.archive import Archive
from stories.store.receipts import count_alerts, find_alert, list_alerts

LEASE = timedelta(minutes=1)


async def claimed(outbox: Outbox, channel: str = "mail", limit: int = 10, **options: bool) -> list[str]:
    return [alert.event for alert in (await outbox.claim(channel, limit, LEASE, **options)).alerts]


async def test_a_claimed_alert_carries_the_event_as_it_was_kept(desk, outbox, redis):
    event = await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    assert alert.id == f"{event}:mail"
    assert alert.story == "sty_1"
    assert alert.type == "release.new"
    assert alert.attempt == 1
    assert alert.created - alert.listed == timedelta(milliseconds=500)
    assert alert.body == await Archive(redis).event(event)
    assert b"Acme opens its plant" in alert.body


async def test_a_claimed_alert_is_nobody_elses_until_its_lease_ends(desk, outbox):
    event = await desk.publish("mail")
    assert await claimed(outbox) == [event]
    again = await outbox.claim("mail", 10, LEASE)
    assert again.alerts == ()
    assert timedelta(seconds=50) < again.wait <= LEASE
    await desk.make_all_due("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    assert (alert.event, alert.attempt) == (event, 2)


async def test_what_an_ended_daemon_was_sending_is_due_for_the_next_one(desk, redis):
    before, after = Outbox(redis, "daemon/1/"), Outbox(redis, "daemon/2/")
    event = await desk.publish("mail")
    (lost,) = (await before.claim("mail", 10, LEASE)).alerts
    waits = await desk.publish("mail", story="sty_2", late=LEASE / 2)
    assert await after.take_over("mail", LEASE) == 1
    (alert,) = (await after.claim("mail", 10, LEASE)).alerts
    assert (alert.event, alert.attempt) == (event, 2)
    assert not await before.settle(lost, "sent"), "its receipt comes too late"
    assert await after.take_over("mail", LEASE) == 0, "this one's own leases hold"
    assert await desk.state(waits, "mail") == "pending"
    assert await claimed(after) == []


@pytest.mark.parametrize("holder", ["", "1/", "canary/1/"])
async def test_the_leases_of_other_processes_hold(desk, redis, holder):
    await desk.publish("mail")
    assert (await Outbox(redis, holder).claim("mail", 10, LEASE)).alerts
    assert await Outbox(redis, "daemon/2/").take_over("mail", LEASE) == 0
    assert await Outbox(redis, "2/").take_over("mail", LEASE) == 0
    assert await claimed(Outbox(redis, "daemon/2/")) == []


async def test_a_sent_alert_is_not_sent_again(desk, outbox, redis):
    event = await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    assert await outbox.settle(alert, "sent", "204 from desk.example")
    await desk.make_all_due("mail")
    assert await claimed(outbox) == []
    receipt = await find_alert(redis, f"{event}:mail")
    assert (receipt.state, receipt.detail, receipt.tries) == ("sent", "204 from desk.example", 1)
    assert receipt.settled is not None


async def test_a_receipt_stands_even_where_the_outbox_still_names_the_alert(desk, outbox, redis):
    event = await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    await outbox.settle(alert, "sent")
    await redis.zadd(keys.outbox("mail").name, {f"{event}:mail": 1})
    assert await claimed(outbox) == []
    assert await redis.zcard(keys.outbox("mail").name) == 0


async def test_whoever_lost_the_lease_cannot_settle(desk, outbox):
    event = await desk.publish("mail")
    (slow,) = (await outbox.claim("mail", 10, LEASE)).alerts
    await desk.make_all_due("mail")
    (quick,) = (await outbox.claim("mail", 10, LEASE)).alerts
    assert not await outbox.settle(slow, "failed", "too late to say")
    assert await desk.state(event, "mail") == "leased"
    assert await outbox.settle(quick, "sent")
    assert await desk.state(event, "mail") == "sent"


@pytest.mark.parametrize("outcome", ["sent", "later", "failed", "released"])
async def test_a_settlement_whose_answer_was_lost_may_be_repeated(desk, outbox, redis, outcome):
    await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    assert await outbox.settle(alert, outcome, "why", wait=timedelta(seconds=5))
    before = await redis.hgetall(keys.alert(alert.id).name), await redis.hgetall(keys.channel("mail").name)
    assert await outbox.settle(alert, outcome, "why", wait=timedelta(seconds=5))
    assert before == (await redis.hgetall(keys.alert(alert.id).name), await redis.hgetall(keys.channel("mail").name))


async def test_a_claim_whose_answer_was_lost_gets_the_same_alerts_again(desk, outbox, monkeypatch):
    for story in ("sty_1", "sty_2", "sty_3"):
        await desk.publish("mail", story=story)
    monkeypatch.setattr("alerts.outbox.uuid4", lambda: type("Token", (), {"hex": "one-call"}))
    first = await outbox.claim("mail", 1, LEASE)
    assert await outbox.claim("mail", 1, LEASE) == first
    assert first.alerts[0].attempt == 1


async def test_a_correction_waits_for_its_original(desk, outbox):
    original = await desk.publish("mail")
    correction = await desk.publish("mail", kind="release.corrected")
    other = await desk.publish("mail", story="sty_2")
    claim = await outbox.claim("mail", 10, LEASE)
    assert [alert.event for alert in claim.alerts] == [original, other]
    assert await claimed(outbox) == []
    await outbox.settle(claim.alerts[0], "sent")
    assert await claimed(outbox) == [correction]


async def test_a_correction_waits_while_its_original_is_tried_again(desk, outbox):
    original = await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    correction = await desk.publish("mail", kind="release.corrected")
    await outbox.settle(alert, "later", "503", wait=timedelta(hours=2))
    waiting = await outbox.claim("mail", 10, LEASE)
    assert waiting.alerts == ()
    assert waiting.wait > timedelta(hours=1)
    await desk.make_all_due("mail")
    assert await claimed(outbox) == [original]
    assert await claimed(outbox) == []
    assert await desk.state(correction, "mail") == "pending"


async def test_a_correction_goes_when_its_original_was_given_up(desk, outbox):
    await desk.publish("mail")
    correction = await desk.publish("mail", kind="release.corrected")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    await claimed(outbox)
    await outbox.settle(alert, "failed", "404 from desk.example")
    assert await claimed(outbox) == [correction]


async def test_a_correction_waits_on_the_channel_of_its_original_alone(desk, outbox):
    original = await desk.publish("mail", "chat")
    correction = await desk.publish("mail", "chat", kind="release.corrected")
    (mail,) = (await outbox.claim("mail", 10, LEASE)).alerts
    (chat,) = (await outbox.claim("chat", 10, LEASE)).alerts
    assert mail.event == chat.event == original
    await outbox.settle(chat, "sent")
    assert await claimed(outbox, "chat") == [correction]
    assert await claimed(outbox, "mail") == []


async def test_events_of_one_millisecond_keep_the_order_of_the_stream(desk, outbox, redis):
    events = [await desk.publish("mail", kind="release.revised") for _ in range(30)]
    for event in events:
        await redis.zadd(keys.outbox("mail").name, {f"{event}:mail": 1_000})
        await redis.hset(keys.alert(f"{event}:mail").name, "created", "1000")
    order = []
    while claim := (await outbox.claim("mail", 8, LEASE)).alerts:
        order += [alert.event for alert in claim]
        for alert in claim:
            await outbox.settle(alert, "sent")
    assert order == events


async def test_alerts_of_one_story_may_be_claimed_together_in_their_order(desk, outbox):
    events = [await desk.publish("mail", kind="release.revised") for _ in range(3)]
    assert await claimed(outbox, together=True) == events


async def test_a_later_alert_is_not_due_before_its_time(desk, outbox):
    await desk.publish("mail", late=timedelta(hours=1))
    claim = await outbox.claim("mail", 10, LEASE)
    assert claim.alerts == ()
    assert timedelta(minutes=59) < claim.wait <= timedelta(hours=1)


async def test_a_given_up_alert_stands_in_the_list_with_its_reason_and_can_be_sent_again(desk, outbox, redis):
    event = await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    await outbox.settle(alert, "failed", "404 from desk.example")
    (receipt,) = await list_alerts(redis, state="failed")
    assert (receipt.id, receipt.error) == (f"{event}:mail", "404 from desk.example")
    assert await outbox.retry(receipt.id) == "due"
    assert await list_alerts(redis, state="failed") == []
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    assert (alert.event, alert.failures, alert.attempt) == (event, 0, 2)


async def test_all_given_up_alerts_of_a_channel_can_be_sent_again_at_once(desk, outbox, redis):
    for number in range(3):
        await desk.publish("mail", "chat", story=f"sty_{number}")
    for channel in ("mail", "chat"):
        for alert in (await outbox.claim(channel, 10, LEASE)).alerts:
            await outbox.settle(alert, "failed", "404")
    assert await outbox.retry_all("mail") == 3
    assert len(await claimed(outbox, "mail")) == 3
    assert await claimed(outbox, "chat") == []
    assert await outbox.retry_all() == 3


@pytest.mark.parametrize(
    ("alert_id", "answer"), [("evt_0:mail", "unknown"), ("evt_1:mail", "sending"), ("evt_2:mail", "due")]
)
async def test_sending_again_says_what_it_did(desk, outbox, alert_id, answer):
    await desk.publish("mail")
    assert await claimed(outbox) == ["evt_1"]
    await desk.publish("mail", story="sty_2", late=timedelta(hours=1))
    assert await outbox.retry(alert_id) == answer


async def test_a_channel_that_was_switched_off_gives_up_what_comes_until_it_is_turned_on(desk, outbox, redis):
    first = await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    await outbox.settle(alert, "failed", "410 from desk.example", off=True)
    second = await desk.publish("mail", story="sty_2")
    claim = await outbox.claim("mail", 10, LEASE)
    assert (claim.alerts, claim.given_up) == ((), 1)
    (counts,) = await count_alerts(redis, ["mail"])
    assert (counts.off, counts.failed, counts.waiting) == ("410 from desk.example", 2, 0)
    assert [receipt.error for receipt in await list_alerts(redis, state="failed")] == [
        "the channel is off: 410 from desk.example",
        "410 from desk.example",
    ]
    assert await outbox.retry_all() == 2
    assert sorted(await claimed(outbox)) == [first, second]
    assert (await count_alerts(redis, ["mail"]))[0].off is None


async def test_a_record_that_went_missing_is_rebuilt_from_the_alerts_id(desk, outbox, redis):
    event = await desk.publish("mail")
    await redis.delete(keys.alert(f"{event}:mail").name)
    (alert,) = (await outbox.claim("mail", 10, LEASE)).alerts
    assert (alert.event, alert.story) == (event, None)
    assert b"Acme" in alert.body


async def test_a_claim_on_a_key_of_another_type_changes_nothing(desk, outbox, redis):
    await desk.publish("mail")
    before = await redis.zrange(keys.outbox("mail").name, 0, -1, withscores=True)
    await redis.set(keys.channel("mail").name, "no hash")
    with pytest.raises(ResponseError, match="is a string, not a hash"):
        await outbox.claim("mail", 10, LEASE)
    assert await redis.zrange(keys.outbox("mail").name, 0, -1, withscores=True) == before


async def test_two_workers_never_get_the_same_alert(desk, outbox, redis_url):
    events = [await desk.publish("mail", story=f"sty_{number}") for number in range(60)]
    async with Redis.from_url(redis_url) as first, Redis.from_url(redis_url) as second:
        claims = await asyncio.gather(*(claimed(Outbox(client), limit=5) for client in [first, second] * 8))
    got = [event for claim in claims for event in claim]
    assert sorted(got) == sorted(events)


async def test_alerts_are_listed_newest_first_by_channel_and_state(desk, outbox, redis):
    for number in range(5):
        await desk.publish("mail", "chat", story=f"sty_{number}")
    for alert in (await outbox.claim("mail", 2, LEASE)).alerts:
        await outbox.settle(alert, "sent")
    assert [receipt.id for receipt in await list_alerts(redis, channel="chat", limit=2)] == ["evt_5:chat", "evt_4:chat"]
    assert {receipt.id for receipt in await list_alerts(redis, state="sent")} == {"evt_1:mail", "evt_2:mail"}
    assert len(await list_alerts(redis, channel="mail", state="waiting")) == 3


async def test_a_channels_counts_tell_what_waits_since_when_and_what_went_wrong_last(desk, outbox, redis):
    begun = datetime.now(UTC) - timedelta(seconds=1)
    for number in range(4):
        await desk.publish("mail", story=f"sty_{number}")
    first, second, third = (await outbox.claim("mail", 3, LEASE)).alerts
    await outbox.settle(first, "sent")
    await outbox.settle(second, "later", "503 from desk.example", wait=timedelta(hours=1))
    await outbox.settle(third, "failed", "404 from desk.example")
    mail, chat = await count_alerts(redis, ["mail", "chat"])
    assert (mail.waiting, mail.sent, mail.failed, mail.last_error) == (2, 1, 1, "404 from desk.example")
    assert begun < mail.oldest_waiting <= mail.last_sent
    assert (chat.waiting, chat.sent, chat.failed, chat.oldest_waiting, chat.off) == (0, 0, 0, None, None)


async def test_receipts_older_than_their_keeping_are_let_go(desk, outbox, redis):
    await redis.zadd(keys.alerts().name, {"evt_old:mail": 1})
    await redis.zadd(keys.dead_alerts().name, {"evt_old:mail": 1})
    await desk.publish("mail")
    (alert,) = (await outbox.claim("mail", 1, LEASE)).alerts
    await outbox.settle(alert, "sent")
    assert await redis.zrange(keys.alerts().name, 0, -1) == [b"evt_1:mail"]
    assert await redis.zcard(keys.dead_alerts().name) == 0


async def test_a_test_alert_takes_the_way_of_every_other_without_being_an_event(outbox, redis):
    alert_id = await outbox.enqueue_test("mail", datetime.now(UTC))
    (alert,) = (await outbox.claim("mail", 1, LEASE)).alerts
    assert alert.id == alert_id
    assert b'"type":"alert.test"' in alert.body
    assert await redis.xlen(keys.events().name) == 0

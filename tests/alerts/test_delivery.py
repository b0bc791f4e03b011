"""Delivery: at least once, the same id on every try, and no channel waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from redis.exceptions import ConnectionError as RedisIsAway

from alerts import channel_worker
from alerts.delivery import Delivery
from alerts.outbox import Outbox
from alerts.outcomes import Later, Refused, Sent
from stories.db import keys
from stories.store.receipts import find_alert, list_alerts

SOON = timedelta(seconds=20)


@asynccontextmanager
async def running(delivery: Delivery) -> AsyncIterator[Delivery]:
    task = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def deliver(redis, *channels, **options) -> Delivery:
    return Delivery(redis, {channel.name: channel for channel in channels}, **options)


async def test_a_correction_does_not_wait_for_the_lease_of_a_daemon_that_was_killed(desk, desktop, redis):
    mail = desktop("mail")
    events = [await desk.publish("mail", kind=kind) for kind in ("release.new", "release.corrected")]
    assert (await Outbox(redis, "daemon/1/").claim("mail", 8, timedelta(seconds=15))).alerts
    assert await deliver(redis, mail, holder="daemon/2/").drain(SOON) == 0
    assert mail.got == events


async def test_every_channel_gets_every_alert_once(desk, desktop, redis):
    mail, chat = desktop("mail"), desktop("chat")
    events = [await desk.publish("mail", "chat", story=f"sty_{number}") for number in range(50)]
    assert await deliver(redis, mail, chat).drain(SOON) == 0
    assert sorted(mail.got) == sorted(chat.got) == sorted(events)
    assert {receipt.state for receipt in await list_alerts(redis, limit=200)} == {"sent"}


async def test_an_alert_is_tried_again_with_the_same_id_until_it_is_taken(desk, desktop, redis):
    mail = desktop("mail", answers=[Later("503"), Later("timeout"), Sent("thanks")])
    event = await desk.publish("mail")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert mail.got == [event] * 3
    receipt = await find_alert(redis, f"{event}:mail")
    assert (receipt.state, receipt.tries, receipt.detail, receipt.error) == ("sent", 3, "thanks", "timeout")


async def test_an_alert_that_fails_to_the_end_of_its_schedule_is_given_up_with_the_reason(desk, desktop, redis):
    mail = desktop("mail", answers=[Later("503 from desk.example")], retry=["0s", "0s"])
    event = await desk.publish("mail")
    await deliver(redis, mail).drain(SOON)
    assert mail.got == [event] * 3
    (receipt,) = await list_alerts(redis, state="failed")
    assert receipt.error == "given up after 3 tries; last reason: 503 from desk.example"


async def test_what_is_not_due_yet_is_left_for_later(desk, desktop, redis):
    mail = desktop("mail", answers=[Later("503")], retry=["5m"])
    await desk.publish("mail")
    assert await deliver(redis, mail).drain(SOON) == 1
    assert len(mail.got) == 1


async def test_delivery_ends_at_whatever_step_it_is_told_to(desk, desktop, redis):
    await desk.publish("mail", "chat")
    for steps in range(80):
        task = asyncio.create_task(deliver(redis, desktop("mail"), desktop("chat"), desktop("desk")).run())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        assert (await asyncio.wait([task], timeout=20))[0], f"still runs, told after {steps} steps"


async def test_a_refused_alert_is_given_up_at_once(desk, desktop, redis):
    mail = desktop("mail", answers=[Refused("404 from desk.example")])
    await desk.publish("mail")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert [receipt.error for receipt in await list_alerts(redis, state="failed")] == ["404 from desk.example"]
    assert len(mail.got) == 1


async def test_a_channel_that_is_gone_is_switched_off_and_asked_no_more(desk, desktop, redis):
    mail = desktop("mail", answers=[Refused("410 from desk.example", off=True)], concurrency=1)
    for number in range(10):
        await desk.publish("mail", story=f"sty_{number}")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert len(mail.got) == 1
    assert len(await list_alerts(redis, state="failed")) == 10


async def test_a_channel_that_breaks_is_tried_again(desk, desktop, redis, until):
    async def breaks(alert):
        if alert.attempt == 1:
            raise KeyError("a fault of ours")

    mail = desktop("mail", before_answering=breaks)
    event = await desk.publish("mail")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert mail.got == [event] * 2


async def test_a_channel_that_takes_too_long_is_cut_off_and_tried_again(desk, desktop, redis):
    async def hangs(alert):
        if alert.attempt == 1:
            await asyncio.Event().wait()

    mail = desktop("mail", before_answering=hangs, timeout=timedelta(milliseconds=20))
    event = await desk.publish("mail")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert mail.got == [event] * 2


async def test_a_dead_channel_holds_up_no_other(desk, desktop, redis, until, monkeypatch):
    monkeypatch.setattr("alerts.channel_worker.SHUTDOWN_GRACE", timedelta(milliseconds=10))

    async def hangs(alert):
        await asyncio.Event().wait()

    dead, mail = desktop("dead", before_answering=hangs), desktop("mail")
    async with running(deliver(redis, dead, mail)) as delivery:
        events = [await desk.publish("dead", "mail", story=f"sty_{number}") for number in range(30)]
        delivery.wake()
        await until(lambda: len(mail.got) == len(events))
        assert len(dead.got) == dead.concurrency


async def test_a_correction_never_overtakes_its_original_while_other_stories_go_on(desk, desktop, redis):
    mail = desktop("mail", answers=[Later("503"), Later("503"), Sent()], concurrency=8)
    original = await desk.publish("mail", story="sty_1")
    correction = await desk.publish("mail", story="sty_1", kind="release.corrected")
    other = await desk.publish("mail", story="sty_2")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert set(mail.got) == {original, correction, other}
    assert max(place for place, event in enumerate(mail.got) if event == original) < mail.got.index(correction)


async def test_many_revisions_of_a_story_arrive_in_their_order(desk, desktop, redis):
    async def yields(alert):
        await asyncio.sleep(0)

    mail = desktop("mail", before_answering=yields)
    events = [await desk.publish("mail", kind="release.revised") for _ in range(40)]
    assert await deliver(redis, mail).drain(SOON) == 0
    assert mail.got == events


async def test_what_a_crashed_process_had_claimed_is_sent_with_the_same_id(desk, desktop, redis, outbox):
    event = await desk.publish("mail")
    await outbox.claim("mail", 1, timedelta(minutes=1))  # and then the process died
    mail = desktop("mail")
    assert await deliver(redis, mail).drain(SOON) == 1
    assert mail.got == []
    await desk.make_all_due("mail")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert mail.got == [event]


async def test_a_receipt_that_could_not_be_written_means_one_repeat_with_the_same_id(desk, desktop, redis, monkeypatch):
    mail = desktop("mail")
    event = await desk.publish("mail")
    delivery = deliver(redis, mail)

    async def lost(alert, outcome, words="", **options):
        await desk.make_all_due("mail")
        monkeypatch.undo()
        return False

    monkeypatch.setattr(delivery.outbox, "settle", lost)
    assert await delivery.drain(SOON) == 0
    assert mail.got == [event, event]
    assert await desk.state(event, "mail") == "sent"


async def test_an_alert_put_into_the_outbox_while_delivery_runs_goes_out(desk, desktop, redis, until):
    mail = desktop("mail")
    async with running(deliver(redis, mail)) as delivery:
        await until(lambda: asyncio.all_tasks())
        event = await desk.publish("mail")
        delivery.wake()
        await until(lambda: mail.got == [event])


async def test_stopping_lets_what_is_under_way_end(desk, desktop, redis, until):
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(alert):
        begun.set()
        await may_end.wait()

    mail = desktop("mail", before_answering=slow)
    event = await desk.publish("mail")
    task = asyncio.create_task(deliver(redis, mail).run())
    await begun.wait()
    task.cancel()
    may_end.set()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert await desk.state(event, "mail") == "sent"


async def test_stopping_makes_what_does_not_end_due_again_at_once(desk, desktop, redis, monkeypatch):
    monkeypatch.setattr("alerts.channel_worker.SHUTDOWN_GRACE", timedelta(milliseconds=10))
    begun = asyncio.Event()

    async def hangs(alert):
        begun.set()
        await asyncio.Event().wait()

    event = await desk.publish("mail")
    task = asyncio.create_task(deliver(redis, desktop("mail", before_answering=hangs)).run())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await desk.state(event, "mail") == "pending"
    mail = desktop("mail")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert mail.got == [event]


async def test_redis_away_is_waited_for_and_nothing_is_lost(desk, desktop, redis, monkeypatch, until, capsys):
    monkeypatch.setattr("alerts.channel_worker.REDIS_RETRY_DELAYS_SECONDS", (0.001,))
    mail = desktop("mail")
    delivery = deliver(redis, mail)
    claim, settle, refused = delivery.outbox.claim, delivery.outbox.settle, {"claim": 5, "settle": 3}

    def away(name, call):
        async def refuses(*given, **named):
            refused[name] -= 1
            if refused[name] >= 0:
                raise RedisIsAway("connection refused")
            return await call(*given, **named)

        return refuses

    monkeypatch.setattr(delivery.outbox, "claim", away("claim", claim))
    monkeypatch.setattr(delivery.outbox, "settle", away("settle", settle))
    event = await desk.publish("mail")
    assert await delivery.drain(SOON) == 0
    assert mail.got == [event]
    said = capsys.readouterr().out
    assert said.count("redis_unavailable") == 2  # once for each time it went, not for each try
    assert said.count("redis_available") == 2


async def test_a_receiver_that_asks_for_a_pause_gets_it_for_all_of_its_alerts_also_after_a_restart(
    desk, desktop, redis
):
    mail = desktop("mail", answers=[Later("429", after=timedelta(minutes=2)), Sent()], concurrency=1)
    other = desktop("other")
    for number in range(3):
        await desk.publish("mail", "other", story=f"sty_{number}")
    assert await deliver(redis, mail).drain(SOON) == 3
    assert await deliver(redis, mail, other).drain(SOON) == 3, "another process, which asked nobody"
    assert (len(mail.got), len(other.got)) == (1, 3)
    await desk.time_passes("mail", timedelta(minutes=2, seconds=30))
    assert await deliver(redis, mail).drain(SOON) == 0


async def test_a_receiver_that_asks_for_a_day_holds_up_its_other_alerts_for_an_hour(desk, desktop, redis):
    mail = desktop("mail", answers=[Later("429", after=timedelta(days=1)), Sent()], concurrency=1)
    for number in range(2):
        await desk.publish("mail", story=f"sty_{number}")
    await deliver(redis, mail).drain(SOON)
    await desk.time_passes("mail", timedelta(minutes=59))
    assert await deliver(redis, mail).drain(SOON) == 2
    await desk.time_passes("mail", timedelta(minutes=2))
    assert await deliver(redis, mail).drain(SOON) == 1


async def test_a_dead_channel_is_asked_by_one_alert_at_a_time_and_all_go_when_it_is_back(
    desk, desktop, redis, monkeypatch, until
):
    monkeypatch.setattr(channel_worker, "PROBE_DELAYS_SECONDS", (0.01,))
    under_way, together = set(), []

    async def look(alert):
        under_way.add(alert.event_id)
        together.append(len(under_way))
        await asyncio.sleep(0)
        under_way.discard(alert.event_id)

    mail = desktop("mail", answers=[*[Later("refused")] * 60, Sent()], before_answering=look)
    events = {await desk.publish("mail", story=f"sty_{number}") for number in range(40)}
    assert await deliver(redis, mail).drain(SOON) == 40
    assert len(mail.got) <= 2 * mail.concurrency, "the others wait, and do not use up their tries"
    async with running(deliver(redis, mail)):
        await until(lambda: len(mail.got) == 100)
    asked = together[4 * mail.concurrency : 60]
    assert asked == [1] * len(asked)
    assert set(mail.got[60:]) == events


async def test_a_channel_sends_no_more_than_its_rate_also_after_a_restart(desk, desktop, redis):
    mail = desktop("mail", options={"rate": "2 per 1m"})
    for number in range(5):
        await desk.publish("mail", story=f"sty_{number}")
    left = []
    for _ in range(3):
        left += [await deliver(redis, mail).drain(SOON), await deliver(redis, mail).drain(SOON)]
        await desk.time_passes("mail", timedelta(seconds=61))
    assert left == [3, 3, 1, 1, 0, 0]


@pytest.mark.parametrize(("hour", "left"), [(21, 0), (22, 1), (3, 1), (7, 0)])
async def test_quiet_hours_hold_delivery(desk, desktop, redis, hour, left):
    mail = desktop("mail", options={"quiet_hours": "22:00-07:00 UTC"})
    await desk.publish("mail")
    delivery = deliver(redis, mail, now=lambda: datetime(2026, 2, 11, hour, 30 if hour == 21 else 0, tzinfo=UTC))
    assert await delivery.drain(SOON) == left


async def test_receipts_are_observed(desk, desktop, redis):
    seen = []
    mail = desktop("mail", answers=[Later("503"), Sent()])
    event = await desk.publish("mail")
    await deliver(redis, mail, observe=lambda alert, settled: seen.append((alert.event, settled))).drain(SOON)
    assert seen == [(event, "later"), (event, "sent")]


async def test_an_event_that_is_kept_no_longer_is_given_up_not_forgotten(desk, desktop, redis):
    event = await desk.publish("mail")
    await redis.delete(keys.event(event).name)
    mail = desktop("mail")
    assert await deliver(redis, mail).drain(SOON) == 0
    assert mail.got == []
    assert [receipt.error for receipt in await list_alerts(redis, state="failed")] == ["its event is no longer stored"]


async def test_alerts_of_a_channel_that_was_taken_out_of_the_configuration_stand_among_the_dead(
    desk, desktop, redis, until
):
    event = await desk.publish("mail", "old-desk")

    async def given_up():
        return await list_alerts(redis, state="failed")

    async with running(deliver(redis, desktop("mail"))):
        (receipt,) = await until(given_up)
    assert receipt.id == f"{event}:old-desk"
    assert receipt.error == "the configuration no longer has a channel 'old-desk'"


async def test_without_channels_delivery_runs_until_it_is_stopped(redis):
    task = asyncio.create_task(deliver(redis).run())
    done, _ = await asyncio.wait({task}, timeout=0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not done

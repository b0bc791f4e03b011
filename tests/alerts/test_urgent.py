"""What passes while a channel is quiet or gathers: alerts of urgent watches, and what of their stories was held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from alerts.channels.apprise import AppriseChannel
from alerts.channels.apprise import Settings as AppriseSettings
from alerts.delivery import Delivery
from alerts.outcomes import Later, Sent
from alerts.urgent import urgent_watches
from config.address_policy import AddressPolicy
from config.settings import WatchSettings

SOON = timedelta(seconds=20)
NIGHT = datetime(2026, 2, 11, 23, 0, tzinfo=UTC)
MORNING = datetime(2026, 2, 12, 8, 0, tzinfo=UTC)
QUIET = {"quiet_hours": "22:00-07:00 UTC"}
WATCHES = {"acme": WatchSettings(), "crisis": WatchSettings(urgent=True)}


def delivery(redis, channel, watches=WATCHES, now=NIGHT):
    return Delivery(redis, {channel.name: channel}, watches=watches, now=lambda: now)


async def test_an_urgent_watch_is_heard_in_quiet_hours_and_the_others_in_the_morning(desk, desktop, redis):
    channel = desktop("mail", options=QUIET)
    held = await desk.publish("mail", story="sty_1")
    urgent = await desk.publish("mail", story="sty_2", watches=["acme", "crisis"])
    assert await delivery(redis, channel).drain(SOON) == 1
    assert channel.got == [urgent]
    assert await delivery(redis, channel, now=MORNING).drain(SOON) == 0
    assert channel.got == [urgent, held]


async def test_an_urgent_correction_takes_its_held_original_along_and_does_not_overtake_it(desk, desktop, redis):
    channel = desktop("mail", options=QUIET)
    original = await desk.publish("mail", story="sty_1")
    await desk.publish("mail", story="sty_2")
    correction = await desk.publish("mail", story="sty_1", kind="release.corrected", watches=["crisis"])
    after = await desk.publish("mail", story="sty_1", kind="release.revised")
    assert await delivery(redis, channel).drain(SOON) == 2
    assert channel.got == [original, correction]
    assert await desk.state(after, "mail") == "pending"


async def test_an_urgent_alert_whose_original_is_being_tried_again_waits_for_it(desk, desktop, redis):
    channel = desktop("mail", options=QUIET, answers=[Later("busy"), Sent()], retry=["1h"])
    original = await desk.publish("mail", story="sty_1")
    assert await delivery(redis, channel, now=MORNING).drain(SOON) == 1
    correction = await desk.publish("mail", story="sty_1", watches=["crisis"])
    assert await delivery(redis, channel).drain(SOON) == 2
    assert channel.got == [original], "its original is not due yet"
    await desk.make_all_due("mail", since=timedelta(seconds=1))
    assert await delivery(redis, channel).drain(SOON) == 0
    assert channel.got == [original, original, correction]


async def test_an_urgent_alert_does_not_wait_for_the_digest(desk, receiver, redis):
    receiver.fail(200)
    channel = open_digest(receiver)
    await desk.publish("desk", story="sty_1")
    await desk.publish("desk", story="sty_2", watches=["crisis"], headline="Acme recalls its batteries")
    assert await delivery(redis, channel).drain(SOON) == 1
    (sent,) = receiver.deliveries
    assert sent.json["title"] == "NEW: Acme recalls its batteries"


async def test_an_urgent_correction_replaces_its_original_that_waited_for_the_digest(desk, receiver, redis):
    receiver.fail(200)
    channel = open_digest(receiver)
    await desk.publish("desk", story="sty_1", headline="Acme earns 2.1 billion")
    await desk.publish(
        "desk", story="sty_1", kind="release.corrected", watches=["crisis"], headline="Acme earns 2.4 billion"
    )
    assert await delivery(redis, channel).drain(SOON) == 0
    (sent,) = receiver.deliveries
    assert sent.json["title"] == "CORRECTED: Acme earns 2.4 billion"


async def test_what_the_receiver_or_a_rate_asks_for_holds_urgent_alerts_too(desk, desktop, redis):
    channel = desktop("mail", options=QUIET | {"rate": "1 per 1h"})
    first = await desk.publish("mail", story="sty_1", watches=["crisis"])
    await desk.publish("mail", story="sty_2", watches=["crisis"])
    assert await delivery(redis, channel).drain(SOON) == 1
    assert channel.got == [first]


async def test_a_test_that_a_person_asks_for_passes_quiet_hours(outbox, desk, desktop, redis):
    channel = desktop("mail", options=QUIET)
    await desk.publish("mail")
    await outbox.enqueue_test("mail", datetime.now(UTC) - timedelta(seconds=1))
    assert await delivery(redis, channel, watches={}).drain(SOON) == 1
    (got,) = channel.got
    assert got.startswith("evt_test_")


async def test_an_event_that_is_kept_no_longer_wakes_nobody(desk, desktop, redis):
    channel = desktop("mail", options=QUIET)
    event = await desk.publish("mail", watches=["crisis"])
    await redis.delete(f"{{ww}}:event:{event}")
    assert await delivery(redis, channel).drain(SOON) == 1
    assert channel.got == []


@pytest.mark.parametrize(
    ("channel", "urgent"), [("desk", {"crisis", "recalls"}), ("pager", {"crisis"})], ids=["named", "not named"]
)
def test_a_watch_is_urgent_on_the_channels_that_it_alerts(channel, urgent):
    watches = WATCHES | {"recalls": WatchSettings(urgent=True, channels=("desk",))}
    assert urgent_watches(watches, channel) == urgent


def open_digest(receiver):
    url = receiver.url.replace("http://", "json://")
    return AppriseChannel(
        "desk",
        AppriseSettings.model_validate({"type": "apprise", "url": url, "digest": "1h", "retry": []}),
        AddressPolicy(allowed=(ip_network("127.0.0.1/32"),)),
    )

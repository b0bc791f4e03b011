"""Webhooks against a receiver on loopback: signed, never redirected, never where they may not go."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import waiting
from aiohttp import web
from pydantic import ValidationError
from receiver import SECRET
from standardwebhooks import Webhook

from alerts.channels.webhook import Settings, WebhookChannel, parse_retry_after, read_answer
from alerts.delivery import Delivery
from alerts.outcomes import Later, OutgoingAlert, Refused, Sent
from config.address_policy import AddressPolicy
from stories.store.receipts import count_alerts, list_alerts

SOON = timedelta(seconds=20)
NOW = datetime(2026, 2, 11, 3, 4, 5, tzinfo=UTC)
EVENT = OutgoingAlert(
    event_id="evt_1", event='{"type":"release.new","id":"evt_1","data":{"headline":"Ünïcode"}}'.encode()
)


@pytest.fixture
async def open_webhook(receiver, loopback_only):
    """``open_webhook()``: the webhook channel "intake" to the receiver."""
    opened = []

    def build(url=None, policy=loopback_only, api="", **options):
        settings = {"type": "webhook", "url": url or receiver.url, "secret": SECRET, "retry": ["0s"] * 5} | options
        opened.append(WebhookChannel("intake", Settings.model_validate(settings), policy, api))
        return opened[-1]

    yield build
    for channel in opened:
        await channel.aclose()


async def test_a_body_that_fits_is_the_event_byte_for_byte_and_the_signature_verifies(open_webhook, receiver):
    assert await open_webhook().send(EVENT) == Sent(f"204 from {receiver.base.removeprefix('http://')}")
    (delivery,) = receiver.deliveries
    assert delivery.body == EVENT.event
    assert delivery.id == "evt_1"
    assert delivery.headers["content-type"] == "application/json"
    assert Webhook(SECRET).verify(delivery.body, dict(delivery.headers)) == json.loads(EVENT.event)


async def test_a_large_release_is_sent_short_signed_as_sent_and_the_same_on_every_try(
    desk, open_webhook, receiver, redis
):
    receiver.fail(503, times=2)
    await desk.publish("intake", body=["word " * 100] * 100)
    channel = open_webhook(api="https://watch.example")
    assert await Delivery(redis, {"intake": channel}).drain(SOON) == 0
    assert len({delivery.body for delivery in receiver.deliveries}) == 1
    assert all(delivery.signed for delivery in receiver.deliveries)
    (event,) = receiver.events
    assert len(receiver.deliveries[0].body) <= 20_000
    assert event["data"]["truncated"] is True
    assert event["data"]["full"] == "https://watch.example/api/v1/releases/rel_1"


async def test_a_channel_of_links_sends_no_paragraph(desk, open_webhook, receiver, redis):
    await desk.publish("intake")
    assert await Delivery(redis, {"intake": open_webhook(body="link")}).drain(SOON) == 0
    (event,) = receiver.events
    assert event["data"]["release"]["body"] == []
    assert event["data"]["release"]["headline"] == "Acme opens its plant number 1"


async def test_the_receiver_of_the_documentation_takes_what_is_signed_and_nothing_else(open_webhook):
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env={"WEBHOOK_SECRET": SECRET, "PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await waiting.until(lambda: listens(port), 30)
        url = f"http://127.0.0.1:{port}/"
        stranger = "whsec_" + "c3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXI="
        assert isinstance(await open_webhook(url, secret=stranger).send(EVENT), Later)
        assert await open_webhook(url).send(EVENT) == Sent(f"204 from 127.0.0.1:{port}")
        assert process.stdout is not None
        assert await process.stdout.readline() == b"release.new evt_1\n", "and nothing of what the stranger sent"
    finally:
        process.kill()
        await process.wait()


def listens(port):
    """Whether somebody takes connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


async def test_without_a_secret_nothing_is_signed(open_webhook, receiver):
    await open_webhook(secret=None).send(EVENT)
    assert "webhook-signature" not in receiver.deliveries[0].headers


async def test_an_alert_is_delivered_once_and_repeated_with_the_same_id_after_a_503(
    desk, open_webhook, receiver, redis
):
    receiver.fail(503, times=2)
    event = await desk.publish("intake")
    assert await Delivery(redis, {"intake": open_webhook()}).drain(SOON) == 0
    assert [delivery.id for delivery in receiver.deliveries] == [event] * 3
    assert [delivery.status for delivery in receiver.deliveries] == [503, 503, 204]
    assert len({delivery.body for delivery in receiver.deliveries}) == 1
    assert all(delivery.signed for delivery in receiver.deliveries)


async def test_an_answer_that_was_lost_means_a_repeat_that_the_receiver_can_drop(desk, open_webhook, receiver, redis):
    receiver.fail(0, times=1, processed=True)
    event = await desk.publish("intake")
    assert await Delivery(redis, {"intake": open_webhook()}).drain(SOON) == 0
    assert [delivery.id for delivery in receiver.accepted] == [event, event]
    assert len(receiver.events) == 1


async def test_a_410_switches_the_channel_off(desk, open_webhook, receiver, redis):
    receiver.fail(410)
    await desk.publish("intake")
    assert await Delivery(redis, {"intake": open_webhook()}).drain(SOON) == 0
    await desk.publish("intake", story="sty_2")
    assert await Delivery(redis, {"intake": open_webhook()}).drain(SOON) == 0
    assert len(receiver.deliveries) == 1
    assert (await count_alerts(redis, ["intake"]))[0].off.startswith("410 from 127.0.0.1")
    assert len(await list_alerts(redis, state="failed")) == 2


async def test_a_redirect_is_not_followed(open_webhook, receiver):
    async def redirect(request):
        raise web.HTTPFound(receiver.url)

    application = web.Application()
    application.router.add_post("/", redirect)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    outcome = await open_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/").send(EVENT)
    await runner.cleanup()
    assert isinstance(outcome, Later)
    assert "redirects are not followed" in outcome.reason
    assert receiver.deliveries == []


@pytest.mark.parametrize("host", ["127.0.0.2", "0x7f000002", "[::ffff:127.0.0.2]"])
async def test_a_loopback_address_that_is_not_on_the_list_is_never_connected_to(open_webhook, host):
    with socket.create_server(("127.0.0.2", 0)) as listening:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        outcome = await open_webhook(f"http://{host}:{port}/").send(EVENT)
        assert isinstance(outcome, Refused)
        assert "private_addresses" in outcome.reason
        with pytest.raises(BlockingIOError):
            listening.accept()


async def test_without_a_list_not_even_loopback_is_reached(open_webhook, receiver):
    assert isinstance(await open_webhook(policy=AddressPolicy()).send(EVENT), Refused)
    assert receiver.deliveries == []


async def test_a_receiver_that_is_down_is_tried_again_without_its_url_in_the_reason(open_webhook):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    outcome = await open_webhook(f"http://user:pa55word@127.0.0.1:{port}/t0ken").send(EVENT)
    assert isinstance(outcome, Later)
    assert outcome.reason.startswith(f"127.0.0.1:{port} is unreachable")
    assert "t0ken" not in outcome.reason
    assert "pa55word" not in outcome.reason


async def test_a_receiver_that_does_not_answer_is_tried_again(open_webhook, monkeypatch):
    monkeypatch.setattr("alerts.channels.webhook.TIMEOUT", timedelta(milliseconds=50))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = await open_webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/").send(EVENT)
    assert isinstance(outcome, Later)
    assert "did not answer within" in outcome.reason


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Sent("200 from desk.example")),
        (299, Sent("299 from desk.example")),
        (400, Refused("400 from desk.example: no [31m thanks")),
        (401, Refused("401 from desk.example: no [31m thanks")),
        (408, Later("408 from desk.example: no [31m thanks", timedelta(seconds=9))),
        (410, Refused("410 from desk.example: no [31m thanks", off=True)),
        (429, Later("429 from desk.example: no [31m thanks", timedelta(seconds=9))),
        (500, Later("500 from desk.example: no [31m thanks", timedelta(seconds=9))),
        (503, Later("503 from desk.example: no [31m thanks", timedelta(seconds=9))),
    ],
)
def test_what_a_status_means(status, outcome):
    assert read_answer("desk.example", status, "9", b"no \x1b[31m thanks\r\n") == outcome


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Wed, 11 Feb 2026 03:05:05 GMT", timedelta(minutes=1)),
        ("Wed, 11 Feb 2026 03:00:00 GMT", timedelta()),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("9" * 500, timedelta(seconds=10**9)),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, wait):
    assert parse_retry_after(text, NOW) == wait


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("url", "ftp://desk.example/x", "is not the address of a webhook"),
        ("url", "desk.example", "is not the address of a webhook"),
        ("url", "http://[::1", "is not a URL"),
        ("url", "https://desk.example:0/", "is not the address"),
        ("secret", "d2lyZXdhdGNo", "does not begin with whsec_"),
        ("secret", "whsec_!!!", "is not base64"),
        ("secret", "whsec_c2hvcnQ=", "holds 5 bytes"),
    ],
)
def test_settings_that_cannot_work_are_refused_when_they_are_read(key, value, reason):
    settings = {"type": "webhook", "url": "https://desk.example/", "secret": SECRET} | {key: value}
    with pytest.raises(ValidationError, match=reason):
        Settings.model_validate(settings)


def test_settings_show_neither_secret_nor_url():
    shown = repr(Settings.model_validate({"type": "webhook", "url": "https://desk.example/t0ken", "secret": SECRET}))
    assert "t0ken" not in shown
    assert SECRET not in shown

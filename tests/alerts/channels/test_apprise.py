"""Apprise's services on loopback get what a person would want to read, and nothing that a stranger could steer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email import policy as mail
from email.message import EmailMessage
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from aiohttp import web
from apprise.plugins.slack import NotifySlack
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.channels.apprise import AppriseChannel, Settings, fit
from alerts.chat_escaping import take_apart
from alerts.delivery import Delivery
from alerts.message import Message, compose
from alerts.outcomes import Later, OutgoingAlert, Sent
from config.address_policy import AddressPolicy
from stories.store.receipts import list_alerts

MAIL = "mailto://127.0.0.1:{port}?from=wirewatch@desk.example&to=all@desk.example&mode=insecure"
HOSTILE = "Acme <!channel> @everyone <@U123> [click](https://evil.example) & *bold*\r\nBcc: all@evil.example\x00"


LOOPBACK = AddressPolicy(allowed=(ip_network("127.0.0.1/32"),))


def open_apprise(url: str, policy: AddressPolicy = LOOPBACK, **options) -> AppriseChannel:
    return AppriseChannel("desk", Settings.model_validate({"type": "apprise", "url": url} | options), policy)


def outgoing(event) -> OutgoingAlert:
    return OutgoingAlert(event_id=event["id"], event=msgspec.json.encode(event))


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[int, list[EmailMessage]]]:
    """Speak as much SMTP as a client needs to leave a message."""
    letters: list[EmailMessage] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 loopback ready\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                letter = await reader.readuntil(b"\r\n.\r\n")
                letters.append(message_from_bytes(letter[:-3], policy=mail.default))
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], letters


@dataclass(slots=True)
class Slack:
    """A Slack on loopback."""

    answer: tuple[int, str] = (200, "ok")
    posts: list[dict[str, Any]] = field(default_factory=list)
    url: str = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk"

    async def take(self, request: web.Request) -> web.Response:
        """Take a post to an incoming webhook."""
        self.posts.append(await request.json())
        return web.Response(status=self.answer[0], text=self.answer[1])


@pytest.fixture
async def slack(monkeypatch) -> AsyncIterator[Slack]:
    slack = Slack()
    application = web.Application()
    application.router.add_post("/{path:.*}", slack.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{runner.addresses[0][1]}/services")
    yield slack
    await runner.cleanup()


async def test_a_mail_is_plain_text_with_the_headline_as_its_subject(event_of):
    async with mail_server() as (port, letters):
        channel = open_apprise(MAIL.format(port=port))
        assert await channel.send(outgoing(event_of(1))) == Sent("E-Mail")
    (letter,) = letters
    assert letter["Subject"] == "NEW: Acme opens its plant number 1"
    text = letter.get_body(("plain",)).get_content()
    assert "https://wire.example/news/1" in text
    assert "Acme opened plant 1 today." in text


async def test_a_headline_that_no_mail_header_may_hold_is_mended_not_dropped(event_of):
    async with mail_server() as (port, letters):
        channel = open_apprise(MAIL.format(port=port))
        assert await channel.send(outgoing(event_of(1, headline=HOSTILE))) == Sent("E-Mail")
    (letter,) = letters
    assert letter["Bcc"] is None
    assert "Acme" in letter["Subject"]
    assert "Bcc: all@evil.example" in letter["Subject"]  # as words of the headline


async def test_slack_shows_before_and_after_and_wakes_nobody(event_of, slack):
    event = event_of(1, "release.corrected", headline=HOSTILE)
    event["data"]["changes"] = [{"field": "headline", "before": "P<0.05 & @here", "after": HOSTILE}]
    assert await open_apprise(slack.url).send(outgoing(event)) == Sent("Slack")
    (attachment,) = slack.posts[0]["attachments"]
    shown = attachment["title"] + attachment["text"]
    assert "CORRECTED: Acme &lt;!" in attachment["title"]
    assert "Headline: “P&lt;0.05 &amp; @" in attachment["text"]
    assert "→" in attachment["text"]
    assert not any(call in shown for call in ("<!", "<@", "<http", "@everyone", "@here", "](http"))


async def test_a_service_that_refuses_is_tried_again_and_no_secret_is_in_the_reason(event_of, slack):
    slack.answer = (404, "no_service")
    outcome = await open_apprise(slack.url).send(outgoing(event_of(1)))
    assert isinstance(outcome, Later)
    assert outcome.reason.startswith("Slack: ")
    assert "404" in outcome.reason
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in outcome.reason


async def test_what_cannot_be_reached_is_tried_again(event_of):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    outcome = await open_apprise(f"json://user:pa55word@127.0.0.1:{port}/t0kent0ken").send(outgoing(event_of(1)))
    assert isinstance(outcome, Later)
    assert "pa55word" not in outcome.reason
    assert "t0kent0ken" not in outcome.reason


async def test_a_redirect_is_not_followed(event_of, receiver):
    receiver.fail(200)

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(receiver.url)

    application = web.Application()
    application.router.add_post("/", elsewhere)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    outcome = await open_apprise(f"json://127.0.0.1:{runner.addresses[0][1]}/").send(outgoing(event_of(1)))
    await runner.cleanup()
    assert isinstance(outcome, Later)
    assert receiver.deliveries == []


async def test_a_digest_waits_for_its_time_and_goes_as_one_message(desk, receiver, redis):
    receiver.fail(200)
    channel = open_apprise(receiver.url.replace("http://", "json://"), digest="1h")
    delivery = Delivery(redis, {"desk": channel})
    for story in ("sty_1", "sty_2"):
        await desk.publish("desk", story=story)
    await desk.publish("desk", story="sty_1", kind="release.corrected", headline="Acme opens two plants")
    assert await delivery.drain(timedelta(seconds=5)) == 3
    assert receiver.deliveries == []
    await desk.make_all_due("desk")
    assert await delivery.drain(timedelta(seconds=20)) == 0
    (sent,) = receiver.deliveries
    assert sent.json["title"] == "acme: 1 corrected, 1 new"
    assert "CORRECTED: Acme opens two plants" in sent.json["message"]
    assert {receipt.state for receipt in await list_alerts(redis)} == {"sent"}


async def test_a_digest_that_failed_goes_again_without_gathering_anew(desk, receiver, redis):
    receiver.fail(503, times=1)
    receiver.fail(200)
    channel = open_apprise(receiver.url.replace("http://", "json://"), digest="1h", retry=["5m"])
    for story in ("sty_1", "sty_2"):
        await desk.publish("desk", story=story)
    await desk.make_all_due("desk")
    delivery = Delivery(redis, {"desk": channel})
    assert await delivery.drain(timedelta(seconds=20)) == 2
    await desk.make_all_due("desk", since=timedelta(seconds=1))  # five minutes later, and not an hour after that
    assert await delivery.drain(timedelta(seconds=20)) == 0
    assert [sent.json["title"] for sent in receiver.deliveries] == ["acme: 2 new"] * 2


@pytest.mark.parametrize("url", ["slack://nonsense", "no-such-service://t0ken", "slack://t0ken", "t0ken", ""])
def test_a_url_that_apprise_does_not_take_is_refused_without_being_shown(url, caplog):
    with pytest.raises(ValidationError, match=r"appriseit\.com") as error:
        Settings.model_validate({"type": "apprise", "url": url})
    assert "t0ken" not in "".join(fault["msg"] for fault in error.value.errors())
    assert "t0ken" not in caplog.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@everyone", "@\u200beveryone"),
        ("<!channel>", "<!\u200bchannel>"),
        ("<@123>", "<@\u200b123>"),
        ("[a](http://b)", "]\u200b("),
        ("mail@desk.example", "mail@desk.example"),
        ("5 @ 3", "5 @ 3"),
    ],
)
def test_mentions_and_masked_links_are_taken_apart(text, shown):
    assert shown in take_apart(text)


@given(
    st.lists(st.text(max_size=800), max_size=30),
    st.sampled_from([0, 200, 250]),
    st.sampled_from([1_000, 2_000, 32_768]),
)
def test_a_message_is_fitted_to_its_service_with_the_headline_first(lines, title_limit, body_limit):
    message = Message(title="NEW: Acme opens a plant", lines=tuple(lines))
    title, body = fit(message, title_limit=title_limit, body_limit=body_limit)
    assert title == message.title
    assert body
    assert len(body) <= body_limit - (len(title) if not title_limit else 0)


def test_the_link_survives_the_shortest_service(event_of):
    message = compose(event_of(1, body=["word " * 500]))
    _, body = fit(message, title_limit=0, body_limit=300)
    assert "https://wire.example/news/1" in body

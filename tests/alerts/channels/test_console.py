"""The console: lines that a person can read, and nothing that steers the terminal."""

from __future__ import annotations

import io

import msgspec

from alerts.channels.console import ConsoleChannel, Settings
from alerts.outcomes import Later, OutgoingAlert, Sent


def outgoing(event) -> OutgoingAlert:
    return OutgoingAlert(event_id=event["id"], event=msgspec.json.encode(event))


async def test_an_alert_is_a_headline_with_its_details_under_it(event_of):
    stream = io.StringIO()
    channel = ConsoleChannel("terminal", Settings(type="console"), stream)
    assert await channel.send(outgoing(event_of(1))) == Sent("standard output")
    assert stream.getvalue() == (
        "NEW: Acme opens its plant number 1\n"
        "  Acme Ltd · Example Newswire (example-wire)\n"
        "  published 2026-02-11 09:00 UTC+08:00\n"
        "  https://wire.example/news/1\n"
        "  Watch: acme\n"
        "  Acme opened plant 1 today.\n"
    )


async def test_without_details_an_alert_is_one_line(event_of):
    stream = io.StringIO()
    await ConsoleChannel("terminal", Settings(type="console", details=False), stream).send(outgoing(event_of(1)))
    assert stream.getvalue() == "NEW: Acme opens its plant number 1 https://wire.example/news/1\n"


async def test_a_headline_cannot_steer_the_terminal(event_of):
    stream = io.StringIO()
    hostile = "\x1b]0;owned\x07\x1b[2JAcme\r\nNEW: forged\u202e\x9b31m"
    await ConsoleChannel("terminal", Settings(type="console", details=False), stream).send(
        outgoing(event_of(1, headline=hostile))
    )
    shown = stream.getvalue()
    assert shown.count("\n") == 1
    assert "Acme NEW: forged" in shown
    assert not set(shown) & set("\x1b\x07\r\x9b\u202e")


async def test_an_output_that_was_closed_is_tried_again(event_of):
    stream = io.StringIO()
    stream.close()
    outcome = await ConsoleChannel("terminal", Settings(type="console"), stream).send(outgoing(event_of(1)))
    assert isinstance(outcome, Later)


async def test_an_output_that_knows_fewer_characters_gets_what_it_can(event_of):
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    channel = ConsoleChannel("terminal", Settings(type="console", details=False), stream)
    assert await channel.send(outgoing(event_of(1, headline="Zürich 新聞"))) == Sent("standard output")
    assert buffer.getvalue().startswith(b"NEW: Z?rich ??")

"""What people read: each service on loopback gets the alert, fitted, and nothing that a headline could steer."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from chats import Chats, serve_chats

from alerts.address_guard import guarding
from alerts.channels.apprise import AppriseChannel, Settings, plain_in_markdown
from alerts.outcomes import Later, OutgoingAlert, Refused, Sent
from config.address_policy import AddressPolicy, BlockedAddressError

SERVICES = ("mail", "slack", "discord", "telegram", "mattermost", "json")
LOOPBACK = AddressPolicy((ip_network("127.0.0.1/32"),))
HOSTILE = (
    "Acme <!channel> @everyone <@U123> [click](https://evil.example) *bold* ||x|| <b>y</b>\r\nBcc: all@evil.example"
)


@pytest.fixture
async def chats(monkeypatch):
    async with serve_chats(monkeypatch) as serving:
        yield serving


def channel(url: str, policy: AddressPolicy = LOOPBACK) -> AppriseChannel:
    return AppriseChannel("desk", Settings.model_validate({"type": "apprise", "url": url}), policy)


def outgoing(event: dict[str, Any]) -> OutgoingAlert:
    return OutgoingAlert(event_id=event["id"], event=msgspec.json.encode(event))


def correction(event_of: Any) -> dict[str, Any]:
    event = event_of(2, "release.corrected", headline="Acme earns 2.4 billion", url="https://wire.example/news/a_2_b")
    event["data"]["release"]["notice"] = {"kind": "correction", "marker": "CORRECTION", "statement": "It is 2.4."}
    event["data"]["replaces"] = {
        "id": "rel_1",
        "url": "https://wire.example/news/1",
        "headline": "Acme earns 2.1 billion",
    }
    event["data"]["changes"] = [
        {"field": "headline", "before": "Acme earns 2.1 billion", "after": "Acme earns 2.4 billion"}
    ]
    return event


@pytest.mark.parametrize("service", SERVICES)
async def test_a_correction_says_what_it_corrects_with_before_and_after(service, chats: Chats, event_of):
    assert isinstance(await channel(chats.url(service)).send(outgoing(correction(event_of))), Sent)
    shown = chats.shown(service)
    assert "CORRECTED: Acme earns 2.4 billion" in shown
    assert "CORRECTION: It is 2.4." in shown
    assert "About: “Acme earns 2.1 billion” https://wire.example/news/1" in shown
    assert "Headline: “Acme earns 2.1 billion” → “Acme earns 2.4 billion”" in shown
    assert "https://wire.example/news/a_2_b" in shown, "a link stays one, whatever signs are in it"


@pytest.mark.parametrize("service", SERVICES)
async def test_a_digest_has_each_story_once_as_it_is_now(service, chats: Chats, event_of):
    original, other = event_of(1, headline="Acme earns 2.1 billion"), event_of(3, story="sty_2")
    sent = await channel(chats.url(service)).send_digest(
        [outgoing(alert) for alert in (original, other, correction(event_of))]
    )
    assert len(sent) == 3
    assert all(isinstance(outcome, Sent) for outcome in sent)
    shown = chats.shown(service)
    assert "acme: 1 corrected, 1 new" in shown
    assert "NEW: Acme earns" not in shown
    assert shown.index("CORRECTED: Acme earns 2.4 billion") < shown.index("NEW: Acme opens its plant number 3")


@pytest.mark.parametrize("service", SERVICES)
async def test_of_forty_stories_a_digest_names_forty(service, chats: Chats, event_of):
    events = [
        event_of(number, story=f"sty_{number}", headline=f"第{number}號公告：{'業績' * 20}") for number in range(40)
    ]
    sent = await channel(chats.url(service)).send_digest([outgoing(event) for event in events])
    assert [type(outcome) for outcome in sent] == [Sent] * 40
    messages = [str(letter.get_content()) for letter in chats.letters] + [
        msgspec.json.encode(one).decode() for one in chats.posts
    ]
    whole = "\n".join(messages)
    assert all(f"第{number}號公告" in whole for number in range(40))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_headline_wakes_nobody_hides_no_link_and_adds_no_header(service, chats: Chats, event_of):
    event = event_of(1, "release.revised", headline=HOSTILE)
    event["data"]["changes"] = [{"field": "headline", "before": "P<0.05 & @here", "after": HOSTILE}]
    assert isinstance(await channel(chats.url(service)).send(outgoing(event)), Sent)
    shown = chats.shown(service)
    assert "Acme" in shown
    for call in ("@everyone", "@here", "<!channel", "<@U123", "](https://"):
        assert call not in shown
    if service == "mail":
        assert chats.letters[-1]["Bcc"] is None
        assert "Bcc: all@evil.example" in chats.letters[-1]["Subject"], "as words of the headline"
    if service in ("slack", "telegram"):
        assert "<b>y" not in shown
        assert "&lt;b&gt;y" in shown
    if service in ("discord", "mattermost"):
        assert r"\*bold\*" in shown
        assert r"\|\|x" in shown


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_too_long_for_a_service_goes_as_one_message_that_it_takes(service, chats: Chats, event_of):
    event = correction(event_of)
    event["data"]["changes"] *= 8
    long = [{"field": "body", "paragraph": n, "before": "<*_" * 60, "after": ">`|" * 60} for n in range(8)]
    event["data"]["changes"] = [*event["data"]["changes"][:1], *long]
    assert isinstance(await channel(chats.url(service)).send(outgoing(event)), Sent)
    assert len(chats.letters) + len(chats.posts) == 1
    limit = {"discord": 2_000, "telegram": 4_096, "mattermost": 4_000}.get(service, 35_000)
    assert len(chats.shown(service)) <= limit
    assert "Headline: “Acme earns 2.1 billion” → “Acme earns 2.4 billion”" in chats.shown(service)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_at_a_private_address_is_refused_unless_it_is_allowed(service, chats: Chats, event_of):
    outcome = await channel(chats.url(service), AddressPolicy()).send(outgoing(event_of(1)))
    assert isinstance(outcome, Refused)
    assert "127.0.0.1, which is not a public address" in outcome.reason
    assert "private_addresses" in outcome.reason
    assert (chats.posts, chats.letters) == ([], [])


async def test_a_name_that_leads_to_a_private_address_is_refused_too(chats: Chats, event_of):
    outcome = await channel(f"json://localhost:{chats.port}/", AddressPolicy()).send(outgoing(event_of(1)))
    assert isinstance(outcome, Refused)
    assert chats.posts == []


async def test_a_service_that_is_down_at_an_allowed_address_is_tried_again(chats: Chats, event_of):
    chats.answer = (503, "busy")
    outcome = await channel(chats.url("json")).send(outgoing(event_of(1)))
    assert isinstance(outcome, Later)


def test_nothing_is_sent_by_udp_where_it_may_not_go():
    with socket.socket(type=socket.SOCK_DGRAM) as listening, socket.socket(type=socket.SOCK_DGRAM) as sending:
        listening.bind(("127.0.0.1", 0))
        with guarding(AddressPolicy()) as dialled, pytest.raises(BlockedAddressError):
            sending.sendto(b"x", ("localhost", listening.getsockname()[1]))
        assert dialled.only_blocked
        with guarding(LOOPBACK):
            assert sending.sendto(b"x", listening.getsockname()) == 1
        assert sending.sendto(b"x", listening.getsockname()) == 1, "outside of the guard nothing is judged"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*a* _b_ ~c~ `d` |e|", r"\*a\* \_b\_ \~c\~ \`d\` \|e\|"),
        ("# Heading", r"\# Heading"),
        ("12. July", r"12\. July"),
        ("- item\n> quote", r"\- item" + "\n" + r"\> quote"),
        ("see https://wire.example/a_b_c now", "see https://wire.example/a_b_c now"),
        ("3 - 2 > 0.5 #1", "3 - 2 > 0.5 #1"),
    ],
    ids=["emphasis", "a heading", "a list of numbers", "an item and a quote", "an address", "none of these"],
)
def test_markdown_is_shown_as_it_was_written(text, shown):
    assert plain_in_markdown(text) == shown
    assert re.sub(r"\\(.)", r"\1", shown) == text


@pytest.mark.parametrize(
    ("ping", "allowed"),
    [
        ("", {"parse": []}),
        ("?ping=%3C%40123%3E,%3C%40%26456%3E", {"parse": [], "users": ["123"], "roles": ["456"]}),
        ("?ping=%40here", {"parse": ["here"], "users": [], "roles": []}),
    ],
)
async def test_discord_is_told_to_mention_those_that_the_operator_named_and_no_others(ping, allowed, chats, event_of):
    event = event_of(1, headline="Acme x@everyone <@&999> @here <@777>")
    assert isinstance(await channel(chats.url("discord") + ping).send(outgoing(event)), Sent)
    assert chats.posts[-1]["allowed_mentions"] == allowed
    assert "x@everyone" not in chats.shown("discord")

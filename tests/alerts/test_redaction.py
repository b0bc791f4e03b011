"""What is said about a channel repeats no secret of it, however a receiver wrote it."""

from __future__ import annotations

import base64
import html
import json
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from alerts.channels import channel_types, open_channel
from alerts.delivery import Delivery
from alerts.outcomes import Later, Refused, Sent
from alerts.redaction import MIN_VALUE_LENGTH, Redactor, looks_random, secret_parts
from config.address_policy import AddressPolicy
from config.settings import Network
from stories.store.receipts import list_alerts

URL = "https://user-4411:pass%2Fword-77@hooks.example/services/T0KEN-abc/%C3%A9t%C3%A9-b9/?key=qu3ry&x=v4lu#fr4gment"
SECRETS = (
    "user-4411", "pass/word-77", "pass%2Fword-77", "T0KEN-abc", "été-b9", "%C3%A9t%C3%A9-b9", "qu3ry", "v4lu",
    "fr4gment",    base64.b64encode(b"user-4411:pass/word-77").decode(),
)  # fmt: skip
ECHOES = {
    "as it is": lambda secret: f"Cannot POST /{secret}",
    "in a sentence": lambda secret: f"no hook {secret}, sorry",
    "percent-encoded": lambda secret: f"Cannot POST {quote(secret, safe='')}",
    "as a form encodes it": lambda secret: f"x={quote_plus(secret)}",
    "as JSON": lambda secret: json.dumps({"path": f"/{secret}"}),
    "as JSON with escaped slashes": lambda secret: f"/{secret}".replace("/", "\\/"),
    "as HTML": lambda secret: f"<b>{html.escape(secret)}</b>",
    "in capitals": lambda secret: secret.upper(),
    "twice": lambda secret: secret + secret,
    "cut off": lambda secret: f"Cannot POST /{secret[:-1]}",
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_part_of_the_address_is_hidden_however_it_is_repeated(secret, echo):
    said = ECHOES[echo](secret)
    shown = Redactor(secret_parts(URL)).clean(said)
    assert secret.casefold() not in shown.casefold()
    if echo == "cut off" and len(secret) > MIN_VALUE_LENGTH:
        assert secret[:MIN_VALUE_LENGTH] not in shown


def test_the_host_of_a_webhook_and_our_own_words_stay():
    redactor = Redactor(secret_parts(URL))
    assert redactor.clean("404 from hooks.example: Cannot POST /services/T0KEN-abc") == (
        "404 from hooks.example: Cannot POST /…/…"
    )


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="/?#@:&=;,%\r\n\t"), min_size=6, max_size=40),
    st.text(max_size=40),
)
def test_any_part_of_a_path_is_hidden_in_any_text(token, around):
    url = f"https://hooks.example/in/{quote(token, safe='')}"
    shown = Redactor(secret_parts(url)).clean(f"{around} {token} {quote(token, safe='')} {around}")
    assert token not in shown or token in "hooks.example"


@pytest.fixture
async def echoing(request):
    """A receiver that answers with all that it was sent: path, query and headers."""

    async def echo(asked: web.Request) -> web.Response:
        words = f"Cannot {asked.method} {asked.raw_path} {asked.path_qs} {dict(asked.headers)}"
        return web.Response(status=int(asked.query.get("status", "404")), text=words, reason=f"No {asked.path[:40]}")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


CHANNELS = {
    "webhook": {
        "type": "webhook",
        "url": "http://canary-user:canary-pass@{host}/hooks/canary-token?key=canary-key&status={status}",
    },
    "apprise json": {
        "type": "apprise",
        "url": "json://canary-user:canary-pass@{host}/hooks/canary-token?status={status}",
    },
    "apprise form": {"type": "apprise", "url": "form://{host}/canary-token/?-status={status}&+X-Canary=canary-key"},
    "apprise mattermost": {"type": "apprise", "url": "mmost://{host}/canarytoken3722377935511fc85d3dd4"},
}


@pytest.mark.parametrize("status", [400, 404, 410, 429, 503])
@pytest.mark.parametrize("kind", CHANNELS)
async def test_a_receiver_that_repeats_its_address_puts_no_secret_into_receipt_or_log(
    kind, status, echoing, desk, redis, capfd, caplog
):
    table = {**CHANNELS[kind], "retry": ["0s"]}
    table["url"] = table["url"].format(host=echoing, status=status)
    settings = channel_types()[table["type"]].model_validate(table)
    policy = AddressPolicy((TypeAdapter(Network).validate_python("127.0.0.0/8"),))
    channel = open_channel("desk", settings, policy)
    await desk.publish("desk")
    await Delivery(redis, {"desk": channel}).drain(timedelta(seconds=20))
    (receipt,) = await list_alerts(redis)
    assert receipt.state != "sent"
    assert receipt.error
    kept = [await redis.dump(key) for key in await redis.keys("*")]
    logged = "".join(capfd.readouterr()) + caplog.text
    assert "canary" not in f"{receipt}{logged}{kept}".casefold()


def test_every_outcome_is_redacted():
    redactor = Redactor({"t0ken-in-words"})
    text = "said t0ken-in-words"
    assert redactor.outcome(Sent(text)) == Sent("said …")
    assert redactor.outcome(Later(text, after=timedelta(seconds=3))) == Later("said …", after=timedelta(seconds=3))
    assert redactor.outcome(Refused(text, off=True)) == Refused("said …", off=True)


@pytest.mark.parametrize(
    ("part", "everywhere"),
    [
        ("services", False),
        ("127.0.0.1", False),
        ("smtp2.example", False),
        ("a1b2c3", True),
        ("T0KENabc", True),
        ("x" * 16, True),
    ],
)
def test_only_what_is_no_ordinary_word_is_hidden_in_every_log_line(part, everywhere):
    assert looks_random(part) is everywhere

"""Log lines: their format and their keys, and the secrets that they never contain."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from config.observability.logging import configure_logging
from config.observability.redaction import HIDDEN, hide, hide_secrets_of, scrub, scrub_all

CANARY = "canary-7f3a91c2"


class Terminal(io.StringIO):
    """A stream that people read."""

    def isatty(self) -> bool:
        return True


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_in_a_pipe_a_log_line_is_one_json_object(lines: io.StringIO) -> None:
    structlog.get_logger("crawler.claim").info(
        "claimed", source="example-wire", new=3, at=datetime(2026, 2, 11, 1, 2, tzinfo=UTC), file=Path("a/b")
    )
    (line,) = read(lines)
    assert line["event"] == "claimed"
    assert line["level"] == "info"
    assert line["logger"] == "crawler.claim"
    assert (line["source"], line["new"], line["at"], line["file"]) == (
        "example-wire",
        3,
        "2026-02-11T01:02:00+00:00",
        "a/b",
    )
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


def test_on_a_terminal_a_log_line_is_for_people() -> None:
    stream = Terminal()
    configure_logging(False, stream=stream)
    structlog.get_logger().info("claimed", source="example-wire")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert plain != stream.getvalue()
    assert "claimed" in plain
    assert "source=example-wire" in plain


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    configure_logging(False, stream=stream)
    structlog.get_logger().info("claimed")
    assert "\x1b" not in stream.getvalue()


def test_lines_of_libraries_look_like_ours(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    (line,) = read(lines)
    assert (line["event"], line["logger"], line["level"]) == ("Started server process [7]", "uvicorn.error", "info")


def test_debugging_is_ours_alone_and_only_when_asked_for(lines: io.StringIO) -> None:
    for name in ("scrapy.core.scraper", "apscheduler.scheduler", "urllib3.connectionpool"):
        logging.getLogger(name).debug("item %s", CANARY)
    structlog.get_logger("crawler").debug("read")
    assert [line["event"] for line in read(lines)] == ["read"]

    quiet = io.StringIO()
    configure_logging(False, stream=quiet)
    structlog.get_logger("crawler").debug("read")
    logging.getLogger("scrapy.core.engine").info("Spider opened")
    logging.getLogger("scrapy.core.engine").warning("slow")
    assert [line["event"] for line in read(quiet)] == ["slow"]


def test_a_library_that_brings_its_own_handlers_does_not_write_twice() -> None:
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler(io.StringIO()))
    stream = io.StringIO()
    configure_logging(False, stream=stream)
    logging.getLogger("uvicorn").warning("once")
    assert len(read(stream)) == 1
    assert not logging.getLogger("uvicorn").handlers


def test_configuring_twice_does_not_write_twice(lines: io.StringIO) -> None:
    configure_logging(True, stream=lines)
    structlog.get_logger().info("once")
    assert len(read(lines)) == 1


def test_warnings_of_python_are_log_lines(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning: old" in read(lines)[0]["event"]


def test_an_error_brings_its_traceback_and_no_values(lines: io.StringIO) -> None:
    token = CANARY
    hide(token)
    try:
        raise ValueError(f"refused with {token}")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = read(lines)
    assert "Traceback" in line["exception"]
    assert f"ValueError: refused with {HIDDEN}" in line["exception"]
    assert CANARY not in lines.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"redis://user:{CANARY}@127.0.0.1:6379/0",
        f"redis://:{CANARY}@127.0.0.1",
        f"https://{CANARY}@sentry.example/1",
        f"https://hooks.slack.com/services/T0/B0/{CANARY}",
        f"POST https://discord.com/api/webhooks/1/{CANARY} failed",
        f"https://example.webhook.office.com/webhookb2/{CANARY}/IncomingWebhook",
        f"https://api.telegram.org/bot1:{CANARY}/sendMessage",
        f"Authorization: Bearer {CANARY}",
        f"{{'Authorization': 'Basic {CANARY}'}}",
        f'{{"authorization": "{CANARY}"}}',
        f"https://intake.example/hook?token={CANARY}&x=1",
        f"api_key={CANARY}",
        f'{{"smtp": {{"password": "{CANARY}"}}}}',
        f"whsec_{CANARY}==",
        f"xoxb-1-{CANARY}",
    ],
)
def test_what_has_a_secrets_shape_is_hidden(text: str, lines: io.StringIO) -> None:
    structlog.get_logger().warning(text, given=text, nested={"list": [text], "bytes": text.encode()})
    logging.getLogger("apprise").warning("could not send: %s", text)
    assert len(read(lines)) == 2
    assert CANARY not in lines.getvalue()
    assert HIDDEN in lines.getvalue()


@pytest.mark.parametrize("key", ["password", "token", "secret", "api_key", "Authorization", "redis_url", "web.token"])
def test_the_value_of_a_key_that_names_a_secret_is_hidden(key: str, lines: io.StringIO) -> None:
    structlog.get_logger().info("read", settings={key: CANARY})
    assert read(lines)[0]["settings"] == {key: HIDDEN}


def test_a_known_secret_is_hidden_however_it_is_written(lines: io.StringIO) -> None:
    hide("pa ss/wö+rd")
    structlog.get_logger().info("x", a="pa ss/wö+rd", b="x=pa%20ss%2Fw%C3%B6%2Brd", c="pa+ss%2Fw%C3%B6%2Brd")
    (line,) = read(lines)
    assert (line["a"], line["b"], line["c"]) == (HIDDEN, f"x={HIDDEN}", HIDDEN)


def test_every_secret_of_a_configuration_is_hidden() -> None:
    class Channel(BaseModel):
        url: SecretStr

    class Configuration(BaseModel):
        token: SecretStr | None
        channels: dict[str, Any]
        more: tuple[Channel, ...]

    hide_secrets_of(
        Configuration(
            token=SecretStr("first-secret"),
            channels={"desk": Channel(url=SecretStr("slack://second-secret"))},
            more=(Channel(url=SecretStr("third-secret")),),
        )
    )
    assert scrub("first-secret slack://second-secret third-secret") == f"{HIDDEN} {HIDDEN} {HIDDEN}"


def test_very_short_secrets_do_not_black_out_words() -> None:
    hide("", None, "a", "new")
    assert scrub("a new release") == "a new release"


@pytest.mark.parametrize(
    "text",
    [
        "https://wire.example/news/404219?page=2",
        "read 3 releases of example-wire at 10:30",
        "write to press@wire.example",
        "https://medium.example/@issuer/story",
        "the design=new token of thanks",
        "HKEX:0700",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert scrub(text) == text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_whatever_is_logged_can_be_written_as_json(value: Any) -> None:
    json.dumps(scrub_all({"value": value}))

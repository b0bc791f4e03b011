"""Log lines and error reports: what they say, and the secrets that they never hold."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest
import sentry_sdk
import structlog
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr
from waiting import until

from config.observability import redaction, telemetry
from config.observability.redaction import HIDDEN, hide, hide_secrets_of, scrub, scrub_all
from config.observability.telemetry import clock_checkin, configure_logging, configure_sentry, report

CANARY = "canary-7f3a91c2"


class Terminal(io.StringIO):
    """A stream that people read."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def nothing_is_left_configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test begins without known secrets, and leaves logging as it was."""
    monkeypatch.setattr(redaction, "_known", set())
    for name in ("SENTRY_DSN", "SENTRY_DSN_FILE", "SENTRY_ENVIRONMENT", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines() -> io.StringIO:
    """Where the log goes, with our own debugging in it."""
    stream = io.StringIO()
    configure_logging(True, stream=stream)
    return stream


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


# --- Sentry ---


@dataclass
class Sentry:
    """A loopback endpoint that speaks Sentry's envelope."""

    dsn: str = ""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def items(self) -> list[dict[str, Any]]:
        """The payloads of all envelopes' items; the item's type stands under ``item``."""
        found = []
        for body in self.bodies:
            rows = iter(body.split(b"\n"))
            next(rows)
            for row in rows:
                if row:
                    found.append({"item": json.loads(row)["type"], **json.loads(next(rows))})
        return found

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        coding = request.headers.get("Content-Encoding")
        # aiohttp's server undoes what it knows by itself
        if coding == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        elif coding == "br" and not body.startswith(b"{"):
            body = brotli.decompress(body)
        self.bodies.append(body)
        return web.json_response({"id": "0" * 32})


@pytest.fixture
async def sentry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sentry]:
    endpoint = Sentry()
    application = web.Application()
    application.router.add_post("/api/1/envelope/", endpoint.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.dsn = f"http://{CANARY}key@127.0.0.1:{runner.addresses[0][1]}/1"
    monkeypatch.setenv("SENTRY_DSN", endpoint.dsn)
    yield endpoint
    await asyncio.to_thread(sentry_sdk.get_client().close, timeout=2)
    sentry_sdk.get_global_scope().set_client(None)
    await runner.cleanup()


async def test_an_error_arrives_with_what_it_happened_to(sentry: Sentry) -> None:
    assert configure_sentry("test", "wirewatch@0.1.0")
    assert not sentry_sdk.get_client().should_send_default_pii()
    try:
        raise ValueError("no paragraphs")
    except ValueError as error:
        report(error, source="example-wire", stop="extract", release="rel_1")
    await until(lambda: sentry.items)
    (event,) = sentry.items
    assert event["item"] == "event"
    assert event["tags"]["source"] == "example-wire"
    assert event["tags"]["stop"] == "extract"
    assert event["tags"]["release"] == event["tags"]["release_id"] == "rel_1"
    assert event["environment"] == "test"
    assert event["release"] == "wirewatch@0.1.0"
    assert event["exception"]["values"][-1]["value"] == "no paragraphs"
    assert datetime.fromisoformat(event["timestamp"])


async def test_no_secret_and_no_body_is_in_a_report(sentry: Sentry) -> None:
    configure_sentry(None, "wirewatch@0.1.0")
    configure_logging(True, stream=io.StringIO())
    hide(f"known-{CANARY}")
    body = f"THE RELEASE {CANARY} " + "body " * 10_000
    settings = {"smtp": {"password": CANARY}, "webhook": f"https://hooks.slack.com/services/{CANARY}"}
    structlog.get_logger().warning("sending", url=settings["webhook"], key=f"known-{CANARY}")
    logging.getLogger("apprise").warning("Authorization: Bearer %s", CANARY, extra={"api_token": CANARY})
    sentry_sdk.set_context("settings", settings)
    sentry_sdk.set_extra("redis_url", f"redis://:{CANARY}@127.0.0.1")
    try:
        try:
            raise ValueError(f"401 from redis://user:{CANARY}@127.0.0.1 with known-{CANARY}")
        except ValueError as cause:
            raise RuntimeError(f"https://hooks.slack.com/services/T/{CANARY}", len(body)) from cause
    except RuntimeError as error:
        report(error, source=f"https://{CANARY}@wire.example")
    await until(lambda: sentry.items)
    content = b"\n".join(sentry.bodies)
    assert b"sending" in content
    head, _, rest = content.partition(b"\n")
    assert CANARY.encode() not in rest
    assert b"THE RELEASE" not in rest
    assert CANARY.encode() + b"key" not in rest
    assert set(json.loads(head)) <= {"event_id", "sent_at", "trace", "dsn"}


async def test_a_long_text_in_an_error_is_cut(sentry: Sentry) -> None:
    configure_sentry(None, "wirewatch@0.1.0")
    report(ValueError("paragraph " * 10_000))
    await until(lambda: sentry.items)
    assert len(sentry.items[0]["exception"]["values"][0]["value"]) < 2_000


async def test_an_error_is_reported_once_however_often_it_is_told(sentry: Sentry) -> None:
    configure_sentry(None, "wirewatch@0.1.0")
    configure_logging(False, stream=io.StringIO())
    error = ValueError("first")
    report(error, stop="keep")
    logging.getLogger("scrapy.core.scraper").error("Spider error", exc_info=error)
    structlog.get_logger("pipelines").error("failed", exc_info=error)
    await asyncio.create_task(_report_elsewhere(error))
    report(ValueError("last"))
    await until(lambda: [item for item in sentry.items if item["exception"]["values"][0]["value"] == "last"])
    assert [item["exception"]["values"][0]["value"] for item in sentry.items] == ["first", "last"]


async def _report_elsewhere(error: Exception) -> None:
    report(error)


async def test_a_librarys_complaint_is_no_error_but_its_exception_is(sentry: Sentry) -> None:
    configure_sentry(None, "wirewatch@0.1.0")
    configure_logging(False, stream=io.StringIO())
    logging.getLogger("scrapy.core.engine").error("complaint")
    structlog.get_logger("alerts").error("given up")
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=ValueError("page"))
    await until(lambda: sentry.items)
    telemetry.flush()
    assert [item["exception"]["values"][0]["value"] for item in sentry.items] == ["page"]


async def test_a_task_that_fails_unseen_is_reported(sentry: Sentry) -> None:
    configure_sentry(None, "wirewatch@0.1.0")
    configure_logging(False, stream=io.StringIO())
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": ValueError("unseen")})
    await until(lambda: sentry.items)
    assert sentry.items[0]["exception"]["values"][0]["value"] == "unseen"
    assert loop.get_task_factory() is factory


async def test_the_clock_checks_in(sentry: Sentry) -> None:
    configure_sentry("test", "wirewatch@0.1.0")
    clock_checkin("ok")
    clock_checkin("error")
    await until(lambda: len(sentry.items) == 2)
    assert [item["item"] for item in sentry.items] == ["check_in", "check_in"]
    assert [item["status"] for item in sentry.items] == ["ok", "error"]
    assert {item["monitor_slug"] for item in sentry.items} == {"wirewatch-clock"}
    assert sentry.items[0]["monitor_config"]["schedule"] == {"type": "interval", "value": 1, "unit": "minute"}


async def test_the_dsn_may_stand_in_a_file(sentry: Sentry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dsn").write_text(sentry.dsn + "\n")
    monkeypatch.delenv("SENTRY_DSN")
    monkeypatch.setenv("SENTRY_DSN_FILE", str(tmp_path / "dsn"))
    assert configure_sentry(None, "wirewatch@0.1.0")
    report(ValueError("from a file"))
    await until(lambda: sentry.items)


async def test_an_uncaught_error_is_reported_before_the_program_ends(sentry: Sentry) -> None:
    program = (
        "from config.observability.telemetry import configure_sentry\n"
        "configure_sentry(None, 'wirewatch@0.1.0')\n"
        "raise ValueError('at the top')\n"
    )
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert "Sentry" not in ended.stdout + ended.stderr
    assert [item["exception"]["values"][0]["value"] for item in sentry.items] == ["at the top"]


def test_without_a_dsn_nothing_is_sent_and_nothing_breaks() -> None:
    assert not configure_sentry("test", "wirewatch@0.1.0")
    report(ValueError("x"), source="example-wire", stop="list", release="rel_1")
    clock_checkin("ok")
    telemetry.flush()
    assert not sentry_sdk.get_client().is_active()


@pytest.mark.parametrize("dsn", ["nonsense", "http://127.0.0.1:1", f"ftp://{CANARY}@127.0.0.1/1"])
def test_a_dsn_that_is_none_is_said_in_words(dsn: str, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO) -> None:
    monkeypatch.setenv("SENTRY_DSN", dsn)
    assert not configure_sentry(None, "wirewatch@0.1.0")
    assert re.match(r"SENTRY_DSN is no Sentry DSN \(.+\); errors are not reported", read(lines)[0]["event"])
    assert CANARY not in lines.getvalue()


def test_a_faulty_dsn_never_spoils_standard_output() -> None:
    program = "from config.observability.telemetry import configure_sentry\nconfigure_sentry(None, 'wirewatch@0.1.0')\n"
    ended = subprocess.run(
        [sys.executable, "-c", program], env={"SENTRY_DSN": "nonsense"}, capture_output=True, text=True, check=True
    )
    assert ended.stdout == ""
    assert "SENTRY_DSN is no Sentry DSN" in ended.stderr


def test_a_sentry_that_is_away_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", "http://key@127.0.0.1:1/1")  # nobody listens there
    monkeypatch.setattr(telemetry, "FLUSH", 0.2)
    assert configure_sentry(None, "wirewatch@0.1.0")
    try:
        report(ValueError("x"))
        telemetry.flush()
    finally:
        sentry_sdk.get_client().close(timeout=0.2)
        sentry_sdk.get_global_scope().set_client(None)

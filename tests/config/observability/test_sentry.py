"""Error reports to Sentry: their tags, and the secrets that they never contain."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import brotli
import pytest
import sentry_sdk
import structlog
from aiohttp import web
from waiting import until

from config.observability import sentry as sentry_module
from config.observability.logging import configure_logging
from config.observability.redaction import hide
from config.observability.sentry import clock_checkin, configure_sentry, flush, report

CANARY = "canary-7f3a91c2"


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@dataclass
class Sentry:
    """A loopback endpoint that speaks Sentry's envelope."""

    dsn: str = ""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def items(self) -> list[dict[str, Any]]:
        """The payloads of all envelopes' items; the item's type is under ``item``."""
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
        # aiohttp's server decodes some encodings itself
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


async def test_an_error_is_reported_once_however_often_it_is_logged(sentry: Sentry) -> None:
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


async def test_an_error_line_of_a_library_is_not_reported_but_its_exception_is(sentry: Sentry) -> None:
    configure_sentry(None, "wirewatch@0.1.0")
    configure_logging(False, stream=io.StringIO())
    logging.getLogger("scrapy.core.engine").error("complaint")
    structlog.get_logger("alerts").error("given up")
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=ValueError("page"))
    await until(lambda: sentry.items)
    flush()
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


async def test_the_dsn_may_be_in_a_file(sentry: Sentry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dsn").write_text(sentry.dsn + "\n")
    monkeypatch.delenv("SENTRY_DSN")
    monkeypatch.setenv("SENTRY_DSN_FILE", str(tmp_path / "dsn"))
    assert configure_sentry(None, "wirewatch@0.1.0")
    report(ValueError("from a file"))
    await until(lambda: sentry.items)


async def test_an_uncaught_error_is_reported_before_the_program_ends(sentry: Sentry) -> None:
    program = (
        "from config.observability.sentry import configure_sentry\n"
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
    flush()
    assert not sentry_sdk.get_client().is_active()


@pytest.mark.parametrize("dsn", ["nonsense", "http://127.0.0.1:1", f"ftp://{CANARY}@127.0.0.1/1"])
def test_an_invalid_dsn_is_explained_in_the_log(dsn: str, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO) -> None:
    monkeypatch.setenv("SENTRY_DSN", dsn)
    assert not configure_sentry(None, "wirewatch@0.1.0")
    assert re.match(r"SENTRY_DSN is not a valid DSN \(.+\): errors are not reported", read(lines)[0]["event"])
    assert CANARY not in lines.getvalue()


def test_an_invalid_dsn_writes_nothing_to_standard_output() -> None:
    program = "from config.observability.sentry import configure_sentry\nconfigure_sentry(None, 'wirewatch@0.1.0')\n"
    ended = subprocess.run(
        [sys.executable, "-c", program], env={"SENTRY_DSN": "nonsense"}, capture_output=True, text=True, check=True
    )
    assert ended.stdout == ""
    assert "SENTRY_DSN is not a valid DSN" in ended.stderr


def test_an_unreachable_sentry_delays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", "http://key@127.0.0.1:1/1")  # nothing listens there
    monkeypatch.setattr(sentry_module, "FLUSH_SECONDS", 0.2)
    assert configure_sentry(None, "wirewatch@0.1.0")
    try:
        report(ValueError("x"))
        flush()
    finally:
        sentry_sdk.get_client().close(timeout=0.2)
        sentry_sdk.get_global_scope().set_client(None)

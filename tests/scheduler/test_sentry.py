"""Sentry, told by the daemon: what failed and where, that the clock ticks, and no secret."""

from __future__ import annotations

import gzip
import json

import brotli
import pytest
from aiohttp import web
from daemon import running
from receiver import SECRET

from scheduler.demo import stories
from stories.db import keys
from stories.model.ids import release_id, release_id_bytes
from stories.model.urls import canonical_url, url_digest

TOKEN = "canary-77b0c4-d1e2"


@pytest.fixture
async def reports(monkeypatch):
    """What a loopback endpoint was sent in Sentry's envelopes: items with their type under ``item``."""
    found = []

    async def take(request):
        body = await request.read()
        coding = request.headers.get("Content-Encoding")
        if coding == "gzip" and body[:2] == b"\x1f\x8b":  # aiohttp's server undoes what it knows by itself
            body = gzip.decompress(body)
        elif coding == "br" and not body.startswith(b"{"):
            body = brotli.decompress(body)
        rows = iter(body.split(b"\n")[1:])
        for row in rows:
            if row:
                found.append({"item": json.loads(row)["type"], **json.loads(next(rows))})
        return web.json_response({"id": "0" * 32})

    application = web.Application()
    application.router.add_post("/api/1/envelope/", take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("SENTRY_DSN", f"http://key@127.0.0.1:{runner.addresses[0][1]}/1")
    yield found
    await runner.cleanup()


async def test_the_lines_and_the_trace_of_a_release_go_from_its_listing_to_its_receipt_under_its_id(
    table, newswire, receiver, reports, until, tmp_path, monkeypatch
):
    monkeypatch.setenv("SENTRY_TRACES_SAMPLE_RATE", "1.0")
    url = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    name = release_id(url_digest(url))

    def traced():
        found = [
            report for report in reports if report["item"] == "transaction" and report["tags"]["release_id"] == name
        ]
        return {stored["transaction"]: stored["contexts"]["trace"]["trace_id"] for stored in found}

    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: {"list", "read", "keep", "deliver"} <= set(traced()), 20)
        await daemon.stop()
    assert set(traced().values()) == {release_id_bytes(name).hex()}
    lines = [json.loads(line) for line in daemon.log.read_text().splitlines() if name in line]
    said = [line["event"] for line in lines]
    assert [said.index(stage) for stage in ("claimed", "read", "kept", "sent")] == [0, 1, 2, 3]
    assert lines[3]["alert"].startswith("evt_")
    told = json.dumps(reports)
    assert SECRET not in told
    assert stories.TRAM_BATTERIES.body[1] not in told


async def test_an_error_of_the_crawl_is_reported_with_its_source_and_stop_and_the_clock_checks_in(
    table, newswire, receiver, redis, reports, until, tmp_path
):
    table["web"]["token"] = TOKEN
    # Something else has put its data under our key: a fault that no page and no site is to blame for.
    await redis.set(keys.releases().name, "not ours", ex=600)
    url = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    newswire.fail(newswire.sites["pressline"].base + "/news-releases/news-releases-list/", status=500)
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: {"event", "check_in"} <= {report["item"] for report in reports}, 20)
        await daemon.stop()
    errors = [report for report in reports if report["item"] == "event"]
    assert {(error["tags"]["source"], error["tags"]["stop"]) for error in errors} == {("meridian", "keep")}
    assert errors[0]["tags"]["release"] == canonical_url(url)
    assert "WRONGTYPE" in errors[0]["exception"]["values"][-1]["value"]
    (checkin, *_) = [report for report in reports if report["item"] == "check_in"]
    assert (checkin["monitor_slug"], checkin["status"]) == ("wirewatch-clock", "ok")
    told = json.dumps(reports)
    assert TOKEN not in told
    assert SECRET not in told
    assert stories.TRAM_BATTERIES.body[1] not in told
    await redis.delete(keys.releases().name)

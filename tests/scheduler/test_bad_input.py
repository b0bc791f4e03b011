"""What is broken is said in words, with the place and what mends it; what is sound goes on meanwhile."""

from __future__ import annotations

import gzip
import os
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from program import Program

from scheduler.demo import stories
from stories.model.urls import canonical_url

FAULTY = """
redis_ur = "redis://127.0.0.1/0"

[polling]
interval = "5 parsecs"

[watches.hkstp]
query = '"science park" AND NOT (golf OR'

[channels.hook]
type = "webhook"
url = "https://intake.example/wirewatch"
secret = "canary-5e1d"

[sources.example-wire]
title = "Example Wire"
"""


async def test_a_faulty_configuration_is_refused_with_every_fault_at_its_place(tmp_path, newswire):
    (tmp_path / "faulty.toml").write_text(FAULTY)
    (tmp_path / "broken.toml").write_text('[watches.hkstp]\ntags = ["HKSTP"\n')
    program = Program(folder=tmp_path, table={}, environment={})
    faulty, broken, missing = await program.all_within(
        ["--config", "faulty.toml", "run"], ["--config", "broken.toml", "check"], ["--config", "none.toml", "releases"]
    )
    assert (faulty.status, broken.status, missing.status) == (2, 2, 2), faulty.said + broken.said + missing.said
    for words in (
        "faulty.toml: redis_ur",
        "faulty.toml: polling.interval",
        "'5 parsecs'",
        "faulty.toml: watches.hkstp.query",
        "ends too early (column 32)",
        "faulty.toml: channels.hook.secret",
        "faulty.toml: sources.example-wire.listings",
        "a source needs at least one listing",
    ):
        assert words in faulty.err, faulty.err
    assert "canary-5e1d" not in faulty.err
    assert "broken.toml: not TOML" in broken.err
    assert "end of document" in broken.err
    assert "none.toml: no such file (given by --config)" in missing.err
    for ended in (faulty, broken, missing):
        assert "Traceback" not in ended.err
        assert ended.out == ""


async def test_a_data_dir_that_cannot_be_written_is_named_with_what_mends_it(embedded, tmp_path):
    (tmp_path / "file").write_text("")
    embedded["data_dir"] = str(tmp_path / "file" / "data")
    program = Program(folder=tmp_path, table=embedded, environment={})
    checked = await program.within("check")
    ran = await program("run")
    for ended in (checked, ran):
        assert ended.status == 1, ended.said
        assert f"cannot keep its data in {tmp_path}/file/data/redis" in ended.err
        assert "set another data_dir, or set redis_url" in ended.err
        assert "Traceback" not in ended.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_data_dir_of_somebody_else_is_named_too(embedded, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    embedded["data_dir"] = str(locked / "data")
    ended = await Program(folder=tmp_path, table=embedded, environment={}).within("check")
    assert ended.status == 1
    assert "Permission denied" in ended.err


RELEASE_LINK = '<div class="card"><h3><a href="{url}">{headline}</a></h3><time>Nov 20, 2026</time></div>'


class Oddities:
    """A site on which every path is another way of being broken."""

    def __init__(self, good, elsewhere):
        self.good = good
        self.elsewhere = elsewhere
        self.asked = []

    async def answer(self, request):
        self.asked.append(request.path)
        given = getattr(self, "_" + request.path.strip("/").replace(".", "_"), None)
        return await given(request) if given else web.Response(status=404)

    async def _good(self, request):
        return web.Response(body=self.good, content_type="text/html")

    async def _not_xml(self, request):
        return web.Response(text="<html><body>Down for maintenance</body></html>", content_type="application/rss+xml")

    async def _empty(self, request):
        return web.Response(body=b"", content_type="application/rss+xml")

    async def _binary(self, request):
        return web.Response(body=b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, content_type="image/png")

    async def _forbidden(self, request):
        return web.Response(status=403)

    async def _broken(self, request):
        return web.Response(status=500)

    async def _endless(self, request):
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        with_pages = b"<p>more</p>" * 10_000
        while True:
            await response.write(with_pages)

    async def _bomb(self, request):
        body = gzip.compress(b"\0" * 60_000_000, 9)
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "text/html"})

    async def _cut(self, request):
        response = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b"<html>")
        request.transport.abort()
        return response

    async def _around(self, request):
        raise web.HTTPFound("/around")

    async def _inside(self, request):
        raise web.HTTPFound(f"{self.elsewhere}/secret")

    async def _to_a_file(self, request):
        return web.Response(status=302, headers={"Location": "file:///etc/hostname"})


@asynccontextmanager
async def served(answer, host="127.0.0.1"):
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0).start()
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def source(url, **more):
    return {"listings": [{"url": url, **more}]}


async def test_broken_listings_are_told_each_with_its_reason_and_a_sound_one_is_read_beside_them(
    table, receiver, newswire, tmp_path
):
    inside = []

    async def listen_inside(request):
        inside.append(request.path)
        return web.Response(text="secret")

    wire = [newswire.publish(handout, "pressline") for handout in (stories.NIGHT_MARKET, stories.BRIDGE_SENSORS)]
    links = "".join(RELEASE_LINK.format(url=url, headline=newswire.page(url).headline) for url in wire)
    async with served(listen_inside, "127.0.0.2") as elsewhere:
        site = Oddities(f"<html><body><main>{links}</main></body></html>".encode(), elsewhere)
        async with served(site.answer) as base:
            table["polling"]["private_addresses"] = ["127.0.0.1/32"]
            table["sources"] = {
                "good": source(f"{base}/good"),
                "not-xml": source(f"{base}/not_xml", kind="feed"),
                "empty": source(f"{base}/empty"),
                "binary": source(f"{base}/binary"),
                "missing": source(f"{base}/missing"),
                "forbidden": source(f"{base}/forbidden"),
                "broken": source(f"{base}/broken"),
                "endless": source(f"{base}/endless"),
                "bomb": source(f"{base}/bomb"),
                "cut": source(f"{base}/cut"),
                "around": source(f"{base}/around"),
                "inside": source(f"{base}/inside"),
                "to-a-file": source(f"{base}/to_a_file"),
                "at-home": source(f"{elsewhere}/news"),
                "refusing": source("http://127.0.0.1:1/news"),
            }
            program = Program(folder=tmp_path, table=table, environment={})
            crawled = await program("crawl", "--format", "jsonl")
            listed = await program.within("sources")
    assert crawled.status == 0, crawled.said
    assert {event["data"]["release"]["url"] for event in crawled.rows} == set(map(canonical_url, wire))
    assert len(receiver.events) == 2
    assert inside == []
    not_allowed = "127.0.0.2 resolves to 127.0.0.2, which is not a public address"
    for name, words in {
        "not-xml": "not XML, but an HTML page",
        "empty": "empty",
        "binary": "binary (an image)",
        "missing": "404 Not Found",
        "forbidden": "403 Forbidden",
        "broken": "500 Internal Server Error",
        "endless": "the answer is larger than allowed",
        "bomb": "the answer is larger than allowed",
        "cut": "the answer broke off",
        "around": "it redirects again and again",
        "inside": not_allowed,
        "to-a-file": "302 Found, to file:///etc/hostname, which is not followed",
        "at-home": not_allowed,
        "refusing": "127.0.0.1 refuses the connection",
    }.items():
        (told,) = [line for line in crawled.err.splitlines() if line.startswith(f"{name} ")]
        assert words in told.partition(": ")[2], crawled.err
        (row,) = [row for row in listed.rows if row["name"] == name]
        assert row["state"] in ("degraded", "forbidden"), row["state"]
        assert words in row["error"], row["error"]
    assert "Traceback" not in crawled.err
    assert "[polling] private_addresses" in crawled.err


async def test_a_page_that_holds_no_release_is_told_so(program, newswire):
    site = newswire.sites["pressline"]
    newswire.fail(site.base + "/contact", status=200, body=b"<html><body><h1>Contact</h1><p>Write.</p></body></html>")
    crawled, extracted = await program.all(
        ["crawl", "--url", site.base + "/contact"], ["extract", site.base + "/contact"]
    )
    for ended in (crawled, extracted):
        assert ended.status == 1, ended.said
        assert "/contact: " in ended.err
        assert "Traceback" not in ended.err
        assert ended.out == ""


async def test_a_webhook_that_is_down_gets_the_alert_when_it_is_back(program, table, newswire, receiver):
    table["channels"]["hook"]["retry"] = ["1s", "1s", "5m"]
    receiver.fail(503, times=1)
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    crawled = await program("crawl", "meridian")
    assert crawled.status == 0, crawled.said
    assert "1 alert(s) wait; the daemon or the next crawl sends them" in crawled.err
    waiting = await program.within("alerts")
    assert [(row["state"], row["tries"]) for row in waiting.rows] == [("pending", 1)], waiting.said
    assert "503" in waiting.rows[0]["error"]
    for _ in range(5):  # the alert is due again a second after it failed, and a crawl may take less
        if receiver.events:
            break
        await program("crawl", "meridian")
    assert [event["type"] for event in receiver.events] == ["release.new"]
    assert len({delivery.id for delivery in receiver.deliveries}) == 1

"""Sources, alerts and crawls: what a desk asks and asks for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from archive_filler import ArchiveFiller
from redis.asyncio import Redis

from stories.crawl_state.clock_ticks import ClockTicks
from stories.crawl_state.crawl_requests import CrawlRequests
from stories.crawl_state.cursors import Cursors
from stories.model.sighting import Cursor
from web.api.shapes import AlertsShape, CrawlShape, SourcesShape
from web.app import AlertFilter
from web.view_models.rows import channel_rows, receipt_row

OFF_AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 10, tzinfo=UTC)


async def test_sources_show_how_they_do(site, redis: Redis):
    await Cursors(redis).record_poll(
        "harbour", Cursor(polled_at="2026-03-02T09:00:00Z", failures=2, error="503 from harbour-wire.example")
    )
    async with site.http.get("/api/v1/sources") as reply:
        text = await reply.text()
    said = json.loads(text)
    SourcesShape.model_validate(said)
    harbour, quayside = said["sources"]
    assert harbour["health"] | {"failures": 2, "error": "503 from harbour-wire.example"} == harbour["health"]
    assert harbour["interval"] == "5m"
    assert harbour["listings"] == [{"url": "https://harbour-wire.example/news", "kind": None}]
    assert (quayside["enabled"], quayside["reason"]) == (False, "its robots.txt forbids")


async def test_alerts_are_receipts_with_their_moments_as_text(site, receipt):
    site.receipts += [receipt(), receipt(state="failed", error="401 from intake")]
    async with site.http.get("/api/v1/alerts", params={"channel": "log", "state": "waiting", "limit": 7}) as reply:
        said = await reply.json()
    AlertsShape.model_validate(said)
    assert said["alerts"][0]["settled"] == "2026-03-02T09:05:00.000Z"
    assert said["alerts"][1]["error"] == "401 from intake"
    assert site.asked_alerts == [AlertFilter(channel="log", state="waiting", limit=7)]


async def test_alerts_are_asked_for_by_watch_and_age_and_come_with_how_each_channel_does(site, count):
    site.counts += [count(), count(channel="intake", off="410 from intake", off_at=OFF_AT, failed=2)]
    query = {"watch": "batteries", "since": "2026-03-01"}
    async with site.http.get("/api/v1/alerts", params=query) as reply:
        said = await reply.json()
    AlertsShape.model_validate(said)
    assert [(channel["channel"], channel["off"], channel["off_at"]) for channel in said["channels"]] == [
        ("log", None, None), ("intake", "410 from intake", "2026-03-02T08:00:00.000Z")
    ]  # fmt: skip
    assert site.asked_alerts == [AlertFilter(watch="batteries", since=datetime(2026, 3, 1, tzinfo=UTC))]


async def test_a_channel_that_is_off_stands_on_the_page_and_in_readiness_that_holds_all_the_same(
    site, count, redis, archive: ArchiveFiller
):
    await ClockTicks(redis).record(archive.now)
    site.counts += [count(), count(channel="intake", off="410 from <b>intake", off_at=OFF_AT, failed=2)]
    async with site.http.get("/readyz") as reply:
        said = await reply.json()
    assert (reply.status, said["channels_off"]) == (200, {"intake": "410 from <b>intake"})
    for path in ("/", "/parts/alerts"):
        async with site.http.get(path) as reply:
            shown = await reply.text()
        assert "intake is off" in shown
        assert "410 from &lt;b&gt;intake" in shown
        assert "log is" not in shown, "a channel that does well needs no line"


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"waiting": 3, "last_error": "503", "last_error_at": LATER}, "failing"),
        ({"waiting": 3, "last_error": "503", "last_error_at": OFF_AT}, None),
        ({"failed": 1, "last_error": "401", "last_error_at": OFF_AT}, "on"),
        ({}, None),
    ],
    ids=["it fails just now", "it failed, and works again", "alerts were given up", "all is well"],
)
def test_the_page_names_the_channels_that_a_person_should_look_at(count, fields, shown):
    assert [row.state for row in channel_rows([count(**fields)])] == ([shown] if shown else [])


@pytest.mark.parametrize("query", [{"state": "lost"}, {"limit": "501"}, {"since": "yesterday"}])
async def test_alerts_asked_for_wrongly(site, query):
    async with site.http.get("/api/v1/alerts", params=query) as reply:
        assert reply.status == 422


@pytest.mark.parametrize(
    ("ask", "source", "tag", "urls"),
    [
        ({"source": "harbour"}, "harbour", None, ()),
        ({"source": "harbour", "tag": "#HKSTP"}, "harbour", "HKSTP", ()),
        ({"url": "https://harbour-wire.example/news/1"}, "", None, ("https://harbour-wire.example/news/1",)),
    ],
    ids=["a source", "a source and a tag", "a page"],
)
async def test_a_crawl_that_is_asked_for_waits_for_the_daemon(site, redis: Redis, archive, ask, source, tag, urls):
    async with site.http.post("/api/v1/crawls", json=ask) as reply:
        said = await reply.json()
    assert reply.status == 202
    assert reply.headers["Location"] == f"/api/v1/crawls/{said['id']}"
    async with site.http.get(reply.headers["Location"]) as followed:
        state = await followed.json()
    CrawlShape.model_validate(state)
    assert (state["state"], state["id"], state["source"]) == ("queued", said["id"], source or None)
    poll = await CrawlRequests(redis).next(1)
    assert poll is not None
    assert (poll.source, poll.tag, poll.urls, poll.reason) == (source, tag, urls, "trigger")
    assert poll.crawl_id == said["id"]
    assert poll.asked_at == archive.now + timedelta(seconds=30)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"source": "harbour", "url": "https://harbour-wire.example/"}',
        '{"source": "nobody"}',
        '{"source": "quayside"}',
        '{"url": "file:///etc/passwd"}',
        '{"url": "https://"}',
        '{"url": "https://harbour-wire.example:99999/"}',
        '{"url": "https://harbour-wire.example/a b"}',
        '{"url": "https://harbour-wire.example/", "tag": "x"}',
        '{"source": "harbour", "listing": "https://elsewhere.example/"}',
        '{"source": "harbour", "tag": "\\ud800"}',
        '{"source": "harbour", "tag": 7}',
    ],
)
async def test_a_crawl_that_makes_no_sense_is_refused_and_nothing_is_asked(site, redis: Redis, body):
    async with site.http.post("/api/v1/crawls", data=body, headers={"Content-Type": "application/json"}) as reply:
        said = await reply.json(content_type=None)
    assert reply.status == 422, said
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert said["detail"]
    assert all(fault["where"].startswith("body") and fault["why"] for fault in said["errors"])
    assert await redis.keys("*") == []


async def test_why_a_crawl_is_refused_is_said_in_words(site):
    async with site.http.post("/api/v1/crawls", json={"source": "quayside"}) as reply:
        (fault,) = (await reply.json(content_type=None))["errors"]
    assert fault["where"] == "body.source"
    assert "its robots.txt forbids" in fault["why"]
    async with site.http.post("/api/v1/crawls", json={}) as reply:
        assert (await reply.json(content_type=None))["detail"] == 'body: give either "source" or "url"'


async def test_the_page_shows_alerts_with_the_headline_they_were_about(site, archive: ArchiveFiller, receipt):
    await archive.publish("Plant Opens")
    async with site.http.get("/api/v1/events") as reply:
        (event,) = (await reply.json())["events"]
    site.receipts += [
        receipt(event=event["id"], state="failed", error="410 from intake", tries=3, channel="intake"),
        receipt(event=event["id"], state="sent", channel="log"),
    ]
    async with site.http.get("/parts/alerts") as reply:
        shown = await reply.text()
    assert shown.count("Plant Opens") == 1
    assert shown.index("intake,") < shown.index("log,")
    assert "410 from intake" in shown
    assert "3 tries" in shown


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"tries": 0, "due": LATER, "created": LATER}, "since"),
        ({"tries": 0, "due": LATER, "created": OFF_AT}, "next try"),
        ({"tries": 2, "due": LATER, "created": LATER}, "next try"),
    ],
    ids=["behind others", "held until later", "tried before"],
)
def test_an_alert_that_waits_says_since_when_or_until_when(receipt, fields, shown):
    assert receipt_row(receipt(state="pending", settled=None, **fields)).when == shown

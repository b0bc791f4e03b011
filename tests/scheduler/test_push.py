"""The real daemon and a hub: subscribed, told soon of what is new, and never the worse for a hub that is none."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager

import aiohttp
import pytest
from daemon import COMMAND, running
from hub import hubbed_site
from program import Program

from stories.crawl_state.claims import listing_key
from stories.db import keys

OUTSIDE = "https://watch.example"
SOON = 60  # seconds; a busy machine
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@pytest.fixture
async def site():
    async with hubbed_site() as serving:
        serving.publish("wire", 12)
        yield serving


@pytest.fixture
def table(redis_url, receiver, site):
    """Polled once in twenty hours: what is told sooner was pushed."""
    return {
        "catalog": False,
        "redis_url": redis_url,
        "web": {"port": 0, "public_url": OUTSIDE, "token": "let-me-in-for-a-test"},
        "polling": {"interval": "20h", "adaptive": False, "revisit": [], "private_addresses": ["127.0.0.0/8"]},
        "watches": {"all": {"title": "All"}},
        "channels": {"hook": {"type": "webhook", "url": receiver.url}},
        "sources": {"wire": {"listings": [{"url": f"{site.base}/wire.rss"}]}},
    }


@asynccontextmanager
async def daemon_behind_a_proxy(table, tmp_path, site):
    """The daemon, reached by the hub under its outside name; yields its true address."""
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: ADDRESS.search(_log(tmp_path)))
        address = ADDRESS.search(_log(tmp_path))[0]
        site.hub.proxy = (OUTSIDE, address)
        yield address


def _log(folder):
    return (folder / "daemon.log").read_text(errors="replace")


async def ask(address, path, token="let-me-in-for-a-test"):
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client,
        client.get(address + path) as answer,
    ):
        return await answer.text()


async def push_state(address, name="wire"):
    sources = json.loads(await ask(address, "/api/v1/sources"))["sources"]
    (source,) = (source for source in sources if source["name"] == name)
    (listing,) = source["health"]["listings"]
    return listing["push"]


async def hours_pass(redis, site):
    """The last poll for a push was long ago."""
    key = keys.websub_subscription(listing_key("wire", f"{site.base}/wire.rss"))
    assert await redis.hdel(key.name, "looked_at")


def told(receiver, issued):
    return [event["type"] for event in receiver.events if event["data"]["release"]["url"] == issued.url]


async def test_a_push_is_a_reason_to_poll_and_a_forged_one_is_none(table, site, receiver, redis, until, tmp_path):
    site.hub.verifies = False
    async with daemon_behind_a_proxy(table, tmp_path, site) as address:
        await until(lambda: site.hub.asked, SOON)
        (form,) = site.hub.asked
        assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", f"{site.base}/wire.rss")
        status, kind, _ = await site.hub.verify(form)
        assert (status, kind, site.hub.verified) == (200, "text/plain", [True])
        # What came out before the hub agreed was told to nobody: one poll looks for it.
        await until(lambda: len(site.asked("/wire.rss")) == 2, SOON)
        await hours_pass(redis, site)
        (new,) = site.publish("wire")
        assert 200 <= await site.hub.push(b"<feed/>", secret="guessed") < 300
        assert 200 <= await site.hub.push(b"<feed/>" * 99_999, method="sha1") < 300
        await until(lambda: told(receiver, new) == ["release.new"], SOON)
        assert len(site.asked("/wire.rss")) == 3
        state = await push_state(address)
        assert (state["state"], state["pushes"], state["trusted"]) == ("verified", 1, True)
        (row,) = (await Program(folder=tmp_path, table=table, environment={})("sources", "--format", "jsonl")).rows
        assert (row["push"], row["health"][0]["push"]["pushes"]) == ("verified", 1)
        figures = await ask(address, "/metrics")
        assert 'wirewatch_pushes_total{what="push"} 1.0' in figures
        assert 'wirewatch_pushes_total{what="forged"} 1.0' in figures


async def test_a_lease_is_renewed_in_time_and_a_hub_that_says_no_or_is_down_is_done_without(
    table, site, receiver, until, tmp_path
):
    hubs = {"deaf": f"{site.base}/no-hub", "inside": site.base.replace("127.0.0.1", "127.0.0.2") + "/hub"}
    hubs["leading-inside"] = f"{site.base}/elsewhere?{hubs['inside']}"
    for name, hub in hubs.items():
        site.publish(name, 12)
        site.others[f"/{name}.rss"] = hub
        table["sources"][name] = {"listings": [{"url": f"{site.base}/{name}.rss"}]}
    table["polling"] |= {"interval": "1s", "adaptive": True, "private_addresses": ["127.0.0.1/32"]}
    site.hub.lease = 3
    async with daemon_behind_a_proxy(table, tmp_path, site) as address:
        await until(lambda: len(site.hub.asked) > 1, SOON)
        first, again = site.hub.asked[:2]
        assert first == again
        assert all(site.hub.verified)
        site.hub.verifies = False
        await asyncio.gather(*site.hub.verifying)
        status, _, _ = await site.hub.verify(first, **{"hub.mode": "denied", "hub.reason": "no  room"})
        assert status == 200
        polled = len(site.asked("/wire.rss"))
        await until(lambda: len(site.asked("/wire.rss")) > polled + 1, SOON)
        await until(lambda: all(len(site.asked(f"/{name}.rss")) > 2 for name in hubs), SOON)
        asked = len(site.hub.asked)
        denied, down, *refused = [await push_state(address, name) for name in ("wire", *hubs)]
        assert (denied["state"], denied["detail"]) == ("denied", "no room")
        assert (down["state"], down["detail"]) == ("failed", "405 Method Not Allowed from the hub")
        assert [record["detail"][:8] for record in refused] == ["refused:"] * 2, refused
        new = [*site.publish("wire"), *site.publish("deaf")]
        await until(lambda: [told(receiver, release) for release in new] == [["release.new"]] * 2, SOON)
        assert len(site.hub.asked) == asked, "a hub that said no is left alone"
        assert len(site.asked("/no-hub")) == 1, "a hub that is down is left alone for minutes"
        assert "push: denied (no room)" in await ask(address, "/sources/wire")


async def test_with_a_worker_the_daemon_hears_the_hub_and_either_polls(table, site, receiver, redis, until, tmp_path):
    pytest.importorskip("docket", reason="workers need the extra wirewatch[workers]")
    async with daemon_behind_a_proxy(table, tmp_path, site) as address:
        worker = await asyncio.create_subprocess_exec(
            *COMMAND, "--config", str(tmp_path / "wirewatch.toml"), "worker",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until(lambda: site.hub.verified == [True] and len(site.asked("/wire.rss")) == 2, SOON)
            await until(lambda: '"workers_found"' in _log(tmp_path), SOON)
            await hours_pass(redis, site)
            (new,) = site.publish("wire")
            assert await site.hub.push() == 202
            await until(lambda: told(receiver, new) == ["release.new"], SOON)
            assert (await push_state(address))["trusted"]
        finally:
            worker.terminate()
            await worker.wait()

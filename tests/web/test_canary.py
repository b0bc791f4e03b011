"""The sources' page says whether pages can be read, and the metrics which checks hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stories.crawl_state.canary_reports import CanaryReport
from stories.crawl_state.clock_ticks import ClockTicks

READ = CanaryReport(
    process="daemon", at="2026-03-10T09:30:00.000Z", succeeded_at="2026-03-10T09:30:00.000Z", seconds=0.1
)
BLIND = replace(READ, failures=4, stage="page", reason="RuntimeError: <pool>", blind_since="2026-03-10T09:31:00.000Z")


@pytest.mark.parametrize(
    ("report", "shown"),
    [
        (READ, ["Listings and pages can be read: proven ", 'datetime="2026-03-10T09:30:00.000Z"']),
        (BLIND, ["Pages cannot be read since ", "failed 4 times in a row at “page”: RuntimeError: &lt;pool&gt;"]),
    ],
)
async def test_the_sources_page_shows_what_the_canary_came_to(site, report, shown):
    async def canary():
        return report

    app = site.server.config.app
    app.state.dependencies = replace(site.dependencies, canary=canary)
    async with site.http.get("/sources") as reply:
        page = await reply.text()
    assert reply.status == 200
    assert 'id="canary"' in page
    for words in shown:
        assert words in page


async def test_without_a_canary_the_page_says_nothing_of_it(site):
    async with site.http.get("/sources") as reply:
        assert 'id="canary"' not in await reply.text()


async def test_further_checks_are_part_of_readiness_and_of_what_is_measured(site, redis, archive):

    await ClockTicks(redis).record(archive.now)
    measured = []

    async def checks():
        return {"canary": {"ok": False, "detail": "failed 3 time(s) in a row at page: the pool"}}

    async def measure(found):
        measured.append(found)

    site.server.config.app.state.dependencies = replace(site.dependencies, checks=checks, measure=measure)
    async with site.http.get("/readyz") as reply:
        said = await reply.json()
    assert reply.status == 503
    assert said["checks"]["redis"]["ok"]
    assert said["checks"]["canary"] == {"ok": False, "detail": "failed 3 time(s) in a row at page: the pool"}
    async with site.http.get("/metrics") as reply:
        assert reply.status == 200
    assert [{name: check["ok"] for name, check in checks.items()} for checks in measured] == [
        {"redis": True, "clock": True, "canary": False}
    ]


async def test_the_sources_page_says_what_a_redis_that_came_back_empty_lost(site):
    async def data_loss():
        return "at 2026-03-10T09:00:00.000Z: Redis came back empty. May be missing: releases since <nine>"

    async with site.http.get("/sources") as reply:
        assert 'id="data-loss"' not in await reply.text()
    site.server.config.app.state.dependencies = replace(site.dependencies, data_loss=data_loss)
    async with site.http.get("/sources") as reply:
        page = await reply.text()
    assert reply.status == 200
    assert "Redis came back empty. May be missing: releases since &lt;nine&gt;" in page

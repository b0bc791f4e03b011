"""A worker that cannot read takes no polls, so that nothing is lost in it; it takes them again when it can."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from daemon import running

from scheduler.demo import stories
from scheduler.demo.configuration import toml_text
from stories.crawl_state.canary_reports import CanaryReports
from stories.db import keys
from stories.model.urls import canonical_url

SABOTAGE = Path(__file__).parents[1] / "support" / "sabotage.py"
SOON = 40


def told(receiver):
    """The pages that were told of as new."""
    return {event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"}


async def test_a_worker_that_cannot_read_leaves_the_polls_to_others(
    table, newswire, receiver, redis, crew, until, tmp_path
):
    faults, log = tmp_path / "faults", tmp_path / "worker.log"
    faults.mkdir()
    (faults / "reader").touch()
    configuration = tmp_path / "worker.toml"
    configuration.write_text(toml_text(table), encoding="utf-8")
    async with running(table, tmp_path) as daemon:
        with log.open("wb") as output:
            worker = await asyncio.create_subprocess_exec(
                sys.executable, str(SABOTAGE), str(faults), "--config", str(configuration), "worker",
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            await daemon.ready(lambda: "work_paused" in log.read_text(), SOON)
            living, _ = await crew.list_workers()
            reports = await CanaryReports(redis).read(living)
            assert [report.blind_since is not None for report in reports.values()] == [True]
            first = {
                canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian")),
                canonical_url(newswire.publish(stories.QUARTER, "meridian")),
                canonical_url(newswire.publish(stories.BRIDGE_SENSORS, "pressline")),
            }
            await daemon.ready(lambda: told(receiver) == first, SOON)
            assert '"event": "read"' not in log.read_text()
            assert "page_not_read" not in log.read_text()
            (faults / "reader").unlink()
            await daemon.ready(lambda: "work_resumed" in log.read_text(), SOON)
            last = canonical_url(newswire.publish(stories.NIGHT_MARKET, "meridian"))
            await daemon.ready(lambda: last in told(receiver), SOON)
        finally:
            if worker.returncode is None:
                worker.terminate()
            assert await asyncio.wait_for(worker.wait(), 60) == 0, log.read_text()[-2000:]
        assert await redis.exists(keys.canary("daemon").name)

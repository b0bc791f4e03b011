"""What a daemon and its worker have open is taken away from under them: they repair it, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter

import pytest
from daemon import COMMAND, running
from redis.asyncio import Redis

from alerts.delivery import Delivery
from scheduler.demo import stories
from scheduler.demo.configuration import toml_text
from scheduler.process.cancellation import cancel_and_wait
from scheduler.process.supervisor import Supervisor
from scheduler.sweeps.crawl_requests import serve_requests
from stories.crawl_state.crawl_requests import CrawlRequests
from stories.model.urls import canonical_url
from stories.search.live_index import LiveIndex

SOON = 60
STORIES = (stories.TRAM_BATTERIES, stories.QUARTER, stories.BRIDGE_SENSORS, stories.NIGHT_MARKET)


def told(receiver):
    """How often each page was told of as new, each event counted once."""
    ids = {event["id"]: event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"}
    return Counter(ids.values())


async def test_every_connection_to_redis_is_killed_again_and_again(
    table, newswire, receiver, redis, crew, until, tmp_path
):
    configuration, log = tmp_path / "worker.toml", tmp_path / "worker.log"
    configuration.write_text(toml_text(table), encoding="utf-8")
    async with running(table, tmp_path) as daemon:
        with log.open("wb") as output:
            worker = await asyncio.create_subprocess_exec(
                *COMMAND, "--config", str(configuration), "worker",
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:

            async def works_with():
                return (await crew.list_workers())[0]

            await until(works_with, SOON)
            expected = set()
            for story in STORIES:
                expected.add(canonical_url(newswire.publish(story, "meridian")))
                for _ in range(3):
                    assert await redis.client_kill_filter(_type="normal", skipme=True) >= 0
                    await asyncio.sleep(0.2)
                await daemon.ready(lambda: set(told(receiver)) == expected, SOON)
            assert set(told(receiver).values()) == {1}
            assert worker.returncode is None
        finally:
            if worker.returncode is None:
                worker.terminate()
            assert await asyncio.wait_for(worker.wait(), 60) == 0, log.read_text()[-2000:]
        assert await daemon.stop() == 0
    said = [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]
    assert not [line for line in said if line["event"] == "part_failed"]


async def test_the_loops_of_the_parts_send_heartbeats_while_there_is_nothing_to_do(redis, tmp_path, until, monkeypatch):
    """A part that sent one heartbeat and no other would be restarted for ever."""
    monkeypatch.setattr("scheduler.process.supervisor.CHECK_SECONDS", 0.2)
    restarted: list[str] = []
    supervisor = Supervisor(restarted=restarted.append, hang_seconds=6.0)
    finder = LiveIndex(redis, tmp_path, lambda: pytest.fail("nothing is stored"))
    monkeypatch.setattr(finder, "_sweep", lambda: asyncio.sleep(0))
    supervisor.start("delivery", Delivery(redis, {}).run)
    supervisor.start("index", finder.run)
    supervisor.start("requests", lambda: serve_requests(_Services(), CrawlRequests(redis)))
    await until(lambda: finder.ready, 30)
    await asyncio.sleep(9.0)  # longer than a loop may take
    assert restarted == []
    await cancel_and_wait(supervisor.tasks)


class _Services:
    """Nothing is asked for."""


async def test_an_embedded_redis_that_is_killed_while_nothing_happens_is_back_within_seconds(
    embedded, newswire, receiver, until, short_folder, tmp_path
):
    import os
    import signal

    async with running(embedded, tmp_path) as daemon:
        await daemon.ready(lambda: "wirewatch runs" in daemon.log.read_text(), SOON)
        for _ in range(3):
            killed = json.loads((short_folder / "redis" / "owner.json").read_text())["server"]
            os.kill(killed, signal.SIGKILL)

            async def is_back(before=killed):
                found = json.loads((short_folder / "redis" / "owner.json").read_text())["server"]
                if found in (None, before):
                    return False
                async with Redis(unix_socket_path=str(short_folder / "redis" / "server.sock")) as client:
                    return await client.ping()

            await until(is_back, 10)
        url = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
        await daemon.ready(lambda: told(receiver) == {url: 1}, SOON)
        assert await daemon.stop() == 0

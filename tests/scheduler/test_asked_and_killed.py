"""Crawls that somebody asked for, while who took them is killed: each comes to its end, at whichever process."""

from __future__ import annotations

import asyncio
import signal

import pytest
from daemon import COMMAND, Daemon, running

from scheduler.demo import stories
from scheduler.demo.configuration import toml_text
from scheduler.wiring import now
from stories.crawl_state.crawl_requests import CrawlRequests
from stories.crawl_state.crawl_stores import CrawlStores
from stories.db import keys
from stories.model.sighting import Poll
from stories.model.urls import canonical_url
from stories.runtime.failpoints import VARIABLE

SOON = 60  # seconds; a busy machine


def told(receiver):
    """The pages that were told of as new."""
    return [event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"]


def quiet(table):
    """The configuration with listings that nobody asks for within the test."""
    for source in table["sources"].values():
        source["interval"] = "1h"
    table["polling"]["revisit"] = []
    return table


async def test_a_crawl_that_was_taken_by_a_daemon_that_died_is_run_by_the_next(
    table, newswire, receiver, program, redis, until, tmp_path, monkeypatch
):
    quiet(table)
    monkeypatch.setenv(VARIABLE, "taken")
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: "wirewatch runs" in daemon.tail())
        name = (await program.within("trigger", "meridian")).out.strip()
        await until(lambda: daemon.process.returncode is not None, SOON)
    assert daemon.process.returncode == -signal.SIGKILL
    assert await redis.hkeys(keys.requested_polls().name) == [name.encode()]
    monkeypatch.delenv(VARIABLE)
    await redis.delete(keys.leader_lease().name)  # the next one need not wait whether it lives
    url = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with running(table, tmp_path) as daemon:

        async def done():
            return (await CrawlRequests(redis).state(name)).state == "done"

        await until(done, SOON)
        await until(lambda: told(receiver) == [url], SOON)
        assert "crawl_resumed" in daemon.log.read_text()
        assert await daemon.stop() == 0
    assert not await redis.exists(keys.requested_polls().name)


async def test_a_crawl_that_a_killed_worker_had_in_hand_is_run_by_another_process(
    table, newswire, receiver, redis, until, tmp_path
):
    pytest.importorskip("docket", reason="workers need the extra wirewatch[workers]")
    quiet(table)
    configuration, log, stores = tmp_path / "crew.toml", tmp_path / "worker.log", CrawlStores.from_redis(redis)
    configuration.write_text(toml_text(table), encoding="utf-8")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "--config", str(configuration), "worker", stdout=output, stderr=output
        )
    worker = Daemon(process=process, configuration=configuration, log=log)
    try:
        await worker.ready(lambda: "wirewatch works" in log.read_text())
        async with running(table, tmp_path) as daemon:
            await daemon.ready(lambda: "workers_found" in daemon.log.read_text())
            hanging = newswire.publish(stories.TRAM_BATTERIES, "meridian")
            newswire.fail(hanging, delay=120)
            names = []
            while '"crawl_started"' not in log.read_text():  # the daemon takes its share
                names.append(f"crl_{len(names)}")
                asked = Poll(source="", urls=(hanging,), reason="trigger", crawl_id=names[-1], asked_at=now())
                await stores.crawl_requests.submit(asked)
                await until(lambda: any(names[-1] in path.read_text() for path in (log, daemon.log)), SOON)
            newswire.heal(hanging)
            process.kill()

            async def done():
                return {(await stores.crawl_requests.state(name)).state for name in names} == {"done"}

            await until(done, SOON)
            await until(lambda: told(receiver) == [canonical_url(hanging)], SOON)
            assert await daemon.stop() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert not await redis.exists(keys.requested_polls().name)

"""Several processes on one Redis as their operator sees them: workers, a clock, and one that stands by."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack

import pytest
from daemon import COMMAND, Daemon, running
from waiting import until

from scheduler.demo import stories
from scheduler.demo.configuration import toml_text
from stories.db import keys
from stories.model.urls import canonical_url

pytest.importorskip("docket", reason="workers need the extra wirewatch[workers]")


@pytest.fixture
async def crew(table, tmp_path):
    """``await crew("worker")``: another process with the same configuration."""
    started = []
    configuration = tmp_path / "crew.toml"

    async def start(*arguments):
        configuration.write_text(toml_text(table), encoding="utf-8")
        log = tmp_path / f"{len(started)}-{arguments[0]}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, "--config", str(configuration), *arguments, stdout=output, stderr=output
            )
        started.append(Daemon(process=process, configuration=configuration, log=log))
        return started[-1]

    yield start
    async with AsyncExitStack() as ending:
        for program in started:
            ending.push_async_callback(program.stop)
            if program.process.returncode is None:
                program.process.send_signal(signal.SIGCONT)


def new_ones(receiver):
    """How often each page was told of as new."""
    return Counter(event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new")


def new_pages(program):
    """How often a process found something new on a listing."""
    return program.log.read_text(errors="replace").count('"new": 1,')


def times_said(program, words):
    """How often a process has written this."""
    return program.log.read_text(errors="replace").count(words)


def said(program, words):
    """Whether a process has written this."""
    return words in program.log.read_text(errors="replace")


@pytest.mark.executes_programs
async def test_workers_read_what_comes_out_and_one_that_is_killed_is_replaced_by_the_others(
    table, newswire, receiver, crew, tmp_path
):
    workers = [await crew("worker"), await crew("worker")]
    for worker in workers:
        await worker.ready(lambda worker=worker: said(worker, "wirewatch works"))
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: said(daemon, "workers_found"))
        await daemon.ready(lambda: all(said(worker, '"claimed"') for worker in workers))  # each polls
        early = newswire.publish(stories.TRAM_BATTERIES, "meridian")
        await daemon.ready(lambda: new_ones(receiver)[canonical_url(early)])

        # A page hangs; whoever has it is killed, if it is a worker, and else some worker.
        before = {program.log: new_pages(program) for program in (daemon, *workers)}
        hanging = newswire.publish(stories.NIGHT_MARKET)
        newswire.fail(hanging, delay=20)
        await daemon.ready(lambda: any(new_pages(program) > before[program.log] for program in (daemon, *workers)))
        workers.sort(key=lambda worker: new_pages(worker) == before[worker.log])
        workers[0].process.kill()
        newswire.heal(hanging)
        late = newswire.publish(stories.BRIDGE_SENSORS, "pressline")
        expected = {canonical_url(url) for url in (early, hanging, late)}
        await daemon.ready(lambda: set(new_ones(receiver)) == expected, 90)
        status = await daemon.stop()
    assert status == 0, daemon.tail()
    assert set(new_ones(receiver).values()) == {1}
    assert await workers[1].stop() == 0, workers[1].tail()


async def test_when_the_clock_is_killed_the_one_that_stands_by_goes_on(table, newswire, receiver, crew, tmp_path):
    clock = await crew("run")
    await clock.ready(lambda: said(clock, "wirewatch runs"))
    other = await crew("run", "--standby")
    await other.ready(lambda: said(other, "leader_lease_held"))
    early = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    await clock.ready(lambda: new_ones(receiver)[canonical_url(early)])
    clock.process.send_signal(signal.SIGSTOP)  # cut off: it neither ends nor renews
    late = newswire.publish(stories.BRIDGE_SENSORS, "pressline")
    await other.ready(lambda: new_ones(receiver)[canonical_url(late)], 60)
    clock.process.send_signal(signal.SIGCONT)
    assert await asyncio.wait_for(clock.process.wait(), 60) == 1
    assert said(clock, "another wirewatch daemon became the leader")
    assert set(new_ones(receiver).values()) == {1}
    assert await other.stop() == 0, other.tail()


async def test_a_clock_that_stood_still_stands_by_again_asks_nothing_twice_and_takes_over_at_its_turn(
    table, newswire, receiver, crew, redis
):
    for settings in (table["polling"], *table["sources"].values()):
        settings["interval"] = "1h"  # so that whatever is asked for twice in this test is asked for by mistake
    listings = [
        site.base + path for site in newswire.sites.values() for path in site.custom.listings if "{" not in path
    ]
    early = {canonical_url(newswire.publish(handout, site)) for handout, site in (
        (stories.TRAM_BATTERIES, "meridian"), (stories.BRIDGE_SENSORS, "pressline"))}  # fmt: skip
    clock = await crew("run", "--standby")
    await clock.ready(lambda: set(new_ones(receiver)) == early, 60)
    await until(lambda: _noted(redis, len(newswire.sites)))
    other = await crew("run", "--standby")
    await other.ready(lambda: said(other, "leader_lease_held"))

    clock.process.send_signal(signal.SIGSTOP)
    await other.ready(lambda: said(other, "wirewatch runs"), 60)
    clock.process.send_signal(signal.SIGCONT)
    await clock.ready(lambda: said(clock, "leader_deposed"), 60)
    other.process.kill()
    await clock.ready(lambda: times_said(clock, "wirewatch runs") >= 2, 60)
    assert {url: len(newswire.requests_for(url)) for url in listings} == dict.fromkeys(listings, 1)
    assert set(new_ones(receiver).values()) == {1}
    assert await clock.stop() == 0, clock.tail()


async def _noted(redis, count):
    """Whether the polls of so many listings have come to their end."""
    return len(await redis.keys(keys.cursor("*").name)) == count

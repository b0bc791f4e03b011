"""The daemon and its workers go on reading, whatever ends or stops the processes that read for them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest
from daemon import COMMAND, Daemon, running
from reader_processes_of import children, is_alive, servers, workers

from scheduler.demo import stories
from scheduler.demo.configuration import toml_text
from stories.model.urls import canonical_url

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

SOON = 30  # seconds; a busy machine
PARTS = {"workers": workers, "fork server": servers, "all processes": children}


def told(receiver):
    """The pages that were told of as new."""
    return [event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"]


def said(program, words):
    """Whether a process has written this."""
    return words in program.log.read_text(errors="replace")


async def test_a_daemon_whose_idle_reader_processes_are_killed_or_stopped_alerts_what_comes_then(
    table, newswire, receiver, until, tmp_path
):
    releases = iter([
        stories.NIGHT_MARKET, stories.TRAM_BATTERIES, stories.BRIDGE_SENSORS, stories.QUARTER, stories.TIDE_FUND,
        stories.FERRY_ROBOTS,
    ])  # fmt: skip
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: said(daemon, "wirewatch runs"))
        expected = []
        for number in (signal.SIGKILL, signal.SIGSTOP):
            for part in PARTS.values():
                await until(lambda: servers(daemon.process.pid) and workers(daemon.process.pid), SOON)
                targets = part(daemon.process.pid)
                for target in targets:
                    os.kill(target, number)
                expected.append(canonical_url(newswire.publish(next(releases), "meridian")))
                await daemon.ready(lambda: told(receiver) == expected, SOON)
                await until(lambda targets=targets: not any(is_alive(pid) for pid in targets))
        left = children(daemon.process.pid)
        assert await daemon.stop() == 0, daemon.tail()
    assert said(daemon, "reader_replaced")
    assert not said(daemon, "page_not_read")
    assert left
    assert not any(is_alive(pid) for pid in left)


async def test_a_worker_whose_idle_reader_processes_are_killed_goes_on_doing_its_share(
    table, newswire, receiver, until, tmp_path
):
    pytest.importorskip("docket", reason="workers need the extra wirewatch[workers]")
    configuration, log = tmp_path / "worker.toml", tmp_path / "worker.log"
    configuration.write_text(toml_text(table), encoding="utf-8")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "--config", str(configuration), "worker", stdout=output, stderr=output
        )
    worker = Daemon(process=process, configuration=configuration, log=log)
    try:
        await worker.ready(lambda: said(worker, "wirewatch works"))
        async with running(table, tmp_path) as daemon:
            await daemon.ready(lambda: said(daemon, "workers_found"))
            for target in children(process.pid):
                os.kill(target, signal.SIGKILL)
            expected = {
                canonical_url(newswire.publish(release, site))
                for release, site in (
                    (stories.NIGHT_MARKET, "meridian"), (stories.TRAM_BATTERIES, "pressline"),
                    (stories.QUARTER, "meridian"),
                )
            }  # fmt: skip
            await daemon.ready(lambda: set(told(receiver)) == expected, SOON)
            assert await daemon.stop() == 0, daemon.tail()
    finally:
        assert await worker.stop() == 0, worker.tail()
    assert not said(worker, "page_not_read")
    assert not said(daemon, "page_not_read")


FAILING = """
import sys
from crawler.readers import fork_server_client
starts = iter([sys.executable] * {good} + ["/bin/false"] * 100)
popen = fork_server_client.subprocess.Popen
class Popen(popen):
    def __init__(self, command, **options):
        if "crawler.readers.worker" in command[-1]:
            command = [next(starts), *command[1:]]
        super().__init__(command, **options)
fork_server_client.subprocess.Popen = Popen
from scheduler.cli.app import main
main()
"""


@pytest.mark.parametrize("good", [0, 1], ids=["at the start", "later"])
async def test_a_daemon_whose_reader_processes_cannot_be_started_ends_with_the_reason(table, until, tmp_path, good):
    script = tmp_path / "failing.py"
    script.write_text(FAILING.format(good=good), encoding="utf-8")
    async with running(table, tmp_path, (sys.executable, str(script))) as daemon:
        if good:
            await daemon.ready(lambda: said(daemon, "wirewatch runs"))
            for target in children(daemon.process.pid):
                os.kill(target, signal.SIGKILL)
        await until(lambda: daemon.process.returncode is not None, SOON)
    assert daemon.process.returncode == 1, daemon.tail()
    assert "the reader processes cannot be started: its fork server ended with exit code 1" in daemon.tail()

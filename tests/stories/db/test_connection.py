"""Connections to Redis: what is tried again, and what is said of a server that will not do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stories.db import connection
from stories.db.connection import address, check_server, connect, find_faults, find_risks, server_risks
from stories.db.embedded_server import embedded_server

FIT: dict[str, Any] = {
    "redis_version": "7.0.15",
    "maxmemory_policy": "noeviction",
    "loading": 0,
    "role": "master",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
}


async def test_the_embedded_server_will_do(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as server, connect(server.url) as redis:
        assert await check_server(redis) == []
        assert await server_risks(redis) == []


async def test_a_server_that_evicts_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as server, connect(server.url) as redis:
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        (fault,) = await check_server(redis)
        assert "maxmemory-policy allkeys-lru" in fault
        command = fault.partition("redis-cli ")[2].split(" ")
        await redis.execute_command(*command)
        assert await check_server(redis) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"redis_version": "6.2.14"}, "is version 6.2.14, and 7.0 is needed; upgrade it: apt-get"),
        ({"redis_version": "?"}, "7.0 is needed"),
        ({"maxmemory_policy": "volatile-ttl"}, "redis-cli CONFIG SET maxmemory-policy noeviction"),
        ({"loading": 1}, "redis-cli INFO persistence"),
        ({"role": "slave"}, "redis-cli INFO replication"),
        ({"aof_last_write_status": "err"}, "make room on its disk"),
    ],
    ids=["too old", "no version", "evicts", "still loading", "a replica", "a full disk"],
)
def test_each_fault_comes_with_what_mends_it(changed: dict[str, Any], said: str) -> None:
    assert find_faults(FIT) == []
    (fault,) = find_faults(FIT | changed)
    assert said in fault


def test_a_newer_server_will_do() -> None:
    assert find_faults(FIT | {"redis_version": "10.0.1"}) == []


def test_a_server_that_may_lose_minutes_is_a_risk_and_no_fault() -> None:
    about = FIT | {"aof_enabled": 0}
    assert find_faults(about) == []
    assert "CONFIG SET appendonly yes" in find_risks(about)[0]


async def test_a_server_that_leaves_the_disk_to_the_system_is_a_risk_with_the_command_that_mends_it(
    tmp_path: Path,
) -> None:
    async with embedded_server(tmp_path) as server, connect(server.url) as redis:
        await redis.config_set("appendfsync", "no")
        (risk,) = await server_risks(redis)
        command = risk.partition("redis-cli ")[2].split(",")[0].split(" ")
        await redis.execute_command(*command)
        assert await server_risks(redis) == []


@pytest.mark.parametrize("url", ["redis://user:canary@127.0.0.1:1/0", "unix:///nowhere/canary?password=canary"])
async def test_a_server_that_is_not_there_is_named_without_its_password(url: str) -> None:
    async with connect(url, once=True) as redis:
        (fault,) = await check_server(redis)
        assert "is not reachable" in fault
        assert "canary" not in fault.replace("/nowhere/canary", "")
        assert address(redis) in fault


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "127.0.0.1:6379", "redis://:can/ary@127.0.0.1:6379", "redis://127.0.0.1:canary", ""]
)
def test_a_url_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ValueError, match="allowed are redis://") as refused:
        connect(url)
    assert "can" not in str(refused.value).replace("can be", "")
    assert refused.value.__cause__ is None


async def test_a_password_that_is_asked_for_is_said(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as server, connect(server.url) as redis:
        await redis.config_set("requirepass", "canary")
        async with connect(server.url) as stranger:
            (fault,) = await check_server(stranger)
            assert "redis://USER:PASSWORD@" in fault
        async with connect(f"{server.url}?password=wrong-canary") as stranger:
            (fault,) = await check_server(stranger)
            assert "redis://USER:PASSWORD@" in fault
            assert "canary" not in fault
        await redis.config_set("requirepass", "")


@asynccontextmanager
async def _forgetful(real: str) -> AsyncIterator[tuple[str, dict[str, int]]]:
    """A server in between that applies the first INCR but loses its answer."""
    path = real.removeprefix("unix://")
    seen = {"incr": 0}
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, ahead = await asyncio.open_unix_connection(path)
        while data := await reader.read(65_536):
            ahead.write(data)
            answer = await behind.read(65_536)
            if b"INCR" in data.upper():
                seen["incr"] += 1
                if seen["incr"] == 1:
                    break
            writer.write(answer)
        writer.close()
        ahead.close()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)

    between = await asyncio.start_server(start, "127.0.0.1", 0)
    async with between:
        yield f"redis://127.0.0.1:{between.sockets[0].getsockname()[1]}/0", seen
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_call_whose_answer_is_lost_is_made_again(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as server, _forgetful(server.url) as (url, seen):
        async with connect(url) as redis:
            assert await redis.incr("n") == 2  # twice: this is why once exists
        assert seen["incr"] == 2


async def test_a_call_that_must_not_be_repeated_is_not(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as server, _forgetful(server.url) as (url, seen):
        async with connect(url, once=True) as redis:
            with pytest.raises(RedisError):
                await redis.incr("n")
        async with connect(server.url) as redis:
            assert await redis.get("n") == b"1"
        assert seen["incr"] == 1


async def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TIMEOUT", 0.05)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with silent, connect(f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}") as redis:
        (fault,) = await check_server(redis)
        assert "does not answer" in fault


def test_answers_are_bytes() -> None:
    redis: Redis = connect("redis://127.0.0.1:1")
    assert redis.connection_pool.connection_kwargs.get("decode_responses", False) is False

"""What a wirewatch of some layout left in Redis, as a file that any later one is tried on.

    .venv/bin/python tests/support/layouts.py tests/stories/layouts/1.jsonl

writes one with the program as it is: a daemon of its own watches the loopback newswire of the demo, and the words are
the demo's. A file is written once, when its layout is the newest, and never again."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

SHORT_LIVED = ("{ww}:docket", "{ww}:daemon", "{ww}:clock", "{ww}:claim", "{ww}:begun", "{ww}:turn", "{ww}:migrating")
SOON = 60  # seconds; a busy machine


async def snapshot(redis: Redis) -> list[dict[str, Any]]:
    """Return what is kept, a key a row: its name, its lifetime (ms, None for ever), and the commands that write it."""
    rows = []
    for name in sorted([key async for key in redis.scan_iter(count=1_000)]):
        if name.decode().startswith(SHORT_LIVED):
            continue
        left = await redis.pttl(name)
        rows.append({"key": name.decode(), "ttl": left if left > 0 else None, "write": await _commands(redis, name)})
    return rows


async def _commands(redis: Any, name: bytes) -> list[list[str]]:
    kind = (await redis.type(name)).decode()
    if kind == "string":
        found = [["SET", await redis.get(name)]]
    elif kind == "hash":
        found = [["HSET", *(part for pair in (await redis.hgetall(name)).items() for part in pair)]]
    elif kind == "set":
        found = [["SADD", *sorted(await redis.smembers(name))]]
    elif kind == "list":
        found = [["RPUSH", *await redis.lrange(name, 0, -1)]]
    elif kind == "zset":
        pairs = await redis.zrange(name, 0, -1, withscores=True)
        found = [["ZADD", *(part for member, score in pairs for part in (repr(score), member))]]
    elif kind == "stream":
        entries = await redis.xrange(name)
        found = [["XADD", number, *(part for pair in fields.items() for part in pair)] for number, fields in entries]
    else:
        raise ValueError(f"{name!r} is a {kind}, which no snapshot was made of yet")
    return [[command, *(_text(part) for part in parts)] for command, *parts in found]


def _text(part: bytes | str) -> str:
    packed = part if isinstance(part, bytes) else part.encode()
    try:
        text = packed.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(packed).decode()
    return "base64:" + base64.b64encode(packed).decode() if text.startswith("base64:") else text


def _bytes(part: str) -> bytes:
    return base64.b64decode(part[7:]) if part.startswith("base64:") else part.encode()


async def put(redis: Redis, rows: str) -> None:
    """Write what a file of rows holds into an empty Redis."""
    for line in rows.splitlines():
        row = json.loads(line)
        for command, *parts in row["write"]:
            await redis.execute_command(command, row["key"], *(_bytes(part) for part in parts))
        if row["ttl"]:
            await redis.pexpire(row["key"], row["ttl"])


async def _make(file: Path) -> None:
    from daemon import running
    from receiver import SECRET, serve_receiver
    from redis_server import redis_server

    from scheduler.demo import stories
    from scheduler.demo.configuration import configuration
    from scheduler.demo.newswire import serve

    def told(kind: str) -> list[Any]:
        return [delivery for delivery in receiver.accepted if delivery.type == kind]

    with redis_server() as url, tempfile.TemporaryDirectory() as folder:
        async with serve() as wire, serve_receiver() as receiver, Redis.from_url(url) as redis:
            table = configuration(wire, channels={"hook": {"type": "webhook", "url": receiver.url, "secret": SECRET}})
            table |= {"redis_url": url, "web": {"port": 0}, "data_dir": folder, "watches": {"all": {"title": "All"}}}
            table["watches"]["all"]["events"] = ["new", "corrected", "syndicated"]
            async with running(table, Path(folder)) as daemon:
                trams = wire.publish(stories.TRAM_BATTERIES, "meridian")
                quarter = wire.publish(stories.QUARTER, "pressline")
                await daemon.ready(lambda: len(told("release.new")) == 2, SOON)
                wire.syndicate(trams)
                first, *rest = stories.QUARTER.body
                wire.correct(quarter, replace(stories.QUARTER, body=(first.replace("a", "e", 1), *rest)))
                await daemon.ready(lambda: told("release.corrected"), SOON)

                await daemon.ready(lambda: told("release.syndicated"), SOON)
                receiver.fail(503)
                wire.publish(stories.NIGHT_MARKET, "meridian")
                await daemon.ready(lambda: receiver.deliveries[-1].status == 503, SOON)
                await daemon.stop()
            rows = await snapshot(redis)
    with file.open("x", encoding="utf-8") as output:
        output.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    asyncio.run(_make(Path(sys.argv[1])))

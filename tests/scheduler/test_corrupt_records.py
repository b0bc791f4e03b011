"""Random bytes in stored values end no command, no page and no daemon; each record is left out and named in the log."""

from __future__ import annotations

import random

import aiohttp
import pytest
from daemon import running
from program import Program
from redis.exceptions import ResponseError

from scheduler.demo import stories
from stories.db import keys
from stories.model.urls import canonical_url

SOON = 30
SPARED = {"layout", "packing", "formats", "memory", "term", "daemon", "epoch", "migrating", "probe"}
"""What says whose memory it is, and is compared as it is: no record that is decoded."""
COMMANDS = (
    *(("releases",), ("releases", "--format", "jsonl"), ("alerts",), ("alerts", "--format", "json")),
    *(("sources",), ("check",)),
)  # fmt: skip
PAGES = (
    "/", "/sources", "/alerts", "/feed.atom", "/api/v1/releases", "/api/v1/events", "/api/v1/sources", "/metrics",
)  # fmt: skip


def kind_of(key):
    """The kind of a key: what follows the prefix."""
    return key.decode().removeprefix(f"{keys.PREFIX}:").split(":")[0]


def junk(random_bytes):
    """Bytes of all sorts: binary, cut JSON, JSON of another shape, numbers, nothing."""
    return random_bytes.choice(
        [
            random_bytes.randbytes(random_bytes.randint(1, 60)),
            b"{",
            b"[]",
            b'{"data": {}}',
            b"~{}",
            b"1e999",
            b"-1",
            b"\xff\xfe",
            b"(\xb5/\xfd\x00",
            b"1 sty_x - t new 1 why\n(\xb5/\xfd broken",
        ]
    )


async def corrupt(redis, random_bytes, kinds=None):
    """Put junk into every value of these kinds of keys (all), their types and lifetimes unchanged."""
    found = set()
    async for key in redis.scan_iter(match=f"{keys.PREFIX}:*"):
        kind = kind_of(key)
        if kind in SPARED or (kinds is not None and kind not in kinds):
            continue
        found.add(kind)
        await corrupt_key(redis, key, random_bytes)
    return found


async def corrupt_key(redis, key, random_bytes):
    try:
        match (await redis.type(key)).decode():
            case "string":
                await redis.set(key, junk(random_bytes), keepttl=True)
            case "hash":
                for field in await redis.hkeys(key):
                    await redis.hset(key, field, junk(random_bytes))
                await redis.hset(key, junk(random_bytes), junk(random_bytes))
            case "zset":
                await redis.zadd(key, {junk(random_bytes): random_bytes.choice([0, 1, 1e15])})
            case "set":
                await redis.sadd(key, junk(random_bytes))
            case "list":
                for place in range(await redis.llen(key)):
                    await redis.lset(key, place, junk(random_bytes))
            case "stream":
                await redis.xadd(key, {junk(random_bytes): junk(random_bytes)})
                await redis.xadd(key, {"event": junk(random_bytes), "id": junk(random_bytes)})
    except ResponseError:  # it ended meanwhile
        pass


def alerted(receiver):
    return [delivery.json["data"]["release"]["url"] for delivery in receiver.accepted if delivery.type == "release.new"]


@pytest.mark.parametrize("seed", range(3))
async def test_random_bytes_in_every_record_end_no_command(seed, program, newswire, receiver, redis):
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    newswire.publish(stories.QUARTER, "meridian")
    crawled = await program("crawl", "meridian")
    assert crawled.status == 0, crawled.said
    release = crawled.rows[0]["data"]["release"]["id"]
    kinds = await corrupt(redis, random.Random(seed))
    assert kinds >= {"release", "releases", "event", "history", "alert", "cursor", "source", "page", "story"}
    for command in (*COMMANDS, ("show", release)):
        ended = await program.within(*command)
        assert "Traceback" not in ended.said, ended.said
        assert ended.status in (0, 1), ended.said
    assert (await program.within("releases")).status == 0
    await redis.flushall()


@pytest.mark.parametrize("seed", [7, 8])
async def test_random_bytes_in_every_record_end_no_page_and_no_daemon(
    seed, table, newswire, receiver, redis, until, tmp_path
):
    table["data_dir"] = str(tmp_path / "data")
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    addresses = []

    def address(daemon):
        for line in daemon.log.read_text(errors="replace").splitlines():
            for word in line.replace('"', " ").split():
                if word.startswith("http://127.0.0.1:") and word.endswith("/") and "wirewatch" in line:
                    addresses.append(word.rstrip("/"))
        return addresses

    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: alerted(receiver) == [first], SOON)
        await daemon.ready(lambda: address(daemon), SOON)
        chance = random.Random(seed)
        late = []
        for story in (stories.QUARTER, stories.NIGHT_MARKET):
            await corrupt(redis, chance)
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
                for page in PAGES:
                    async with http.get(addresses[0] + page) as answer:
                        assert answer.status < 500, f"{page}: {await answer.text()}"
            late.append(canonical_url(newswire.publish(story, "meridian")))
            await daemon.ready(lambda: set(late) <= set(alerted(receiver)))
        assert daemon.process.returncode is None
        assert await daemon.stop() == 0
    assert "record_unreadable" in daemon.log.read_text(errors="replace")
    again = Program(folder=tmp_path, table=table, environment={})
    assert "Traceback" not in (await again.within("check")).said
    await redis.flushall()

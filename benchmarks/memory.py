"""Measures ingest of real releases: speed, memory, and the effect of a million older ones.

    python benchmarks/identity.py throughput [COUNT]   releases a second and Redis memory a release, from empty
    python benchmarks/identity.py million [--older N]  the cost of a release with N generated older ones, and without
    python benchmarks/identity.py stories FILE         replays the archive; the stories with several releases, as JSONL

One process and its own Redis on a Unix socket, configured as the embedded one but without the disk. ``Ingestor.ingest``
does identify, link, match and write; ``WORKERS`` releases are in flight concurrently, as in a crawl.

``million`` writes 1,000,000 releases in five to ten minutes and 3 GB of memory. ``--older 100000`` takes a minute and a
half at most, and shows Python's part and the memory correctly, but less of the growth of Redis's part
(docs/decisions/0013-what-memory-looks-like.md). The two databases alternate, so that both run under the same load; on a
busy machine compare the CPU.

The generated releases repeat those of the archive, compressed as in production. Nine of ten share nothing with others;
the rest are further issues of the archive's series and share half of their model's blocking keys, so the indexes of
series are full, as after years.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import random
import sys
import time
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "benchmarks")]

from identity import rows  # noqa: E402
from redis_server import redis_server  # noqa: E402

from config.settings import Settings  # noqa: E402
from pipelines.identity import blocking_keys_of  # noqa: E402
from pipelines.ingest import Ingestor  # noqa: E402
from stories.crawl_state.claims import Claims  # noqa: E402
from stories.crawl_state.revisit_queue import RevisitQueue  # noqa: E402
from stories.db import keys  # noqa: E402
from stories.db.codec import pack, register_dictionary, train_dictionary  # noqa: E402
from stories.db.dictionaries import SAMPLES  # noqa: E402
from stories.model.ids import release_id, release_id_bytes, story_id  # noqa: E402
from stories.model.page_result import PageResult  # noqa: E402
from stories.model.release import Release  # noqa: E402
from stories.model.urls import canonical_url, url_digest  # noqa: E402
from stories.store.archive import Archive  # noqa: E402
from stories.store.releases import INDEX_KEPT, ReleaseStore  # noqa: E402

WORKERS = 32  # releases ingested concurrently
OLDER_RELEASES = 1_000_000  # five years of all wires of the catalog
MEASURED_RELEASES = 4_000  # releases whose cost is compared
MODEL_RELEASES = 6_000  # releases before those: what older ones are made from
RELEASES_PER_TURN = 250  # releases that one memory takes in before the other has its turn: both see the same machine
SERIES_SHARE = 0.1  # of the made-up releases are further issues of the archive's serials
SHARED_FEATURES = 0.5  # of its traits a further issue shares with the one that it is made from
RELEASES_PER_SCRIPT = 500  # made-up releases written by one script
SETTINGS = Settings.model_validate(
    {
        "catalog": False,
        "watches": {"one-wire": {"sources": ["newmediawire"]}, "everything": {"events": ["source"]}},
        "channels": {"desk": {"type": "console"}},
    }
)
"""A watch that matches some releases, and one that stores everything and alerts nothing."""

_FILL = """
local prefix, kept, seconds, seen, per = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), 6
for i = 5, #ARGV, per do
  seen = seen + 1
  local id, raw, story, value, page, digests = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  redis.call("SET", prefix .. "release:" .. id, value, "EX", seconds)
  redis.call("ZADD", prefix .. "story:" .. story, seen, id)
  redis.call("EXPIRE", prefix .. "story:" .. story, seconds)
  redis.call("ZADD", prefix .. "releases", seen, id)
  redis.call("HSET", prefix .. "page:" .. page, "release", id)
  redis.call("EXPIRE", prefix .. "page:" .. page, seconds)
  for at = 1, #digests, 8 do
    local index = prefix .. "i:" .. string.sub(digests, at, at + 7)
    if not redis.call("SET", index, raw, "NX", "EX", seconds) then
      local entries = redis.call("GET", index) .. raw
      redis.call("SET", index, string.sub(entries, -kept * 16), "EX", seconds)
    end
  end
end
"""
"""What keep.lua leaves of releases that were kept long ago: their events are gone."""


@dataclass(slots=True)
class Line:
    """One memory, and what it cost so far."""

    redis: Redis
    memory: Ingestor
    clock: list[datetime]
    wall: float = 0.0
    cpu: float = 0.0
    kept: int = 0

    @classmethod
    def on(cls, redis: Redis) -> Line:
        """Return an ingest service whose clock is at the publication of the newest release."""
        clock = [datetime(2000, 1, 1, tzinfo=UTC)]
        memory = Ingestor(
            ReleaseStore(redis), Claims(redis), RevisitQueue(redis), SETTINGS, lambda: clock[0], lambda _: None
        )
        return cls(redis=redis, memory=memory, clock=clock)

    async def take_in(self, found: Iterable[Release]) -> None:
        """Ingest releases, ``WORKERS`` concurrently."""
        waiting = iter(found)
        began, used = time.perf_counter(), time.process_time()

        async def work() -> None:
            for release in waiting:
                moment = datetime.fromisoformat(f"{(release.published_at or '')[:10]}T12:00:00+00:00")
                self.clock[0] = max(moment, self.clock[0] + timedelta(milliseconds=1))
                await self.memory.ingest(
                    PageResult(url=release.url or "", source=release.source or "", release=release)
                )
                self.kept += 1

        await asyncio.gather(*(work() for _ in range(WORKERS)))
        self.wall += time.perf_counter() - began
        self.cpu += time.process_time() - used

    async def served(self) -> float:
        """Return the seconds that the server has worked."""
        about = await self.redis.info("cpu")
        return float(about["used_cpu_user"]) + float(about["used_cpu_sys"])

    async def room(self) -> int:
        """Return the bytes that the server has in use."""
        return int((await self.redis.info("memory"))["used_memory"])


def read(count: int | None = None) -> Iterator[Release]:
    """Yield the archive's releases in order as the crawler would hand them over, notices still in the headline."""
    for row in islice(rows(), count):
        body = tuple(line.strip() for line in row["body"].split("\n") if line.strip())
        yield Release(
            source=row["wire"],
            wire=row["wire"],
            url=_address(row),
            headline=row["title"],
            body=body,
            text="\n".join(body),
            published_at=row["date"],
        )


def _address(row: dict[str, str]) -> str:
    try:
        return canonical_url(row["source_url"])
    except ValueError:  # two rows have none
        return f"https://archive.example/{row['id']}"


def in_parts(found: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield a sequence in parts."""
    return (found[at : at + size] for at in range(0, len(found), size))


async def throughput(count: int | None) -> None:
    """Print how many releases a second are remembered from empty, what each costs, and its room in Redis."""
    found = list(read(count))
    gc.freeze()  # the archive is the benchmark's own
    with redis_server() as url:
        async with Redis.from_url(url) as redis:
            line, empty = Line.on(redis), await Line.on(redis).room()
            for part in in_parts(found, 4_000):
                before = line.kept, line.wall, line.cpu, await line.served(), await line.room()
                await line.take_in(part)
                new = line.kept - before[0]
                print(
                    f"{line.kept:6} kept: {new / (line.wall - before[1]):5.0f} releases/s, "
                    f"{(line.cpu - before[2]) / new * 1000:.2f} ms of Python and "
                    f"{(await line.served() - before[3]) / new * 1000:.2f} ms of Redis a release, "
                    f"{(await line.room() - before[4]) / new:5.0f} bytes a release"
                )
            print(
                f"{line.kept / line.wall:.0f} releases/s in all; {(await line.room() - empty) / line.kept:.0f} bytes "
                f"of Redis memory a release, {(await redis.dbsize()) / line.kept:.1f} keys"
            )
            await _by_kind(redis, line.kept)


async def _by_kind(redis: Redis, kept: int) -> None:
    """Print what takes the room, without what the server needs to find a key."""
    room: dict[str, list[int]] = {}
    async for name in redis.scan_iter(count=1_000):
        kind = name.decode().split(":")[1]
        if kind != "i" or name[-1] % 16 == 0:  # of a dozen short keys for each release a sixteenth will do
            room.setdefault(kind, []).append(await redis.memory_usage(name, samples=0) or 0)
    for kind, sizes in sorted(room.items(), key=lambda item: -sum(item[1])):
        print(f"  {kind:12} {sum(sizes) / len(sizes):9.0f} bytes each, {len(sizes)} looked at")


async def million(older: int) -> None:
    """Print the cost of a release with many older ones, as a ratio to its cost without."""
    found = list(read())
    measured, chance = found[-MEASURED_RELEASES:], random.Random(11)
    gc.freeze()  # the archive is the benchmark's own
    with redis_server() as empty_url, redis_server() as full_url:
        async with Redis.from_url(empty_url) as empty_redis, Redis.from_url(full_url) as full_redis:
            empty, full = Line.on(empty_redis), Line.on(full_redis)
            began, before = time.perf_counter(), await full.room()
            await _fill(full_redis, found[-MEASURED_RELEASES - MODEL_RELEASES : -MEASURED_RELEASES], older, chance)
            print(
                f"{older} made-up releases in {time.perf_counter() - began:.0f} s, "
                f"{(await full.room() - before) / older:.0f} bytes of Redis memory each"
            )
            served = {line.redis: await line.served() for line in (empty, full)}
            for number, part in enumerate(in_parts(measured, RELEASES_PER_TURN)):
                for line in (empty, full) if number % 2 else (full, empty):
                    await line.take_in(part)
            costs = []
            for name, line in (("none", empty), (f"{older}", full)):
                python_ms = line.cpu / line.kept * 1000
                redis_ms = (await line.served() - served[line.redis]) / line.kept * 1000
                costs.append((line.wall, python_ms + redis_ms, python_ms, redis_ms))
                print(
                    f"with {name:>8}: {line.kept / line.wall:5.0f} releases/s, {python_ms:.2f} ms of Python and "
                    f"{redis_ms:.2f} ms of Redis a release"
                )
            ratios = [much / none for none, much in zip(*costs, strict=True)]
            print("ratio: {:.2f} of time, {:.2f} of CPU; {:.2f} of Python, {:.2f} of Redis".format(*ratios))


async def _fill(redis: Redis, found: Sequence[Release], older: int, chance: random.Random) -> None:
    """Write made-up older releases as keep.lua leaves them: nine of ten like nothing else, the others serial issues."""
    samples = chance.sample(found, min(2_000, len(found)))
    # Compressed with a dictionary trained on a thousand releases; it is stored for decompression.
    trained = train_dictionary(samples[:SAMPLES])
    number = register_dictionary(trained)
    await redis.hset(keys.dictionaries().name, mapping={str(number): trained, "newest": str(number)})
    known = [
        ([trait.digest for trait in blocking_keys_of(release)], pack(replace(release, text=""), number))
        for release in samples
    ]
    shared: dict[str, int] = {}
    for release in found:
        for trait in blocking_keys_of(release):
            shared[trait.digest] = shared.get(trait.digest, 0) + 1
    serials = [
        features for features in known if sum(shared[digest] > 1 for digest in features[0]) > len(features[0]) // 2
    ]
    script = redis.register_script(_FILL)
    day = datetime.fromisoformat(f"{found[-1].published_at}T00:00:00+00:00") - timedelta(days=200)
    seen = int(day.timestamp() * 1000)  # all of them are within memory, or the first keep would let go of them
    for numbers in in_parts(range(older), RELEASES_PER_SCRIPT):
        args: list[Any] = [f"{keys.PREFIX}:", INDEX_KEPT, keys.release("").seconds, seen + numbers[0] * 10]
        for made_up in numbers:
            page = url_digest(f"https://older.example/{made_up}")
            own, serial = release_id(page), bool(serials) and chance.random() < SERIES_SHARE
            digests, packed = chance.choice(serials if serial else known)
            story = story_id(own)
            ours = b2a_base64(chance.randbytes(6 * len(digests)), newline=False).decode()  # eight characters each
            for place, digest in enumerate(digests if serial else ()):
                if chance.random() < SHARED_FEATURES:
                    ours = f"{ours[: 8 * place]}{digest}{ours[8 * place + 8 :]}"
            value = b"1 %b - 0123456789ab new 1600000000000 nothing like it before\n%b" % (story.encode(), packed)
            args += [own, release_id_bytes(own), story, value, page, ours]
        await script(args=args)


async def stories(path: Path) -> None:
    """Replay the archive from empty, and write the stories with more than one release as JSON lines."""
    with redis_server() as url:
        async with Redis.from_url(url) as redis:
            line, archive = Line.on(redis), Archive(redis)
            await line.take_in(read())
            several = 0
            with path.open("w", encoding="utf-8") as out:
                async for name in redis.scan_iter(f"{keys.story('').name}*", count=1_000):
                    story = await archive.story(name.decode().rpartition(":")[2])
                    if story is None or len(story.releases) < 2:
                        continue
                    several += 1
                    alerted = [
                        {"id": member.release.id, "source": member.release.source, "date": member.release.published_at,
                         "headline": member.release.headline, "url": member.release.url, "verdict": member.verdict,
                         "why": member.why, "replaces": member.replaces,
                         "notice": member.release.notice and member.release.notice.marker,
                         "body": member.release.body}
                        for member in story.releases
                    ]  # fmt: skip
                    out.write(json.dumps({"story": story.id, "releases": alerted}, ensure_ascii=False) + "\n")
            print(f"{line.kept} releases, {several} stories with more than one, in {path}")
            print(f"{line.kept / line.wall:.0f} releases/s")


def main(what: str, arguments: Sequence[str]) -> None:
    """Run one of the commands."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING), cache_logger_on_first_use=True
    )
    parser = argparse.ArgumentParser(prog=f"benchmarks/identity.py {what}")
    if what == "throughput":
        parser.add_argument("count", type=int, nargs="?", help="the first so many releases; without it all")
        asyncio.run(throughput(parser.parse_args(arguments).count))
    elif what == "million":
        parser.add_argument("--older", type=int, default=OLDER_RELEASES, help="made-up releases (%(default)s)")
        asyncio.run(million(parser.parse_args(arguments).older))
    else:
        parser.add_argument("file", type=Path, nargs="?", default=Path("stories.jsonl"))
        asyncio.run(stories(parser.parse_args(arguments).file))

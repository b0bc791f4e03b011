"""Measures pages, lists and searches of a polling daemon with many concurrent clients and a large archive.

    .venv/bin/python benchmarks/web.py                    # 100,000 releases, 20 clients, some eight minutes
    .venv/bin/python benchmarks/web.py --releases 5000    # a short run of a minute

The archive is filled through the normal write path, the daemon is ``wirewatch run`` with its own index, and a loopback
newswire publishes into it all the time. Each kind of request is measured in turn; times are those of whole answers at
the client, in milliseconds. The CPU time of a request is also printed, for the daemon and for the clients: it is valid
on a busy machine too, while twenty clients wait for twenty requests. At the end ``--followers`` follow the stream of
events for ``--seconds``, and the daemon's memory is measured before and after. The clients share the machine with the
daemon.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import aiohttp  # noqa: E402
from archive_filler import ArchiveFiller  # noqa: E402
from daemon import running  # noqa: E402
from redis.asyncio import Redis  # noqa: E402
from redis_server import redis_server  # noqa: E402

from scheduler.demo.configuration import configuration  # noqa: E402
from scheduler.demo.newswire import Newswire, serve  # noqa: E402
from scheduler.demo.stories import WATCHED_TAG, Handout  # noqa: E402

VOCABULARY = 30_000  # words of the made-up language; a wire's archive has some 100,000, most of them once
PARAGRAPHS = 12  # of 50 words: 4 kB of text, the mean of the releases of sixteen wires
SOURCES = 40
RARE = 20_000  # one release in so many has the rare tag
CHINESE = "科技園今日發布半導體芯片"
CONCURRENT_FILLERS = 8  # concurrent: the fill waits for Redis, not for this process
PUBLISH_INTERVAL_SECONDS = 2.0  # seconds between two releases that arrive during the requests
PORT = 18_787


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    releases: int
    clients: int
    requests: int
    followers: int
    seconds: float


class Language:
    """Generated words, some frequent, most rare (Zipf)."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]
        names = random.Random(1)
        self._words = sorted({"".join(names.choices(syllables, k=names.randint(1, 4))) for _ in range(VOCABULARY)})
        names.shuffle(self._words)
        self._weights = list(itertools.accumulate(1 / rank for rank in range(1, len(self._words) + 1)))

    def words(self, count: int) -> list[str]:
        """Return so many words."""
        return self._random.choices(self._words, cum_weights=self._weights, k=count)

    def sentence(self, count: int) -> str:
        """Return so many words as a sentence."""
        return " ".join(self.words(count)).capitalize() + "."

    def common(self, rank: int) -> str:
        """Return the word of a rank: 0 is in every release."""
        return self._words[rank]


async def fill(url: str, count: int) -> list[str]:
    """Keep so many releases, and return some of their ids."""
    began = datetime.now(UTC) - timedelta(minutes=count // CONCURRENT_FILLERS + 60)
    shown: list[str] = []

    async def fill(part: int) -> None:
        language = Language(part)
        async with Redis.from_url(url) as redis:
            filler = ArchiveFiller(redis, began=began + timedelta(seconds=part * 7))
            for number in range(part, count, CONCURRENT_FILLERS):
                tags = (f"Tag{number % 500}", *(("Rare",) if number % RARE == 7 else ()))
                release = await filler.publish(
                    " ".join(language.words(9)).title(),
                    url=f"https://wire-{number % SOURCES}.example/news/{number}",
                    source=f"wire-{number % SOURCES}",
                    tags=tags,
                    language="en",
                    issuer=" ".join(language.words(3)).title(),
                    body=(
                        *(language.sentence(50) for _ in range(PARAGRAPHS)),
                        *((CHINESE,) if number % 50 == 0 else ()),
                    ),
                    about=(language.sentence(40),),
                    silent=number < count - 2_000,
                )
                if number % max(1, count // 500) == 0:
                    shown.append(release.id or "")

    await asyncio.gather(*(fill(part) for part in range(CONCURRENT_FILLERS)))
    return shown


async def publish(wire: Newswire) -> None:
    """Publish for ever."""
    language, number = Language(99), 0
    while True:
        number += 1
        handout = Handout(
            headline=" ".join(language.words(8)).title(),
            issuer=" ".join(language.words(2)).title(),
            place="PORT ELLERY",
            tags=(WATCHED_TAG,),
            body=tuple(language.sentence(40) for _ in range(5)),
        )
        wire.publish(handout)
        await asyncio.sleep(PUBLISH_INTERVAL_SECONDS)


async def send_requests(
    session: aiohttp.ClientSession, paths: Sequence[str], clients: int, requests: int
) -> list[float]:
    """Request the paths in turn with so many concurrent clients, and return the time of each answer in ms."""
    times: list[float] = []
    waiting = iter(range(requests))

    async def client() -> None:
        for number in waiting:
            began = time.perf_counter()
            async with session.get(paths[number % len(paths)]) as reply:
                await reply.read()
            assert reply.status == 200, (reply.status, paths[number % len(paths)])
            times.append((time.perf_counter() - began) * 1_000)

    await asyncio.gather(*(client() for _ in range(clients)))
    return times


def resident(pid: int) -> float:
    """Return the memory of a process in MB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1_024
    return 0.0


def worked(pid: int) -> float:
    """Return the processor time that a process has had, in ms (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000 / os.sysconf("SC_CLK_TCK")


def index_size(folder: Path) -> int:
    """Return the bytes of the index."""
    return sum(file.stat().st_size for file in folder.glob("index-*"))


async def follow(session: aiohttp.ClientSession, until: float) -> int:
    """Follow the events until a moment, and return how many came."""
    count = 0
    try:
        async with (
            asyncio.timeout_at(until),
            session.get("/api/v1/events", headers={"Accept": "text/event-stream"}) as got,
        ):
            async for line in got.content:
                count += line.startswith(b"data:")
    except TimeoutError:
        pass
    return count


async def wait_for_the_index(session: aiohttp.ClientSession) -> float:
    """Return the seconds until a filter is answered from the index: its answer then is whole."""
    began = time.perf_counter()
    while True:
        async with session.get("/api/v1/releases", params={"tag": "NobodyHasThis", "limit": "1"}) as reply:
            if (await reply.json())["next"] is None:
                return time.perf_counter() - began
        await asyncio.sleep(1)


async def measure(options: Options, url: str, folder: Path) -> None:
    """Fill, run the daemon, send requests, follow, and print."""
    began = time.perf_counter()
    shown = await fill(url, options.releases)
    print(f"filled: {options.releases:,} releases in {time.perf_counter() - began:.0f} s")
    async with serve() as wire:
        table = configuration(wire, channels={}, interval="2s")
        table |= {"redis_url": url, "data_dir": str(folder), "web": {"port": PORT}}
        async with running(table, folder) as daemon:
            await daemon.ready(lambda: "wirewatch runs" in daemon.log.read_text())
            connector = aiohttp.TCPConnector(limit=0)
            timeout = aiohttp.ClientTimeout(total=120)
            base = f"http://127.0.0.1:{PORT}"
            async with aiohttp.ClientSession(base, connector=connector, timeout=timeout) as session:
                seconds = await wait_for_the_index(session)
                size = index_size(folder)
                print(f"index:  made in {seconds:.0f} s, {size / 1e6:.0f} MB")
                publishing = asyncio.create_task(publish(wire))
                try:
                    await ask_all(options, session, shown, daemon.process.pid)
                    await follow_all(options, session, daemon.process.pid)
                finally:
                    publishing.cancel()


async def ask_all(options: Options, session: aiohttp.ClientSession, shown: Sequence[str], pid: int) -> None:
    """Print the times of each kind of request."""
    language = Language(0)
    async with session.get("/api/v1/releases", params={"limit": "1"}) as reply:
        newest = (await reply.json())["releases"][0]["id"]
    async with session.get("/api/v1/events", params={"limit": "200"}) as reply:
        events = [event["id"] for event in (await reply.json())["events"]]
    deep = int((datetime.now(UTC) - timedelta(minutes=options.releases // CONCURRENT_FILLERS)).timestamp() * 1_000)

    def search(*queries: str) -> Callable[[], list[str]]:
        return lambda: [f"/api/v1/releases?limit=20&q={query}" for query in queries]

    word = language.common
    kinds: dict[str, Callable[[], list[str]]] = {
        "first page": lambda: ["/"],
        "story page": lambda: [f"/stories/{id_}" for id_ in shown],
        "API, newest 50": lambda: ["/api/v1/releases"],
        "API, newest 20": lambda: ["/api/v1/releases?limit=20"],
        "API, a rare tag": lambda: ["/api/v1/releases?tag=Rare"],
        "API, a source's": lambda: [f"/api/v1/releases?source=wire-{number}&limit=20" for number in range(SOURCES)],
        "API, the oldest": lambda: [f"/api/v1/releases?limit=20&cursor={deep}-{newest}"],
        "search, common words": search(*(word(rank) for rank in range(30))),
        "search, seldom words": search(*(word(rank) for rank in range(9_000, 9_100))),
        "search, two words": search(*(f"{word(rank)}+{word(rank * 37 + 400)}" for rank in range(99))),
        "search, Chinese": search("芯片", "半導體"),
        "feed": lambda: ["/feeds/wires.atom"],
        "API, 20 events": lambda: [f"/api/v1/events?limit=20&after={event_id}" for event_id in events],
        "API, sources": lambda: ["/api/v1/sources"],
        "API, alerts": lambda: ["/api/v1/alerts"],
        "page, searched": lambda: [f"/?q={word(rank)}" for rank in range(30)],
        "page, a source's": lambda: [f"/?source=wire-{number}" for number in range(SOURCES)],
        "page, two compared": lambda: [f"/stories/{id_}?before={id_}.1&after={id_}.1" for id_ in shown],
        "page, sources": lambda: ["/sources"],
        "page, alerts": lambda: ["/alerts"],
        "page, watches": lambda: [f"/watches?q={word(rank)}" for rank in range(30)],
    }
    print(f"{options.clients} clients, {options.requests} requests of each kind; ms; load {os.getloadavg()[0]:.1f}")
    print(f"{'':24}{'median':>8}{'p95':>8}{'most':>8}{'a second':>10}{'CPU each':>10}{'client':>8}")
    for name, paths in kinds.items():
        began, busy, own = time.perf_counter(), worked(pid), worked(os.getpid())
        times = sorted(await send_requests(session, paths(), options.clients, options.requests))
        rate = len(times) / (time.perf_counter() - began)
        p95 = times[int(len(times) * 0.95) - 1]
        each, client = (worked(pid) - busy) / len(times), (worked(os.getpid()) - own) / len(times)
        print(
            f"{name:24}{statistics.median(times):8.1f}{p95:8.1f}{times[-1]:8.1f}{rate:10.0f}{each:10.2f}{client:8.2f}",
            flush=True,
        )


async def follow_all(options: Options, session: aiohttp.ClientSession, pid: int) -> None:
    """Print the daemon's memory before and after many followed the events."""
    if not options.followers:
        return
    until = asyncio.get_running_loop().time() + options.seconds
    following = [asyncio.create_task(follow(session, until)) for _ in range(options.followers)]
    await asyncio.sleep(min(10.0, options.seconds / 3))
    before = resident(pid)
    events = await asyncio.gather(*following)
    print(
        f"{options.followers} followers for {options.seconds:.0f} s: {min(events)} to {max(events)} events each; "
        f"the daemon's memory {before:.0f} MB after the first seconds, {resident(pid):.0f} MB at the end"
    )


async def run(options: Options) -> None:
    """Measure with a Redis server of its own."""
    with redis_server() as url, tempfile.TemporaryDirectory(prefix="ww-bench-") as folder:
        await measure(options, url, Path(folder))


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--releases", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--followers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    asyncio.run(run(Options(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()

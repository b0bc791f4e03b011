"""Delivers alerts to a healthy webhook, alone and together with a failing channel, in alternating rounds.

    .venv/bin/python benchmarks/alerts.py            # 10,000 alerts, some two minutes

Alerts are written as the pipelines write them, to an embedded Redis with an fsync for every write. Delivery runs in
this process, the receiver in another one. In every round a burst waits when delivery begins (the rate), and then
alerts come at a steady rate (the delay from stored to received). In every second round each event also goes to a
second channel, whose port refuses connections. Exit status 1 if an alert is lost, or if the failing channel changes
the healthy one's rate (the median of the rounds' ratios) or 95th percentile by more than a tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import structlog
from aiohttp import ClientSession, web

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from archive_filler import ArchiveFiller  # noqa: E402
from receiver import SECRET  # noqa: E402
from redis.asyncio import Redis  # noqa: E402

from alerts.channels import channel_types, open_channel  # noqa: E402
from alerts.delivery import Delivery  # noqa: E402
from config.address_policy import AddressPolicy  # noqa: E402
from stories.db import keys  # noqa: E402
from stories.db.connection import connect  # noqa: E402
from stories.db.embedded_server import embedded_server  # noqa: E402

STEADY_ALERTS = 50  # alerts of a round that come one after the other; the others are its burst
STEADY_ALERTS_PER_SECOND = 40.0  # of these a second: far below what goes, so that no queue is measured
MAX_EFFECT = 0.10
PARKED = "{ww}:parked"
TIMEOUT_SECONDS = 120.0


async def receive() -> None:
    """Be the receiver: take everything, and tell when it came."""
    arrived: dict[str, float] = {}

    async def take(request: web.Request) -> web.Response:
        await request.read()
        arrived.setdefault(request.headers["webhook-id"], time.time())
        return web.Response(status=204)

    async def tell(request: web.Request) -> web.Response:
        return web.json_response(arrived)

    async def count(request: web.Request) -> web.Response:
        return web.json_response(len(arrived))

    application = web.Application()
    application.add_routes([web.post("/hook", take), web.get("/arrived", tell), web.get("/count", count)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def receiver() -> AsyncIterator[str]:
    """Run the receiver, and yield its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__)), "--receive", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.wait()


@dataclass(slots=True, kw_only=True)
class Round:
    """What a round showed of the healthy channel."""

    rate: float
    cpu: float
    """Seconds that this process worked for one alert of the burst; steadier than the rate on a busy machine."""
    delays: list[float]
    """From kept to received, of the alerts that came one after the other."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """The healthy channel, with or without the failing one."""

    redis: Redis
    http: ClientSession
    base: str
    failing: str
    filler: ArchiveFiller
    kept: int = 0
    rounds: dict[bool, list[Round]] = field(default_factory=lambda: {False: [], True: []})

    async def run_round(self, burst: int, *, failing: bool) -> None:
        """Do one round."""
        waiting = keys.outbox("dead").name
        names = ("hook", "dead") if failing else ("hook",)
        # Alerts of a channel that does not exist are given up, which costs time, so its outbox is moved away meanwhile.
        await self._move(PARKED, waiting) if failing else await self._move(waiting, PARKED)
        for _ in range(burst):
            await self._keep(names)
        channels = {name: self._channel(name, url) for name, url in self._urls(failing).items()}
        delivery = Delivery(self.redis, channels)
        began, worked = time.time(), time.process_time()
        task = asyncio.create_task(delivery.run())
        await self._arrived(self.kept)
        cpu = (time.process_time() - worked) / burst
        known = await self._times()
        rate = burst / (max(known.values()) - began)
        kept: list[float] = []
        for number in range(STEADY_ALERTS):
            await asyncio.sleep(max(0.0, kept[0] + number / STEADY_ALERTS_PER_SECOND - time.time()) if kept else 0.0)
            await self._keep(names)
            kept.append(time.time())
            delivery.wake()
        await self._arrived(self.kept)
        came = sorted(at for name, at in (await self._times()).items() if name not in known)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        delays = [at - since for at, since in zip(came, kept, strict=True)]
        self.rounds[failing].append(Round(rate=rate, cpu=cpu, delays=delays))

    async def _move(self, name: str, to: str) -> None:
        if await self.redis.exists(name):
            await self.redis.rename(name, to)

    async def _keep(self, names: Iterable[str]) -> None:
        await self.filler.publish(channels=tuple(names), watches=("all",))
        self.kept += 1

    def _urls(self, failing: bool) -> dict[str, str]:
        return {"hook": f"{self.base}/hook"} | ({"dead": self.failing} if failing else {})

    def _channel(self, name: str, url: str):  # type: ignore[no-untyped-def]
        settings = channel_types()["webhook"].model_validate({"type": "webhook", "url": url, "secret": SECRET})
        return open_channel(name, settings, AddressPolicy(allowed=(ip_network("127.0.0.1/32"),)))

    async def _arrived(self, count: int) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            async with self.http.get(f"{self.base}/count") as answer:
                if int(await answer.text()) >= count:
                    return
            if time.monotonic() > deadline:
                raise SystemExit(f"lost: not {count} alerts within {TIMEOUT_SECONDS:.0f} s")
            await asyncio.sleep(0.05)

    async def _times(self) -> dict[str, float]:
        async with self.http.get(f"{self.base}/arrived") as answer:
            found: dict[str, float] = await answer.json()
            return found


def p95(rounds: Iterable[Round]) -> float:
    """Return the 95th percentile of the delays of all rounds, in seconds."""
    return statistics.quantiles((delay for round_ in rounds for delay in round_.delays), n=100)[94]


def report(bench: Bench, memory: str) -> int:
    """Print the figures, and return the exit status."""
    alone, with_failing = bench.rounds[False], bench.rounds[True]
    print(f"{'alerts received':44} {bench.kept}")
    for name, rounds in (("alone", alone), ("with a failing channel", with_failing)):
        print(f"{name + ': rate':44} {statistics.median(round_.rate for round_ in rounds):.0f} a second")
        print(f"{name + ': p95 from kept to received':44} {1000 * p95(rounds):.0f} ms")
    rate = statistics.median(two.rate / first.rate for first, two in zip(alone, with_failing, strict=True))
    delay = p95(with_failing) / p95(alone)
    cpu = statistics.median(two.cpu / first.cpu for first, two in zip(alone, with_failing, strict=True))
    print(f"{'the failing channel changes rate, p95 by':44} {rate - 1:+.1%}, {delay - 1:+.1%}")
    print(f"{'the work of this process for an alert by':44} {cpu - 1:+.1%}")
    print(f"{'memory':44} {memory}")
    broken = [name for name, worse in (("rate", 1 - rate), ("p95", delay - 1)) if worse > MAX_EFFECT]
    for name in broken:
        print(f"BROKEN  the failing channel changes the {name} of the healthy one by more than {MAX_EFFECT:.0%}")
    return 1 if broken else 0


async def run(alerts: int, rounds: int) -> int:
    """Run all rounds, the two kinds in turn."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with socket.socket() as taken, tempfile.TemporaryDirectory(prefix="ww-alerts-") as folder:
        taken.bind(("127.0.0.1", 0))  # and never listened on: it refuses
        failing = f"http://127.0.0.1:{taken.getsockname()[1]}/hook"
        async with embedded_server(Path(folder)) as server, receiver() as base, ClientSession() as http:
            redis = connect(server.url)
            bench = Bench(redis=redis, http=http, base=base, failing=failing, filler=ArchiveFiller(redis))
            for number in range(2 * rounds):
                await bench.run_round(
                    alerts // (2 * rounds) - STEADY_ALERTS, failing=number % 4 in (1, 2)
                )  # A B B A: what drifts is shared
                print(f"  round {number + 1} of {2 * rounds}", file=sys.stderr)
            used = (await redis.info("memory"))["used_memory"]
            await redis.aclose()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return report(bench, f"{own:.0f} MB this process at the most, {used / 1e6:.0f} MB Redis")


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000, help="to the healthy channel, in all")
    parser.add_argument("--rounds", type=int, default=20, help="of each kind")
    parser.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.receive:
        asyncio.run(receive())
    return asyncio.run(run(arguments.alerts, arguments.rounds))


if __name__ == "__main__":
    sys.exit(main())

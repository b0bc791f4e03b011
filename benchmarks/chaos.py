"""Whether the loss of any one process or connection delays, loses or repeats an alert.

    python benchmarks/chaos.py [--rounds 2] [--releases 2] [--only "Redis server,worker"] [--seconds 240]

A daemon with the embedded Redis polls a loopback newswire and delivers to a loopback webhook. In each round one process
is killed (SIGKILL) or stopped (SIGSTOP), or a connection is closed, while RELEASES releases appear; one more is
published right after the fault. Measured is the time from the fault to the alert of that release. ``/readyz`` is
requested every second and compared with what got through. The faults of a worker, which shares the polls, come last.
Ends after SECONDS with what was measured until then; exit status 1 when a release was lost or alerted with two ids,
when recovery took more than 5 s at the 95th percentile, or when ``/readyz`` answered 200 without cause.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import aiohttp
from crash_stage import Embedded, handout
from daemon import COMMAND, Daemon, running
from reader_processes_of import cpu_ticks, is_alive, servers, workers
from receiver import SECRET, Receiver, serve_receiver
from redis.asyncio import Redis

from scheduler.demo.configuration import configuration
from scheduler.demo.newswire import Newswire, serve
from scheduler.sweeps.canary import BLIND_SECONDS
from stories.model.urls import canonical_url

SITES = ("meridian", "pressline")
PARAGRAPHS = 1_500  # of a page that keeps a reader busy for about a second
SETTLED_SECONDS = 150.0  # within which everything must have been alerted, or it counts as lost
RECOVERY_SECONDS = 5.0  # from the fault to the next alert, 95th percentile
WHOLE_SECONDS = 30.0  # for a process that was lost to be replaced, before the next fault
SAMPLE_SECONDS = 1.0  # between two requests of /readyz
BUSY_TICKS = 5  # of 10 ms, used since the page was published


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answer of ``/readyz``."""

    at: float
    status: int
    """0: no answer within three seconds."""
    has_redis: bool
    """Whether the Redis server ran before or after the request."""


@dataclass(slots=True, kw_only=True)
class Run:
    """The daemon, its worker if there is one, and what was published and alerted."""

    wire: Newswire
    receiver: Receiver
    daemon: Daemon
    folder: Path
    chance: random.Random
    published: dict[str, float] = field(default_factory=dict)
    """When each release was published, by canonical URL."""
    samples: list[Sample] = field(default_factory=list)
    worker: Daemon | None = None
    round: int = 0

    @property
    def redis(self) -> Embedded:
        """The embedded server."""
        return Embedded(self.folder / "data" / "redis")

    def publish(self, *, is_long: bool = False) -> str:
        """Publish a release, and return its canonical URL; a long one keeps a reader busy."""
        number = len(self.published)
        made = handout(number, self.chance)
        if is_long:
            made = replace(made, body=made.body * (PARAGRAPHS // len(made.body)))
        url = canonical_url(self.wire.publish(made, SITES[number % len(SITES)]))
        self.published[url] = time.time()
        return url

    def alerted(self) -> dict[str, list[tuple[float, str]]]:
        """When each release was alerted, and with which id."""
        found: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for delivery in self.receiver.accepted:
            if delivery.type == "release.new":
                found[delivery.json["data"]["release"]["url"]].append((delivery.at, delivery.id or ""))
        return found

    def missing(self) -> set[str]:
        """The releases that were not alerted yet."""
        return set(self.published) - set(self.alerted())

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Return whether the condition came true."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self.daemon.process.returncode is not None:
                return False
            await asyncio.sleep(0.05)
        return True

    async def sample(self) -> None:
        """Request ``/readyz`` every second, until cancelled."""
        found = re.search(r"http://127.0.0.1:\d+/", self.daemon.log.read_text(errors="replace"))
        assert found is not None
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
            while True:
                had, status = self._redis_runs(), 0
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.get(f"{found[0]}readyz") as reply:
                        status = reply.status
                self.samples.append(Sample(at=time.time(), status=status, has_redis=had or self._redis_runs()))
                await asyncio.sleep(SAMPLE_SECONDS)

    def _redis_runs(self) -> bool:
        pid = self.redis.pid
        return pid is not None and state_of(pid) not in ("", "T", "Z", "X")

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run a worker until the block ends."""
        await self.start_worker()
        try:
            yield
        finally:
            if self.worker is not None:
                await self.worker.stop()

    async def start_worker(self) -> None:
        """Start a worker; return when it works."""
        log = self.folder / "worker.log"
        with log.open("ab") as output:
            before = log.stat().st_size
            command = (*COMMAND, "--config", str(self.daemon.configuration), "worker")
            process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
        self.worker = Daemon(process=process, configuration=self.daemon.configuration, log=log)
        await self.worker.ready(lambda: b"wirewatch works" in log.read_bytes()[before:])


def state_of(pid: int) -> str:
    """Return the state of a process on Linux ("R", "T" …); "" if it does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


# Faults: each returns the processes that it hit, none when it hit only connections


class NoTargetError(Exception):
    """There was nothing to hit."""


Fault = Callable[[Run, int], Awaitable[list[int]]]


def send(number: int, targets: list[int]) -> list[int]:
    """Send processes a signal, and return those that were there; ``NoTargetError`` when there was none."""
    found = []
    for pid in targets:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            found.append(pid)
    if not found:
        raise NoTargetError
    return found


async def nothing(run: Run, number: int) -> list[int]:
    """No fault: what an alert takes at best."""
    return []


async def idle_reader(run: Run, number: int) -> list[int]:
    """One worker process of the reader, whatever it does."""
    found = workers(run.daemon.process.pid)
    return send(number, [found[run.round % len(found)]] if found else [])


async def busy_reader(run: Run, number: int) -> list[int]:
    """The worker process that reads a long page."""
    before = {pid: cpu_ticks(pid) for pid in workers(run.daemon.process.pid)}
    run.publish(is_long=True)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for pid in workers(run.daemon.process.pid):
            if cpu_ticks(pid) >= before.setdefault(pid, cpu_ticks(pid)) + BUSY_TICKS and state_of(pid) == "R":
                return send(number, [pid])
        await asyncio.sleep(0.01)
    raise NoTargetError


async def fork_server(run: Run, number: int) -> list[int]:
    """The process of which the reader's workers are forks."""
    return send(number, servers(run.daemon.process.pid))


async def redis_server(run: Run, number: int) -> list[int]:
    """The embedded Redis server."""
    return send(number, [pid] if (pid := run.redis.pid) else [])


async def redis_connection(run: Run, number: int) -> list[int]:
    """One connection to Redis, another one in each round."""
    await _close(run, every=False)
    return []


async def redis_connections(run: Run, number: int) -> list[int]:
    """All connections to Redis, one immediately after the other."""
    await _close(run, every=True)
    return []


async def _close(run: Run, *, every: bool) -> None:
    async with Redis(unix_socket_path=str(run.redis.folder / "server.sock")) as redis:
        own = str(await redis.client_id())
        ids = [str(client["id"]) for client in await redis.client_list() if str(client["id"]) != own]
        for id_ in ids if every else [ids[run.round % len(ids)]]:
            await redis.client_kill_filter(_id=id_)


async def receiver_connections(run: Run, number: int) -> list[int]:
    """The connections that delivery keeps open to the receiver."""
    if not run.receiver.drop_connections():
        raise NoTargetError
    return []


async def worker(run: Run, number: int) -> list[int]:
    """A worker; one that was killed is started again, as its supervisor would."""
    assert run.worker is not None
    found = send(number, [run.worker.process.pid])
    if number == signal.SIGKILL:
        await run.worker.process.wait()
    return found


async def worker_reader(run: Run, number: int) -> list[int]:
    """A reader process of a worker."""
    assert run.worker is not None
    found = workers(run.worker.process.pid)
    return send(number, [found[run.round % len(found)]] if found else [])


async def worker_fork_server(run: Run, number: int) -> list[int]:
    """The process of which the reader processes of a worker are forks."""
    assert run.worker is not None
    return send(number, servers(run.worker.process.pid))


ALONE: dict[str, tuple[Fault, tuple[int, ...]]] = {
    "nothing": (nothing, (0,)),
    "reader": (idle_reader, (signal.SIGKILL, signal.SIGSTOP)),
    "busy reader": (busy_reader, (signal.SIGKILL, signal.SIGSTOP)),
    "fork server": (fork_server, (signal.SIGKILL, signal.SIGSTOP)),
    "Redis server": (redis_server, (signal.SIGKILL, signal.SIGSTOP)),
    "Redis connection": (redis_connection, (signal.SIGKILL,)),
    "Redis connections": (redis_connections, (signal.SIGKILL,)),
    "receiver connections": (receiver_connections, (signal.SIGKILL,)),
}
SHARED: dict[str, tuple[Fault, tuple[int, ...]]] = {
    "worker": (worker, (signal.SIGKILL, signal.SIGSTOP)),
    "reader of the worker": (worker_reader, (signal.SIGKILL, signal.SIGSTOP)),
    "fork server of the worker": (worker_fork_server, (signal.SIGKILL, signal.SIGSTOP)),
}
VERBS = {0: "", signal.SIGKILL: "killed", signal.SIGSTOP: "stopped"}


# Measuring


@dataclass(slots=True)
class Verdict:
    """What was measured, and what is broken."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds from each fault to the alert of the release that was published right after it."""
    broken: list[str] = field(default_factory=list)


async def one_fault(run: Run, fault: Fault, number: int, releases: int) -> float | None:
    """Return the seconds from the fault to the next alert; None when there was no such alert."""
    for _ in range(releases):
        run.publish()
        await asyncio.sleep(run.chance.uniform(0, 0.8))
    hit = await fault(run, number)
    began, url = time.time(), run.publish()
    try:
        if not await run.until(lambda: url in run.alerted(), SETTLED_SECONDS):
            return None
        seconds = run.alerted()[url][0][0] - began
        await run.until(lambda: not run.missing(), SETTLED_SECONDS)
        is_worker = run.worker is not None and run.worker.process.pid in hit
        if number == signal.SIGSTOP and not is_worker:  # replaced, or continued
            await run.until(lambda: not any(state_of(pid) == "T" for pid in hit), WHOLE_SECONDS)
    finally:
        with contextlib.suppress(NoTargetError):
            send(signal.SIGCONT, [pid for pid in hit if is_alive(pid)])
    if run.worker is not None and run.worker.process.returncode is not None:
        await run.start_worker()
    await run.until(lambda: is_whole(run), WHOLE_SECONDS)
    run.round += 1
    return seconds


def is_whole(run: Run) -> bool:
    """Return whether every process that was lost is there again."""
    pids = [process.process.pid for process in (run.daemon, run.worker) if process is not None]
    return run._redis_runs() and all(servers(pid) and len(workers(pid)) >= 1 for pid in pids)


async def measure(
    run: Run, table: dict[str, tuple[Fault, tuple[int, ...]]], options: argparse.Namespace, verdict: Verdict
) -> None:
    """Measure each fault of a table."""
    for name, (fault, signals) in table.items():
        if options.only and name not in options.only:
            continue
        for number in signals:
            words = f"{name} {VERBS[number]}".strip()
            for _ in range(options.rounds):
                if time.monotonic() > options.deadline:
                    break
                try:
                    seconds = await one_fault(run, fault, number, options.releases)
                except NoTargetError:
                    print(f"  {words}: nothing to hit", flush=True)
                    continue
                if run.daemon.process.returncode is not None:
                    verdict.broken.append(f"{words}: the daemon ended: {run.daemon.tail(8)}")
                    return
                if seconds is None:
                    verdict.broken.append(f"{words}: no alert within {SETTLED_SECONDS:g} s: {run.daemon.tail(8)}")
                else:
                    verdict.took[words].append(seconds)
            if words in verdict.took:
                print(f"  {words:36} {figures(verdict.took[words])}", flush=True)


def figures(seconds: list[float]) -> str:
    """Return quantiles in words."""
    found = sorted(seconds)
    return (
        f"n {len(found)}, p50 {statistics.median(found):.2f} s, p95 {quantile(found):.2f} s, max {found[-1]:.2f} s"
        if found
        else "not measured"
    )


def quantile(found: list[float], share: float = 0.95) -> float:
    """Return a quantile of sorted values, the next higher of them."""
    return found[min(len(found) - 1, int(share * len(found)))]


def judge(run: Run, verdict: Verdict) -> None:
    """Print what was lost, repeated, delayed and said wrongly; note what is broken."""
    alerted = run.alerted()
    lost, twice = run.missing(), [url for url, alerts in alerted.items() if len({name for _, name in alerts}) > 1]
    again = sum(len(alerts) - 1 for alerts in alerted.values())
    took = sorted(seconds for words, found in verdict.took.items() for seconds in found if words != "nothing")
    print(f"{len(run.published)} releases, lost {len(lost)}, alerted with two ids {len(twice)}, same id again {again}")
    print(f"from a fault to the next alert: {figures(took)}")
    if lost or twice:
        verdict.broken.append(f"{len(lost)} lost, {len(twice)} with two ids")
    if took and quantile(took) > RECOVERY_SECONDS:
        verdict.broken.append(f"recovery takes {quantile(took):.1f} s at the 95th percentile")
    stalls = [stall(run, alerted, sample.at) for sample in run.samples if sample.status == 200]
    lies = sum(sample.status == 200 and not sample.has_redis for sample in run.samples)
    statuses = dict(Counter(sample.status for sample in run.samples))
    print(
        f"/readyz: {statuses}, longest 200 with a release waiting and none through {max(stalls, default=0.0):.1f} s, "
        f"200 without a running Redis server {lies}"
    )
    if lies or max(stalls, default=0.0) > BLIND_SECONDS:
        verdict.broken.append("/readyz answered 200 while no release could get through")


def stall(run: Run, alerted: dict[str, list[tuple[float, str]]], at: float) -> float:
    """Return for how many seconds, at a moment, a release had waited while no other one was alerted."""
    waiting = [
        began
        for url, began in run.published.items()
        if began <= at and not (url in alerted and alerted[url][0][0] <= at)
    ]
    last = max((alerts[0][0] for alerts in alerted.values() if alerts[0][0] <= at), default=0.0)
    return at - max(min(waiting), last) if waiting else 0.0


# The run


@contextlib.asynccontextmanager
async def stage(folder: Path, chance: random.Random) -> AsyncIterator[Run]:
    """Run a daemon with everything that it needs, until the block ends."""
    async with serve_receiver() as receiver, serve() as wire:
        for site in wire.sites.values():
            site.by_entry, site.depth = True, 60
        table: dict[str, Any] = configuration(
            wire, channels={"hook": {"type": "webhook", "url": receiver.url, "secret": SECRET}}, revisit=()
        )
        table |= {"data_dir": str(folder / "data"), "web": {"port": 0}, "watches": {"all": {"title": "All"}}}
        async with running(table, folder) as daemon:
            run = Run(wire=wire, receiver=receiver, daemon=daemon, folder=folder, chance=chance)
            run.publish()
            await daemon.ready(lambda: not run.missing())
            yield run


async def perform(options: argparse.Namespace) -> Verdict:
    """Measure every fault, alone and with a worker."""
    verdict = Verdict()
    folder = Path(tempfile.mkdtemp(prefix="ww-chaos-"))
    try:
        async with stage(folder, random.Random(options.seed)) as run:
            sampling = asyncio.create_task(run.sample())
            await measure(run, ALONE, options, verdict)
            if time.monotonic() < options.deadline and (not options.only or set(options.only) & set(SHARED)):
                async with run.working():
                    await run.until(lambda: "workers_found" in run.daemon.log.read_text(errors="replace"), 30)
                    await measure(run, SHARED, options, verdict)
            await run.until(lambda: not run.missing(), SETTLED_SECONDS)
            await asyncio.sleep(2 * SAMPLE_SECONDS)
            if sampling.done():
                verdict.broken.append(f"the sampling of /readyz failed: {sampling.exception()}")
            sampling.cancel()
            judge(run, verdict)
    finally:
        if options.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return verdict


def main() -> int:
    """Measure, print, and return the exit status."""
    names = [*ALONE, *SHARED]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2, help="of each fault")
    parser.add_argument("--releases", type=int, default=2, help="published before each fault")
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"some of: {', '.join(names)}")
    parser.add_argument("--seconds", type=float, default=240.0, help="after which no fault begins")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the seconds of each fault as JSON, last")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    options = parser.parse_args()
    if unknown := set(options.only or []) - set(names):
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; allowed are {', '.join(names)}")
    options.deadline = time.monotonic() + options.seconds
    verdict = asyncio.run(perform(options))
    if options.json:
        print(json.dumps(verdict.took))
    for words in verdict.broken:
        print(f"BROKEN {words}")
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())

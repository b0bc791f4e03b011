"""Kills the daemon and its Redis repeatedly, with an unreliable receiver, and counts the alerts that arrive.

    .venv/bin/python benchmarks/crash.py                          # 300 stories, 200 kills, 12 failpoints 20 times each
    .venv/bin/python benchmarks/crash.py --variant receipt-first  # must fail: the receipt is written before the alert

A loopback newswire publishes stories and corrections while ``wirewatch run`` is killed with SIGKILL: at random times,
and at every failpoint of ``stories/runtime/failpoints.py``. Its embedded Redis is killed too, and some bytes are cut
off the end of the append-only file. The webhook's receiver fails three requests of ten, drops answers, answers slowly
or too late, and refuses connections for a while. A second channel is a file.

Exit status 1 if a guarantee is broken: an alert lost, a repeat under another id or beyond what the crashes explain, a
correction before its original, a receipt that is missing at the end, a daemon that exits by itself or does not exit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "benchmarks")]

from crash_stage import Embedded, Forks, Press, Receiver, forks, looking_into, sent, serve_receiver  # noqa: E402
from crash_verdict import Repeats, Verdict, judge  # noqa: E402
from receiver import SECRET  # noqa: E402
from redis_server import without_lifetime  # noqa: E402

from scheduler.demo.configuration import sources, toml_text  # noqa: E402
from scheduler.demo.newswire import Newswire, serve  # noqa: E402
from stories.model.urls import canonical_url  # noqa: E402
from stories.runtime.failpoints import POINTS  # noqa: E402

MAX_CONCURRENT_ALERTS = 8  # alerts that a webhook sends concurrently
RETRY = ["0.3s", "0.7s", "1.5s", *["3s"] * 90]  # over the minute of refusals and every lot of failures in a row
EVENTS = "{ww}:event:*"
MAX_TRUNCATED_BYTES = 40_000  # bytes: some twenty releases with their receipts
FAILPOINT_TIMEOUT_SECONDS = 15.0  # seconds in which a failpoint must be reached once there is something to read
STOP_TIMEOUT_SECONDS = 10.0  # seconds from SIGTERM, as promised
DRAIN_TIMEOUT_SECONDS = 150.0  # seconds in which all that is left must go: three leases of 45 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    stories: int = 300
    kills: int = 200
    each: int = 20
    """How often every failpoint kills."""
    redis_kills: int = 10
    cuts: int = 2
    """Of the Redis kills, those with which the record's end is lost."""
    refusing: float = 60.0
    too_late: int = 12
    lifetime: float = 2.5
    """Maximum run time of a daemon before it is killed, in seconds after its start."""
    variants: tuple[str, ...] = ()
    """Of the daemon, as ``crash_daemon.py`` has them."""
    seed: int = 11
    keep: bool = False


@dataclass(slots=True, kw_only=True)
class Run:
    """One run and what happened in it."""

    options: Options
    chance: random.Random
    press: Press
    receiver: Receiver
    daemon: Forks
    redis: Embedded
    folder: Path
    kills: int = 0
    points: Counter[str] = field(default_factory=Counter)
    redis_kills: int = 0
    cuts: int = 0
    cut_off: Counter[str] = field(default_factory=Counter)
    """Receipts that were cut off, by channel."""
    events_cut: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """What the daemon said since it was started last."""
        return (self.folder / "daemon.log").read_text(errors="replace")

    @property
    def alerted(self) -> set[str]:
        """The canonical URLs that the webhook received as new."""
        events = (json.loads(taken.body) for taken in self.receiver.taken)
        return {canonical_url(event["data"]["release"]["url"]) for event in events if event["type"] == "release.new"}

    def something_happens(self, goal: float) -> None:
        """Publish or correct, so that ``goal`` of the work is published; at least one thing."""
        wanted = round(2 * self.options.stories * goal)
        alerted = self.alerted
        for _ in range(max(1, wanted - self.published)):
            early = self.chance.random() < 0.1
            if len(self.press.stories) > 6 and self.chance.random() < 0.5 and self.press.correct(alerted, early=early):
                continue
            self.press.publish()

    @property
    def published(self) -> int:
        """How much was published and corrected."""
        return len(self.press.stories) + sum(story.correction is not None for story in self.press.stories)

    async def start(self, failpoint: str = "") -> None:
        """Start a daemon."""
        (self.folder / "daemon.log").write_bytes(b"")
        await self.daemon.start(failpoint)

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Return whether the condition came true while the daemon lived."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or await self.daemon.ended(0.05) is not None:
                return bool(condition())
        return True

    async def kill(self) -> None:
        """Kill the daemon."""
        self.daemon.signal(signal.SIGKILL)
        status = await self.daemon.ended(None)
        if status != -signal.SIGKILL:
            self.broken.append(f"the daemon ended by itself with status {status}: {self.log[-2000:]}")
        self.kills += 1

    async def one_life(self) -> None:
        """Start a daemon and kill it at a random moment, one in six while it starts."""
        await self.start()
        if self.chance.random() < 0.16:
            await self.daemon.ended(self.chance.uniform(0.0, 1.5))
        else:
            await self.until(lambda: "wirewatch runs" in self.log, 60)
            await self.daemon.ended(self.chance.uniform(0.0, self.options.lifetime))
        await self.kill()

    async def one_point(self, point: str) -> None:
        """Start a daemon that dies at a failpoint."""
        await self.start(point)
        status = await self.daemon.ended(FAILPOINT_TIMEOUT_SECONDS)
        if status == -signal.SIGKILL:
            self.points[point] += 1
            self.kills += 1
        else:
            await self.kill()

    async def one_redis(self, *, cut: bool, power: bool) -> None:
        """Kill the Redis under a living daemon, which starts it again; with ``cut``, from a record without its end.

        ``power``: the daemon dies in the same moment, as when the power fails.
        """
        await self.start()
        await self.until(lambda: "wirewatch runs" in self.log, 60)
        await self.daemon.ended(self.chance.uniform(0.5, 2 * self.options.lifetime))
        killed = self.redis.pid
        self.redis.kill()
        self.redis_kills += 1
        if power:
            await self.kill()
        if cut:
            await self._cut()
        if power:
            return
        if not await self.until(lambda: self.redis.pid not in (None, killed), FAILPOINT_TIMEOUT_SECONDS):
            self.broken.append(f"the daemon did not start its Redis again: {self.log[-2000:]}")
        await self.daemon.ended(self.chance.uniform(0.5, 2 * self.options.lifetime))
        await self.kill()

    async def _cut(self) -> None:
        """Cut the end off the record, and count the receipts in it."""
        with (
            tempfile.TemporaryDirectory(prefix="ww-cut-") as whole,
            tempfile.TemporaryDirectory(prefix="ww-cut-") as rest,
        ):
            for copy in (whole, rest):
                shutil.copytree(self.redis.folder / "appendonlydir", Path(copy) / "appendonlydir")
                if copy == whole:
                    self.redis.cut(MAX_TRUNCATED_BYTES)
            self.cuts += 1
            async with looking_into(Path(whole)) as before, looking_into(Path(rest)) as after:
                lost = await sent(before) - await sent(after)
                self.events_cut += len(set(await before.keys(EVENTS)) - set(await after.keys(EVENTS)))
        self.cut_off.update(loss.rpartition(":")[2] for loss in lost)


def plan(options: Options, chance: random.Random) -> list[tuple[str, Any]]:
    """Return what happens to the daemons, one after the other."""
    turns: list[tuple[str, Any]] = [("life", None)] * max(0, options.kills - options.redis_kills)
    turns += [("point", f"{point}@{chance.choice((1, 1, 1, 2))}") for point in POINTS for _ in range(options.each)]
    chance.shuffle(turns)
    step = len(turns) // max(1, options.redis_kills)
    for number in range(options.redis_kills):
        cut = number >= options.redis_kills - options.cuts
        turns.insert(number * (step + 1) + step // 2, ("redis", {"cut": cut, "power": cut and number % 2 == 0}))
    return turns


async def refusals(run: Run, began: asyncio.Event) -> None:
    """Refuse connections for a while, once that is wanted."""
    await began.wait()
    if run.options.refusing:
        await run.receiver.close()
        await asyncio.sleep(run.options.refusing)
        await run.receiver.open()


async def perform(run: Run) -> None:
    """Let everything happen that is planned, and then let what is left go out."""
    turns = plan(run.options, run.chance)
    halfway = asyncio.Event()
    refusing = asyncio.create_task(refusals(run, halfway))
    began = time.monotonic()
    for number, (what, which) in enumerate(turns):
        run.something_happens((number + 1) / len(turns))
        if number == len(turns) // 2:
            halfway.set()
        if what == "life":
            await run.one_life()
        elif what == "redis":
            await run.one_redis(**which)
        else:
            await run.one_point(which.partition("@")[0] if run.options.each < 3 else which)
        if number % 25 == 0:
            print(f"  {number} of {len(turns)}, {time.monotonic() - began:.0f} s, {run.published} published, "
                  f"{len(run.receiver.taken)} taken", file=sys.stderr)  # fmt: skip
    await refusing
    run.receiver.calm = True
    await _again_where_missed(run)
    alerted = run.alerted
    while run.press.correct(alerted, early=True):
        pass
    await drain(run)


async def _again_where_missed(run: Run) -> None:
    """Visit the failpoints that a daemon did not come to, for want of something to do there."""
    for point in POINTS:
        for _ in range(3 * run.options.each):
            if _hits(run, point) >= run.options.each:
                break
            run.press.publish()
            await run.one_point(point)


def _hits(run: Run, point: str) -> int:
    return sum(count for name, count in run.points.items() if name.partition("@")[0] == point)


async def drain(run: Run) -> None:
    """Let a daemon live until nothing is left to do, and end it."""
    await run.start()
    due = {url for story in run.press.stories for url in story.keys if url}
    quiet, look = 0.0, 0.5 if "short-leases" in run.options.variants else 3.0

    def missing() -> set[str]:
        events = (json.loads(taken.body) for taken in run.receiver.taken)
        return due - {canonical_url(event["data"]["release"]["url"]) for event in events}

    deadline = time.monotonic() + DRAIN_TIMEOUT_SECONDS
    while time.monotonic() < deadline and quiet < 2 * look:
        before = len(run.receiver.taken)
        if await run.daemon.ended(look) is not None:
            run.broken.append(f"the daemon ended by itself: {run.log[-2000:]}")
            return
        settled = not missing() and len(run.receiver.taken) == before and not await waiting(run)
        quiet = quiet + look if settled else 0.0
    for url in missing():
        print(f"  not alerted: {url}\n{run.log[-3000:]}", file=sys.stderr)
    began = time.monotonic()
    run.daemon.signal(signal.SIGTERM)
    status = await run.daemon.ended(3 * STOP_TIMEOUT_SECONDS)
    if status != 0 or time.monotonic() - began > STOP_TIMEOUT_SECONDS:
        run.broken.append(f"the daemon ended with {status} after {time.monotonic() - began:.1f} s: {run.log[-2000:]}")


async def waiting(run: Run) -> int:
    """Return how many alerts are not settled."""
    from redis.asyncio import Redis

    async with Redis(unix_socket_path=str(run.redis.folder / "server.sock")) as redis:
        return sum([await redis.zcard(f"{{ww}}:outbox:{channel}") for channel in ("intake", "audit")])


async def leftovers(run: Run) -> list[str]:
    """Return descriptions of data in Redis that should not be there."""
    async with looking_into(run.redis.folder) as redis:
        found = [
            f"{count} {what}"
            for what, count in (
                ("alerts of the webhook without a receipt", await redis.zcard("{ww}:outbox:intake")),
                ("alerts of the file without a receipt", await redis.zcard("{ww}:outbox:audit")),
                ("alerts given up", await redis.zcard("{ww}:alerts:dead")),
                ("alerts that are not sent", await redis.zcard("{ww}:alerts") - len(await sent(redis))),
                ("pages claimed and not read", len(await redis.keys("{ww}:claim:*"))),
                ("stories with alerts in line", len(await redis.keys("{ww}:line:*"))),
            )
            if count
        ]
        lasting = await asyncio.to_thread(without_lifetime, f"unix://{run.redis.folder / 'look.sock'}")
    return [*found, *(f"key without a lifetime: {name}" for name in lasting)]


# The run


def configuration(wire: Newswire, receiver: Receiver, folder: Path) -> dict[str, Any]:
    """Return what the daemon runs with."""
    return {
        "catalog": False,
        "data_dir": str(folder),
        "web": {"port": 0},
        "polling": {"interval": "1s", "adaptive": False, "revisit": [], "private_addresses": ["127.0.0.0/8"]},
        "alerts": {"first_poll": "alert", "max_age": "off"},
        "watches": {"everything": {"tags": ["Crash"], "title": "Of the wire with tags"}, "rest": {}},
        "channels": {
            "intake": {"type": "webhook", "url": receiver.url, "secret": SECRET, "retry": RETRY},
            "audit": {"type": "file", "path": str(folder / "audit.jsonl"), "retry": RETRY},
        },
        "sources": {
            name: table | {"interval": "1s"}
            for name, table in sources(wire, interval="1s", pace="0.01s").items()
            if name != "quayside"
        },
    }  # fmt: skip


async def run(options: Options) -> Verdict:
    """Perform a run and return its verdict."""
    chance = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="ww-crash-"))
    began = time.monotonic()
    try:
        async with AsyncExitStack() as stack:
            wire = await stack.enter_async_context(serve())
            for site in wire.sites.values():
                site.by_entry, site.depth = True, 60
            receiver = await stack.enter_async_context(serve_receiver(chance))
            receiver.too_late = options.too_late
            (folder / "wirewatch.toml").write_text(toml_text(configuration(wire, receiver, folder)), encoding="utf-8")
            daemon = await stack.enter_async_context(
                forks(folder / "wirewatch.toml", folder / "daemon.log", options.variants)
            )
            going = Run(
                options=options,
                chance=chance,
                press=Press(wire=wire, chance=chance),
                receiver=receiver,
                daemon=daemon,
                redis=Embedded(folder / "redis"),
                folder=folder,
            )
            await perform(going)
            verdict = await _verdict(going)
    finally:
        if options.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    verdict.figures["seconds"] = round(time.monotonic() - began)
    return verdict


async def _verdict(run: Run) -> Verdict:
    stories = [story.keys for story in run.press.stories]
    crashes = run.kills + run.redis_kills
    audit = (run.folder / "audit.jsonl").read_bytes().splitlines()
    whole = [(json.loads(line)["id"], line) for line in audit if line.endswith(b"}")]
    got = {"intake": [(taken.id, taken.body) for taken in run.receiver.taken], "audit": whole}
    cut = run.events_cut
    explained = {
        "intake": Repeats(unclear=run.receiver.unclear, crashes=crashes, under_way=MAX_CONCURRENT_ALERTS,
                          receipts_cut=run.cut_off["intake"], events_cut=cut),
        "audit": Repeats(unclear={}, crashes=crashes, under_way=1, receipts_cut=run.cut_off["audit"], events_cut=cut),
    }  # fmt: skip
    points = {point: _hits(run, point) for point in POINTS}
    verdict = Verdict(
        figures={
            "stories": len(stories),
            "kills of the daemon": run.kills,
            "of them at random moments": run.kills - sum(points.values()),
            "hits of failpoints": points,
            "kills of Redis, with its record's end cut off": f"{run.redis_kills}, {run.cuts}",
            "receipts cut off": dict(run.cut_off),
            "events cut off": run.events_cut,
            "requests to the webhook": run.receiver.requests,
            "its answers": dict(run.receiver.answers),
        },
        broken=[*run.broken, *await leftovers(run)],
    )
    verdict.broken += [
        f"failpoint {point} hit {hits} times" for point, hits in points.items() if hits < run.options.each
    ]
    for channel, alerts in got.items():
        channel_verdict = judge(channel, stories, alerts, explained[channel])
        verdict.figures |= {f"{channel}: {name}": value for name, value in channel_verdict.figures.items()}
        verdict.broken += channel_verdict.broken
    return verdict


def main() -> int:
    """Read the command line, run, print the verdict, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Options()
    parser.add_argument("--stories", type=int, default=usual.stories)
    parser.add_argument("--kills", type=int, default=usual.kills, help="at random moments")
    parser.add_argument("--each", type=int, default=usual.each, help="kills at each failpoint")
    parser.add_argument("--redis-kills", type=int, default=usual.redis_kills)
    parser.add_argument("--cuts", type=int, default=usual.cuts, help="of them with the record's end cut off")
    parser.add_argument("--refusing", type=float, default=usual.refusing, help="seconds")
    parser.add_argument("--too-late", type=int, default=usual.too_late, help="answers after the sender gave up")
    parser.add_argument("--lifetime", type=float, default=usual.lifetime, help="seconds before a kill, at the most")
    parser.add_argument(
        "--variant",
        action="append",
        dest="variants",
        choices=["receipt-first", "short-leases"],
        default=[],
        help="of the daemon: receipt-first is wrong on purpose",
    )
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the data and the last log")
    arguments = vars(parser.parse_args())
    as_json = arguments.pop("json")
    verdict = asyncio.run(run(Options(**arguments | {"variants": tuple(arguments["variants"])})))
    if as_json:
        print(json.dumps({"figures": verdict.figures, "broken": verdict.broken}))
    else:
        for name, value in verdict.figures.items():
            print(f"{name:76} {value}")
        for words in verdict.broken:
            print(f"BROKEN  {words}")
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())

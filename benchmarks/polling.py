"""Measures the cost of polling and its benefit.

    python benchmarks/polling.py cost [POLLS]        unchanged listings a second on one core, compared with bare aiohttp
    python benchmarks/polling.py minute [SECONDS]    1,000 listings at one poll a minute: CPU, memory, 304s, the clock
    python benchmarks/polling.py start               10,000 listings: the clock's start
    python benchmarks/polling.py week [WEEKS]        real weeks of releases: number of polls and delay to the sighting
    python benchmarks/polling.py robots              the real robots.txt files: time, decisions compared with Protego

``week`` and ``robots`` need ``$WIREWATCH_DATA``. The server and Redis run in other processes; the CPU is this one's.
"""

from __future__ import annotations

import asyncio
import json
import lzma
import multiprocessing
import os
import random
import re
import resource
import sys
import tarfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import mean, quantiles

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from redis_server import redis_server

from config.settings import PollingSettings, Settings
from config.source_settings import ListingSettings, SourceSettings
from crawler.engine import Engine
from crawler.http.robots import AGENT, truncated_rules
from crawler.http.robots_rules import RobotsRules
from crawler.polling.hourly_rate import learn_rates
from crawler.polling.interval import IntervalPolicy, PollResult, next_poll
from crawler.polling.polls import all_listings
from crawler.progress import Progress
from scheduler import reactor
from scheduler.sweeps.clock import Clock
from scheduler.wiring import STEPS, AppContext, now, open_app_context
from stories.model.sighting import Cursor, Poll
from stories.model.timestamps import timestamp

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).parents[2] / "shared/data"))
LISTINGS = 100  # polled in turn
SOURCES = 1_000  # a large catalog with its tags
CLOCK_LISTINGS = 10_000  # a hundred wires with a hundred tags each
ENTRIES = 20  # of a feed, as GlobeNewswire's
MAX_CONCURRENT_REQUESTS = 8
POLICIES = ("adaptive", "every 5 minutes", "evenly", "one interval")


def serve(to_parent: Connection) -> None:
    """Serve feeds of the same twenty releases, with validators, until the process is ended."""
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        if not request.path.endswith(".rss"):
            words = " ".join(random.Random(request.path).choices(["harbour", "ferry", "stone", "lamp", "coal"], k=90))
            return web.Response(
                text=f"<article><h1>{request.path}</h1><p>{words}.</p></article>", content_type="text/html"
            )
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304, headers={"ETag": '"1"'})
        items = "".join(
            f"<item><title>Release {n}</title><link>http://{request.host}/news/{n}</link></item>"
            for n in range(ENTRIES)
        )
        return web.Response(text=f'<rss version="2.0"><channel>{items}</channel></rss>', headers={"ETag": '"1"'})

    async def run() -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        to_parent.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


def settings_for(base: str, redis: str, count: int, interval: timedelta) -> Settings:
    """Return a configuration with so many sources, each with a feed."""
    return Settings.model_validate(
        {
            "redis_url": redis,
            "catalog": False,
            "polling": PollingSettings(interval=interval, private_addresses=("127.0.0.0/8",), revisit=()),
            "sources": {
                f"source-{n}": SourceSettings(listings=(ListingSettings(url=f"{base}/{n}.rss"),)) for n in range(count)
            },
        }
    )


def with_server(main: Callable[[str, str], Awaitable[None]]) -> None:
    """Run something with the address of the feeds and the URL of a Redis."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        base = f"http://127.0.0.1:{ours.recv()}"
        with redis_server() as redis:
            reactor.run(lambda: main(base, redis))
    finally:
        server.terminate()


class Counted:
    """The polls of a newsroom that came to their end."""

    def __init__(self) -> None:
        self.done = 0
        self.more = asyncio.Event()

    def due(self, poll: Poll, at: datetime) -> None:
        self.done += 1
        self.more.set()

    async def reach(self, count: int) -> None:
        """Return when so many are done."""
        while self.done < count:
            self.more.clear()
            await self.more.wait()


async def settle(app: AppContext, counted: Counted, ask: Callable[[Poll], None], settings: Settings) -> None:
    """Poll every listing twice, so that each has its validators and no page is left to read."""
    listings = all_listings(settings)
    for _ in range(3):
        before = counted.done
        for listing in listings:
            ask(listing.poll(now()))
        await counted.reach(before + len(listings))
        await asyncio.sleep(1)


async def cost(base: str, redis: str, polls: int) -> None:
    """Print what an unchanged listing costs, and what bare aiohttp needs for the same requests."""
    import aiohttp

    settings = settings_for(base, redis, LISTINGS, timedelta(minutes=5))
    async with open_app_context(settings) as app:
        counted = Counted()
        services = replace(app.services(Progress(), lambda remembered: None), schedule=counted.due)
        await services.reader.warm_up()
        engine = Engine(services, STEPS)
        engine.start()
        await settle(app, counted, services.enqueue, settings)
        listings = all_listings(settings)
        began, cpu, before = time.perf_counter(), time.process_time(), counted.done
        for number in range(polls):
            services.enqueue(listings[number % LISTINGS].poll(now()))
            if number % MAX_CONCURRENT_REQUESTS == MAX_CONCURRENT_REQUESTS - 1:
                await counted.reach(before + number + 1 - MAX_CONCURRENT_REQUESTS)
        await counted.reach(before + polls)
        took, used = time.perf_counter() - began, time.process_time() - cpu
        await engine.finish(3.0)
        await services.reader.close()
    async with aiohttp.ClientSession() as session:

        async def get(number: int) -> None:
            async with session.get(f"{base}/{number % LISTINGS}.rss", headers={"If-None-Match": '"1"'}) as response:
                await response.read()
                assert response.status == 304

        began, cpu = time.perf_counter(), time.process_time()
        for start in range(0, polls, MAX_CONCURRENT_REQUESTS):
            await asyncio.gather(*(get(number) for number in range(start, start + MAX_CONCURRENT_REQUESTS)))
        bare, bare_cpu = time.perf_counter() - began, time.process_time() - cpu
    each, bare_each = 1000 * took / polls, 1000 * bare / polls
    print(f"{polls} polls of {LISTINGS} unchanged listings: {each:.2f} ms each, {1000 * used / polls:.2f} ms of it CPU")
    print(f"bare aiohttp: {bare_each:.2f} ms each, {1000 * bare_cpu / polls:.2f} ms of it CPU")


async def minute(base: str, redis: str, seconds: float) -> None:
    """Print what a thousand listings at one poll a minute take."""
    settings = settings_for(base, redis, SOURCES, timedelta(minutes=1))
    late: list[float] = []
    due: dict[str, datetime] = {}
    statuses: dict[int, int] = defaultdict(int)
    async with open_app_context(settings) as app:
        services = app.services(Progress(), lambda remembered: None)

        def ask(poll: Poll) -> None:
            if (expected_sightings := due.pop(poll.listing or "", None)) is not None:
                late.append((now() - expected_sightings).total_seconds())
            services.enqueue(poll)

        clock = Clock(all_listings(settings), ask, now)

        def expect(poll: Poll, at: datetime) -> None:
            due[poll.listing or ""] = at
            clock.reschedule(poll, at)

        services = replace(services, schedule=expect)
        await services.reader.warm_up()
        engine = Engine(services, STEPS)
        engine.start()
        from scrapy import signals

        (crawler,) = engine._runner.crawlers
        crawler.signals.connect(
            lambda response, request: statuses.__setitem__(response.status, statuses[response.status] + 1),
            signal=signals.response_downloaded, weak=False,
        )  # fmt: skip
        clock.start()
        await asyncio.sleep(70)  # the first round, which reads everything
        late.clear()
        statuses.clear()
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        took, used = time.perf_counter() - began, time.process_time() - cpu
        clock.stop()
        await engine.finish(3.0)
        await services.reader.close()
    requests = sum(statuses.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    unchanged, last = statuses[304] / max(requests, 1), quantiles(late, n=100)[98]
    print(f"{SOURCES} listings at one a minute for {took:.0f} s: {requests} requests, {unchanged:.0%} of them 304")
    print(f"CPU {used / took:.1%} of a core, memory {memory:.0f} MB at the most")
    print(f"clock late by {1000 * mean(late):.1f} ms in the mean, {1000 * last:.0f} ms at the 99th percentile")


async def start() -> None:
    """Print how long the clock takes to begin with ten thousand listings."""
    settings = settings_for("http://127.0.0.1:9", "redis://127.0.0.1:9", CLOCK_LISTINGS, timedelta(minutes=5))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    listings = all_listings(settings)
    clock = Clock(listings, lambda poll: None, now)
    clock.start()
    took = time.perf_counter() - began
    began = time.perf_counter()
    for listing in listings[:1000]:
        clock.reschedule(listing.poll(now()), now() + timedelta(minutes=5))
    moved = time.perf_counter() - began
    clock.stop()
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    print(
        f"{CLOCK_LISTINGS} listings: clock set in {took:.2f} s, {more:.0f} MB more; "
        f"moving one to its next poll {moved:.2f} ms"
    )


def simulate(
    released: Sequence[datetime], begin: datetime, end: datetime, pace: IntervalPolicy, seed: str
) -> tuple[int, list[float]]:
    """Return the polls from ``begin`` to ``end`` and the minutes from release to sighting, learning before that."""
    at = released[0].replace(hour=0, minute=0)
    cursor = Cursor(read_at=timestamp(at))
    seen, polls, delays = 0, 0, []
    while at < end:
        first = seen
        while seen < len(released) and released[seen] <= at:
            if released[seen] >= begin:
                delays.append((at - released[seen]).total_seconds() / 60)
            seen += 1
        polls += at >= begin
        new = seen - first
        learnt = learn_rates(cursor, new, at)
        due = next_poll(
            learnt, PollResult(outcome="read" if new else "unchanged", news=new, window=ENTRIES), at, pace, seed
        )
        cursor = Cursor(read_at=timestamp(at), week=learnt.week, hour=learnt.hour, hour_news=learnt.hour_news)
        at = due.at
    return polls, delays


def archive() -> dict[str, list[datetime]]:
    """Return when each wire of the archive published: real dates; times of day from those releases that print one."""
    with lzma.open(DATA / "releases" / "releases.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    printed = [re.search(r"@ (\d{1,2}):(\d{2}) (AM|PM)", row["body"][:300]) for row in rows]
    minutes = [60 * (int(m[1]) % 12 + 12 * (m[3] == "PM")) + int(m[2]) for m in printed if m]
    found: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        draw = random.Random(row["id"])
        day = datetime.combine(date.fromisoformat(row["date"]), datetime.min.time(), UTC)
        found[row["wire"]].append(day + timedelta(minutes=draw.choice(minutes) + 4 * 60, seconds=draw.randint(0, 20)))
    return {wire: sorted(moments) for wire, moments in found.items()}


def week(count: int) -> None:
    """Print polls and delays of weeks for each wire that published in them, after eight weeks to learn from each."""
    fullest = datetime(2025, 8, 11, tzinfo=UTC)  # in the archive
    five = timedelta(minutes=5)
    adaptive, fixed = IntervalPolicy(interval=five), IntervalPolicy(interval=five, adaptive=False)
    print("polls, and minutes from release to sighting: mean, 95 %")
    print("evenly: for each wire as many polls as the first has, spread evenly")
    print("one interval: in all as many polls as the first has, all wires alike")
    print(f"{'wire':16}{'releases':>9} |" + " |".join(f"{name:>20}" for name in POLICIES))
    sums, delays, published = [0] * len(POLICIES), [[0.0][:0] for _ in POLICIES], archive()
    for number in range(count):
        begin = fullest - timedelta(days=21 * number)
        end, learning = begin + timedelta(days=7), begin - timedelta(days=56)
        weeks = {wire: [at for at in moments if learning <= at < end] for wire, moments in published.items()}
        weeks = {wire: some for wire, some in weeks.items() if sum(at >= begin for at in some) >= 5}
        first = {wire: simulate(some, begin, end, adaptive, wire) for wire, some in weeks.items()}
        spent = sum(polls for polls, _ in first.values())
        for wire, released in weeks.items():
            evenly = IntervalPolicy(interval=timedelta(days=7) / first[wire][0], adaptive=False)
            uniform = IntervalPolicy(interval=timedelta(days=7) * len(weeks) / spent, adaptive=False)
            found = [first[wire], *(simulate(released, begin, end, pace, wire) for pace in (fixed, evenly, uniform))]
            line(wire, found)
            for which, (polls, late) in enumerate(found):
                sums[which] += polls
                delays[which].extend(late)
    line("all", list(zip(sums, delays, strict=True)))
    least = f"{sums[0] / sums[1]:.0%} of the polls of every 5 minutes"
    print(f"adaptive: {least}, mean {ratio(delays, mean)}, 95 % {ratio(delays, percentile)} of its delay")


def ratio(delays: Sequence[Sequence[float]], figure: Callable[[Sequence[float]], float]) -> str:
    """Return a figure of the first delays in parts of that of the second ones."""
    return f"{figure(delays[0]) / figure(delays[1]):.2f} times"


def line(wire: str, found: Sequence[tuple[int, Sequence[float]]]) -> None:
    """Print the polls and delays of a wire."""
    cells = (f"{polls:8} {mean(late):5.1f} {percentile(late):5.1f}" for polls, late in found)
    print(f"{wire:16}{len(found[0][1]):9} |{' |'.join(cells)}")


def percentile(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(values, n=20)[18]


def robots() -> None:
    """Read every robots.txt of the collection, name the rule that forbids a page, and compare with Protego."""
    from protego import Protego

    files = forbidden = differ = 0
    took = known_took = longest = 0.0
    urls = [
        f"https://wire.example{path}" for path in ("/", "/news/2026/release-1.html", "/search?q=x", "/rss/list.xml")
    ]
    with tarfile.open(DATA / "robots" / "protego-robots.tar.xz") as archived:
        for member in archived:
            if not member.isfile() or (file := archived.extractfile(member)) is None:
                continue
            text = truncated_rules(file.read()).decode("utf-8-sig", "ignore")
            files += 1
            began = time.perf_counter()
            rules = RobotsRules(text, AGENT)
            found = [rules.forbidding(url) is not None for url in urls]
            spent = time.perf_counter() - began
            began = time.perf_counter()
            parsed = Protego.parse(text)
            known = [not parsed.can_fetch(url, AGENT) for url in urls]
            known_took += time.perf_counter() - began
            took, longest = took + spent, max(longest, spent)
            forbidden += sum(found)
            differ += sum(rule != other for rule, other in zip(found, known, strict=True))
    print(f"{files} files in {took:.1f} s (Protego {known_took:.1f} s), longest {longest * 1000:.0f} ms")
    print(f"{forbidden} pages forbidden, {differ} decided in another way than by Protego")


def main() -> None:
    """Run the part that is named."""
    part, given = [*sys.argv[1:], "cost"][0], [float(argument) for argument in sys.argv[2:3]]
    if part == "cost":
        with_server(lambda base, redis: cost(base, redis, int(given[0]) if given else 4_000))
    elif part == "minute":
        with_server(lambda base, redis: minute(base, redis, given[0] if given else 120.0))
    elif part == "start":
        asyncio.run(start())
    elif part == "week":
        week(int(given[0]) if given else 1)
    elif part == "robots":
        robots()
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    main()

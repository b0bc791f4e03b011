"""Measures docket: throughput with 0 to 3 workers, and a poll with docket compared with one without it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import msgspec
from redis.asyncio import Redis
from redis_server import redis_server
from scaleout_namespaces import until
from scaleout_stage import Stage, stage
from scaleout_wire import page

from config.settings import Settings
from crawler.polling.polls import Listing, all_listings
from scheduler.leader.docket_queue import task_key
from scheduler.leader.docket_serialization import TASK, without_pickle
from scheduler.leader.worker_coordinator import DUE_BATCH
from scheduler.leader.worker_key import Signer
from scheduler.sweeps.clock import Clock
from scheduler.wiring import now
from stories.crawl_state.workers import DueListing, WorkerRegistry
from stories.db import keys
from stories.model.sighting import Poll

READING_MS = 30.0  # ms of CPU for a page, which the pages are made to cost
PAGES = 288
LISTINGS = 12  # of each host: enough that the polls spread
POLLED_LISTINGS = 50  # listings of each host whose polls are counted
DISPATCHED_POLLS = 3_000
LATER = timedelta(hours=1)
WINDOW = 15.0  # seconds of them


def read(numbers: list[int], paragraphs: int) -> float:
    """Return the seconds of CPU that reading these pages takes."""
    from crawler.extraction import extract_release

    texts = [page(number, paragraphs).encode() for number in numbers]
    extract_release(texts[0], "http://127.0.0.2:8000/news/1")  # loads what the first page needs
    began = time.process_time()
    for number, text in zip(numbers, texts, strict=True):
        extract_release(text, f"http://127.0.0.2:8000/news/{number}")
    return time.process_time() - began


def calibrate() -> int:
    """Return with how many paragraphs reading a page costs ``READING`` on this machine."""
    few, many = (1000 * read(list(range(1, 21)), paragraphs) / 20 for paragraphs in (50, 200))
    return max(1, round(50 + (READING_MS - few) * 150 / (many - few)))


def limit(paragraphs: int, processes: int) -> float:
    """Return the pages a second that so many processes read which do nothing else."""
    numbers = list(range(1, 1 + PAGES // 2))
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(read, [[1]] * processes, [1] * processes))  # they have imported
        began = time.perf_counter()
        list(pool.map(read, [numbers[n::processes] for n in range(processes)], [paragraphs] * processes))
        return len(numbers) / (time.perf_counter() - began)


async def throughput(crews: Sequence[int]) -> None:
    """Print the pages a second of a daemon with so many workers, and what the cores allow at that moment."""
    paragraphs = calibrate()
    cost = 1000 * read(list(range(1, 21)), paragraphs) / 20
    print(f"{PAGES} pages of {paragraphs} paragraphs, {cost:.0f} ms of CPU each to read", flush=True)
    for workers in crews:
        names = ["clock1", *(f"worker{n}" for n in range(1, workers + 1))]
        async with stage(names, listings=LISTINGS, interval=6, between=0, paragraphs=paragraphs) as on:
            await _begin(on, names)
            one, two = limit(paragraphs, 1), limit(paragraphs, 2)
            before, began = await _cpu(on), time.monotonic()
            for place, _ in zip(cycle(on.wire.paths()), range(PAGES), strict=False):
                on.wire.publish(*place)
            await until(lambda on=on: len({url for _, _, url in on.wire.alerted}) == PAGES, 180)  # type: ignore[misc]
            took, used = time.monotonic() - began, await _cpu(on) - before
        rate, busy = PAGES / took, f"{1000 * used / PAGES:.0f} ms of CPU a page, all processes and Redis"
        print(f"one and two processes that only read: {one:.1f} and {two:.1f} pages/s")
        print(f"daemon and {workers} worker(s): {rate:.1f} pages/s, {rate / two:.0%} of two; {busy}", flush=True)


async def overhead() -> None:
    """Print the CPU of a poll of an unchanged listing, by the daemon itself and through the engine."""
    for workers in (0, 1, 2):
        names = ["clock1", *(f"worker{n}" for n in range(1, workers + 1))]
        async with stage(names, listings=POLLED_LISTINGS, interval=4, between=0) as on:
            await _begin(on, names)
            await asyncio.sleep(8)
            before, polls, redis = await _cpu(on), len(on.wire.log), await _redis_cpu(on.redis)
            await asyncio.sleep(WINDOW)
            used, polled = await _cpu(on) - before, len(on.wire.log) - polls
            of_redis = await _redis_cpu(on.redis) - redis
        each = f"{1000 * used / polled:.2f} ms of CPU each, {1000 * of_redis / polled:.2f} of them Redis"
        print(f"daemon and {workers} worker(s): {polled / WINDOW:.0f} polls/s, {each}", flush=True)


async def handing_out() -> None:
    """Print the cost of dispatching a poll: the task, and receiving the next due time."""
    from docket import Docket

    without_pickle()
    signer = Signer(b"a key of the benchmark")

    async def poll(packed: str) -> None:
        """Do nothing: the task is only enqueued."""

    tags = [f"tag{number}" for number in range(DISPATCHED_POLLS)]
    sources = {"wire": {"listings": [{"url": "http://127.0.0.2/{tag}"}]}}
    listings = all_listings(
        Settings.model_validate({"catalog": False, "sources": sources, "watches": {"all": {"tags": tags}}})
    )
    with redis_server() as url:
        async with Redis.from_url(url) as redis, Docket(name=keys.docket("").name.rstrip(":"), url=url) as docket:
            clock, registry = (
                Clock(listings, lambda poll: None, now, first_due=dict.fromkeys(_places(listings), now() + LATER)),
                WorkerRegistry(redis),
            )
            clock.start()
            docket.register(poll, names=["poll"])
            for listing in listings:
                await registry.publish_next_poll(
                    DueListing(source=listing.source, listing=listing.url, at=now() + LATER)
                )
            before, began = await _redis_cpu(redis), time.process_time()
            for listing in listings:
                request = listing.poll(now())
                await docket.add("poll", key=task_key(request))(
                    signer.seal(TASK, msgspec.json.encode(request).decode())
                )
            handed = time.process_time() - began
            for _ in range(0, DISPATCHED_POLLS, DUE_BATCH):
                for due in await registry.take_next_polls(DUE_BATCH):
                    clock.reschedule(Poll(source=due.source, listing=due.listing, asked_at=due.at), due.at)
            heard = time.process_time() - began - handed
            of_redis = await _redis_cpu(redis) - before
            clock.stop()
    each = [f"{1000 * seconds / len(listings):.2f} ms" for seconds in (handed, heard, of_redis)]
    print(
        f"{len(listings)} polls: CPU of dispatching one {each[0]}, of receiving its due time {each[1]}; Redis {each[2]}"
    )


def _places(listings: Sequence[Listing]) -> list[tuple[str, str]]:
    return [(listing.source, listing.url) for listing in listings]


async def _begin(on: Stage, names: list[str]) -> None:
    """Start the processes, and return once each listing was polled and the workers_found."""
    for name in names[::-1]:
        await on.start(name)
    workers = len(names) - 1
    shared = f'"workers": {workers}, "event": "workers_found"'
    await until(lambda: not workers or on.namespaces["clock1"].says(shared), 120)
    wanted = set(on.wire.paths())
    await until(lambda: wanted <= {(request.host, request.path) for request in on.wire.log}, 120)
    await asyncio.sleep(2)


async def _cpu(on: Stage) -> float:
    return sum(namespace.cpu() for namespace in on.namespaces.values()) + await _redis_cpu(on.redis)


async def _redis_cpu(redis: Redis) -> float:
    about = await redis.info("cpu")
    return float(about["used_cpu_user"]) + float(about["used_cpu_sys"])

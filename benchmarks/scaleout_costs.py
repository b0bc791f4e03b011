"""What sharing costs and brings: throughput of 0 to 3 workers, and a poll through the engine beside one without it."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle

from scaleout_rooms import until
from scaleout_stage import Stage, stage
from scaleout_wire import page

READING = 30.0  # ms of CPU for a page, which the pages are made to cost
PAGES = 480
LISTINGS = 12  # of each host: enough that the polls spread
POLLED = 50  # listings of each host whose polls are counted
WINDOW = 20.0  # seconds of them


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
    return max(1, round(50 + (READING - few) * 150 / (many - few)))


def limit(paragraphs: int, processes: int) -> float:
    """Return the pages a second that so many processes read which do nothing else."""
    numbers = list(range(1, 1 + PAGES // 2))
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(read, [[1]] * processes, [1] * processes))  # they have imported
        began = time.perf_counter()
        list(pool.map(read, [numbers[n::processes] for n in range(processes)], [paragraphs] * processes))
        return len(numbers) / (time.perf_counter() - began)


async def throughput() -> None:
    """Print the pages a second of a daemon alone and with one, two and three workers, and what the cores allow."""
    paragraphs = calibrate()
    cost = 1000 * read(list(range(1, 21)), paragraphs) / 20
    print(f"{PAGES} pages of {paragraphs} paragraphs, {cost:.0f} ms of CPU each to read")
    for processes in (1, 2):
        print(f"{processes} process(es) that only read: {limit(paragraphs, processes):.1f} pages/s", flush=True)
    for workers in range(4):
        names = ["clock1", *(f"worker{n}" for n in range(1, workers + 1))]
        async with stage(names, listings=LISTINGS, interval=3, between=0, paragraphs=paragraphs) as on:
            await _begin(on, names)
            before = await _cpu(on)
            began = time.monotonic()
            for place, _ in zip(cycle(on.wire.paths()), range(PAGES), strict=False):
                on.wire.publish(*place)
            await until(lambda on=on: len({url for _, _, url in on.wire.told}) == PAGES, 180)  # type: ignore[misc]
            took, used = time.monotonic() - began, await _cpu(on) - before
        busy = f"{1000 * used / PAGES:.0f} ms of CPU a page, all processes and Redis"
        print(f"daemon and {workers} worker(s): {PAGES / took:.1f} pages/s from published to told; {busy}", flush=True)


async def overhead() -> None:
    """Print the CPU of a poll of an unchanged listing, by the daemon itself and through the engine."""
    for workers in (0, 1, 0, 1):
        names = ["clock1", *(f"worker{n}" for n in range(1, workers + 1))]
        async with stage(names, listings=POLLED, interval=4, between=0) as on:
            await _begin(on, names)
            await asyncio.sleep(8)
            before, polls, redis = await _cpu(on), len(on.wire.log), await _redis_cpu(on)
            await asyncio.sleep(WINDOW)
            used, polled = await _cpu(on) - before, len(on.wire.log) - polls
            of_redis = await _redis_cpu(on) - redis
        each = f"{1000 * used / polled:.2f} ms of CPU each, {1000 * of_redis / polled:.2f} of them Redis"
        print(f"daemon and {workers} worker(s): {polled / WINDOW:.0f} polls/s, {each}", flush=True)


async def _begin(on: Stage, names: list[str]) -> None:
    """Start the processes, and return once each listing was polled and the polls are shared."""
    for name in names[::-1]:
        await on.start(name)
    workers = len(names) - 1
    shared = f'"workers": {workers}, "event": "polls are shared"'
    await until(lambda: not workers or on.rooms["clock1"].says(shared), 120)
    wanted = set(on.wire.paths())
    await until(lambda: wanted <= {(one.host, one.path) for one in on.wire.log}, 120)
    await asyncio.sleep(2)


async def _cpu(on: Stage) -> float:
    return sum(room.cpu() for room in on.rooms.values()) + await _redis_cpu(on)


async def _redis_cpu(on: Stage) -> float:
    about = await on.redis.info("cpu")
    return float(about["used_cpu_user"]) + float(about["used_cpu_sys"])

"""Pages are read off the loop, each within its limits; one bad page costs nothing but itself."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from config.source import ReleaseHints
from crawler.reader import PAGE_TIME, Reader
from stories.release import NotARelease

URL = "https://ledger.example/business/7-story"
SENTENCES = "".join(
    f"<p>Crate number {number} left the harbour in the morning and was weighed twice before it reached the ship.</p>"
    for number in range(1, 13)
)
PAGE = f"<html><head><title>Crates leave the harbour</title></head><body><h1>Crates leave the harbour at dawn</h1>{SENTENCES}</body></html>"  # noqa: E501
ENDLESS = b"<h1>One endless line of words</h1><p>" + b"word " * 1_400_000


@pytest.fixture
async def reader():
    async with Reader(workers=1) as reader:
        await reader.warm_up()
        yield reader


async def test_a_page_is_read_in_another_process(reader):
    release = await reader.read(PAGE.encode(), URL, ReleaseHints(), None)

    assert release.headline == "Crates leave the harbour at dawn"
    assert len(release.body) == 12


async def test_hints_and_the_charset_of_the_reply_reach_the_page(reader):
    page = PAGE.replace("Crates leave", "Kisten für Möwen verlassen").encode("iso-8859-1")

    release = await reader.read(page, URL, ReleaseHints(wire="Gull Wire"), "iso-8859-1")

    assert release.headline == "Kisten für Möwen verlassen the harbour at dawn"
    assert release.wire == "Gull Wire"


async def test_a_page_without_a_release_is_refused_with_its_own_reason(reader):
    with pytest.raises(NotARelease) as refusal:
        await reader.read(b"<html><body></body></html>", URL, ReleaseHints(), None)

    assert refusal.value.reason == "empty"


async def test_a_page_that_is_too_large_is_not_even_tried():
    async with Reader(workers=1, page_bytes=1000) as reader:
        with pytest.raises(NotARelease) as refusal:
            await reader.read(b"x" * 1001, URL)

    assert refusal.value.reason == "too large"
    assert "1,001 bytes" in refusal.value.detail


async def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_is_read():
    async with Reader(workers=1, page_time=timedelta(seconds=0.5)) as reader:
        await reader.warm_up()
        started = time.monotonic()
        with pytest.raises(NotARelease) as refusal:
            await reader.read(ENDLESS, URL)
        took = time.monotonic() - started

        assert refusal.value.reason == "took too long"
        assert took < PAGE_TIME.total_seconds()
        assert (await reader.read(PAGE.encode(), URL)).headline


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc to see that the worker is busy")
async def test_a_page_that_kills_its_worker_is_named_and_the_next_one_is_read(reader):
    slow = asyncio.create_task(reader.read(ENDLESS, URL))
    (worker,) = reader._pool._pool_manager.worker_manager.workers
    await asyncio.to_thread(wait_until_busy, worker)
    os.kill(worker, signal.SIGKILL)

    with pytest.raises(NotARelease) as refusal:
        await slow

    assert refusal.value.reason == "reader crashed"
    assert (await reader.read(PAGE.encode(), URL)).headline


async def test_a_page_that_needs_too_much_memory_is_refused_and_the_next_one_is_read():
    async with Reader(workers=1, memory=1_200_000_000) as reader:
        with pytest.raises(NotARelease) as refusal:
            await reader.read(b"<div><p>a<p>b<a href=c>d</a>" * 280_000, URL)

        assert refusal.value.reason in {"too large", "reader crashed", "took too long", "listing", "no text"}
        assert (await reader.read(PAGE.encode(), URL)).headline


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
async def test_workers_leave_signals_to_their_parent(reader, signum):
    slow = asyncio.create_task(reader.read(PAGE.encode() * 30, URL))
    for worker in list(reader._pool._pool_manager.worker_manager.workers):
        os.kill(worker, signum)

    assert (await slow).headline


async def test_closing_while_pages_are_read_is_prompt_and_may_be_repeated():
    reader = Reader(workers=1)
    await reader.warm_up()
    reading = [asyncio.create_task(reader.read(ENDLESS, URL)) for _ in range(3)]
    await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await reader.close()
        await reader.close()

    assert all(isinstance(error, RuntimeError) for error in await asyncio.gather(*reading, return_exceptions=True))


async def test_a_reader_that_is_closed_says_so(reader):
    await reader.close()

    with pytest.raises(RuntimeError, match="closed"):
        await reader.read(PAGE.encode(), URL)


async def test_who_stops_waiting_frees_the_worker(reader):
    slow = asyncio.create_task(reader.read(ENDLESS, URL))
    await asyncio.sleep(0)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow

    assert (await asyncio.wait_for(reader.read(PAGE.encode(), URL), timeout=60)).headline


def wait_until_busy(pid: int) -> None:
    """Return when a process has used some CPU time since it was first looked at."""
    first = cpu_ticks(pid)
    while cpu_ticks(pid) < first + 10:
        time.sleep(0.01)


def cpu_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11])


async def test_a_pool_that_does_not_stop_holds_nobody_up(monkeypatch):
    never = threading.Event()
    reader = Reader(workers=1)
    await reader.warm_up()
    (worker,) = multiprocessing.active_children()
    monkeypatch.setattr(reader, "_stop", never.wait)
    try:
        async with asyncio.timeout(30):
            await reader.close()
        worker.join(30)
        assert worker.exitcode == -signal.SIGKILL
    finally:
        never.set()
        monkeypatch.undo()
        await asyncio.to_thread(reader._stop)

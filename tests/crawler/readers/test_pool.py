"""Pages are read off the loop, each within its limits; one bad page costs nothing but itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from datetime import timedelta

import msgspec
import pytest
from reader_processes_of import busy_worker, children, children_of, is_alive, servers, workers
from waiting import BUSY, until

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingUnreadableError, read_listing
from crawler.readers import fork_server_client, supervisor, worker
from crawler.readers.pool import (
    MAX_RERUNS,
    PAGE_TIME_LIMIT,
    ListingCrashedError,
    ReaderFailedError,
    ReaderPool,
    ReadPriority,
)
from stories.crawl_state.site_boilerplate import KnownBoilerplate
from stories.model.release import NotARelease

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
LISTING = ListingSettings(url="https://wire.example/news")
URL = "https://ledger.example/business/7-story"
SENTENCES = "".join(
    f"<p>Crate number {number} left the harbour in the morning and was weighed twice before it reached the ship.</p>"
    for number in range(1, 13)
)
PAGE = f"<html><head><title>Crates leave the harbour</title></head><body><h1>Crates leave the harbour at dawn</h1>{SENTENCES}</body></html>"  # noqa: E501
LONG = PAGE.replace("</h1>", "</h1>" + SENTENCES * 150).encode()
"""Takes about a second to read."""
ENDLESS = b"<h1>One endless line of words</h1><p>" + b"word " * 1_400_000


@pytest.fixture
async def reader():
    async with ReaderPool(workers=1) as reader:
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
    async with ReaderPool(workers=1, page_bytes=1000) as reader:
        with pytest.raises(NotARelease) as refusal:
            await reader.read(b"x" * 1001, URL)

    assert refusal.value.reason == "too large"
    assert "1,001 bytes" in refusal.value.detail


async def test_a_release_with_more_text_than_is_compared_in_good_time_is_refused(reader):
    paragraphs = "".join(
        f"<p>Crate {number} left the harbour. {f'It was weighed {number} times before it sailed. ' * 30}</p>"
        for number in range(900)
    )
    with pytest.raises(NotARelease) as refusal:
        await reader.read(f"<h1>Crates leave the harbour</h1><article>{paragraphs}</article>".encode(), URL)

    assert refusal.value.reason == "too large"
    assert "at most 1,000,000 are kept" in refusal.value.detail


async def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_is_read():
    async with ReaderPool(workers=1, page_time=timedelta(seconds=0.5)) as reader:
        await reader.warm_up()
        started = time.monotonic()
        with pytest.raises(NotARelease) as refusal:
            await reader.read(ENDLESS, URL)
        took = time.monotonic() - started

        assert refusal.value.reason == "took too long"
        assert took < PAGE_TIME_LIMIT.total_seconds()
        assert (await reader.read(PAGE.encode(), URL)).headline


FAULT_SIGNALS = [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL]


@linux
@pytest.mark.parametrize("fault", FAULT_SIGNALS, ids=lambda number: number.name)
async def test_a_page_that_crashes_its_worker_is_named_and_the_next_one_is_read(reader, fault):
    slow = asyncio.create_task(reader.read(ENDLESS, URL))
    os.kill(await busy_worker(), fault)

    with pytest.raises(NotARelease) as refusal:
        await slow

    assert refusal.value.reason == "reader crashed"
    assert str(-fault) in refusal.value.detail
    assert reader.restarts == {"crashed": 1}
    assert (await reader.read(PAGE.encode(), URL)).headline


@linux
async def test_a_page_whose_worker_is_killed_from_outside_again_and_again_is_named_in_the_end():
    async with ReaderPool(workers=1) as reader:
        slow = asyncio.create_task(reader.read(ENDLESS, URL))
        killed = set()
        while not slow.done():
            os.kill(worker := await busy_worker(besides=killed), signal.SIGKILL)
            killed.add(worker)
            await until(lambda: slow.done() or set(workers()) - killed)

        with pytest.raises(NotARelease) as refusal:
            await slow
        assert refusal.value.reason == "reader crashed"
        assert len(killed) == MAX_RERUNS + 1
        assert (await reader.read(PAGE.encode(), URL)).headline


async def test_a_page_that_needs_too_much_memory_is_refused_and_the_next_one_is_read():
    async with ReaderPool(workers=1, memory=1_200_000_000) as reader:
        with pytest.raises(NotARelease) as refusal:
            await reader.read(b"<div><p>a<p>b<a href=c>d</a>" * 280_000, URL)

        assert refusal.value.reason in {"too large", "reader crashed", "took too long", "listing", "no text"}
        assert (await reader.read(PAGE.encode(), URL)).headline


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
async def test_workers_leave_signals_to_their_parent(reader, signum):
    slow = asyncio.create_task(reader.read(PAGE.encode() * 30, URL))
    for process in children():
        os.kill(process, signum)

    assert (await slow).headline


async def test_closing_while_pages_are_read_is_prompt_and_may_be_repeated():
    reader = ReaderPool(workers=1)
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


async def test_a_reader_that_is_not_used_starts_no_process():
    ReaderPool()

    assert children() == []


@linux
async def test_a_process_that_ends_without_closing_its_reader_leaves_no_process_behind():
    program = (
        "import asyncio, os, signal\n"
        "from crawler.readers.pool import ReaderPool\n"
        "async def main():\n"
        "    reader = ReaderPool(workers=1)\n"
        "    await reader.warm_up()\n"
        "    slow = asyncio.create_task(reader.read(b'<h1>Words</h1><p>' + b'word ' * 1_400_000, None))\n"
        "    await asyncio.sleep(0.2)\n"
        "    print(reader._processes._server.pid, flush=True)\n"
        "    await slow\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    group = int(await process.stdout.readline())
    left = children_of(process.pid, deep=True)
    process.kill()
    await process.wait()

    assert group in left
    assert len(left) == 2
    await until(lambda: not any(is_alive(pid) for pid in left))


def test_half_a_character_costs_an_answer_nothing_else():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        refusal = worker.PageRefused("no text", "half \ud83d of a pair")
        worker._send(theirs, worker.Envelope(refusal))
        packed = ours.recv(4096)[worker.LENGTH.size :]

    assert msgspec.msgpack.decode(packed, type=worker.Envelope).answer.detail == "half ? of a pair"


async def test_a_listing_is_read_in_another_process_with_the_same_result(reader):
    feed = (
        b'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><ttl>30</ttl>'
        b"<item><title>A first release</title><link>https://wire.example/news/1</link><guid>g1</guid>"
        b"<pubDate>Tue, 10 Feb 2026 09:00:00 GMT</pubDate></item></channel></rss>"
    )
    expected = read_listing(feed, LISTING.url, LISTING, ReleaseHints(), "text/xml")

    assert await reader.read_listing(feed, LISTING.url, LISTING, ReleaseHints(), "text/xml") == expected
    assert expected.ttl is not None
    assert len(expected.sightings) == 1


@pytest.mark.parametrize("body", [b"", b"\x1f\x8b broken", b"\x00\x01\x02" * 100, b"{}"])
async def test_a_listing_that_is_none_is_refused_in_the_same_words(reader, body):
    with pytest.raises(ListingUnreadableError) as here:
        read_listing(body, LISTING.url, LISTING, ReleaseHints())
    with pytest.raises(ListingUnreadableError) as there:
        await reader.read_listing(body, LISTING.url, LISTING, ReleaseHints())

    assert str(there.value) == str(here.value)
    assert not isinstance(there.value, ListingCrashedError)


async def test_a_listing_that_takes_too_long_is_given_up_and_the_next_one_is_read():
    async with ReaderPool(workers=1, listing_time=timedelta(seconds=0.05)) as reader:
        await reader.warm_up()
        with pytest.raises(ListingCrashedError, match="took too long"):
            await reader.read_listing(b"<a href=/news/1>x</a>" * 300_000, LISTING.url, LISTING, ReleaseHints())

    async with ReaderPool(workers=1) as reader:
        assert (await reader.read_listing(b"<urlset/>", LISTING.url, LISTING, ReleaseHints())).kind == "sitemap"


async def test_a_fault_of_the_code_that_reads_reaches_the_caller_as_it_was(reader):
    with pytest.raises(AttributeError) as fault:
        await reader.read_page(PAGE.encode(), URL, ReleaseHints(), None, None)

    assert "_read_page" in "".join(fault.value.__notes__)
    assert reader.restarts == {}
    assert (await reader.read(PAGE.encode(), URL)).headline


async def test_the_reader_time_of_a_source_is_known(reader):
    assert reader.usage("crates") == 0
    charged = []
    reader.on_used = lambda source, seconds: charged.append((source, seconds))

    await reader.read_page(PAGE.encode(), URL, None, None, KnownBoilerplate(), source="crates")

    assert 0 < reader.usage("crates") < 60
    assert charged == [("crates", reader.usage("crates"))]
    assert reader.usage("gulls") == 0


async def test_listings_are_read_before_pages_and_new_pages_before_the_backlog(reader):
    done = []

    async def read(name, reading):
        await reading
        done.append(name)

    page, first = PAGE.encode(), asyncio.create_task(reader.read(ENDLESS[:2_000_000], URL))
    await asyncio.sleep(0)
    backlog = reader.read_page(page, URL, None, None, KnownBoilerplate(), source="a", priority=ReadPriority.BACKLOG)
    new = reader.read_page(page, URL, None, None, KnownBoilerplate(), source="b", priority=ReadPriority.NEW)
    listing = reader.read_listing(b"<urlset/>", LISTING.url, LISTING, ReleaseHints(), source="c")
    await asyncio.gather(read("backlog", backlog), read("new", new), read("listing", listing))
    await asyncio.gather(first, return_exceptions=True)

    assert done == ["listing", "new", "backlog"]


async def test_an_item_whose_caller_stops_waiting_is_not_read(reader):
    first = asyncio.create_task(reader.read(ENDLESS[:2_000_000], URL))
    await asyncio.sleep(0)
    second = asyncio.create_task(reader.read(PAGE.encode(), URL))
    await asyncio.sleep(0)
    assert reader.waiting == 1
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)

    assert reader.waiting == 0
    assert reader.restarts == {}
    assert (await reader.read(PAGE.encode(), URL)).headline


async def test_a_reader_whose_processes_cannot_be_started_says_so(monkeypatch):
    monkeypatch.setattr(fork_server_client.sys, "executable", "/nonexistent/python")
    monkeypatch.setattr(supervisor, "RETRY_DELAYS", (0.0,))
    async with ReaderPool(workers=1) as reader:
        waiting = asyncio.create_task(reader.read(PAGE.encode(), URL))

        with pytest.raises(ReaderFailedError, match="No such file"):
            await asyncio.wait_for(reader.supervise(), 30)

        with pytest.raises(ReaderFailedError):
            await waiting
        with pytest.raises(ReaderFailedError):
            await reader.read(PAGE.encode(), URL)
        with pytest.raises(ReaderFailedError):
            await reader.warm_up()


async def test_a_reader_whose_processes_end_as_they_start_says_so(monkeypatch):
    monkeypatch.setattr(fork_server_client.sys, "executable", "/bin/false")
    monkeypatch.setattr(supervisor, "RETRY_DELAYS", (0.0,))
    async with ReaderPool(workers=1) as reader:
        with pytest.raises(ReaderFailedError, match="exit code 1"):
            await asyncio.wait_for(reader.warm_up(), 30)


@linux
async def test_repairs_that_succeed_are_never_too_many(reader):
    for _ in range(3 * supervisor.MAX_FAILURES):
        (worker,) = await until(lambda: [pid for pid in workers() if is_alive(pid)])
        os.kill(worker, signal.SIGKILL)
        await reader.read(PAGE.encode(), URL)
        await until(lambda worker=worker: not is_alive(worker))

    assert (await reader.read(PAGE.encode(), URL)).headline


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
async def test_while_no_fork_server_runs_its_workers_read_page_after_page(number, monkeypatch):
    async with ReaderPool(workers=2) as reader:
        await reader.warm_up()
        monkeypatch.setattr(supervisor, "RETRY_DELAYS", (3600.0,))  # seconds before a new one is started
        os.kill(servers()[0], number)
        await until(lambda: reader.restarts.get("fork server lost"))
        for _ in range(6):
            async with asyncio.timeout(5 * BUSY):
                release = await reader.read(PAGE.encode(), URL)
            assert release.headline.startswith("Crates leave")
        assert not servers()


@linux
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
@pytest.mark.parametrize("part", ["worker", "all workers", "fork server", "all processes"])
async def test_whatever_ends_or_stops_its_processes_every_page_is_read_within_seconds(part, number, busy):
    async with ReaderPool(workers=2) as reader:
        await reader.warm_up()
        reading = []
        if busy:
            reading = [
                asyncio.create_task(reader.read_page(LONG, URL, None, None, KnownBoilerplate(), source=str(source)))
                for source in range(6)
            ]
            await busy_worker()
        targets = {
            "worker": workers()[:1], "all workers": workers(), "fork server": servers(), "all processes": children(),
        }[part]  # fmt: skip
        for target in targets:
            os.kill(target, number)
        struck = time.monotonic()
        release = await reader.read(PAGE.encode(), URL)
        took = time.monotonic() - struck
        read = [release, *(page for page, _ in await asyncio.gather(*reading))]

        assert all(release.headline.startswith("Crates leave") for release in read)
        assert took < 5 * BUSY
        await until(lambda: len(workers()) == 2 and len(servers()) == 1)
        await until(lambda: not set(targets) & set(children()))
        # A process is gone some moments before the event loop sees that its connection closed, and counts it.
        await until(lambda: sum(reader.restarts.values()) >= len(targets))

"""Reads pages and listings in worker processes, so that hostile bytes cost at most their own page or listing.

The processes are kept alive by ``crawler.readers.supervisor``; which item is read next is decided by
``crawler.readers.fair_queue``. A worker is a fork of a process that has the libraries loaded: 5 ms and 7 MB each.
"""

from __future__ import annotations

import asyncio
import builtins
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import NoReturn

import structlog

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings.listing_page import ListingPage, ListingUnreadableError
from crawler.readers.errors import ReaderClosedError, ReaderFailedError
from crawler.readers.fair_queue import FairQueue, ReadPriority, Running, Usage, Waiting, choose
from crawler.readers.supervisor import ReaderSupervisor
from crawler.readers.worker import (
    Answer,
    Failed,
    Job,
    ListingJob,
    ListingRead,
    ListingRefused,
    OutOfMemory,
    PageJob,
    PageRead,
    PageRefused,
)
from crawler.readers.worker_client import Cause, Lost, WorkerClient
from stories.crawl_state.site_boilerplate import KnownBoilerplate, ShownLines
from stories.model.release import NotARelease, Release

__all__ = [
    "ListingCrashedError",
    "PageReadError",
    "ReadPriority",
    "ReaderClosedError",
    "ReaderFailedError",
    "ReaderPool",
]

log = structlog.get_logger(__name__)

PAGE_TIME_LIMIT = timedelta(seconds=10)  # of wall-clock time; a page takes 20–80 ms, the slowest measured 0.6 s
LISTING_TIME_LIMIT = timedelta(seconds=10)
MAX_PAGE_BYTES = 8_000_000  # the largest of 670 stored pages has 2.6 MB
WORKER_MEMORY = 2 * 1024**3  # bytes of address space of a worker, libraries included
MAX_RERUNS = 3  # of an item whose worker was killed from outside; the next such loss counts against the item
MAX_LOSSES = 20  # busy workers lost from outside, with no answer between them: something kills every reader


class PageReadError(Exception):
    """The code that reads raised an exception: a fault of the program; the message has its type."""


class ListingCrashedError(ListingUnreadableError):
    """The worker that read a listing ended, or had to be ended; a repeat would end the next one."""


@dataclass(slots=True)
class _Item:
    waiting: Waiting
    job: Job
    outcome: asyncio.Future[Answer | Lost]
    losses: int = 0
    worker: WorkerClient | None = None
    started: float = 0.0


class ReaderPool:
    """Reads pages and listings in worker processes that are replaced when they end, stop or hang.

    Use it as ``async with Reader() as reader``, or call :meth:`close`. The processes start at the first use.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        page_time: timedelta = PAGE_TIME_LIMIT,
        listing_time: timedelta = LISTING_TIME_LIMIT,
        page_bytes: int = MAX_PAGE_BYTES,
        memory: int = WORKER_MEMORY,
    ) -> None:
        """``workers``: processes; left out, one more than the machine has cores, which is kept for light pages."""
        self.workers = workers or (os.cpu_count() or 2) + 1
        self._page_time = page_time
        self._listing_time = listing_time
        self._page_bytes = page_bytes
        self._is_closed = False
        self._processes = ReaderSupervisor(self.workers, memory, self._dispatch, self._fail_items)
        self._queue = FairQueue()
        self._usage = Usage()
        self._items: dict[int, _Item] = {}
        self._numbers = itertools.count(1)
        self._losses = 0
        self.on_used: Callable[[str, float], None] | None = None
        """Called with a source and the reader seconds that one of its items used."""

    async def __aenter__(self) -> ReaderPool:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def warm_up(self) -> None:
        """Return when every worker has loaded its libraries; ``ReaderFailedError`` when they cannot be started."""
        await self._processes.ready()

    async def supervise(self) -> NoReturn:
        """Keep the workers alive; raise ``ReaderFailedError`` once they cannot be: the process should end with it."""
        raise await self._processes.failed()

    @property
    def restarts(self) -> Mapping[Cause, int]:
        """Worker processes and fork servers that were replaced since the start, by cause."""
        return Counter(self._processes.replaced)

    @property
    def waiting(self) -> int:
        """The number of pages and listings that wait for a worker."""
        return len(self._queue)

    def usage(self, source: str, now: float | None = None) -> float:
        """Return the reader seconds that a source used in the last hour, to the minute; ``now``: monotonic seconds."""
        return self._usage.last_hour(source, time.monotonic() if now is None else now)

    async def read(
        self,
        body: bytes,
        url: str | None,
        hints: ReleaseHints | None = None,
        header_charset: str | None = None,
    ) -> Release:
        """Return the release of a page; ``NotARelease`` with the reason where it holds none or cannot be read.

        Besides the page's own reasons: ``too large``, ``took too long``, ``reader crashed``.
        """
        return (await self.read_page(body, url, hints, header_charset, KnownBoilerplate()))[0]

    async def read_page(
        self,
        body: bytes,
        url: str | None,
        hints: ReleaseHints | None,
        header_charset: str | None,
        known: KnownBoilerplate,
        *,
        source: str = "",
        priority: ReadPriority = ReadPriority.NEW,
    ) -> tuple[Release, ShownLines]:
        """Return the release of a page whose site is ``known``, as :meth:`read` does, and what the page adds.

        ``source`` and ``priority`` decide when it is read, see ``crawler.readers.fair_queue``. Raises
        ``ReaderClosedError`` when the reader ends before: nothing is known of the page then.
        """
        if len(body) > self._page_bytes:
            raise NotARelease("too large", f"{len(body):,} bytes, at most {self._page_bytes:,} are read")
        seconds = self._page_time.total_seconds()
        job = PageJob(
            body=body, url=url, hints=hints, header_charset=header_charset, known=known, seconds=seconds
        )  # fmt: skip
        match await self._read_item(job, source, priority, url):
            case PageRead(release, shown):
                return release, shown
            case PageRefused(reason, detail):
                raise NotARelease(reason, detail)
            case OutOfMemory():
                raise NotARelease("too large", "reading it takes more memory than a worker may have")
            case Lost(cause="timeout"):
                raise NotARelease("took too long", f"more than {seconds:g} s to read")
            case Lost(code=code):
                raise NotARelease("reader crashed", f"its worker ended with exit code {code}")
            case other:
                raise _reader_error(other)

    async def read_listing(
        self,
        body: bytes,
        url: str,
        settings: ListingSettings,
        hints: ReleaseHints,
        content_type: str | None = None,
        *,
        source: str = "",
    ) -> ListingPage:
        """Return what a listing names, like ``crawler.listings.read_listing``, with its ``ListingUnreadableError``.

        ``ListingCrashedError``, a ``ListingUnreadableError``, when it ended its worker or took too long.
        """
        seconds = self._listing_time.total_seconds()
        job = ListingJob(
            body=body, url=url, settings=settings, hints=hints, content_type=content_type, seconds=seconds
        )  # fmt: skip
        match await self._read_item(job, source, ReadPriority.LISTING, url):
            case ListingRead(page):
                return page
            case ListingRefused(message):
                raise ListingUnreadableError(message)
            case OutOfMemory():
                raise ListingUnreadableError("too large: reading it takes more memory than a worker may have")
            case Lost(cause="timeout"):
                raise ListingCrashedError(f"took too long: more than {seconds:g} s to read")
            case Lost(code=code):
                raise ListingCrashedError(f"reader crashed: its worker ended with exit code {code}")
            case other:
                raise _reader_error(other)

    async def _read_item(self, job: Job, source: str, priority: ReadPriority, url: str | None) -> Answer | Lost:
        if self._is_closed:
            raise ReaderClosedError("the reader is closed")
        if (failure := self._processes.failure) is not None:
            raise failure
        self._processes.start()
        waiting = Waiting(
            id=next(self._numbers), source=source, priority=priority, size=len(job.body), since=time.monotonic()
        )
        item = _Item(waiting=waiting, job=job, outcome=asyncio.get_running_loop().create_future())
        self._items[waiting.id] = item
        self._queue.put(waiting)
        self._dispatch()
        try:
            outcome = await item.outcome
        finally:
            del self._items[waiting.id]
            self._queue.remove(waiting)
            if item.worker is not None:
                item.worker.kill("cancelled")
        if isinstance(outcome, Lost):
            log.warning("reading_ended_worker", source=source, url=url, cause=outcome.cause, exit_code=outcome.code)
        return outcome

    def _dispatch(self) -> None:
        """Give free workers what is next, as far as there are both."""
        while not self._is_closed and len(self._queue) and (worker := self._processes.idle()) is not None:
            now = time.monotonic()
            running = [
                Running(source=item.waiting.source, size=item.waiting.size, started=item.started)
                for item in self._items.values()
                if item.worker is not None
            ]
            chosen = choose(self._queue.heads(), running, self._usage, now, self.workers)
            if chosen is None:
                return
            self._queue.remove(chosen)
            item = self._items[chosen.id]
            item.worker, item.started = worker, now
            self._usage.start(chosen.source, now)
            worker.give(item.job, partial(self._item_ended, item))

    def _item_ended(self, item: _Item, outcome: Answer | Lost) -> None:
        item.worker = None
        waiting, now = item.waiting, time.monotonic()
        is_abandoned = item.outcome.done()  # the caller was cancelled
        if not isinstance(outcome, Lost) or outcome.is_fault_of_job or is_abandoned:
            self._usage.add(waiting.source, now - item.started, now)
            if self.on_used is not None:
                self.on_used(waiting.source, now - item.started)
        if is_abandoned:
            return
        if not isinstance(outcome, Lost) or outcome.is_fault_of_job:
            self._losses = 0
            item.outcome.set_result(outcome)
            return
        item.losses += 1
        self._losses += 1
        if self._losses >= MAX_LOSSES:
            self._processes.fail(
                f"the last {self._losses} busy reader processes were ended from outside ({outcome.cause}); "
                "see whether the kernel's OOM killer or a limit of memory ends them"
            )
        elif item.losses > MAX_RERUNS:
            item.outcome.set_result(outcome)
        else:
            self._queue.put(waiting, first=True)

    def _fail_items(self) -> None:
        failure = self._processes.failure or ReaderClosedError("the reader was closed while the page was read")
        for item in tuple(self._items.values()):
            if not item.outcome.done():
                item.outcome.set_exception(failure)

    async def close(self) -> None:
        """End the workers immediately; pages that are being read are given up. May be called again."""
        if self._is_closed:
            return
        self._is_closed = True
        self._fail_items()
        await self._processes.close()


def _reader_error(answer: object) -> Exception:
    """Return the exception that the code that reads raised, as it was where it is one of Python's own."""
    if not isinstance(answer, Failed):
        return PageReadError(f"an answer of another kind: {type(answer).__name__}")
    kind = getattr(builtins, answer.error, None)
    error: Exception
    try:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise TypeError
        error = kind(answer.message)
    except TypeError:  # not Python's own, or made from more than a message
        error = PageReadError(f"{answer.error}: {answer.message}")
    error.add_note(answer.traceback)
    return error

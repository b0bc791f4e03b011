"""Stop 6, extract: reads pages off the event loop, in processes of their own that a bad page may take down with it.

Measured before it was built so: read in a thread, a page stalls the loop by 10–57 ms; in a process by 2–9 ms.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import threading
from concurrent.futures import TimeoutError as PageTimeoutError
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from pebble import CONSTS, ProcessExpired, ProcessFuture, ProcessPool

from stories.release import NotARelease, Release
from stories.sites import Known, Shown

if TYPE_CHECKING:
    from config.source import ReleaseHints

CONSTS.term_timeout = 0.1  # s between SIGTERM, which workers ignore, and SIGKILL; pebble waits 3 of them

log = structlog.get_logger(__name__)

PAGE_TIME = timedelta(seconds=10)  # of wall-clock time; a page takes 20–80 ms, the slowest measured 0.6 s
PAGE_BYTES = 8_000_000  # the largest of 670 stored pages has 2.6 MB
MEMORY = 2 * 1024**3  # bytes of address space of a worker, libraries included
PAGES_A_WORKER = 1000  # then it starts afresh: whatever leaks, leaks little
CLOSING = timedelta(seconds=0.7)
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
_WARM_UP = b"<h1>Nothing to read here</h1>" + b"".join(
    b"<p>Sentence number %d of this page is only there to load what the first page needs.</p>" % number
    for number in range(9)
)


class ReaderClosed(RuntimeError):  # noqa: N818 (what happened, and no fault)
    """The page is not read, since whoever reads ends; nothing is known of the page."""


class Reader:
    """Reads pages in worker processes; one that hangs or crashes costs its own page and no other.

    Use it as ``async with Reader() as reader``, or call :meth:`close`.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        page_time: timedelta = PAGE_TIME,
        page_bytes: int = PAGE_BYTES,
        memory: int = MEMORY,
    ) -> None:
        """``workers``: processes; left out, one less than the machine has cores, at least one."""
        self.workers = workers or max(1, (os.cpu_count() or 2) - 1)
        self._page_time = page_time
        self._page_bytes = page_bytes
        self._closed = False
        self._pending: set[ProcessFuture[tuple[Release, Shown]]] = set()
        self._pool = ProcessPool(
            max_workers=self.workers,
            max_tasks=PAGES_A_WORKER,
            initializer=_prepare,
            initargs=(memory,),
            context=_context(),
        )

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def warm_up(self) -> None:
        """Return when every worker has loaded its libraries, so that the first page is read as fast as the others."""
        pages = (self._run(_WARM_UP, None, None, None, Known()) for _ in range(self.workers))
        await asyncio.gather(*pages, return_exceptions=True)

    async def read(
        self,
        body: bytes,
        url: str | None,
        hints: ReleaseHints | None = None,
        header_charset: str | None = None,
    ) -> Release:
        """Return the release of a page; ``NotARelease`` with the reason where it holds none or cannot be read.

        Beside the page's own reasons: ``too large``, ``took too long``, ``reader crashed``.
        """
        return (await self.read_page(body, url, hints, header_charset, Known()))[0]

    async def read_page(
        self, body: bytes, url: str | None, hints: ReleaseHints | None, header_charset: str | None, known: Known
    ) -> tuple[Release, Shown]:
        """Return the release of a page whose site is ``known``, as :meth:`read` does, and what the page adds."""
        if len(body) > self._page_bytes:
            raise NotARelease("too large", f"{len(body):,} bytes, at most {self._page_bytes:,} are read")
        try:
            return await self._run(body, url, hints, header_charset, known)
        except NotARelease:
            raise
        except PageTimeoutError as error:
            raise NotARelease("took too long", f"more than {self._page_time.total_seconds():g} s to read") from error
        except ProcessExpired as error:
            log.warning("reader crashed", url=url, exit_code=error.exitcode)
            raise NotARelease("reader crashed", f"its worker ended with exit code {error.exitcode}") from error
        except MemoryError as error:
            raise NotARelease("too large", "reading it takes more memory than a worker may have") from error

    async def _run(
        self,
        body: bytes,
        url: str | None,
        hints: ReleaseHints | None,
        header_charset: str | None,
        known: Known,
    ) -> tuple[Release, Shown]:
        if self._closed:
            raise ReaderClosed("the reader is closed")
        future = self._pool.schedule(
            _read, args=(body, url, hints, header_charset, known), timeout=self._page_time.total_seconds()
        )
        self._pending.add(future)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and not (task and task.cancelling()):  # the page was given up, not the one who asked
                raise ReaderClosed("the reader was closed while the page was read") from None
            raise
        finally:
            self._pending.discard(future)

    async def close(self) -> None:
        """Stop the workers at once; pages that are being read are given up. May be called again."""
        if self._closed:
            return
        self._closed = True
        for future in tuple(self._pending):
            future.cancel()  # type: ignore[no-untyped-call]
        # A daemon thread: of pebble's join, whose own timeout holds only for a pool that is left to run dry, the end of
        # this process must not depend.
        stopping = threading.Thread(target=self._stop, name="reader stops", daemon=True)
        stopping.start()
        await asyncio.to_thread(stopping.join, CLOSING.total_seconds())
        if stopping.is_alive():
            for worker in multiprocessing.active_children():  # Python waits for its children before it ends
                worker.kill()

    def _stop(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _context() -> multiprocessing.context.BaseContext:
    """Return how workers are started: never forked from the daemon itself, whose threads and sockets they would inherit.

    A fork server has loaded the libraries once, so that a worker in place of a crashed one is there in milliseconds.
    """  # noqa: E501
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crawler.extraction"])
    return context


def _prepare(memory: int) -> None:
    """Prepare a worker: Ctrl-C and SIGTERM are the parent's to handle, and its memory is bounded."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        end_with_parent()
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(NotARelease):  # models are loaded at the first page, and that is no page's fault
        _read(_WARM_UP, None, None, None, Known())


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent ends (prctl(2), Linux): one that hangs would outlive it."""
    with contextlib.suppress(OSError, AttributeError):  # a C library without it
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _read(
    body: bytes, url: str | None, hints: ReleaseHints | None, header_charset: str | None, known: Known
) -> tuple[Release, Shown]:
    from crawler.extraction import extract_release
    from crawler.extraction.site import Seen, shown_by

    seen = Seen(repeated=frozenset(known.lines), headlines=known.headlines, kept=known.kept)
    release = extract_release(body, url, hints, header_charset=header_charset, seen=seen)
    return release, shown_by(release)

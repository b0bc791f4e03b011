"""Supervises the reader processes: a fork server and its workers, each replaced when it ends, stops or hangs.

How a worker was lost decides what happens to its job:

- The worker ended by itself, by a fault signal such as SIGSEGV, or took longer than the job's limit: the job's fault.
- The worker was killed from outside (SIGKILL, also by the kernel's OOM killer), was stopped (SIGSTOP), or the fork
  server was lost: not the job's fault; the owner may run it again.

When the fork server is lost, its workers continue until those of a new one are ready. When no new one can be started,
``failed`` gets the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from crawler.readers.errors import ReaderFailedError
from crawler.readers.fork_server_client import ForkServerClient
from crawler.readers.worker_client import Cause, WorkerClient

log = structlog.get_logger(__name__)

CHECK_INTERVAL = 0.5  # seconds between two looks at whether the fork server is stopped
START_SECONDS = 60.0  # seconds for the fork server to load its libraries: 1.2 on a quiet machine
FORK_SECONDS = 10.0  # seconds for a worker to say hello: 0.01 on a quiet machine
MAX_FAILURES = 5  # failed rebuilds within FAILURE_WINDOW, with no answer between them
FAILURE_WINDOW = 60.0  # seconds
RETRY_DELAYS = (0.0, 0.2, 0.5, 1.0, 2.0)  # seconds before the next try to rebuild
EXIT_CODE_SECONDS = 1.0  # seconds to wait for the exit code of a worker whose connection closed
CLOSE_SECONDS = 1.5  # seconds for killed processes to end


def _protocol(worker: WorkerClient) -> WorkerClient:
    return worker


class ReaderSupervisor:
    """A number of workers, always as many as are wanted."""

    def __init__(self, count: int, memory: int, on_idle: Callable[[], None], on_failed: Callable[[], None]) -> None:
        """``memory``: bytes of address space of a worker. ``on_idle``: called when a worker may have become free;

        ``on_failed``: when no worker is replaced any more.
        """
        self.count = count
        self._memory = memory
        self._on_idle = on_idle
        self._on_failed = on_failed
        self._server: ForkServerClient | None = None
        self._workers: list[WorkerClient] = []
        self._unsettled: dict[int, WorkerClient] = {}
        """Workers whose connection is closed and whose exit code is awaited, by process id."""
        self._ordered: deque[WorkerClient] = deque()
        self._ending: list[ForkServerClient] = []
        """Fork servers that were killed and are not reaped yet."""
        self._supervisor: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._is_complete = asyncio.Event()
        self._failures: deque[float] = deque(maxlen=MAX_FAILURES)
        self._failed: asyncio.Future[ReaderFailedError] | None = None
        self.replaced: Counter[Cause] = Counter()
        """Workers and fork servers that were replaced, by cause."""

    # For the owner:

    def start(self) -> None:
        """Begin to keep the workers alive; may be called again."""
        if self._supervisor is None:
            self._failed = asyncio.get_running_loop().create_future()
            self._supervisor = asyncio.create_task(self._supervise(), name="reader processes")
            self._supervisor.add_done_callback(self._supervision_ended)

    async def ready(self) -> None:
        """Return when all workers are ready; ``ReaderFailedError`` when they cannot be had."""
        self.start()
        assert self._failed is not None  # noqa: S101
        complete = asyncio.create_task(self._is_complete.wait())
        waited: list[asyncio.Future[Any]] = [complete, self._failed]
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            complete.cancel()
        if self._failed.done():
            raise self._failed.result()

    async def failed(self) -> ReaderFailedError:
        """Return why the workers cannot be kept alive, once they cannot."""
        self.start()
        assert self._failed is not None  # noqa: S101
        return await asyncio.shield(self._failed)

    @property
    def failure(self) -> ReaderFailedError | None:
        """Why the workers cannot be kept alive; None while they can."""
        return self._failed.result() if self._failed is not None and self._failed.done() else None

    def idle(self) -> WorkerClient | None:
        """Return a worker without a job, those of the present fork server first."""
        idle = [worker for worker in self._workers if worker.is_idle]
        return next((worker for worker in idle if not worker.server.is_lost), idle[0] if idle else None)

    def fail(self, reason: str) -> None:
        """Give up: no worker is replaced from here on."""
        if self._failed is not None and not self._failed.done():
            log.error("reader_failed", reason=reason)
            self._failed.set_result(ReaderFailedError(reason))
            if self._supervisor is not None:
                self._supervisor.cancel()
            self._on_failed()

    async def close(self) -> None:
        """End all processes."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([self._supervisor])
        server, self._server = self._server, None
        if server is not None:
            server.kill(group=True)
        for worker in tuple(self._workers):
            worker.kill("cancelled")
        if server is not None:
            server.disconnect()
            self._ending.append(server)
        for ending in self._ending:
            await ending.reap(CLOSE_SECONDS)

    # For its workers:

    def worker_ready(self) -> None:
        if sum(worker.is_ready for worker in self._current()) >= self.count:
            self._is_complete.set()
            for worker in self._workers:
                if worker.server.is_lost and worker.on_end is None:
                    worker.kill("fork server lost")
        self._on_idle()

    def worker_answered(self, worker: WorkerClient) -> None:
        self._failures.clear()
        if worker.server.is_lost and self._is_complete.is_set():
            worker.kill("fork server lost")
        self._on_idle()

    def worker_gone(self, worker: WorkerClient) -> None:
        self._workers.remove(worker)
        self._changed.set()
        if worker.cause or worker.code is not None or worker.pid is None or worker.server.is_lost:
            self._settle(worker)
        else:
            self._unsettled[worker.pid] = worker
            asyncio.get_running_loop().call_later(EXIT_CODE_SECONDS, self._settle_unreported, worker)

    def _settle_unreported(self, worker: WorkerClient) -> None:
        if worker.pid is not None and self._unsettled.get(worker.pid) is worker:
            del self._unsettled[worker.pid]
            self._settle(worker)

    def _settle(self, worker: WorkerClient) -> None:
        had_job = worker.on_end is not None
        lost = worker.settle()
        self.replaced[lost.cause] += 1
        if lost.cause not in ("retired", "cancelled"):
            log.warning("reader_replaced", cause=lost.cause, pid=worker.pid, exit_code=lost.code, was_busy=had_job)
        if not worker.is_ready and lost.cause in ("crashed", "killed"):
            self._count_failure(f"a worker ended with exit code {lost.code} before it was ready")
        self._on_idle()

    # The fork server's reports:

    def _line(self, server: ForkServerClient, line: str) -> None:
        word, *numbers = line.split()
        if word == "ready":
            server.is_ready = True
            self._changed.set()
            return
        pid = int(numbers[0])
        if word == "forked":
            worker = self._ordered.popleft()
            worker.pid = pid
            return
        found = self._unsettled.get(pid) or next((worker for worker in self._workers if worker.pid == pid), None)
        if found is None:
            return
        if word == "stopped":
            found.kill("stopped")
        elif word == "ended":
            found.code = int(numbers[1])
            if self._unsettled.pop(pid, None) is not None:
                self._settle(found)

    def _server_lost(self, server: ForkServerClient) -> None:
        """Go on without it: its workers do jobs until those of a new one are ready."""
        if server is not self._server:
            return
        self._server = None
        self._ending.append(server)
        self._is_complete.clear()
        was_ready = server.is_ready
        for _ in range(20):  # its socket closes some moments before its exit code is to be had
            if server.code is None:
                time.sleep(0.001)
        server.kill()
        self.replaced["fork server lost"] += 1
        log.warning("reader_fork_server_lost", pid=server.pid, exit_code=server.code, was_ready=was_ready)
        self._ordered.clear()
        for worker in tuple(self._workers):
            if worker.server is server and not worker.is_ready:
                worker.kill("fork server lost")
        for worker in tuple(self._unsettled.values()):
            self._settle_unreported(worker)
        if not was_ready:
            self._count_failure(f"its fork server ended with exit code {server.code} while it started")
        self._changed.set()

    # Repair:

    def _current(self) -> list[WorkerClient]:
        return [worker for worker in self._workers if not worker.server.is_lost and not worker.cause]

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        started_at = 0.0
        while True:
            self._changed.clear()
            self._ending = [ending for ending in self._ending if ending.code is None]
            server = self._server
            try:
                if server is None:
                    await asyncio.sleep(RETRY_DELAYS[min(len(self._failures), len(RETRY_DELAYS) - 1)])
                    started_at = loop.time()
                    self._start_server()
                elif server.is_stopped():
                    self._drop_stopped(server)
                elif not server.is_ready:
                    if loop.time() - started_at > START_SECONDS:
                        log.warning("reader_fork_server_slow", seconds=START_SECONDS)
                        server.kill()
                else:
                    await self._fork_missing(server)
            except OSError as error:  # no memory, no process, no file descriptor to be had
                self._count_failure(f"{type(error).__name__}: {error}")
                if server is not None:
                    server.kill()
                await asyncio.sleep(RETRY_DELAYS[-1])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_INTERVAL):
                    await self._changed.wait()

    def _supervision_ended(self, supervisor: asyncio.Task[None]) -> None:
        if not supervisor.cancelled() and (error := supervisor.exception()) is not None:
            self.fail(f"{type(error).__name__} while the reader processes were supervised: {error}")

    def _start_server(self) -> None:
        def line(text: str) -> None:
            self._line(server, text)

        def lost() -> None:
            self._server_lost(server)

        server = self._server = ForkServerClient(self._memory, line, lost)

    def _drop_stopped(self, server: ForkServerClient) -> None:
        log.warning("reader_fork_server_stopped", pid=server.pid)
        server.kill()
        server.resume_group()  # what stopped it may have stopped its workers, and no longer is that reported

    async def _fork_missing(self, server: ForkServerClient) -> None:
        loop = asyncio.get_running_loop()
        for worker in self._current():
            if not worker.is_ready and loop.time() - worker.ordered_at > FORK_SECONDS:
                self._count_failure(f"a worker was not ready within {FORK_SECONDS:g} s")
                server.kill(group=True)
                return
        for _ in range(self.count - sum(not worker.is_retiring for worker in self._current())):
            ours, theirs = socket.socketpair()
            with theirs:
                ours.setblocking(False)
                worker = WorkerClient(self, server)
                try:
                    server.order(theirs)
                except OSError:
                    ours.close()
                    raise
                self._ordered.append(worker)
            self._workers.append(worker)
            await loop.create_connection(partial(_protocol, worker), sock=ours)

    def _count_failure(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        self._failures.append(now)
        log.warning("reader_rebuild_failed", reason=reason, failures=len(self._failures))
        if len(self._failures) == MAX_FAILURES and now - self._failures[0] <= FAILURE_WINDOW:
            self.fail(
                f"the reader processes cannot be started: {reason}, {MAX_FAILURES} failures within "
                f"{FAILURE_WINDOW:g} s; see whether memory and processes are to be had"
            )

"""Keeps the reader processes alive: a fork server and its workers, each replaced when it ends, stops or hangs.

What each kind of loss means, for the job that a worker had:

- The worker ended by itself, by a fault signal such as SIGSEGV, or took longer than the job's limit: the job's fault.
- The worker was killed from outside (SIGKILL, also by the kernel's OOM killer), was stopped (SIGSTOP), or the fork
  server was lost: no fault of the job's; the owner may run it again.

When the fork server is lost, its workers go on reading until those of a new one are ready. When it cannot be rebuilt,
``failed`` gets the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import msgspec
import structlog

from crawler.readers.worker import LENGTH, ORDER, Answer, Envelope, Hello, Job

log = structlog.get_logger(__name__)

Cause = Literal["killed", "stopped", "crashed", "timeout", "cancelled", "retired", "fork server lost"]
"""Why a worker was replaced, or the fork server was."""

CHECK_INTERVAL = 0.5  # seconds between two looks at whether the fork server is stopped
START_SECONDS = 60.0  # seconds for the fork server to load its libraries: 1.2 on a quiet machine
FORK_SECONDS = 10.0  # seconds for a worker to say hello: 0.01 on a quiet machine
MAX_FAILURES = 5  # failed rebuilds within FAILURE_WINDOW, with no answer between them
FAILURE_WINDOW = 60.0  # seconds
RETRY_DELAYS = (0.0, 0.2, 0.5, 1.0, 2.0)  # seconds before the next try to rebuild
EXIT_CODE_SECONDS = 1.0  # seconds to wait for the exit code of a worker whose connection closed
MAX_TIMER_DELAY = 0.5  # seconds; a timer that is later shows that this process was held up, and the answer may be there
MAX_ANSWER_BYTES = 64 << 20  # of one answer; a page of 8 MB gives about twice its size
CLOSE_SECONDS = 1.5  # seconds for killed processes to end
EXTERNAL_SIGNALS = frozenset(-number for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP))

_decode = msgspec.msgpack.Decoder(Envelope).decode


class ReaderClosedError(RuntimeError):
    """The page is not read, since the reader ends; nothing is known of the page."""

    expected = True


class ReaderFailedError(ReaderClosedError):
    """The reader processes cannot be rebuilt; the message says why."""

    expected = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A worker was lost while it had a job."""

    cause: Cause
    code: int | None
    """Its exit code, negative for a signal; None while unknown."""

    @property
    def is_fault_of_job(self) -> bool:
        """Whether the job itself ended the worker."""
        return self.cause in ("crashed", "timeout")


class Worker(asyncio.Protocol):
    """The parent's end of a worker process."""

    def __init__(self, processes: ReaderProcesses, server: _ForkServer) -> None:
        self._processes = processes
        self.server = server
        self.ordered_at = asyncio.get_running_loop().time()
        self.pid: int | None = None
        self.code: int | None = None
        """Its exit code, once the fork server reported it."""
        self.is_ready = False
        self.is_retiring = False
        self.is_gone = False
        self.on_end: Callable[[Answer | Lost], None] | None = None
        """Of the job that it has; None while it is idle."""
        self.cause: Cause | None = None
        """Why it was killed by this process."""
        self._deadline: asyncio.TimerHandle | None = None
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it can be given a job."""
        return self.is_ready and self.on_end is None and not (self.is_gone or self.is_retiring or self.cause)

    def give(self, job: Job, on_end: Callable[[Answer | Lost], None]) -> None:
        """Hand it a job; ``on_end`` gets the answer, or why there is none."""
        assert self._transport is not None  # noqa: S101
        self.on_end = on_end
        packed = pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)
        self._transport.write(LENGTH.pack(len(packed)))
        self._transport.write(packed)
        self._set_deadline(job.seconds)

    def kill(self, cause: Cause) -> None:
        """End it; the job that it has is lost for this cause."""
        if self.is_gone or self.cause:
            return
        self.cause = cause
        self._kill()

    def _kill(self) -> None:
        # While the connection is open the process exists, so the number is not another process's. Before the number is
        # known, the worker has no job and ends when its connection closes.
        if self.pid is not None and self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        if self._transport is not None:
            self._transport.abort()

    def _set_deadline(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self._overdue, loop.time() + seconds)

    def _overdue(self, due: float) -> None:
        if asyncio.get_running_loop().time() - due > MAX_TIMER_DELAY:
            self._set_deadline(MAX_TIMER_DELAY)
        else:
            self.kill("timeout" if self.server.is_watching else "killed")

    # What asyncio calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        if self.cause:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if length > MAX_ANSWER_BYTES:
                log.warning("reader_answer_refused", pid=self.pid, bytes=length, allowed=MAX_ANSWER_BYTES)
                self.kill("crashed")
                return
            end = LENGTH.size + length
            if len(self._buffer) < end:
                return
            packed = bytes(memoryview(self._buffer)[LENGTH.size : end])
            del self._buffer[:end]
            try:
                envelope = _decode(packed)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                log.warning("reader_answer_refused", pid=self.pid, reason=str(error))
                self.kill("crashed")
                return
            self._take(envelope)

    def _take(self, envelope: Envelope) -> None:
        self.is_retiring |= envelope.is_last
        if isinstance(envelope.answer, Hello):
            self.is_ready = True
            self._processes._is_idle()
            return
        if self.cause is None:
            self._end(envelope.answer)
            self._processes._answered(self)

    def _end(self, outcome: Answer | Lost) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(outcome)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        if self._deadline is not None:
            self._deadline.cancel()
        self._processes._gone(self)

    def settle(self) -> Lost:
        """Return why it was lost, once its connection is closed, and tell the owner of its job."""
        cause = self.cause
        if cause is None:
            if self.code is None or self.code in EXTERNAL_SIGNALS:
                cause = "killed"
            elif self.code == -signal.SIGALRM:
                cause = "timeout"
            elif self.code == 0:
                cause = "retired"
            else:
                cause = "crashed"
        lost = Lost(cause=cause, code=self.code)
        self._end(lost)
        return lost


def _same(worker: Worker) -> Worker:
    return worker


def start_fork_server(control: socket.socket, memory: int) -> subprocess.Popen[bytes]:
    """Start a fork server that takes its orders from a socket."""
    serve = f"from crawler.readers.worker import serve; serve({control.fileno()}, {memory})"
    # Libraries that start a thread for each core would be forked without their threads.
    quiet = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; {serve}"],
        stdin=subprocess.DEVNULL,
        pass_fds=[control.fileno()],
        env=os.environ | quiet,
        start_new_session=True,  # Ctrl-C and Ctrl-Z in a terminal are the parent's to handle
    )


class _ForkServer:
    """The parent's end of the fork server."""

    def __init__(self, memory: int, on_line: Callable[[str], None], on_lost: Callable[[], None]) -> None:
        control, theirs = socket.socketpair()
        with theirs:
            self._process = start_fork_server(theirs, memory)
        control.setblocking(False)
        self.control = control
        self.is_ready = False
        self.is_lost = False
        self._on_line, self._on_lost = on_line, on_lost
        self._rest = b""
        asyncio.get_running_loop().add_reader(control, self._readable)

    @property
    def pid(self) -> int:
        """Its process id, also that of the process group of its workers."""
        return self._process.pid

    @property
    def is_watching(self) -> bool:
        """Whether it would have reported that a worker is stopped."""
        return not self.is_lost

    def order(self, theirs: socket.socket) -> None:
        """Order a worker for this end of a socket pair; ``OSError`` when the order cannot be sent."""
        socket.send_fds(self.control, [ORDER], [theirs.fileno()])

    def is_stopped(self) -> bool:
        """Return whether the process was stopped; reaps it when it ended."""
        if self._process.returncode is not None:
            return False
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:  # something else in this process reaped it
            self._process.returncode = -signal.SIGKILL
            return False
        if pid == 0:
            return False
        if os.WIFSTOPPED(status):
            return True
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return False

    def kill(self, *, group: bool = False) -> None:
        """Kill it; ``group``: and all its workers."""
        if self._process.returncode is None:  # not reaped: the number is still its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL) if group else os.kill(self.pid, signal.SIGKILL)

    def resume_group(self) -> None:
        """Continue those of its workers that were stopped; they go on without it."""
        if self._process.returncode is None:  # not reaped: the number is still its group's
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGCONT)

    async def reap(self, timeout: float) -> None:  # noqa: ASYNC109
        """Return when the killed process has ended, or after ``timeout`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._process.returncode is None:
                    self.is_stopped()
                    await asyncio.sleep(0.005)

    @property
    def code(self) -> int | None:
        """Its exit code."""
        self.is_stopped()
        return self._process.returncode

    def disconnect(self) -> None:
        """Stop listening to it."""
        if self.control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.control)
            self.control.close()

    def _readable(self) -> None:
        try:
            data = self.control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line.decode())
        if not data:
            self.disconnect()
            self.is_lost = True
            self._on_lost()


class ReaderProcesses:
    """A number of workers, always as many as are wanted."""

    def __init__(self, count: int, memory: int, on_idle: Callable[[], None], on_failed: Callable[[], None]) -> None:
        """``memory``: bytes of address space of a worker. ``on_idle``: called when a worker may have become free;

        ``on_failed``: when no worker is replaced any more.
        """
        self.count = count
        self._memory = memory
        self._on_idle = on_idle
        self._on_failed = on_failed
        self._server: _ForkServer | None = None
        self._workers: list[Worker] = []
        self._unsettled: dict[int, Worker] = {}
        """Workers whose connection is closed and whose exit code is awaited, by process id."""
        self._ordered: deque[Worker] = deque()
        self._ending: list[_ForkServer] = []
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

    def idle(self) -> Worker | None:
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

    def _is_idle(self) -> None:
        if sum(worker.is_ready for worker in self._current()) >= self.count:
            self._is_complete.set()
            for worker in self._workers:
                if worker.server.is_lost and worker.on_end is None:
                    worker.kill("fork server lost")
        self._on_idle()

    def _answered(self, worker: Worker) -> None:
        self._failures.clear()
        if worker.server.is_lost and self._is_complete.is_set():
            worker.kill("fork server lost")
        self._on_idle()

    def _gone(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self._changed.set()
        if worker.cause or worker.code is not None or worker.pid is None or worker.server.is_lost:
            self._settle(worker)
        else:
            self._unsettled[worker.pid] = worker
            asyncio.get_running_loop().call_later(EXIT_CODE_SECONDS, self._settle_unreported, worker)

    def _settle_unreported(self, worker: Worker) -> None:
        if worker.pid is not None and self._unsettled.get(worker.pid) is worker:
            del self._unsettled[worker.pid]
            self._settle(worker)

    def _settle(self, worker: Worker) -> None:
        had_job = worker.on_end is not None
        lost = worker.settle()
        self.replaced[lost.cause] += 1
        if lost.cause not in ("retired", "cancelled"):
            log.warning("reader_replaced", cause=lost.cause, pid=worker.pid, exit_code=lost.code, was_busy=had_job)
        if not worker.is_ready and lost.cause in ("crashed", "killed"):
            self._count_failure(f"a worker ended with exit code {lost.code} before it was ready")
        self._on_idle()

    # The fork server's reports:

    def _line(self, server: _ForkServer, line: str) -> None:
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

    def _server_lost(self, server: _ForkServer) -> None:
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

    def _current(self) -> list[Worker]:
        return [worker for worker in self._workers if not worker.server.is_lost and not worker.cause]

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        started_at = 0.0
        while True:
            self._changed.clear()
            self._ending = [one for one in self._ending if one.code is None]
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

        server = self._server = _ForkServer(self._memory, line, lost)

    def _drop_stopped(self, server: _ForkServer) -> None:
        log.warning("reader_fork_server_stopped", pid=server.pid)
        server.kill()
        server.resume_group()  # what stopped it may have stopped its workers, and no longer is that reported

    async def _fork_missing(self, server: _ForkServer) -> None:
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
                worker = Worker(self, server)
                try:
                    server.order(theirs)
                except OSError:
                    ours.close()
                    raise
                self._ordered.append(worker)
            self._workers.append(worker)
            await loop.create_connection(partial(_same, worker), sock=ours)

    def _count_failure(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        self._failures.append(now)
        log.warning("reader_rebuild_failed", reason=reason, failures=len(self._failures))
        if len(self._failures) == MAX_FAILURES and now - self._failures[0] <= FAILURE_WINDOW:
            self.fail(
                f"the reader processes cannot be started: {reason}, {MAX_FAILURES} failures within "
                f"{FAILURE_WINDOW:g} s; see whether memory and processes are to be had"
            )

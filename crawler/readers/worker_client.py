"""The parent's end of one worker process: sends a job, and returns the answer or how the worker was lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec
import structlog

from crawler.readers.fork_server_client import ForkServerClient
from crawler.readers.worker import LENGTH, Answer, Envelope, Hello, Job

log = structlog.get_logger(__name__)

Cause = Literal["killed", "stopped", "crashed", "timeout", "cancelled", "retired", "fork server lost"]
"""Why a worker was replaced, or the fork server was."""

MAX_TIMER_DELAY = 0.5  # seconds; a later timer shows that this process was blocked, and the answer may have arrived
MAX_ANSWER_BYTES = 64 << 20  # of one answer; a page of 8 MB gives about twice its size
EXTERNAL_SIGNALS = frozenset(-number for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP))

_decode = msgspec.msgpack.Decoder(Envelope).decode


class WorkerOwner(Protocol):
    """What a worker reports to."""

    def worker_ready(self) -> None:
        """A worker can be given a job."""

    def worker_answered(self, worker: WorkerClient) -> None:
        """A worker answered, and may be given the next job."""

    def worker_gone(self, worker: WorkerClient) -> None:
        """The connection of a worker closed."""


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


class WorkerClient(asyncio.Protocol):
    """The parent's end of a worker process."""

    def __init__(self, owner: WorkerOwner, server: ForkServerClient) -> None:
        self._owner = owner
        self.server = server
        self.ordered_at = asyncio.get_running_loop().time()
        self.pid: int | None = None
        self.code: int | None = None
        """Its exit code, once the fork server reported it."""
        self.is_ready = False
        self.is_retiring = False
        self.is_gone = False
        self.on_end: Callable[[Answer | Lost], None] | None = None
        """Called at the end of its job; None while it is idle."""
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
        """Send it a job; ``on_end`` gets the answer, or how the worker was lost."""
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
            self._owner.worker_ready()
            return
        if self.cause is None:
            self._end(envelope.answer)
            self._owner.worker_answered(self)

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
        self._owner.worker_gone(self)

    def settle(self) -> Lost:
        """Return why it was lost, once its connection is closed, and end its job."""
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

"""Measures how long a coroutine blocks the event loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")
SHORT_STEP = 0.02  # seconds of wall time; in a shorter step no CPU time is measured, which costs a system call


class _ThreadClock(threading.local):
    """The CPU time of the thread, as of at most ``SHORT_STEP`` seconds ago."""

    def __init__(self) -> None:
        self._used = 0.0
        self._at = float("-inf")

    def read(self, now: float) -> float:
        if now - self._at > SHORT_STEP:
            self._used, self._at = time.thread_time(), now
        return self._used


_thread_clock = _ThreadClock()


class StepTimer(Generic[T]):
    """Awaits a coroutine and measures the longest time that it ran without yielding.

    ``timer = StepTimer(work()); result = await timer; timer.longest``. It counts the CPU
    time of this thread, without other tasks (including those that the coroutine starts), other processes and suspension
    of the machine. Steps shorter than ``SHORT_STEP`` seconds are not measured.
    """

    def __init__(self, work: Awaitable[T]) -> None:
        self._work = work
        self.longest = 0.0
        """Seconds."""
        self.total = 0.0
        """Seconds of all steps that were measured."""

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._work.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            began = time.perf_counter()
            used = _thread_clock.read(began)
            try:
                waited_for = steps.throw(thrown) if thrown is not None else steps.send(sent)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                if time.perf_counter() - began > SHORT_STEP:
                    # At most SHORT_STEP of the time since the last measurement was before this step.
                    took = time.thread_time() - used
                    self.longest = max(self.longest, took)
                    self.total += took
            sent = thrown = None
            try:
                sent = yield waited_for
            except BaseException as error:  # a cancellation: the wrapped coroutine handles it
                thrown = error

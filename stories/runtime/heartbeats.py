"""Heartbeats: long-running loops record each iteration, so that a supervisor detects a loop that hangs.

A supervisor creates a :class:`Heartbeats` for each component that it starts; the component's loops call :func:`beat` in
every iteration. A loop without a supervisor (in a command, in a test) records nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar


class Heartbeats:
    """When each loop of one component last iterated, in monotonic seconds."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def record(self, loop: str, now: float) -> None:
        """Record an iteration of a loop."""
        self._last[loop] = now

    def forget(self, loop: str) -> None:
        """Stop watching a loop that has ended."""
        self._last.pop(loop, None)

    def restart(self, now: float) -> None:
        """Count every loop from ``now``, after a pause of the whole process."""
        self._last = dict.fromkeys(self._last, now)

    def stale(self, now: float, limit: float) -> dict[str, float]:
        """Return the loops without an iteration for more than ``limit`` seconds, each with its age in seconds."""
        return {loop: now - last for loop, last in self._last.items() if now - last > limit}


_current: ContextVar[tuple[Heartbeats, str] | None] = ContextVar("heartbeat", default=None)


@contextlib.contextmanager
def recorded(heartbeats: Heartbeats, loop: str) -> Iterator[None]:
    """Let :func:`beat` record to ``heartbeats`` within the block, and in the tasks that are created in it."""
    token = _current.set((heartbeats, loop))
    try:
        yield
    finally:
        _current.reset(token)


@contextlib.contextmanager
def beating_as(loop: str) -> Iterator[None]:
    """Record the beats of the block under another name: for one of several loops of a component."""
    found = _current.get()
    if found is None:
        yield
        return
    heartbeats, _ = found
    try:
        with recorded(heartbeats, loop):
            yield
    finally:
        heartbeats.forget(loop)


def beat() -> None:
    """Record an iteration of the calling loop."""
    found = _current.get()
    if found is not None:
        heartbeats, loop = found
        heartbeats.record(loop, time.monotonic())

"""Heartbeats: long-lived loops record that they still turn, so that a supervisor notices one that hangs.

A supervisor opens a :class:`Heartbeats` for the part that it starts; the loops of that part call :func:`beat` in every
turn. A loop that runs without a supervisor (in a command, in a test) records nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar


class Heartbeats:
    """When each loop of one part last turned, in monotonic seconds."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def record(self, loop: str, now: float) -> None:
        """Record a turn of a loop."""
        self._last[loop] = now

    def forget(self, loop: str) -> None:
        """Expect no further turn of a loop: it has ended."""
        self._last.pop(loop, None)

    def restart(self, now: float) -> None:
        """Count every loop from now on: the whole process did not run for a while."""
        self._last = dict.fromkeys(self._last, now)

    def stale(self, now: float, limit: float) -> dict[str, float]:
        """Return the loops that have not turned for more than ``limit`` seconds, with for how long."""
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
    """Record the beats in the block under another name, until it ends: for one of several loops of a part."""
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
    """Record that the loop that calls this still turns."""
    found = _current.get()
    if found is not None:
        heartbeats, loop = found
        heartbeats.record(loop, time.monotonic())

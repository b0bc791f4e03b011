"""Waiting in tests: for a condition, never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

BUSY = 4  # times as slow may a machine be that has other work; only a test that fails waits for so long


async def until(condition: Callable[[], T | Awaitable[T]], timeout: float = 10.0) -> T:  # noqa: ASYNC109
    """Return what ``condition`` gives as soon as it is true; fail with its last answer when it takes too long.

    ``timeout``: seconds of a machine that has nothing else to do.
    ``condition`` may be a plain function or a coroutine function; it is asked every 10 ms.
    """
    deadline = time.monotonic() + timeout * BUSY
    while True:
        answer = condition()
        found: T = await answer if inspect.isawaitable(answer) else answer
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {_words(condition)}; last answer {found!r}")
        await asyncio.sleep(0.01)


def _words(condition: Callable[[], object]) -> str:
    try:
        return inspect.getsource(condition).strip()
    except (OSError, TypeError):
        return repr(condition)

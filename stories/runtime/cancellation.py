"""Raises a cancellation that a Python before 3.12 has lost.

Before Python 3.12, ``asyncio.wait_for`` loses a cancellation that arrives just as its inner task finishes
(python/cpython#86296). redis-py sends every command through it, so a loop over Redis calls can miss its cancellation
and run for ever. Remove this module, and the second cancellation in ``scheduler.process.cancellation``, when Python
3.12 is the oldest version supported.
"""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """Raise ``CancelledError`` if the current task was cancelled, also when the cancellation itself was lost.

    A loop over Redis calls calls this once in each pass.
    """
    task = asyncio.current_task()
    if task is not None and is_cancelled(task):
        raise asyncio.CancelledError


def is_cancelled(task: asyncio.Task[object]) -> bool:
    """Return whether a task was cancelled and has not ended, also when the cancellation itself was lost."""
    return task.cancelling() > 0

"""Ends tasks for certain: also those that lose the word that they are to end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import structlog

log = structlog.get_logger(__name__)

GRACE_SECONDS = 2.4  # seconds; deliveries that are under way have 1.5 of them, and 0.7 to be released
SECOND_GRACE_SECONDS = 0.4  # seconds after the second cancellation


async def cancel_and_wait(
    tasks: Collection[asyncio.Task[Any]], *, grace: float = GRACE_SECONDS, second_grace: float = SECOND_GRACE_SECONDS
) -> None:
    """Cancel the tasks and return when they have ended, after ``grace`` + ``last`` seconds at the latest.

    Before Python 3.12 ``asyncio.wait_for``, through which every call of redis-py goes, loses a cancellation that
    arrives in the moment its inner task is done (python/cpython#86296): whoever was told to end and still runs after
    ``grace`` seconds, a child of a task group too, is told once more. What hangs even then is named in the log and
    left to the end of the process.
    """
    for task in tasks:
        task.cancel()
    _, late = await asyncio.wait(tasks, timeout=grace)
    if late:
        for task in asyncio.all_tasks():
            if task.cancelling():
                task.cancel()
        _, late = await asyncio.wait(late, timeout=second_grace)
    for task in late:
        log.error("a part of the daemon does not end; left behind", part=task.get_name())

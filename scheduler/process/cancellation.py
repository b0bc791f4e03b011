"""Cancels tasks reliably, including those that lose the first cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import structlog

from stories.runtime.cancellation import is_cancelled

log = structlog.get_logger(__name__)

GRACE_SECONDS = 2.4  # seconds; deliveries that are under way have 1.5 of them, and 0.7 to be released
SECOND_GRACE_SECONDS = 0.4  # seconds after the second cancellation


async def cancel_and_wait(
    tasks: Collection[asyncio.Task[Any]], *, grace: float = GRACE_SECONDS, second_grace: float = SECOND_GRACE_SECONDS
) -> None:
    """Cancel the tasks and return when they have ended, after ``grace`` + ``last`` seconds at the latest.

    A task can lose its first cancellation (``stories.runtime.cancellation``). So every cancelled task that still runs
    after ``grace`` seconds is cancelled a second time, children of task groups too. A task that runs even then is
    logged and left to the end of the process.
    """
    for task in tasks:
        task.cancel()
    _, late = await asyncio.wait(tasks, timeout=grace)
    if late:
        for task in asyncio.all_tasks():
            if is_cancelled(task):
                task.cancel()
        _, late = await asyncio.wait(late, timeout=second_grace)
    for task in late:
        log.error("part_not_cancelled", part=task.get_name(), next="it ends with the process")

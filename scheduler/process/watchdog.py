"""Ends a process that stands still, so that its supervisor starts it again and what it hangs at is counted."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import sys
from collections.abc import AsyncIterator

from scheduler.process.shutdown import stopping

STALL_SECONDS = (
    120.0  # seconds without a turn of the loop; the worst that was measured, a cold start on a busy machine, is 2
)
RENEWALS_PER_STALL = 8  # in that time


@contextlib.asynccontextmanager
async def exit_on_stall(seconds: float = STALL_SECONDS) -> AsyncIterator[None]:
    """End this process with status 1 when its loop does not turn for so long, within the block.

    What every thread was at goes to standard error. It is a thread of the interpreter's own that waits, which needs
    nobody to let go of the interpreter: a regular expression that never ends does not. In a terminal nothing is done:
    there Ctrl-Z stops a process for as long as somebody likes.
    """
    output = sys.__stderr__
    if output is None or (sys.stdin is not None and sys.stdin.isatty()):
        yield
        return

    async def turn() -> None:
        while not stopping.has_begun:  # then the same timer keeps the deadline of the stop
            faulthandler.dump_traceback_later(seconds, exit=True, file=output)
            await asyncio.sleep(seconds / RENEWALS_PER_STALL)

    turning = asyncio.create_task(turn(), name="turns")
    try:
        yield
    finally:
        turning.cancel()
        if not stopping.has_begun:
            faulthandler.cancel_dump_traceback_later()

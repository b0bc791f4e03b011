"""Ends a process whose event loop is blocked, so that its supervisor restarts it and the blocking page is counted."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import sys
from collections.abc import AsyncIterator

from scheduler.process.shutdown import stopping

STALL_SECONDS = 120.0  # without a turn of the loop; the longest measured, a cold start on a busy machine, is 2
RENEWALS_PER_STALL = 8  # of the timer


@contextlib.asynccontextmanager
async def exit_on_stall(seconds: float = STALL_SECONDS) -> AsyncIterator[None]:
    """End this process with status 1 when its loop does not turn for ``seconds`` within the block.

    The stack of every thread is written to standard error. The timer is a thread of the interpreter that does not need
    the GIL, so a regular expression that never ends cannot block it. On a terminal the watchdog is off, because Ctrl-Z
    may stop the process for any time.
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

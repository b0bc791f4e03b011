"""The real program with faults that a test switches on: ``python sabotage.py FOLDER ARGUMENTS OF WIREWATCH``.

A fault is on while a file of its name is in FOLDER: ``reader``, ``decision``, ``clock``, ``delivery``, ``requests``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

FAULTS = ("reader", "decision", "clock", "delivery", "requests")


def install(folder: Path) -> None:
    """Put the faults into this process, and let the canary and the clock run every second."""
    import alerts.channel_worker
    import crawler.readers.pool
    import scheduler.roles.leader
    import scheduler.roles.leader_jobs
    import scheduler.sweeps.canary
    import scheduler.sweeps.clock

    scheduler.sweeps.canary.FIRST_SECONDS = 0.1
    scheduler.sweeps.canary.INTERVAL_SECONDS = scheduler.sweeps.canary.RETRY_SECONDS = 1.0
    scheduler.roles.leader_jobs.TICK_SECONDS = scheduler.roles.leader_jobs.CHANNEL_CHECK_SECONDS = 1.0

    def is_on(fault: str) -> bool:
        return (folder / fault).exists()

    read_page = crawler.readers.pool.ReaderPool.read_page

    async def broken_read_page(self: Any, *arguments: Any, **named: Any) -> Any:
        if is_on("reader"):
            raise RuntimeError("the pool of readers is broken")
        return await read_page(self, *arguments, **named)

    crawler.readers.pool.ReaderPool.read_page = broken_read_page  # type: ignore[method-assign]
    decide = scheduler.sweeps.canary.decide

    def broken_decide(*arguments: Any) -> Any:
        return None if is_on("decision") else decide(*arguments)

    scheduler.sweeps.canary.decide = broken_decide
    start = scheduler.sweeps.clock.Clock.start
    kept: list[asyncio.Task[None]] = []

    def start_and_pause(self: Any) -> None:
        start(self)

        async def pause() -> None:
            while True:
                (self._scheduler.pause if is_on("clock") else self._scheduler.resume)()
                await asyncio.sleep(0.1)

        kept.append(asyncio.create_task(pause()))

    scheduler.sweeps.clock.Clock.start = start_and_pause  # type: ignore[method-assign]
    fill = alerts.channel_worker.ChannelWorker._fill

    async def stuck_fill(self: Any) -> Any:
        while is_on("delivery"):  # noqa: ASYNC110 (a file says so)
            await asyncio.sleep(0.1)
        return await fill(self)

    alerts.channel_worker.ChannelWorker._fill = stuck_fill  # type: ignore[method-assign]
    serve = scheduler.roles.leader.serve_requests

    async def broken_requests(*arguments: Any) -> None:
        serving = asyncio.create_task(serve(*arguments))
        try:
            while not is_on("requests"):  # noqa: ASYNC110 (a file says so)
                await asyncio.sleep(0.05)
            raise RuntimeError("requests are not taken")
        finally:
            serving.cancel()

    scheduler.roles.leader.serve_requests = broken_requests  # type: ignore[assignment]


if __name__ == "__main__":
    install(Path(sys.argv[1]))
    sys.argv = ["wirewatch", *sys.argv[2:]]
    from scheduler.cli.app import main

    main()

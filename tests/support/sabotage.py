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
    import alerts.lane
    import crawler.reader
    import scheduler.canary
    import scheduler.clock
    import scheduler.daemon

    scheduler.canary.FIRST_SECONDS = 0.1
    scheduler.canary.INTERVAL_SECONDS = scheduler.canary.RETRY_SECONDS = 1.0
    scheduler.daemon.TICK = scheduler.daemon.CHANNELS = 1.0

    def is_on(fault: str) -> bool:
        return (folder / fault).exists()

    read_page = crawler.reader.Reader.read_page

    async def broken_read_page(self: Any, *arguments: Any, **named: Any) -> Any:
        if is_on("reader"):
            raise RuntimeError("the pool of readers is broken")
        return await read_page(self, *arguments, **named)

    crawler.reader.Reader.read_page = broken_read_page  # type: ignore[method-assign]
    decide = scheduler.canary.decide

    def broken_decide(*arguments: Any) -> Any:
        return None if is_on("decision") else decide(*arguments)

    scheduler.canary.decide = broken_decide
    start = scheduler.clock.Clock.start
    kept: list[asyncio.Task[None]] = []

    def start_and_pause(self: Any) -> None:
        start(self)

        async def pause() -> None:
            while True:
                (self._scheduler.pause if is_on("clock") else self._scheduler.resume)()
                await asyncio.sleep(0.1)

        kept.append(asyncio.create_task(pause()))

    scheduler.clock.Clock.start = start_and_pause  # type: ignore[method-assign]
    fill = alerts.lane.Lane._fill

    async def stuck_fill(self: Any) -> Any:
        while is_on("delivery"):  # noqa: ASYNC110 (a file says so)
            await asyncio.sleep(0.1)
        return await fill(self)

    alerts.lane.Lane._fill = stuck_fill  # type: ignore[method-assign]
    serve = scheduler.daemon.serve_requests

    async def broken_requests(*arguments: Any) -> None:
        serving = asyncio.create_task(serve(*arguments))
        try:
            while not is_on("requests"):  # noqa: ASYNC110 (a file says so)
                await asyncio.sleep(0.05)
            raise RuntimeError("requests are not taken")
        finally:
            serving.cancel()

    scheduler.daemon.serve_requests = broken_requests  # type: ignore[assignment]


if __name__ == "__main__":
    install(Path(sys.argv[1]))
    sys.argv = ["wirewatch", *sys.argv[2:]]
    from scheduler.cli.app import main

    main()

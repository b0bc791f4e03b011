"""Measures the time from SIGTERM to the end of the daemon under load, and what remains afterwards.

    python benchmarks/stop.py [ROUNDS] [SECONDS]

In each round a daemon with the embedded Redis polls four sites whose newest pages take a minute to answer, and delivers
to a receiver that never answers; SIGTERM comes at a random time of the next two seconds. Ends after SECONDS (110), with
what was measured until then.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from daemon import running
from ended import Ended, terminated
from receiver import SECRET, Receiver, serve_receiver

from scheduler.demo import stories
from scheduler.demo.configuration import configuration
from scheduler.demo.newswire import Newswire, serve

ROUNDS, SECONDS = 50, 110.0


async def stopped(wire: Newswire, receiver: Receiver, folder: Path, chance: random.Random) -> Ended:
    """Start a daemon, put it under load, and stop it."""
    channels = {"hook": {"type": "webhook", "url": receiver.url, "secret": SECRET}}
    table = configuration(wire, channels=channels)
    table |= {"data_dir": str(folder / "data"), "web": {"port": 0}, "watches": {"all": {}}}
    async with running(table, folder) as daemon:
        await daemon.ready(lambda: '"kept"' in daemon.log.read_text(errors="replace"))
        await asyncio.sleep(chance.uniform(0, 2))
        return await terminated(daemon.process)


async def main(rounds: int, seconds: float) -> None:
    """Measure, and print the figures."""
    chance, began, ended = random.Random(7), time.monotonic(), list[Ended]()
    async with serve_receiver() as receiver:
        receiver.fail(503, delay=60)
        while len(ended) < rounds and time.monotonic() - began < seconds:
            async with serve() as wire:
                wire.publish(stories.TRAM_BATTERIES, "meridian")
                wire.publish(stories.BRIDGE_SENSORS, "pressline")
                wire.fail(wire.publish(stories.NIGHT_MARKET), delay=60)
                wire.fail(wire.publish(stories.QUARTER, "meridian"), delay=60)
                receiver.deliveries.clear()
                with tempfile.TemporaryDirectory(prefix="ww-stop-") as folder:
                    ended.append(await stopped(wire, receiver, Path(folder), chance))
    times = sorted(run.seconds for run in ended)
    print(
        f"{len(ended)} SIGTERMs: p50 {statistics.median(times):.2f} s, max {times[-1]:.2f} s, "
        f"status 0: {sum(run.status == 0 for run in ended)}, processes left: {sum(len(run.left) for run in ended)}"
    )


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS, float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS)
    )

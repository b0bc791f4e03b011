"""What all parts of the run over several machines stand on: Redis, the wire, the rooms and their processes."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from redis.asyncio import Redis
from redis_server import redis_server
from scaleout_rooms import REDIS_PORT, Room
from scaleout_wire import HOOK, HOSTS, PORT, Wire

from scheduler.demo.configuration import toml_text
from stories.db import keys


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs."""

    wire: Wire
    redis: Redis
    rooms: dict[str, Room]
    configuration: Path
    terms: list[tuple[float, int]] = field(default_factory=list)
    """When each term was first seen."""
    ticks: list[tuple[float, bytes]] = field(default_factory=list)
    """When each new word that the clock ticks was first seen."""

    async def start(self, name: str) -> None:
        """Start the process of a room: ``clock…`` a daemon, else a worker."""
        arguments = ("run", "--standby") if name.startswith("clock") else ("worker",)
        await self.rooms[name].start(*arguments, configuration=self.configuration)

    async def watch(self) -> None:
        """Follow who has the clock, until cancelled."""
        while True:
            term, ticked = await self.redis.mget(keys.leader_term().name, keys.clock_tick().name)
            now = time.monotonic()
            if int(term or 0) > (self.terms[-1][1] if self.terms else 0):
                self.terms.append((now, int(term)))
            if ticked and (not self.ticks or self.ticks[-1][1] != ticked):
                self.ticks.append((now, ticked))
            await asyncio.sleep(0.05)

    async def holder(self) -> str | None:
        """Return the room of the daemon that has the clock."""
        held = (await self.redis.get(keys.leader_lease().name) or b"").decode().split()
        for name, room in self.rooms.items():
            if len(held) > 1 and room.process is not None and str(room.process.pid) == held[1]:
                return name
        return None


@asynccontextmanager
async def stage(
    names: list[str], *, listings: int, interval: int, between: float, paragraphs: int = 6
) -> AsyncIterator[Stage]:
    """Set up Redis, the wire and the rooms; their processes are started by whoever needs them."""
    with redis_server() as url, tempfile.TemporaryDirectory(prefix="ww-scaleout-") as made:
        folder, socket = Path(made), Path(url.removeprefix("unix://").partition("?")[0])
        wire = Wire(listings=listings, paragraphs=paragraphs)
        configuration = folder / "wirewatch.toml"
        configuration.write_text(toml_text(_table(wire, interval, between)), encoding="utf-8")
        rooms = {name: Room(name=f"ww-{name}", folder=folder) for name in names}
        runners = []
        async with Redis(unix_socket_path=str(socket)) as redis:
            found = Stage(wire=wire, redis=redis, rooms=rooms, configuration=configuration)
            watching = asyncio.create_task(found.watch())
            try:
                for name, room in rooms.items():
                    room.make()
                    await room.relay(socket)
                    sockets = [room.listen(host, PORT) for host in HOSTS]
                    runners += await wire.serve(name, sockets, room.listen("127.0.0.1", HOOK))
                yield found
            finally:
                watching.cancel()
                await asyncio.gather(*(room.close() for room in rooms.values()))
                for runner in runners:
                    await runner.cleanup()


def _table(wire: Wire, interval: int, between: float) -> dict[str, object]:
    return {
        "redis_url": f"redis://127.0.0.1:{REDIS_PORT}/0",
        "catalog": False,
        "polling": {"interval": f"{interval}s", "adaptive": False, "revisit": [], "private_addresses": ["127.0.0.0/8"]},
        "alerts": {"first_poll": "alert", "max_age": "off"},
        "web": {"port": 8787},
        "watches": {"all": {"title": "All"}},
        "channels": {"hook": {"type": "webhook", "url": f"http://127.0.0.1:{HOOK}/", "secret": "whsec_" + "d2ly" * 10}},
        "sources": {
            f"wire{number}": {
                **({"pace": f"{between}s"} if between else {}),
                "listings": [{"url": f"http://{host}:{PORT}{path}"} for at, path in wire.paths() if at == host],
            }
            for number, host in enumerate(HOSTS)
        },
    }

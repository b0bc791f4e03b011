"""The common parts of the scale-out benchmarks: Redis, the newswire, the namespaces and their processes."""

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
from scaleout_namespaces import REDIS_PORT, NetworkNamespace
from scaleout_wire import HOOK, HOSTS, PORT, Wire

from scheduler.demo.configuration import toml_text
from stories.db import keys


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs."""

    wire: Wire
    redis: Redis
    namespaces: dict[str, NetworkNamespace]
    configuration: Path
    terms: list[tuple[float, int]] = field(default_factory=list)
    """When each term was first seen."""
    ticks: list[tuple[float, bytes]] = field(default_factory=list)
    """When each new word that the clock ticks was first seen."""

    async def start(self, name: str) -> None:
        """Start the process of a namespace: ``clock…`` a daemon, else a worker."""
        arguments = ("run", "--standby") if name.startswith("clock") else ("worker",)
        await self.namespaces[name].start(*arguments, configuration=self.configuration)

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
        """Return the namespace of the daemon that has the clock."""
        held = (await self.redis.get(keys.leader_lease().name) or b"").decode().split()
        for name, namespace in self.namespaces.items():
            if len(held) > 1 and namespace.process is not None and str(namespace.process.pid) == held[1]:
                return name
        return None


@asynccontextmanager
async def stage(
    names: list[str], *, listings: int, interval: int, between: float, paragraphs: int = 6
) -> AsyncIterator[Stage]:
    """Set up Redis, the wire and the namespaces; the callers start their processes."""
    with redis_server() as url, tempfile.TemporaryDirectory(prefix="ww-scaleout-") as made:
        folder, socket = Path(made), Path(url.removeprefix("unix://").partition("?")[0])
        wire = Wire(listings=listings, paragraphs=paragraphs)
        configuration = folder / "wirewatch.toml"
        configuration.write_text(toml_text(_table(wire, interval, between)), encoding="utf-8")
        namespaces = {name: NetworkNamespace(name=f"ww-{name}", folder=folder) for name in names}
        runners = []
        async with Redis(unix_socket_path=str(socket)) as redis:
            found = Stage(wire=wire, redis=redis, namespaces=namespaces, configuration=configuration)
            watching = asyncio.create_task(found.watch())
            try:
                for name, namespace in namespaces.items():
                    namespace.make()
                    await namespace.relay(socket)
                    sockets = [namespace.listen(host, PORT) for host in HOSTS]
                    runners += await wire.serve(name, sockets, namespace.listen("127.0.0.1", HOOK))
                yield found
            finally:
                watching.cancel()
                await asyncio.gather(*(namespace.close() for namespace in namespaces.values()))
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

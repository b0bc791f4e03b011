"""Runs processes in their own network namespaces, to simulate several machines on one.

A namespace has only its own loopback. The newswire, the webhook and the relay to Redis listen on sockets that were
opened inside the namespace: no packet leaves a loopback, and only addresses of 127.0.0.0/8 are used. A namespace is
disconnected by taking its loopback down (all packets are lost, as with an unplugged cable), or by a relay to Redis that
delays all data (only Redis is unreachable, and commands arrive late). Needs root and ``ip``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "wirewatch")
CLONE_NEWNET = 0x40000000  # <linux/sched.h>
TICKS = os.sysconf("SC_CLK_TCK")
REDIS_PORT = 6379


def can_have_rooms() -> bool:
    """Return whether this process may make network namespaces."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    made = subprocess.run(["ip", "netns", "add", "ww-try"], capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "del", "ww-try"], capture_output=True, check=False)
    return made


@dataclass(slots=True, kw_only=True)
class NetworkNamespace:
    """One machine, as the processes in it see it."""

    name: str
    folder: Path
    starts: int = 0
    process: asyncio.subprocess.Process | None = None
    hurt: list[tuple[float, float, str]] = field(default_factory=list)
    """Intervals (monotonic) in which it was killed, stopped or disconnected, with the kind."""
    _server: asyncio.Server | None = None
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def log(self) -> Path:
        """What its present process writes."""
        return self.folder / f"{self.name}-{self.starts}.log"

    def make(self) -> None:
        """Make the namespace, with its loopback up."""
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")

    def listen(self, host: str, port: int) -> socket.socket:
        """Return a socket that listens inside."""
        found: list[socket.socket] = []

        def enter() -> None:  # a namespace belongs to a thread; the socket stays where it was opened
            fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
                bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                bound.bind((host, port))
                bound.listen(256)
                bound.setblocking(False)
                found.append(bound)
            finally:
                os.close(fd)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return found[0]

    async def relay(self, redis: Path) -> None:
        """Serve Redis inside, through a relay to its Unix socket."""
        self._open.set()

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while chunk := await reader.read(65536):
                    await self._open.wait()
                    writer.write(chunk)
                    await writer.drain()
            writer.close()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                theirs, ours = await asyncio.open_unix_connection(redis)
                await asyncio.gather(carry(reader, ours), carry(theirs, writer))

        self._server = await asyncio.start_server(serve, sock=self.listen("127.0.0.1", REDIS_PORT))

    async def start(self, *arguments: str, configuration: Path) -> None:
        """Start the program inside."""
        self.starts += 1
        with self.log.open("wb") as output:
            self.process = await asyncio.create_subprocess_exec(
                *("ip", "netns", "exec", self.name),
                *(PROGRAM, "--config", str(configuration), *arguments),
                stdout=output,
                stderr=output,
                env=os.environ | {"WIREWATCH_DATA_DIR": str(self.folder / self.name)},
            )

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def kill(self) -> None:
        """Kill the process, as a power cut would; its readers end as they find it gone."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            await self.process.wait()

    def cut(self, how: str) -> None:
        """Cut the namespace off: ``link``, ``redis``, or ``stop``, which is its process standing still."""
        if how == "link":
            _ip("-n", self.name, "link", "set", "lo", "down")
        elif how == "redis":
            self._open.clear()
        else:
            self.send(signal.SIGSTOP)

    def join(self, how: str) -> None:
        """Let it back."""
        if how == "link":
            _ip("-n", self.name, "link", "set", "lo", "up")
        elif how == "redis":
            self._open.set()
        else:
            self.send(signal.SIGCONT)

    def says(self, words: str) -> int:
        """Return how often the present process has written this."""
        return self.log.read_text(errors="replace").count(words) if self.log.exists() else 0

    def was_hurt(self, since: float, until: float) -> str:
        """Return what was done to it between two moments; empty for nothing."""
        return " ".join(what for began, ended, what in self.hurt if began <= until and ended >= since)

    def cpu(self) -> float:
        """Return the seconds of CPU that the process and its children have used."""
        return 0.0 if self.process is None else _cpu(self.process.pid)

    async def close(self) -> None:
        """End everything in the namespace, and the namespace."""
        for how in ("stop", "redis"):
            self.join(how)
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 20)
            except TimeoutError:
                await self.kill()
        if self._server is not None:
            self._server.close()
        await asyncio.to_thread(subprocess.run, ["ip", "netns", "del", self.name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS + sum(_cpu(int(child)) for child in children)


async def until(condition: Callable[[], object], seconds: float) -> float:
    """Return the seconds until a condition held; ``TimeoutError`` when it did not."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError
        await asyncio.sleep(0.02)
    return time.monotonic() - began

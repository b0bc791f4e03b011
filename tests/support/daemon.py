"""The real daemon as a child process: ``wirewatch run`` with a configuration of the test's own."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waiting import BUSY

from scheduler.demo.configuration import toml_text

COMMAND = (str(Path(sys.executable).parent / "wirewatch"),)
STARTING = 60.0  # seconds; a busy machine imports slowly
STOPPING = 60.0  # six times what is promised, so that slowness is told from hanging


class DaemonFailed(Exception):  # noqa: N818 (reads as a sentence where it is raised)
    """It did not start, did not stop or ended by itself; the end of its log is in the message."""


@dataclass(slots=True, kw_only=True)
class Daemon:
    """A running ``wirewatch run``."""

    process: asyncio.subprocess.Process
    configuration: Path
    log: Path
    """What it wrote to standard output and standard error."""

    async def ready(self, condition: Callable[[], object], timeout: float = STARTING) -> None:  # noqa: ASYNC109
        """Return when the condition holds; ``DaemonFailed`` when the daemon ends before, or it takes too long."""
        deadline = time.monotonic() + timeout * BUSY
        while not condition():
            if self.process.returncode is not None:
                raise DaemonFailed(f"ended with status {self.process.returncode}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise DaemonFailed(f"not ready within {timeout:g} s\n{self.tail()}")
            await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """Send SIGTERM, and return the exit status."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), STOPPING)
        except TimeoutError as error:
            self.process.kill()
            await self.process.wait()
            raise DaemonFailed(f"did not stop within {STOPPING:g} s of SIGTERM\n{self.tail()}") from error

    def tail(self, lines: int = 40) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@asynccontextmanager
async def running(table: Mapping[str, Any], folder: Path, command: Sequence[str] = COMMAND) -> AsyncIterator[Daemon]:
    """Run the daemon with a configuration table until the block ends, its file and log in ``folder``."""
    configuration = folder / "wirewatch.toml"
    configuration.write_text(toml_text(table), encoding="utf-8")
    log = folder / "daemon.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, "--config", str(configuration), "run", stdout=output, stderr=output
        )
        daemon = Daemon(process=process, configuration=configuration, log=log)
        try:
            yield daemon
        finally:
            if process.returncode is None:
                await daemon.stop()

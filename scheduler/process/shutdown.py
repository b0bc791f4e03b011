"""The shutdown of a daemon or worker: one deadline for all parts, and a watchdog that enforces it.

SIGTERM and SIGINT begin the stop. Each part may take what is left until the deadline (``left``). At the deadline the
watchdog thread kills the child processes that are left, logs what did not end, and ends this process: leases end by
themselves, and every write that was answered is stored. A thread of the interpreter that needs no GIL
(``faulthandler``) is the last resort, for a call in C that holds the GIL. Not covered is a call in C that holds the GIL
*before* the signal's handler runs: ``scheduler.process.watchdog`` ends that process after its own limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import structlog

from config.observability.sentry import flush

log = structlog.get_logger(__name__)

DEADLINE_SECONDS = 4.2  # seconds from the signal to the end of the process; 5 are promised, and a busy machine is slow
LAST_RESORT_SECONDS = 4.8  # seconds from the signal until the interpreter's own thread ends the process
SWITCH_INTERVAL_SECONDS = (
    0.00001  # seconds a busy thread keeps the GIL from the watchdog; by default 0.005 each system call
)
LOG_TIMEOUT_SECONDS = 0.1  # for the last log line: its reader may be stopped too


class Stopping:
    """The stop of this process, once it has begun."""

    def __init__(self, seconds: float = DEADLINE_SECONDS) -> None:
        self._seconds = seconds
        self._begun_at: float | None = None
        self._open: list[str] = []

    @property
    def has_begun(self) -> bool:
        """Whether this process is on its way to its end."""
        return self._begun_at is not None

    def begin(self) -> None:
        """Start the deadline and its watchdog: this process ends with status 0 if it does not end by itself before."""
        if self._begun_at is not None:
            return
        self._begun_at = time.monotonic()
        if (output := sys.__stderr__) is not None:
            with contextlib.suppress(OSError, ValueError):  # no file descriptor behind it, or it is closed
                faulthandler.dump_traceback_later(LAST_RESORT_SECONDS, exit=True, file=output)
        threading.Thread(target=self._watch, name="stop watchdog", daemon=True).start()

    def remaining(self, at_most: float = DEADLINE_SECONDS) -> float:
        """Return the seconds that a step may take: until the deadline, ``at_most`` so many, never less than 0.05."""
        if self._begun_at is None:
            return min(at_most, self._seconds)
        return max(0.05, min(at_most, self._begun_at + self._seconds - time.monotonic()))

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Name what is going on in the block, for the log line of a stop that did not end in time."""
        self._open.append(name)
        try:
            yield
        finally:
            self._open.remove(name)

    def finish(self) -> None:
        """End this process with status 0 after a requested stop; return if no stop was requested.

        The interpreter's own end is not waited for: it joins threads that may hang, and takes long on a busy machine.
        """
        kill_descendants()  # helpers that would notice the end later, or are stopped
        if self._begun_at is None:
            return
        flush()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(0)

    def _watch(self) -> None:
        threading.Event().wait(self.remaining(self._seconds))
        # A system call releases the GIL. With a loop that never waits, reading /proc would take seconds.
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        killed = kill_descendants()
        logging = threading.Thread(target=self._log, args=(killed,), daemon=True)
        logging.start()
        logging.join(LOG_TIMEOUT_SECONDS)
        os._exit(0)

    def _log(self, killed: int) -> None:
        log.error("stop_forced", after_seconds=self._seconds, unfinished=tuple(self._open), processes_killed=killed)


stopping = Stopping()
"""Of this process."""


def stop_on_signals(stop: asyncio.Event, reload: Callable[[], None] = lambda: None) -> None:
    """Set ``stop`` on SIGTERM and SIGINT and start the deadline; a second one ends the process immediately.

    SIGHUP calls ``reload`` in the loop, and never ends the process.
    """
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stopping.has_begun:
            kill_descendants()
            os._exit(130)
        stopping.begin()
        loop.call_soon_threadsafe(stop.set)

    def hung_up(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(reload)

    # Handlers of Python, not of the loop: they run although the loop does not turn.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
        signal.signal(number, on_signal)
    signal.signal(signal.SIGHUP, hung_up)


def kill_descendants() -> int:
    """Kill every process that descends from this one, and return how many there were."""
    killed: set[int] = set()
    for _ in range(3):  # a fork server may have started one meanwhile
        found = [pid for pid in descendants(os.getpid()) if pid not in killed]
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(found)
    return len(killed)


def descendants(root: int) -> list[int]:
    """Return the ids of the living processes that descend from one; where there is no /proc, of its own workers."""
    if not Path("/proc/self/stat").exists():
        return [child.pid for child in multiprocessing.active_children() if child.pid is not None]
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The name in brackets may hold anything; behind it come the state and the parent.
                state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                if state != "Z":
                    children.setdefault(int(parent), []).append(int(entry.name))
    found = list(children.get(root, ()))
    for pid in found:
        found.extend(children.get(pid, ()))
    return found

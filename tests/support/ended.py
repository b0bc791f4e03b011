"""The end of a process as its supervisor sees it: how long it takes after SIGTERM, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scheduler.process.shutdown import descendants

PROMISED = 5.0  # seconds from SIGTERM to the end
SLACK = 1.0  # seconds for a busy machine; without a deadline it took 8 and more
LEFT = 5.0  # seconds in which helpers notice, on a busy machine, that the process they help is gone

HANGS = '''
"""Hangs for a test: names that are never resolved, and a main thread that is busy (USR1) or in C code (USR2)."""
import os, re, signal, socket, time

known = socket.getaddrinfo

def getaddrinfo(host, *args, **kwargs):
    if host == "hangs.example":
        time.sleep(60)
    return known(host, *args, **kwargs)

def busy(number, frame):
    os.write(2, b"busy now\\n")  # a signal that comes before is handled after it
    end = time.monotonic() + 60
    while time.monotonic() < end:
        pass

socket.getaddrinfo = getaddrinfo
signal.signal(signal.SIGUSR1, busy)
signal.signal(signal.SIGUSR2, lambda number, frame: re.match(r"(a+)+$", "a" * 60 + "b"))
'''


def hanging(folder: Path) -> str:
    """Return the PYTHONPATH with which a program hangs as its test wants it to."""
    (folder / "sitecustomize.py").write_text(HANGS, encoding="utf-8")
    return str(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended."""

    status: int
    seconds: float
    left: tuple[str, ...]
    """The command lines of its descendants that still live."""


def family(pid: int) -> list[int]:
    """Return the descendants of a process."""
    return descendants(pid)


async def terminated(process: asyncio.subprocess.Process, *then: signal.Signals) -> Ended:
    """Send SIGTERM, and ``then`` other signals, and return how the process ended."""
    children, began = family(process.pid), time.monotonic()
    process.send_signal(signal.SIGTERM)
    for number in then:
        await asyncio.sleep(0.2)  # the handler of the one before has run
        process.send_signal(number)
    status = await asyncio.wait_for(process.wait(), 40)
    seconds = time.monotonic() - began
    left = await asyncio.to_thread(_outlive, children)
    found = tuple(_command(pid) for pid in left)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return Ended(status=status, seconds=seconds, left=found)


def lives(pid: int) -> bool:
    """Return whether a process is there, no zombie, and not about to be one: then it has no command line any more."""
    try:
        return (
            bool(_command(pid))
            and Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def _outlive(children: list[int]) -> list[int]:
    """Return those that still live when helpers must have noticed the end."""
    deadline = time.monotonic() + LEFT
    while (left := [pid for pid in children if lives(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""

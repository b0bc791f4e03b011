"""The processes of readers, as the operating system shows them (Linux)."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from waiting import until


def children(parent: int | None = None) -> list[int]:
    """Return the fork servers and workers of a process; left out, of this one."""
    return children_of(parent or os.getpid(), deep=True)


def servers(parent: int | None = None) -> list[int]:
    """Return the fork servers of a process."""
    return children_of(parent or os.getpid(), deep=False)


def workers(parent: int | None = None) -> list[int]:
    """Return the workers of the fork servers of a process."""
    return [pid for pid in children(parent) if pid not in servers(parent)]


def children_of(parent: int, *, deep: bool) -> list[int]:
    """Return the living children of a process that run a reader; ``deep``: theirs too."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, ppid = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            if state not in "ZX" and "crawler.readers.worker" in (folder / "cmdline").read_text():
                parents[int(folder.name)] = int(ppid)
        except OSError:  # it ended meanwhile
            continue
    found = [pid for pid, ppid in parents.items() if ppid == parent]
    return found + [pid for pid, ppid in parents.items() if deep and ppid in found]


def is_alive(pid: int) -> bool:
    """Return whether a process runs or is stopped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


async def busy_worker(besides: Collection[int] = ()) -> int:
    """Return a worker that has used CPU time since it was first looked at."""
    first = {pid: cpu_ticks(pid) for pid in workers()}

    def busy() -> int:
        for pid in workers():
            if pid not in besides and cpu_ticks(pid) >= first.setdefault(pid, cpu_ticks(pid)) + 5:
                return pid
        return 0

    return await until(busy)


def cpu_ticks(pid: int) -> int:
    """Return the CPU time that a process has used, in ticks of 10 ms."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11])
    except OSError:
        return 0

"""What the C library keeps of freed memory: bounded, so that a few large responses do not stay resident for good.

glibc raises the size from which it maps a block of its own with each such block that is freed, up to 32 MB. Buffers of
8 MB then come from the heap, and small objects behind them keep its end from being given back. A fixed threshold lets
every large buffer return to the system when it is freed. Other C libraries need nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import resource
import sys
from pathlib import Path

from stories.runtime.heartbeats import beat

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
MMAP_THRESHOLD = 256 << 10  # bytes; ordinary pages are smaller, and are not mapped one by one
ARENAS = 2  # the event loop's, and one for the threads that look up names
PERIOD = 5.0  # seconds between two looks at how large the process is
GROWTH = 16 << 20  # bytes of growth that are worth a release: two responses of the largest size


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def bound_allocator() -> None:
    """Let freed blocks return to the system; for the start of a process."""
    if (libc := _libc()) is not None:
        libc.mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD)
        libc.mallopt(M_ARENA_MAX, ARENAS)


def release_free_memory() -> None:
    """Give free memory in the midst of the heap back to the system: some milliseconds for 100 MB."""
    if (libc := _libc()) is not None:
        libc.malloc_trim(0)


async def keep_memory_small() -> None:
    """Release free memory whenever the process has grown, until cancelled."""
    settled = _resident()
    while True:
        await asyncio.sleep(PERIOD)
        beat()
        if _resident() > settled + GROWTH:
            release_free_memory()
            settled = _resident()
        else:
            settled = min(settled, _resident())


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:  # another system, which needs nothing
        return 0

"""Bounds the freed memory that the C library keeps, so that a few large responses do not stay resident.

glibc raises its mmap threshold, up to 32 MB, each time a mapped block is freed. Buffers of 8 MB then come from
the heap, and small objects behind them keep the heap from shrinking. With a fixed threshold, every large buffer returns
to the system when it is freed. Other C libraries need no change.
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
CHECK_SECONDS = 5.0  # seconds between two checks of the process's size
MIN_GROWTH_BYTES = 16 << 20  # bytes of growth that are worth a release: two responses of the largest size


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def bound_allocator() -> None:
    """Let freed blocks return to the system; call it when a process starts."""
    if (libc := _libc()) is not None:
        libc.mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD)
        libc.mallopt(M_ARENA_MAX, ARENAS)


def release_free_memory() -> None:
    """Return free memory inside the heap to the system: some milliseconds for 100 MB."""
    if (libc := _libc()) is not None:
        libc.malloc_trim(0)


async def keep_memory_small() -> None:
    """Release free memory whenever the process has grown, until cancelled."""
    settled = _resident()
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        beat()
        if _resident() > settled + MIN_GROWTH_BYTES:
            release_free_memory()
            settled = _resident()
        else:
            settled = min(settled, _resident())


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:  # not Linux: no change is needed
        return 0

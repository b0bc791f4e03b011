"""Whether work grows in proportion to its input: its CPU time for two sizes, so that a slow machine changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

FACTOR = 4  # times as large is the second input
SUPERLINEAR = 2.2  # times as long for each unit; quadratic work takes FACTOR times as long
TRIES = 3  # CPU time varies too, with the caches that other processes use


def growth(prepare: Callable[[int], Callable[[], object]], size: int, *, floor: float = 0.05) -> float:
    """Return how many times as long a unit of a ``FACTOR`` times larger input takes: 1 is linear.

    Args:
        prepare: returns the work for an input of a size; its own time does not count.
        size: of the smaller input.
        floor: seconds; less for the smaller input is too little to measure, and counts as this.
    """
    small, large = prepare(size), prepare(FACTOR * size)
    least_small = least_large = float("inf")
    for _ in range(TRIES):
        least_small = min(least_small, cpu_seconds(small))
        least_large = min(least_large, cpu_seconds(large))
        if least_large < max(least_small, floor) * FACTOR * SUPERLINEAR:
            break
    return least_large / max(least_small, floor) / FACTOR


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of some work."""
    began = time.process_time()
    work()
    return time.process_time() - began

"""Tests of tables: one test walks many rows, and names every row that fails. A test for each row costs 5 ms more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def failures(check: Callable[..., None], rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Return the rows for which ``check(*row)`` fails, each with the reason."""
    found = []
    count = 0
    for row in rows:
        count += 1
        try:
            check(*row)
        except Exception as fault:
            found.append(f"{row}: {type(fault).__name__}: {fault}")
    assert count, "a table without rows"
    return found

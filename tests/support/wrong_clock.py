"""Processes with a clock of their own, by libfaketime (Debian's package ``faketime``)."""

from __future__ import annotations

from dataclasses import dataclass
from glob import glob
from pathlib import Path

import pytest

FOUND = sorted(glob("/usr/lib/*/faketime/libfaketimeMT.so.1") + glob("/usr/lib/faketime/libfaketimeMT.so.1"))  # noqa: PTH207
needs_faketime = pytest.mark.skipif(not FOUND, reason="needs libfaketime: apt-get install faketime")


SLEEP = '''
"""libfaketime 0.9.10 refuses the moment of the monotonic clock until which CPython sleeps (clock_nanosleep)."""
import select, time

time.sleep = lambda seconds: select.select([], [], [], seconds)
'''


@dataclass(frozen=True, slots=True)
class WrongClock:
    """The clock of processes that run with ``environment``: a test sets it while they run."""

    file: Path

    def set(self, offset: str) -> None:
        """Set it ahead (``+3d``) or back (``-120s``) of the real time."""
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{offset}\n", encoding="ascii")
        beside.replace(self.file)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process with this clock; its monotonic clock stays true."""
        return {
            "LD_PRELOAD": FOUND[0],
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "PYTHONPATH": str(self.file.parent),
        }


def wrong_clock(folder: Path, name: str, offset: str = "+0s") -> WrongClock:
    """Return a clock that is so far ahead."""
    (folder / "sitecustomize.py").write_text(SLEEP, encoding="utf-8")
    clock = WrongClock(folder / f"{name}.clock")
    clock.set(offset)
    return clock

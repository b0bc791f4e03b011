"""Identical errors in the log: one line a minute, with the number of those left out."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

SECONDS = 60.0
MAX_KINDS = 500  # kinds of errors that are remembered; beyond them the oldest is forgotten
_VARIES = ("timestamp", "repeated")
_PROSE = ("why", "reason", "detail", "error")
_DIGITS = re.compile(r"\d+")


class RepeatFilter(logging.Filter):
    """Lets an error pass once a minute; the next line that passes has ``repeated``, the number left out before it.

    Two errors are identical when all keys agree; numbers in the words of a reason (ports, times) may differ.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[object, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be written."""
        if record.levelno < logging.ERROR:
            return True
        key, now = (record.name, _identity(record)), self._clock()
        last, left_out = self._seen.get(key, (None, 0))
        if last is not None and now - last < SECONDS:
            self._seen[key] = (last, left_out + 1)
            return False
        self._seen.pop(key, None)
        self._seen[key] = (now, 0)
        if len(self._seen) > MAX_KINDS:
            del self._seen[next(iter(self._seen))]
        if left_out and isinstance(record.msg, dict):
            record.msg = {**record.msg, "repeated": left_out}
        return True


def _identity(record: logging.LogRecord) -> str:
    said: Any = record.msg
    if not isinstance(said, dict):
        return record.getMessage()
    return repr(
        sorted(
            (name, _DIGITS.sub("#", str(value)) if name in _PROSE else str(value))
            for name, value in said.items()
            if name not in _VARIES
        )
    )

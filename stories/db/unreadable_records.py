"""Records in Redis that cannot be decoded: each is skipped, counted, and logged with its key."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import msgspec
import structlog
import zstandard

log = structlog.get_logger(__name__)

T = TypeVar("T")

ERRORS = (
    *(msgspec.MsgspecError, zstandard.ZstdError, zlib.error, UnicodeDecodeError),
    *(ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError),
)
"""What decoding arbitrary bytes as one of our records may raise."""
LOG_SECONDS = 60.0  # between two lines about the same kind of record

counts: Counter[str] = Counter()
"""Records left out since the start, by the kind of key."""
_logged: dict[str, float] = {}


def number(value: bytes | str | float | None, kind: str, key: str) -> int:
    """Return a stored whole number; 0 where nothing is stored, and, counted and logged, for other text."""
    if value is None or value in (b"", ""):
        return 0
    try:
        return int(value)
    except (ValueError, OverflowError) as error:
        skip(kind, key, error)
        return 0


def attempt(read: Callable[[], T], kind: str, key: str) -> T | None:
    """Return what a function reads from stored bytes, or None, counted and logged, when it cannot be decoded."""
    try:
        return read()
    except ERRORS as error:
        skip(kind, key, error)
        return None


def skip(kind: str, key: str, error: BaseException) -> None:
    """Count a record that cannot be decoded, and log it once a minute for each kind of key."""
    counts[kind] += 1
    if kind in _logged and monotonic() - _logged[kind] < LOG_SECONDS:
        return
    _logged[kind] = monotonic()
    log.error(
        "record_unreadable",
        kind=kind,
        key=key,
        reason=f"{type(error).__name__}: {error}"[:200],
        skipped=counts[kind],
        next="the record is left out; restore a backup, or delete the key",
    )


def decode(packed: bytes | str, record: type[T], kind: str, key: str) -> T | None:
    """Return a record of JSON, or None, counted and logged, when it cannot be decoded."""
    try:
        return msgspec.json.decode(packed, type=record)
    except ERRORS as error:
        skip(kind, key, error)
        return None

"""Replies of redis-py as Python values. The clients of wirewatch return bytes; the library's types also allow text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from stories.db.unreadable_records import skip
from stories.model.timestamps import from_milliseconds


def text(reply: Any) -> str:
    """Return a reply as text; bytes that are not UTF-8 become replacement characters."""
    return reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)


def texts(replies: Iterable[Any]) -> list[str]:
    """Return several replies as text."""
    return [text(reply) for reply in replies]


def moment(reply: bytes | str | float | None) -> datetime | None:
    """Return the moment of a reply that holds milliseconds since 1970.

    Returns:
        ``None`` for no reply and for an empty one; also, counted and logged, for one that is no moment.
    """
    try:
        return from_milliseconds(float(reply)) if reply else None
    except (ValueError, OverflowError, OSError) as error:
        skip("time", "milliseconds", error)
        return None

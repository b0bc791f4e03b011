"""Moments as ISO 8601 text and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta


def timestamp(moment: datetime) -> str:
    """Return an aware moment in UTC with milliseconds: ``2026-02-11T03:04:05.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def latest_instant(text: str | None) -> datetime | None:
    """Return an aware moment; a bare date is its last instant in the westernmost zone: never "too old" early.

    ``None`` for what is no ISO 8601 date or time, and for a time without an offset.
    """
    if not text:
        return None
    try:
        if len(text) == len("2026-02-11"):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC) + timedelta(hours=12)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None

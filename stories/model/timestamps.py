"""Timestamps: ISO 8601 text and milliseconds since 1970, from and to aware ``datetime`` objects."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta


def timestamp(moment: datetime) -> str:
    """Return an aware moment as ISO 8601 in UTC with milliseconds: ``2026-02-11T03:04:05.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: str | None) -> datetime | None:
    """Return the aware moment of an ISO 8601 date and time with an offset.

    Returns:
        ``None`` for any other text: a bare date (``2026-02-11``), a time without an offset, no date at all.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def latest_instant(text: str | None) -> datetime | None:
    """Return the latest moment that a date or a time can mean, so that an age limit never applies too early.

    A time with an offset means itself. A bare date means its last instant in the westernmost time zone (UTC-12):
    ``2026-02-11`` gives ``2026-02-12T12:00Z``. Use ``parse_timestamp`` where a date must not become a moment.

    Returns:
        ``None`` for text that is no ISO 8601 date or time, and for a time without an offset.
    """
    if not text:
        return None
    if len(text) != len("2026-02-11"):
        return parse_timestamp(text)
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC) + timedelta(hours=12)
    except (ValueError, OverflowError):
        return None


def milliseconds(moment: datetime) -> int:
    """Return an aware moment as whole milliseconds since 1970, as scores and scripts in Redis have it."""
    return int(moment.timestamp() * 1000)


def from_milliseconds(number: float) -> datetime:
    """Return the moment, in UTC, of a number of milliseconds since 1970."""
    return datetime.fromtimestamp(number / 1000, UTC)

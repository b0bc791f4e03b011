"""Which dates of publication are plausible, and which counts where page and listing differ; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from stories.model.release import PublishedFrom, Release
from stories.model.timestamps import latest_instant, parse_timestamp

FIRST_YEAR = 1990
"""No release was published on the web before; systems write 1, 1899, 1900, 1970 or 1980 where no date is set."""
LAST_YEAR = 2100
_UNSET = frozenset({"2000-01-01T00:00:00", "2001-01-01T00:00:00"})
"""Midnights that parsers and databases write where no date is set."""
_UNIX_SECONDS = range(950_000_000, 4_100_000_000)  # 2000 to 2099, ten digits but for the first year
FUTURE_TOLERANCE = timedelta(hours=26)
"""A site in UTC+14 that labels its local time as UTC is 14 hours ahead; a bare date has no zone."""
LISTING_LAG = timedelta(days=7)
"""A listing names a release within days of its publication; a page's date further back is not that of this release."""


def is_placeholder(text: str) -> bool:
    """Return whether an ISO 8601 date or time is what systems write where no date is set."""
    try:
        year = int(text[:4])
    except ValueError:
        return True
    return not FIRST_YEAR <= year <= LAST_YEAR or text[:19] in _UNSET


def is_plausible(text: str | None, now: datetime) -> bool:
    """Return whether a text is an ISO 8601 date or time at which a release may have been published by ``now``."""
    if not text or is_placeholder(text):
        return False
    earliest = _earliest_instant(text)
    return earliest is not None and earliest <= now + FUTURE_TOLERANCE


def youngest(dates: Iterable[str | None], now: datetime) -> str | None:
    """Return the latest plausible date; the age limit applies to it, so that one misread date silences no alert."""
    plausible = [
        (instant, text) for text in dates if text and is_plausible(text, now) if (instant := latest_instant(text))
    ]
    return max(plausible)[1] if plausible else None


def choose_published(page: Sequence[str], listing: str | None, now: datetime) -> tuple[str | None, bool]:
    """Return when a release was published, and whether that is the date of the listing that named it.

    The page's own date counts unless it is implausible, or days before the date that its listing prints.

    Args:
        page: the dates that the page gives, ISO 8601 with an offset or bare, the most trusted first.
        listing: the date of the listing's entry, likewise.
        now: the current time.
    """
    stated = next((text for text in page if is_plausible(text, now)), None)
    if stated is None or not is_plausible(listing, now):
        return (listing, True) if stated is None and is_plausible(listing, now) else (stated, False)
    at, listed = latest_instant(stated), latest_instant(listing)
    is_earlier = at is not None and listed is not None and listed - at > LISTING_LAG
    return (listing, True) if is_earlier else (stated, False)


def with_listing_date(release: Release, listing: str | None, now: datetime) -> Release:
    """Return a release with the date of publication that its page and the listing that named it give."""
    dates = release.published_dates or ((release.published_at,) if release.published_at else ())
    at, is_listed = choose_published(dates, listing, now)
    origin: PublishedFrom | None = None
    if at is not None:
        origin = "listing" if is_listed else release.published_from if at == release.published_at else "page"
    every = (*dates, listing) if listing else dates
    return replace(release, published_at=at, published_from=origin, published_dates=tuple(every))


def unix_moment(text: str) -> datetime | None:
    """Return the moment of Unix seconds or milliseconds; None for another number or text."""
    number = text.strip().partition(".")[0]
    if not (number.isascii() and number.isdigit()):
        return None
    seconds = int(number) / (1000 if len(number) == 13 else 1)
    return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) in _UNIX_SECONDS else None


def _earliest_instant(text: str) -> datetime | None:
    if len(text) != len("2026-02-11"):
        return parse_timestamp(text)
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) - timedelta(hours=14)
    except (ValueError, OverflowError):
        return None

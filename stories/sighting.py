"""The nouns of polling: what is asked, what a listing names, and what is remembered between two polls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PollReason = Literal["clock", "trigger", "crawl"]
ListingKind = Literal["html", "feed", "sitemap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One entry of a listing."""

    url: str
    """Absolute and canonical: no fragment, no tracking parameters."""
    headline: str | None = None
    published_raw: str | None = None
    """The time as printed."""
    published_at: str | None = None
    """The same moment, ISO 8601; only a date where only a date is printed; None when it cannot be told."""
    guid: str | None = None
    """The entry's own id in a feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A question to one listing (or to given pages), put in the queue by the clock, a trigger or a one-off crawl."""

    source: str
    listing: str | None = None
    """The listing's URL with ``{tag}`` filled in; None when only ``urls`` are asked for."""
    kind: ListingKind | None = None
    urls: tuple[str, ...] = ()
    tag: str | None = None
    reason: PollReason = "clock"
    crawl_id: str | None = None
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What is remembered of a listing between two polls. Times are ISO 8601 in UTC."""

    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    """Of the listing's sightings at the last reading."""
    polled_at: str | None = None
    read_at: str | None = None
    """The last time it was read without an error, a 304 included; None until the first poll succeeded."""
    failures: int = 0
    """In a row."""
    error: str | None = None
    """In words; None when the last poll went well."""
    sightings: int = 0
    """In the last reading that was not a 304."""

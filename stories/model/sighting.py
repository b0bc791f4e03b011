"""The records of polling: polls, sightings, and the state of a listing between two polls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stories.model.page_result import Validators

PollReason = Literal["clock", "push", "trigger", "crawl", "gap", "revisit"]
"""``push``: a WebSub hub announced new content. ``gap``: another listing of the source has a gap, so this one is read
back to its start. ``revisit``: a known page is read again."""
BY_HAND: tuple[PollReason, ...] = ("trigger", "crawl")
"""Reasons of polls that a person requested."""
ListingKind = Literal["html", "feed", "sitemap"]
Trouble = Literal[
    "dns",
    "connect",
    "tls",
    "timeout",
    "status",
    "busy",
    "forbidden",
    "gone",
    "robots",
    "refused",
    "answer",
    "parse",
    "other",
]
"""The error kind of a failed poll: ``busy`` is 429 or 503, ``forbidden`` 401, 403 or 451, ``gone`` 410,
``refused`` a blocked address, ``answer`` an incomplete or too large response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One entry of a listing."""

    url: str
    """Absolute and canonical: no fragment, no tracking parameters."""
    headline: str | None = None
    published_raw: str | None = None
    """The time as printed."""
    published_at: str | None = None
    """The same time, ISO 8601; a bare date where only a date is printed; None if it cannot be parsed."""
    guid: str | None = None
    """The entry's own id in a feed."""
    version: str | None = None
    """A digest of what the listing says of the entry's version: when it was modified, and its summary. None where the
    listing says nothing of it."""
    tags: tuple[str, ...] = ()
    """The tag of a polled tag page; the entry's categories and keywords in a feed or a news sitemap."""
    tickers: tuple[str, ...] = ()
    """The entry's stock tickers, ``EXCHANGE:SYMBOL``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll of one listing, or of given pages, queued by the clock, a trigger or a one-off crawl."""

    source: str
    listing: str | None = None
    """The listing's URL with ``{tag}`` filled in; None if only ``urls`` are requested."""
    kind: ListingKind | None = None
    urls: tuple[str, ...] = ()
    validators: Validators | None = None
    """For a conditional request of the one page in ``urls``."""
    tag: str | None = None
    reason: PollReason = "clock"
    crawl_id: str | None = None
    term: int = 0
    """The fencing token of the leader that dispatched it to workers; 0 for a poll that was not dispatched."""
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSighting:
    """An in-flight sighting: it will be read even if its listing changes or the process crashes."""

    source: str
    listing: str
    tag: str | None
    sighting: Sighting
    listed_at: str | None = None
    """When its listing was read, ISO 8601 in UTC; None in records of earlier versions."""


FIRST_TRUSTED = 30
"""Consecutive responses 304 of a listing that are believed at first; each proof that they were true doubles it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The state of a listing between two polls. Times are ISO 8601 in UTC."""

    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    """The digest of the listing's sightings at the last reading, if all of them were settled."""
    body: str | None = None
    """The digest of the response body that held them."""
    polled_at: str | None = None
    read_at: str | None = None
    """The last reading without an error, including a 304; None before the first successful poll."""
    failures: int = 0
    """Consecutive failures."""
    error: str | None = None
    """The last poll's error for people; None after a success."""
    trouble: Trouble | None = None
    """The last poll's error kind."""
    failing_since: str | None = None
    sightings: int = 0
    """Their number in the last reading that was not a 304."""
    empty: int = 0
    """Consecutive readings without an entry, of a listing that had entries before."""
    empty_since: str | None = None
    next_at: str | None = None
    """When the next poll is due."""
    pace: str | None = None
    """The reason of that time, in a few words: ``busy``, ``quiet``, ``the source asks for it`` …"""
    seconds: float = 0.0
    """The response time in seconds, as an exponential moving average."""
    fresh_for: float = 0.0
    """Seconds for which the source declares its response fresh."""
    not_modified: int = 0
    """Consecutive responses 304."""
    trusted: int = FIRST_TRUSTED
    """After so many of them the listing is requested unconditionally; 0: always, because it answered 304 though its
    content had changed."""
    hubs: tuple[str, ...] = ()
    """The WebSub hubs that the listing named at its last reading."""
    topic: str | None = None
    """The listing's WebSub topic URL."""
    window: str = ""
    """Marks of the sightings at the last reading without a gap, newest first (``crawler.polling.overlap``)."""
    whole_at: str | None = None
    """The time of that reading: everything listed until then was seen."""
    newest_at: str | None = None
    """The printed time of the newest of those sightings."""
    readings: int = 0
    """The number of readings, halved from time to time, so that the share below is recent."""
    whole: int = 0
    """The number of those readings that were proven complete."""
    news_at: str | None = None
    """When a new sighting was last seen."""
    week: str = ""
    """The rate of new sightings in each hour of the week (``crawler.polling.hourly_rate``)."""
    hour: str | None = None
    """The hour that is being counted; None before the first full hour."""
    hour_news: float = 0.0

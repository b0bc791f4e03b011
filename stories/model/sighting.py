"""The nouns of polling: what is asked, what a listing names, and what is remembered between two polls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stories.model.page_result import Validators

PollReason = Literal["clock", "push", "trigger", "crawl", "gap", "revisit"]
"""``push``: its hub says that a listing has something new. ``gap``: another listing of the source lost its thread; this
one is read back as far as it lost it. ``revisit``: a known page is read again."""
BY_HAND: tuple[PollReason, ...] = ("trigger", "crawl")
"""Reasons of the polls that a person asked for."""
ListingKind = Literal["html", "feed", "sitemap"]
Trouble = Literal[
    "dns", "connect", "tls", "timeout", "status", "busy", "forbidden", "robots", "refused", "answer", "parse", "other"
]
"""Why a listing was not read, in a word: ``busy`` is 429 or 503, ``forbidden`` 401, 403 or 451, ``refused`` an address
that wirewatch may not reach, ``answer`` one that broke off or is too large."""


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
    validators: Validators | None = None
    """Of the one page in ``urls``, to ask whether it is still the same."""
    tag: str | None = None
    reason: PollReason = "clock"
    crawl_id: str | None = None
    term: int = 0
    """Of the clock that handed it out to the workers; 0 for a poll that was not handed out."""
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSighting:
    """A sighting that was taken in hand: it is read in the end, whatever becomes of its listing or of the process."""

    source: str
    listing: str
    tag: str | None
    sighting: Sighting
    listed_at: str | None = None
    """When its listing was read, ISO 8601 in UTC; None for what an earlier version wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What is remembered of a listing between two polls. Times are ISO 8601 in UTC."""

    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    """Of the listing's sightings at the last reading, if all of them were settled."""
    body: str | None = None
    """Of the bytes that they stood in."""
    polled_at: str | None = None
    read_at: str | None = None
    """The last time it was read without an error, a 304 included; None until the first poll succeeded."""
    failures: int = 0
    """In a row."""
    error: str | None = None
    """In words; None when the last poll went well."""
    trouble: Trouble | None = None
    """The same in a word."""
    failing_since: str | None = None
    sightings: int = 0
    """In the last reading that was not a 304."""
    empty: int = 0
    """Readings in a row that showed nothing, of a listing that had shown something."""
    empty_since: str | None = None
    next_at: str | None = None
    """When it is asked again."""
    pace: str | None = None
    """Why then, in a word or two: ``busy``, ``quiet``, ``the source asks for it`` …"""
    seconds: float = 0.0
    """What an answer takes, as a mean that forgets."""
    fresh_for: float = 0.0
    """Seconds for which the source says that an answer stands."""
    hubs: tuple[str, ...] = ()
    """Where its changes can be subscribed to, as it said when it was last read."""
    topic: str | None = None
    """By which they know it."""
    window: str = ""
    """Marks of the sightings at the last reading whose thread was not lost, newest first (``crawler.polling.overlap``)."""
    whole_at: str | None = None
    """When that was: all that was listed until then was seen."""
    newest_at: str | None = None
    """When the newest of them came out, as it is printed."""
    readings: int = 0
    """Since the first; halved now and then, so that the share below speaks of late."""
    whole: int = 0
    """Those of them that were proven complete."""
    news_at: str | None = None
    """When something new was last seen on it."""
    week: str = ""
    """How much comes in each hour of the week (``crawler.polling.hourly_rate``)."""
    hour: str | None = None
    """The hour that is being counted; None before the first whole one began."""
    hour_news: float = 0.0

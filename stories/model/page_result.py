"""The result of fetching one page, as the crawler passes it to ingest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from stories.model.release import Release

Gone = Literal[
    "not found", "gone", "moved to the front page", "moved to a listing", "moved to another release", "emptied"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """The validators of a page's response, for the next conditional request (RFC 9110, 8.8)."""

    url: str
    """The URL of the response, after redirects: a 304 from another URL proves nothing about this page."""
    etag: str | None = None
    last_modified: str | None = None
    revision: int = 0
    """The release's revision that was stored from this response."""
    trusted: int = 0
    """How many consecutive "not modified" responses were accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRecord:
    """When each step of a fetch ended; the differences are the delays that a user sees."""

    listed_at: datetime | None = None
    """When the listing that named it was read."""
    fetched_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """A fetched page, with its release or with how it was found removed."""

    url: str
    """Canonical, as requested."""
    source: str
    release: Release | None = None
    gone: Gone | None = None
    """With a ``release`` too: removed only if that release is not the known one."""
    page_text: str = ""
    """With ``gone``: the page's whole text, if the response was a success. The release is still present if this
    text contains it."""
    unchanged: bool = False
    """The site replied "not modified" (304); then there is no ``release``."""
    validators: Validators | None = None
    listing: str | None = None
    """The listing's key, if the URL came from a listing."""
    listed_headline: str | None = None
    listed_version: str | None = None
    """``Sighting.version`` of the entry that led here."""
    listed_tags: tuple[str, ...] = ()
    """The watched tags that the listing gave for the page."""
    silent: bool = False
    """Store without an alert: the listing held the page at its first poll."""
    is_requested: bool = False
    """A person requested this page: it alerts whatever its age."""
    crawl_id: str | None = None
    journey: FetchRecord = FetchRecord()
    clock_error: timedelta = timedelta()
    """How far the process's clock is ahead of the sites' clocks; zero unless they differ by minutes."""

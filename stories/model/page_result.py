"""The noun that travels from a listing to memory: one page that was read, and how it was come by."""

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
    """What a page's answer gave to ask by, the next time, whether it is still the same (RFC 9110, 8.8)."""

    url: str
    """Where the answer came from, behind redirects: a 304 from elsewhere says nothing of this page."""
    etag: str | None = None
    last_modified: str | None = None
    revision: int = 0
    """Of the release, as it was kept with this answer."""
    trusted: int = 0
    """How often in a row "not modified" was believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRecord:
    """The moments of a release's stops; what passed between them is what a user waits for."""

    listed_at: datetime | None = None
    """When the listing that named it was read."""
    fetched_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """A page that was fetched for a reason, with the release on it, or how it was found to be gone."""

    url: str
    """Canonical, as it was asked for."""
    source: str
    release: Release | None = None
    gone: Gone | None = None
    """With a ``release`` too: only if what is read there is no longer the one that was known."""
    page_text: str = ""
    """With ``gone``: all that the page shows, where it answered as if nothing had happened. It is still there if it
    shows the text of the release that was known."""
    unchanged: bool = False
    """The site says that the page is as it was (304); there is no ``release`` then."""
    validators: Validators | None = None
    listing: str | None = None
    """The listing's key, where a listing named it."""
    listed_headline: str | None = None
    silent: bool = False
    """Stored, not alerted: what a listing held at its first poll."""
    asked: bool = False
    """A person named this page: it alerts whatever its age."""
    crawl_id: str | None = None
    journey: FetchRecord = FetchRecord()
    clock_error: timedelta = timedelta()
    """By how much the process's time is ahead of that of the sites, if they contradict it by minutes."""

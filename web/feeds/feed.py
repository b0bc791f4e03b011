"""The content of a feed, for Atom and JSON Feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from web.feeds.entries import FeedEntry

NEVER_UPDATED = datetime(1970, 1, 1, tzinfo=UTC)  # for an empty feed, which must have a date


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The stories of a watch, last changed first."""

    id: str
    watch: str
    title: str
    base: str
    """Address of the pages, without a slash at the end."""
    entries: Sequence[FeedEntry]

    @property
    def updated(self) -> datetime:
        """The last change of any entry."""
        return max((entry.updated for entry in self.entries), default=NEVER_UPDATED)

    @property
    def home(self) -> str:
        """The page for people."""
        return f"{self.base}/"

    def address(self, ending: str) -> str:
        """Return where the feed itself is; without its key, because the content must not reveal it."""
        return f"{self.base}/feeds/{self.watch}.{ending}"

    def story(self, story: str) -> str:
        """Return the page of a story."""
        return f"{self.base}/stories/{story}"

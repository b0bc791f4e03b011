"""A feed: what Atom and JSON Feed say in their own ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from web.feeds.entries import FeedEntry

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)  # an empty feed has changed never, and must say when


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The newest stories of a watch, those that changed last first."""

    id: str
    watch: str
    title: str
    base: str
    """Where the page is, without a slash at the end."""
    entries: Sequence[FeedEntry]

    @property
    def updated(self) -> datetime:
        """When something of it last changed."""
        return max((one.updated for one in self.entries), default=BEFORE_ALL)

    @property
    def home(self) -> str:
        """The page for people."""
        return f"{self.base}/"

    def address(self, ending: str) -> str:
        """Return where the feed itself is; without a key: what is read must not tell it on."""
        return f"{self.base}/feeds/{self.watch}.{ending}"

    def story(self, story: str) -> str:
        """Return the page of a story."""
        return f"{self.base}/stories/{story}"

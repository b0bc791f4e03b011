"""What a listing's bytes turn into, or why they do not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from stories.model.sighting import ListingKind, Sighting


class ListingUnreadableError(Exception):
    """The bytes are no listing of the kind that was expected; the message says what they are."""


SUMMARY_READ = 4_000
"""Characters of an entry's summary that its version depends on."""


def version_digest(*said: object) -> str | None:
    """Return the digest of what a listing says of an entry's version: when it was modified, its summary."""
    words = "\n".join(" ".join(part[:SUMMARY_READ].split()) for part in said if isinstance(part, str))
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest() if words.strip() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPage:
    """One page of a listing, read."""

    kind: ListingKind
    sightings: tuple[Sighting, ...] = ()
    """In the order of the listing, each URL once; empty for a quiet listing and for one that is not understood."""
    next_url: str | None = None
    """The page with the older entries."""
    title: str | None = None
    """Of the page or feed. A feed without one may be a fallback: PR Newswire answers so to an unknown topic."""
    children: tuple[str, ...] = ()
    """Of a sitemap index: its sitemaps, the one changed last first."""
    advice: tuple[str, ...] = ()
    """Of an HTML page without an entry: why it names none, and what to use instead."""
    ttl: timedelta | None = None
    """For how long a feed says that it may be kept (RSS 2.0 ``ttl``)."""
    hubs: tuple[str, ...] = ()
    """Where a feed's changes can be subscribed to, as it says itself (WebSub)."""
    topic: str | None = None
    """The feed's own address, by which its hubs know it."""
    contents: Mapping[str, str] = field(default_factory=dict)
    """The entries, by the URL of their page, that carry the whole release; HTML. Only of a source that says so."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """What was left out because it is over a limit, by reason: ``url``, ``base_url``, ``attributes``, ``headline`` …"""

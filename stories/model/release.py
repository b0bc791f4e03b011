"""A release with its parts, its notice about an earlier release, and its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

NoticeKind = Literal["correction", "update", "withdrawal", "repeat"]
PublishedFrom = Literal["page", "listing", "text"]
"""Where a date of publication comes from: the page around the text, the listing that named it, or the dateline."""
TagOrigin = Literal["text", "page", "listing"]
"""Where a tag was seen: in the release's text, in the page's markup, in a listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dateline:
    """The place, wire and date that a release names: ``HONG KONG SAR - Media OutReach Newswire - …``."""

    place: str | None = None
    wire: str | None = None
    date: str | None = None
    """ISO 8601 date, ``2026-02-11``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that belongs to the release."""

    url: str
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a release says about an earlier one."""

    kind: NoticeKind
    marker: str
    """The words of the notice, as printed: ``Correcting and Replacing``."""
    headline: str
    """The headline without the marker; empty if it had nothing else."""
    statement: str | None = None
    """The sentence of the body that explains the notice, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One published document at one URL of one source, in one state (revision) of its content.

    A field that the page does not give is ``None`` or an empty tuple: never a guess, never an empty string.
    """

    url: str | None = None
    """Canonical URL: absolute, without tracking parameters and fragment. None for a page read from a file."""
    headline: str
    subheadline: str | None = None
    dateline: Dateline | None = None
    published_at: str | None = None
    """ISO 8601 with an offset; the bare date (``2026-02-11``) where the page prints only a date."""
    published_from: PublishedFrom | None = None
    """Where ``published_at`` comes from; None: it is unknown, or the release was stored by an earlier version."""
    published_dates: tuple[str, ...] = ()
    """The dates of publication that the page gives, the most trusted first; empty in a stored release."""
    embargoed_until: str | None = None
    """ISO 8601 with an offset."""
    tags: tuple[str, ...] = ()
    """Tags as printed, without ``#``: those of the text first, then ``page_tags`` and ``listed_tags``."""
    page_tags: tuple[str, ...] = ()
    """Those of ``tags`` that only the page's markup gives: keywords, ``article:tag``, ``rel="tag"`` links."""
    listed_tags: tuple[str, ...] = ()
    """Those of ``tags`` that only a listing gives: its own tag, categories and keywords of the entry."""
    tickers: tuple[str, ...] = ()
    """``EXCHANGE:SYMBOL``."""
    listed_tickers: tuple[str, ...] = ()
    """Those of ``tickers`` that only a listing gives."""
    issuer: str | None = None
    language: str | None = None
    """ISO 639-1, with the script where it matters: ``zh-Hant``."""
    body: tuple[str, ...] = ()
    """The release's own paragraphs in order, each once; without those of the other fields."""
    about: tuple[str, ...] = ()
    """About sections, one string a paragraph."""
    disclaimer: str | None = None
    contacts: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    wire: str | None = None
    """The newswire service that carries it: ``Media OutReach Newswire``."""
    wire_id: str | None = None
    """The wire's own id, from its URL, a tracking pixel or the text."""
    original_url: str | None = None
    """Where the release was first published: canonical link, og:url or "View source version on …"."""
    alternates: tuple[str, ...] = ()
    """Canonical URLs of the same page in other languages, as the page's ``hreflang`` links name them."""
    text: str = ""
    """The release's own text in page order (dateline, body, about), a paragraph a line: what ``extract --format text``
    prints. Without headline, subheadline, tags, disclaimer and contacts."""

    # Set when the release is stored; None on a release that was only read.
    id: str | None = None
    revision: int = 1
    source: str | None = None
    first_seen_at: str | None = None
    notice: Notice | None = None

    @property
    def text_tags(self) -> tuple[str, ...]:
        """The hashtags of the release's own text."""
        return tuple(tag for tag in self.tags if tag not in self.page_tags and tag not in self.listed_tags)

    @property
    def tags_from(self) -> dict[str, TagOrigin]:
        """Where each tag was seen."""
        return {tag: _origin(self, tag) for tag in self.tags}


def _origin(release: Release, tag: str) -> TagOrigin:
    return "page" if tag in release.page_tags else "listing" if tag in release.listed_tags else "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between a release and what it replaces."""

    field: str
    paragraph: int | None = None
    """1-based, of the newer text (of the older where a paragraph went away); None for fields of one value."""
    before: str | None = None
    after: str | None = None


class NotARelease(Exception):  # noqa: N818 (the contract's name)
    """A page is not a release. ``reason`` is a word of a fixed list, ``detail`` an explanation for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


def release_payload(release: Release) -> dict[str, Any]:
    """Return the release as the contract shows it (section 4), every key present."""
    notice = release.notice
    return {
        "id": release.id,
        "revision": release.revision,
        "url": release.url,
        "source": release.source,
        "wire": release.wire,
        "wire_id": release.wire_id,
        "headline": release.headline,
        "subheadline": release.subheadline,
        "dateline": msgspec.to_builtins(release.dateline) if release.dateline else None,
        "published_at": release.published_at,
        "published_from": release.published_from,
        "first_seen_at": release.first_seen_at,
        "embargoed_until": release.embargoed_until,
        "tags": list(release.tags),
        "tags_from": release.tags_from,
        "tickers": list(release.tickers),
        "issuer": release.issuer,
        "language": release.language,
        "body": list(release.body),
        "about": list(release.about),
        "disclaimer": release.disclaimer,
        "contacts": list(release.contacts),
        "images": [{"url": image.url, "caption": image.caption} for image in release.images],
        "notice": {"kind": notice.kind, "marker": notice.marker, "statement": notice.statement} if notice else None,
    }

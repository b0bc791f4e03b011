"""Limits on what is read of a release: paragraphs, lists and single fields. What is over one is cut.

They are far above what releases have; a page over one is a book, a data dump or an attack. The page's size, elements,
blocks and attributes are bounded where they are read (``page``, ``blocks``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from stories.model.release import Release
from stories.model.urls import URL_MAX

PARAGRAPH_MAX = 100_000  # characters; a paragraph of a release has some hundreds
PARAGRAPHS_MAX = 5_000  # paragraphs of a release; the longest one measured has 900 blocks
CONTACTS_MAX = 200  # lines
TAGS_MAX = 100  # hashtags, and as many tickers
FIELD_MAX = 2_000  # characters of a headline, an issuer or another field of one line
NOTE_MAX = 20_000  # characters of the disclaimer, and of a line of contacts
SPACE_MAX = 256  # white space characters in a row; more of them mean the same as one
_LONG_SPACE = " " * SPACE_MAX
_SPACE = re.compile(rf"(?<![ \t\r\n])[ \t\r\n]{{{SPACE_MAX},}}")


def collapse_space(text: str) -> str:
    """Return a page's text with each long run of white space as one line break."""
    if _LONG_SPACE not in text.replace("\n", " ").replace("\r", " ").replace("\t", " "):
        return text  # ten times as fast as the pattern, which nearly no page needs
    return _SPACE.sub("\n", text)


def _field(text: str | None) -> str | None:
    return text[:FIELD_MAX].rstrip() if text else text


def bounded(release: Release) -> Release:
    """Return a release with all its fields within the limits."""
    tags = tuple(tag for tag in release.tags if len(tag) <= FIELD_MAX)[:TAGS_MAX]
    return replace(
        release,
        headline=_field(release.headline) or release.headline,
        subheadline=_field(release.subheadline),
        issuer=_field(release.issuer),
        wire_id=release.wire_id if len(release.wire_id or "") <= FIELD_MAX else None,
        original_url=release.original_url if len(release.original_url or "") <= URL_MAX else None,
        tags=tags,
        page_tags=tuple(tag for tag in release.page_tags if tag in tags),
        tickers=release.tickers[:TAGS_MAX],
        disclaimer=release.disclaimer[:NOTE_MAX] if release.disclaimer else release.disclaimer,
        contacts=tuple(line[:NOTE_MAX] for line in release.contacts[:CONTACTS_MAX]),
        images=tuple(image for image in release.images if len(image.url) <= URL_MAX),
    )


def reached(release: Release) -> list[str]:
    """Return the limits that a release reached, in words for metrics: something of it was cut."""
    found = {
        "paragraphs": len(release.body) + len(release.about) >= PARAGRAPHS_MAX - 1,
        "paragraph": any(len(text) >= PARAGRAPH_MAX for text in (*release.body, *release.about)),
        "contacts": len(release.contacts) >= CONTACTS_MAX,
        "tags": max(len(release.tags), len(release.tickers)) >= TAGS_MAX,
        "disclaimer": len(release.disclaimer or "") >= NOTE_MAX,
    }
    return [reason for reason, is_reached in found.items() if is_reached]

"""What a site hangs on all of its pages, known from its other pages.

Two releases of one company share its section and its disclaimer, a serial shares nearly all of its text, a correction
nearly all of its original's. So being repeated proves nothing inside a text: only a line with a link, before the first
or behind the last paragraph of running text, is left out, and only if the pages that have it are by different voices.
Of 201 stored pages whose host has another, 6 lose a line by it, and F1 stays .967: it is for hosts of which many are read.
"""  # noqa: E501

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.extraction.body import phrases
from crawler.extraction.body.blocks import Block
from crawler.extraction.fields.dates import MONTH
from crawler.extraction.fields.tags import is_tag_line
from crawler.extraction.text import is_cut_short, is_sentence, key, weight
from stories.crawl_state.site_boilerplate import ShownLines
from stories.model.release import Release

LONGEST = 300  # Latin characters; a newsletter box has some 200
PROSE = 100  # Latin characters of a paragraph of running text
HEADLINE = 25  # Latin characters; shorter headlines are words that a text may hold
_DATED = re.compile(rf"\d+|\b{MONTH}\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the other pages of a site hold, as digests."""

    repeated: frozenset[str] = frozenset()
    """Lines at the edge of a text that pages of different voices have."""
    headlines: frozenset[str] = frozenset()
    """The headlines of releases that are known."""
    kept: frozenset[str] = frozenset()
    """Lines that this page's release had when it was read before: they stay, or it would seem to have changed."""


def digest(text: str) -> str:
    """Return what represents a line in memory: the same for every spelling of it."""
    return hashlib.blake2b(key(text).encode(), digest_size=8).hexdigest()


def voice(release: Release) -> str:
    """Return who speaks: the issuer, else the headline without dates and numbers, which a serial's releases share."""
    return digest(release.issuer or _DATED.sub("", release.headline))


def edges(release: Release) -> tuple[str, ...]:
    """Return the digests of the lines before the first and behind the last paragraph of running text."""
    lines = release.text.split("\n")
    prose = [index for index, line in enumerate(lines) if _is_prose(line)]
    if not prose:
        return ()
    outside = (*lines[: prose[0]], *lines[prose[-1] + 1 :])
    return tuple(dict.fromkeys(digest(line) for line in outside if 0 < weight(line) <= LONGEST))


def shown_by(release: Release) -> ShownLines:
    """Return what a release adds to the memory of its site."""
    return ShownLines(voice=voice(release), headline=digest(release.headline), lines=edges(release))


def drop_repeated(chosen: Sequence[Block], seen: Seen, headline: str | None) -> None:
    """Take back the blocks at the edges of a text that are the site's own lines, or headlines of its other releases."""
    prose = [index for index, block in enumerate(chosen) if block.link_density < 0.5 and _is_prose(block.text)]
    if not prose:
        return
    for block in (*chosen[: prose[0]], *chosen[prose[-1] + 1 :]):
        if block.links and weight(block.text) <= LONGEST and _is_the_sites(block, seen, headline):
            block.leave("other pages of the site have this line")


def _is_the_sites(block: Block, seen: Seen, headline: str | None) -> bool:
    text = block.text
    if phrases.CONTACT_LINE.search(text) or phrases.CONTACT.match(text) or phrases.VIEW_SOURCE.search(text):
        return False
    if is_tag_line(text) or phrases.ABOUT.match(text) or phrases.SOURCE.match(text):
        return False
    found = digest(text)
    if found in seen.kept:
        return False
    if found in seen.repeated:
        return True
    elsewhere = headline is None or found != digest(headline)
    return block.link_density >= 0.8 and weight(text) >= HEADLINE and found in seen.headlines and elsewhere


def _is_prose(text: str) -> bool:
    return weight(text) >= PROSE and is_sentence(text) and not is_cut_short(text)

"""How much of a release's text its page still shows; pure.

A page that no longer shows its release may show anything else: an error, teasers of other stories, a line of the site.
So what the page lost decides whether the release is gone, not what it shows instead.
"""

from __future__ import annotations

import re
from itertools import islice

from pipelines.tidy import clean_line
from stories.model.release import Release
from stories.text.scripts import UNSPACED_OR_HANGUL

SHINGLE_LENGTH = (
    3  # words, or characters of Chinese, Japanese and Korean, in a row: two texts share few of them by chance
)
LOST_SHARE = (
    0.1  # of a release's shingles at most are left on a page that lost it; common phrases of a language are some 3 %
)
SHOWN_SHARE = 0.5  # of them at least are left on a page that still shows its release, whatever its markup
MIN_HEADLINE_WORDS = 5  # words, or characters of Chinese, Japanese and Korean; the name of a site has fewer
MIN_SHINGLES = 20  # shingles; a shorter text may be rewritten as a whole
SHINGLES_MAX = 50_000  # of a page

_TOKEN = re.compile(rf"[{UNSPACED_OR_HANGUL}]|[^\W_{UNSPACED_OR_HANGUL}]+")


def share_left(release: Release, text: str) -> float | None:
    """Return how much of a release's body is in a text, 0 to 1; None for a body that is too short to tell."""
    known = _shingles(" \n".join(release.body))
    if len(known) < MIN_SHINGLES:
        return None
    return len(known & _shingles(text)) / len(known)


def is_lost(known: Release, read: Release) -> bool:
    """Return whether a page that was read as a release has nothing left of the one that was known there.

    A notice says itself what became of the release; a dateline opens another release at the same URL; a text in another
    language may be the same one.
    """
    if read.notice is not None or read.dateline is not None or read.language != known.language:
        return False
    is_other = (
        clean_line(read.headline) != clean_line(known.headline)
        and len(_TOKEN.findall(read.headline)) >= MIN_HEADLINE_WORDS
    )
    if is_other and known.dateline is None:
        return False  # known may have been a wall or a stub, and this be the release
    left = share_left(known, " \n".join((*read.body, *read.about)))
    return left is not None and left <= LOST_SHARE


def is_still_shown(known: Release, page_text: str) -> bool:
    """Return whether a page that no release could be read from shows the known one all the same."""
    left = share_left(known, page_text)
    return left is not None and left >= SHOWN_SHARE


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = [word.casefold() for word in islice(_TOKEN.findall(text), SHINGLES_MAX)]
    return {tuple(words[at : at + SHINGLE_LENGTH]) for at in range(len(words) - SHINGLE_LENGTH + 1)}

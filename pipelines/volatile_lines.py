"""Learns per site which lines of a page change without an edit (volatile lines); pure.

``pipelines.release_diff`` knows clocks, counters with their word ("views") and "5 minutes ago" on all sites. Other
volatile content, such as a line "Visitor 48213" or a picture that differs at every visit, is recognised over time: an
edit stays, volatile content differs again at the next visit. So a difference that *may* be volatile is read again
before it is reported, and only one that keeps changing is noise.

A changed figure, name or date of the release's own text is always reported, for three reasons:

* In a volatile line only numbers may differ; a name consists of words.
* A candidate is a short line that is not a sentence and not a row of a table, without a month, currency, unit of
  money, per cent, clock or telephone number. All other changes are reported immediately.
* A line with the same content at two visits in a row is reported, unless this line changed repeatedly: three times
  without a stable visit on its page, or twice on each of two pages of the site.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from pipelines.release_diff import changes, is_noise
from pipelines.volatile_places import SENTENCE, without_sentences
from stories.crawl_state.page_observations import REPORTED_PREFIX, VolatileLine
from stories.model.release import Image, Release
from stories.model.urls import canonical_url
from stories.text.word_diff import plain

MIN_RELEASES = 2  # releases of a site on which a line must change before it is noise on all of them
MIN_VALUES_PER_RELEASE = 2  # other values on each of them, reported or not: a counter may not change for a while
MIN_VALUES_ON_ONE = 3  # other values, none of them stable, before a line is noise on one release: two may be edits
MAX_WORDS = 8  # a longer line has content

_NUMBER = re.compile(r"\d[\d.,  ]*")
_WORD = re.compile(r"[^\W\d_]+|#")
_URL = re.compile(r"https?://[^\s<>\"')\]]+")
_TELLING = re.compile(
    r"[|%‰€$£¥₩₹@+°]|\d:\d|\d[-/.]\d{1,2}[-/.]\d|[.!?。！？]$"
    r"|\b(?:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[zc]|mon|tue|wed|thu|fri|sat|sun)[a-zäéû]*\b"
    r"|\b(?:usd|eur|gbp|hkd|cny|rmb|jpy|million|billion|thousand|mn|bn|tel|phone|fax|mobile|isin|page|date|time|no)\b"
    r"|[年月日時时分元円萬万億亿兆股電电話话號号]|월|일|원",
    re.IGNORECASE,
)
_LINES = ("body", "about", "contacts")


def without_noise(release: Release, noise: frozenset[str]) -> Release:
    """Return the release as it is compared: without noise, volatile sentences and tracking parameters of URLs."""
    found: dict[str, tuple[str, ...]] = {
        field: tuple(_line_without_noise(line, noise) for line in getattr(release, field)) for field in _LINES
    }
    images = release.images
    if _mark_of_field("images") in noise:
        images = tuple(Image(url=image.url) for image in images)
    release = replace(release, images=images, body=found["body"], about=found["about"], contacts=found["contacts"])
    volatile = frozenset(mark for mark in noise if mark.startswith(SENTENCE))
    return without_sentences(release, volatile) if volatile else release


def volatile_candidates(before: Release, after: Release) -> tuple[VolatileLine, ...]:
    """Return the lines that may be volatile; empty if any other content differs.

    Both arguments are states of the same release, without noise (``without_noise``).
    """
    if (before.notice and before.notice.kind) != (after.notice and after.notice.kind):
        return ()
    found: dict[str, VolatileLine] = {}
    for change in changes(before, after):
        if is_noise(change):
            continue
        if change.field == "images":
            mark, said = _mark_of_field("images"), " ".join(image.caption or "" for image in after.images)
        elif change.field in _LINES and change.before and change.after:
            mark, said = mark_of(change.after) or "", change.after
            if not mark or mark != mark_of(change.before):
                return ()
        else:
            return ()
        found[mark] = VolatileLine(mark=mark, release=before.id or "", value=_digest(said))
    return tuple(found.values())


def noise_marks(seen: Iterable[VolatileLine], release_id: str) -> frozenset[str]:
    """Return the marks of the noise on this release's page, from the changes that were seen on its site."""
    seen = tuple(seen)
    moving: dict[str, int] = defaultdict(int)
    for (mark, _), count in Counter((move.mark, move.release) for move in seen).items():
        moving[mark] += count >= MIN_VALUES_PER_RELEASE
    restless = Counter(
        move.mark for move in seen if move.release == release_id and not move.value.startswith(REPORTED_PREFIX)
    )
    own = {mark for mark, count in restless.items() if count >= MIN_VALUES_ON_ONE}
    return frozenset({mark for mark, releases in moving.items() if releases >= MIN_RELEASES} | own)


def is_stable(moved: Iterable[VolatileLine], seen: Iterable[VolatileLine]) -> bool:
    """Return whether all changed lines have the value of the last visit; ``seen`` is in chronological order."""
    last = {(move.mark, move.release): move.value for move in seen}
    return all(last.get((move.mark, move.release)) == move.value for move in moved)


def mark_of(line: str) -> str | None:
    """Return the mark of a line, which does not depend on its numbers; None if the numbers may be content."""
    said = plain(line)
    if not _NUMBER.search(said) or _TELLING.search(said):
        return None
    words = _WORD.findall(_NUMBER.sub(" # ", said.casefold()))
    if len(words) > MAX_WORDS or words.count("#") > 2 or len(words) == words.count("#"):
        return None
    return _digest("line " + " ".join(words))


def noise_shown(release: Release, noise: frozenset[str]) -> frozenset[str]:
    """Return the marks of the noise that the page shows."""
    lines = {mark for field in _LINES for line in getattr(release, field) if (mark := mark_of(line))}
    if any(image.caption for image in release.images):
        lines.add(_mark_of_field("images"))
    return noise & lines


def _line_without_noise(line: str, noise: frozenset[str]) -> str:
    if noise and mark_of(line) in noise:
        return ""
    return _URL.sub(_untracked, line) if "://" in line and "?" in line else line


def _untracked(found: re.Match[str]) -> str:
    try:
        return canonical_url(found[0])
    except ValueError:
        return found[0]


def _mark_of_field(field: str) -> str:
    return _digest(f"field {field}")


def _digest(said: str) -> str:
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

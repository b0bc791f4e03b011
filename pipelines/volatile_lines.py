"""What moves on a page by itself, learnt per site; pure.

Clocks, counters with their word ("views") and "5 minutes ago" are known everywhere (``pipelines.changes``). What a
site has besides, such as a line "Visitor 48213" or a picture that is another at every visit, is told from an edit by
time: an edit stays, and what moves by itself says something else again at the next look. So a difference that *may* be
such is looked at again before it is told, and only one that keeps moving is noise.

No changed figure, name or date of the release's own text is swallowed, for three reasons. Only numbers may differ in a
line that is noise: a name is words. Only a line that is no sentence, no row of a table, has few words and neither
month, currency, unit of money, per cent, clock nor telephone in it is ever looked at so; all others are told at once.
And what says the same at two looks in a row is told, unless just that line has moved again and again: three times
without rest on its page, or twice on each of two pages of the site.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from pipelines.changes import changes, is_noise
from pipelines.volatile_places import SENTENCE, without_sentences
from stories.crawl_state.page_observations import TOLD, VolatileLine
from stories.model.release import Image, Release
from stories.model.urls import canonical_url
from stories.text.diff import plain

MIN_RELEASES = 2  # of a site on which a line must move before it is noise on all of them
MIN_VALUES_PER_RELEASE = 2  # other values on each of them, told or not: a counter may stand for a while
MIN_VALUES_ON_ONE = (
    3  # other values, none of which stood, before a line is noise on this one release: two may be an editor's
)
MAX_WORDS = 8  # a longer line says something

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
    """Return the release as it is compared: noise and volatile sentences are left out, addresses without tracking."""
    found: dict[str, tuple[str, ...]] = {
        field: tuple(_line_without_noise(line, noise) for line in getattr(release, field)) for field in _LINES
    }
    images = release.images
    if _mark_of_field("images") in noise:
        images = tuple(Image(url=one.url) for one in images)
    release = replace(release, images=images, body=found["body"], about=found["about"], contacts=found["contacts"])
    volatile = frozenset(mark for mark in noise if mark.startswith(SENTENCE))
    return without_sentences(release, volatile) if volatile else release


def volatile_candidates(before: Release, after: Release) -> tuple[VolatileLine, ...]:
    """Return what may move by itself, when nothing else differs; empty when anything of substance does.

    Both are quiet, and states of the same release.
    """
    if (before.notice and before.notice.kind) != (after.notice and after.notice.kind):
        return ()
    found: dict[str, VolatileLine] = {}
    for change in changes(before, after):
        if is_noise(change):
            continue
        if change.field == "images":
            mark, said = _mark_of_field("images"), " ".join(one.caption or "" for one in after.images)
        elif change.field in _LINES and change.before and change.after:
            mark, said = mark_of(change.after) or "", change.after
            if not mark or mark != mark_of(change.before):
                return ()
        else:
            return ()
        found[mark] = VolatileLine(mark=mark, release=before.id or "", value=_digest(said))
    return tuple(found.values())


def noise_marks(seen: Iterable[VolatileLine], release_id: str) -> frozenset[str]:
    """Return the marks of what is noise on the page of this release, by what was seen to move on its site."""
    seen = tuple(seen)
    moving: dict[str, int] = defaultdict(int)
    for (mark, _), count in Counter((move.mark, move.release) for move in seen).items():
        moving[mark] += count >= MIN_VALUES_PER_RELEASE
    restless = Counter(move.mark for move in seen if move.release == release_id and not move.value.startswith(TOLD))
    own = {mark for mark, count in restless.items() if count >= MIN_VALUES_ON_ONE}
    return frozenset({mark for mark, releases in moving.items() if releases >= MIN_RELEASES} | own)


def is_stable(moved: Iterable[VolatileLine], seen: Iterable[VolatileLine]) -> bool:
    """Return whether all that moved says what it said at the last look; ``seen`` in the order in which it was."""
    last = {(move.mark, move.release): move.value for move in seen}
    return all(last.get((move.mark, move.release)) == move.value for move in moved)


def mark_of(line: str) -> str | None:
    """Return what a line is known by whatever its numbers are; None for one that may say something with them."""
    said = plain(line)
    if not _NUMBER.search(said) or _TELLING.search(said):
        return None
    words = _WORD.findall(_NUMBER.sub(" # ", said.casefold()))
    if len(words) > MAX_WORDS or words.count("#") > 2 or len(words) == words.count("#"):
        return None
    return _digest("line " + " ".join(words))


def noise_shown(release: Release, noise: frozenset[str]) -> frozenset[str]:
    """Return the marks of that noise which stands on a page."""
    lines = {mark for field in _LINES for line in getattr(release, field) if (mark := mark_of(line))}
    if any(one.caption for one in release.images):
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

"""Measures the similarity of two releases, and finds the facts that differ."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pipelines.identity.features import FEATURES_KEPT, ReleaseFeatures
from pipelines.identity.normalized_words import COMMON, DAYS_AND_MONTHS, MONTHS, NUMBER_WORDS, NUMERIC, WEEKDAYS

OPENING_WORDS = 40  # words at the beginning that contain the news
MAX_TIGHT_GAP_WORDS = (
    8  # words: in a longer gap names do not stand in each other's place, the sentence was written anew
)
MAX_GAP_WORDS = 30  # words: a longer gap on both sides is another passage, not the same one with other facts in it
COMPARISONS_KEPT = 1_024  # issues of a series arrive together, and each stored one makes the others be decided again
MISSPELLING_RATIO = 0.7  # SequenceMatcher ratio of two words from which one is a misspelling of the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """What two releases share; "older" and "newer" only name the sides."""

    jaccard: float
    """Jaccard similarity of the shingles of their news."""
    containment: float
    """Share of the shorter one's shingles that the other has."""
    opening: float
    """Share of the first words of one that the other has in order: the higher of the two directions."""
    opens_anew: bool
    """Whether both begin with different passages that have few words in common."""
    both_open: float
    """The lower of the two directions: high if one is the other cut short, low if one is a part of the other."""
    swapped: tuple[tuple[str, str], ...]
    """Facts that replace each other: numbers, dates, names; (older, newer), each once."""
    replaced: tuple[tuple[frozenset[str], frozenset[str]], ...]
    """All words that replace each other, gap by gap: (older's, newer's)."""
    differing: int
    """Facts that only one of the two has, in the passages that they share: swapped, inserted, removed."""
    mistyped: int
    """Words that replace each other and differ by a letter or two."""
    facts: int
    """Facts that both have."""

    @property
    def swapped_share(self) -> float:
        """The share of swapped facts: low for a correction, high for the next release of a series."""
        return len(self.swapped) / (len(self.swapped) + self.facts) if self.swapped else 0.0

    @property
    def figures_swapped(self) -> bool:
        """Whether a number, a weekday or a month replaces another one: syndicators do not change these.

        "10 March" for "Tuesday" is the same fact: editors write dates differently.
        """
        return any((_is_number(here) and _is_number(there)) or {here, there} <= WEEKDAYS or {here, there} <= MONTHS
                   for here, there in self.swapped)  # fmt: skip

    @property
    def dates_swapped(self) -> int:
        """The number of swapped days and months."""
        return sum(1 for older, newer in self.swapped if {older, newer} & DAYS_AND_MONTHS)


def _is_number(word: str) -> bool:
    return bool(NUMERIC.match(word))


class Shingles(NamedTuple):
    """The shingles of four words of a text, as hashes: equal ones mean equal sentences; small edits change few."""

    ordered: tuple[int, ...]
    all: frozenset[int]


@lru_cache(maxsize=FEATURES_KEPT)
def shingles_of(reading: ReleaseFeatures) -> Shingles:
    """Return the shingles of a release's news; a text shorter than a shingle has shingles of single words."""
    folded = reading.folded
    runs = zip(folded, folded[1:], folded[2:], folded[3:], strict=False)
    ordered = tuple(map(hash, runs)) or tuple(map(hash, folded))
    return Shingles(ordered, frozenset(ordered))


@lru_cache(maxsize=COMPARISONS_KEPT)
def overlap(older: ReleaseFeatures, newer: ReleaseFeatures) -> tuple[float, float]:
    """Return (Jaccard similarity, containment) of two releases' shingles."""
    left, right = shingles_of(older).all, shingles_of(newer).all
    smaller = min(len(left), len(right))
    if not smaller:
        return 0.0, 0.0
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared), shared / smaller


@lru_cache(maxsize=COMPARISONS_KEPT)
def compare(older: ReleaseFeatures, newer: ReleaseFeatures) -> Similarity:
    """Return the similarity of two releases, and the facts that differ in the passages they share."""
    jaccard, containment = overlap(older, newer)
    gaps, covered_older, covered_newer = align(older, newer)
    swapped: dict[tuple[str, str], None] = {}
    replaced = []
    differing: set[str] = set()
    mistyped = 0
    for i0, i1, j0, j1 in gaps:
        if i1 - i0 > MAX_GAP_WORDS or j1 - j0 > MAX_GAP_WORDS or older.folded[i0:i1] == newer.folded[j0:j1]:
            continue
        pairs, typos = _swaps(older, i0, i1, newer, j0, j1)
        mistyped += typos
        if i1 - i0 <= MAX_TIGHT_GAP_WORDS and j1 - j0 <= MAX_TIGHT_GAP_WORDS:
            here, there = frozenset(older.folded[i0:i1]), frozenset(newer.folded[j0:j1])
            replaced.append((here - there, there - here))
            differing.update(_facts_gone(older.spelled[i0:i1], there, newer, tight=True))
            differing.update(_facts_gone(newer.spelled[j0:j1], here, older, tight=True))
        swapped.update(dict.fromkeys(pairs))
    shares = _share(covered_older, len(older.folded)), _share(covered_newer, len(newer.folded))
    gone = {word for pair in swapped for word in pair}
    facts = sum(1 for word in set(newer.spelled) if is_fact(word) and word.lower() not in gone)
    return Similarity(
        jaccard=jaccard,
        containment=containment,
        opening=max(shares),
        both_open=min(shares),
        opens_anew=bool(gaps) and _opens_anew(older, newer, gaps[0]),
        swapped=tuple(swapped),
        replaced=tuple(replaced),
        differing=len(differing),
        mistyped=mistyped,
        facts=facts,
    )


Gap = tuple[int, int, int, int]


def align(older: ReleaseFeatures, newer: ReleaseFeatures) -> tuple[list[Gap], int, int]:
    """Return the gaps between shared runs of words, and how many opening words of each are in shared runs.

    A run starts where both have the same four words that occur once in the newer. Of crossing runs, the heaviest
    chain in the order of both is used, so that a moved paragraph costs only that paragraph.
    """
    gaps: list[Gap] = []
    covered_older = covered_newer = i = j = 0
    for left, right, length in _chain(_runs(older, newer)):
        cut = max(0, i - left, j - right)
        left, right, length = left + cut, right + cut, length - cut
        if length <= 0:
            continue
        if left > i or right > j:
            gaps.append((i, left, j, right))
        i, j = left + length, right + length
        covered_older += max(0, min(i, OPENING_WORDS) - left)
        covered_newer += max(0, min(j, OPENING_WORDS) - right)
    if i < len(older.folded) or j < len(newer.folded):
        gaps.append((i, len(older.folded), j, len(newer.folded)))
    return gaps, covered_older, covered_newer


Run = tuple[int, int, int]


def _runs(older: ReleaseFeatures, newer: ReleaseFeatures) -> list[Run]:
    """Return the runs of words that both have: (position in the older, in the newer, words)."""
    places: dict[int, int] = {}
    for position, shingle in enumerate(shingles_of(newer).ordered):
        places[shingle] = -1 if shingle in places else position
    left, right = older.folded, newer.folded
    runs: list[Run] = []
    i = 0
    shingles = shingles_of(older).ordered
    while i < len(shingles):
        place = places.get(shingles[i], -1)
        if place < 0:
            i += 1
            continue
        start, j = i, place
        while i < len(left) and j < len(right) and left[i] == right[j]:
            i += 1
            j += 1
        if i == start:  # two shingles with one hash
            i += 1
            continue
        while start > 0 and place > 0 and left[start - 1] == right[place - 1]:  # preceding words that occur twice
            start -= 1
            place -= 1
        runs.append((start, place, i - start))
    return runs


MAX_RUNS = 150  # with more, two texts share only fragments; the first runs in order are sufficient


def _chain(runs: list[Run]) -> list[Run]:
    """Return the heaviest runs that are in the same order in both."""
    if all(first[1] < second[1] for first, second in pairwise(runs)):
        return runs
    runs = runs[:MAX_RUNS]
    best: list[tuple[int, int]] = []  # (weight, previous run)
    for here, (_, place, length) in enumerate(runs):
        weight, before = max(((best[k][0], k) for k in range(here) if runs[k][1] < place), default=(0, -1))
        best.append((weight + length, before))
    chain: list[Run] = []
    at = max(range(len(runs)), key=lambda k: best[k][0])
    while at >= 0:
        chain.append(runs[at])
        at = best[at][1]
    return chain[::-1]


MIN_OPENING_GAP_WORDS = 8  # words
OPENING_OVERLAP = 0.3  # share of the distinctive words; with fewer in common, two passages have different content


def _opens_anew(older: ReleaseFeatures, newer: ReleaseFeatures, gap: Gap) -> bool:
    i0, i1, j0, j1 = gap
    if i0 or j0 or min(i1, j1) < MIN_OPENING_GAP_WORDS:
        return False
    left, right = {*older.folded[:i1]} - COMMON, {*newer.folded[:j1]} - COMMON
    return len(left & right) < OPENING_OVERLAP * min(len(left), len(right))


def _share(covered: int, length: int) -> float:
    return covered / min(OPENING_WORDS, length) if length else 0.0


def _swaps(
    older: ReleaseFeatures, i0: int, i1: int, newer: ReleaseFeatures, j0: int, j1: int
) -> tuple[list[tuple[str, str]], int]:
    """Return the facts of a gap that replace each other, and the number of words that are only misspellings."""
    left, right = older.folded[i0:i1], newer.folded[j0:j1]
    if "".join(left) == "".join(right):
        return [], 0
    tight = max(len(left), len(right)) <= MAX_TIGHT_GAP_WORDS
    lost = _facts_gone(older.spelled[i0:i1], right, newer, tight)
    came = _facts_gone(newer.spelled[j0:j1], left, older, tight)
    typos = 0
    pairs = []
    for gone, new in zip(lost, came, strict=False):
        if gone.replace(",", "") == new.replace(",", ""):
            continue  # 4000 is 4,000
        if gone[:3] == new[:3] and {gone, new} <= DAYS_AND_MONTHS:
            continue  # Sept. is September
        if is_misspelling(gone, new):
            typos += 1
        else:
            pairs.append((gone, new))
    return pairs, typos


def _facts_gone(spelled: Sequence[str], gap: Collection[str], other: ReleaseFeatures, tight: bool) -> list[str]:
    """Return the facts of a gap that the other's gap lacks, without names that are elsewhere in the other."""
    there = set(gap)
    gone = []
    for word in spelled:
        low = word.lower()
        if low not in there and (is_figure(word) or (tight and is_fact(word) and low not in other.folded)):
            gone.append(low)
    return gone


def is_fact(spelled: str) -> bool:
    """Return whether a word as spelled is a number, a name, or a day or month."""
    return (
        bool(NUMERIC.match(spelled))
        or (spelled[0].isupper() and spelled.lower() not in COMMON)
        or ord(spelled[0]) > 0x2E7F
    )


def is_figure(spelled: str) -> bool:
    """Return whether a word as spelled is a number, a day or a month."""
    return bool(NUMERIC.match(spelled)) or (spelled[0].isupper() and spelled.lower() in DAYS_AND_MONTHS)


def is_misspelling(one: str, other: str) -> bool:
    """Return whether two words differ only by a misspelling: a letter more or less, two exchanged. Numbers never do."""
    if NUMBER_WORDS.get(one, one) == NUMBER_WORDS.get(other, other):
        return True  # "twelve" is 12
    shorter, longer = sorted((len(one), len(other)))
    if shorter < 4 or longer - shorter > 3:
        return False
    if NUMERIC.search(one) or NUMERIC.search(other) or one in DAYS_AND_MONTHS or other in DAYS_AND_MONTHS:
        return False
    if one in other or other in one:
        return True
    if longer - shorter > 2:
        return False
    # No common run is longer than the letters that both have: nearly all pairs end here, at a tenth of the cost.
    common = sum(min(one.count(letter), other.count(letter)) for letter in set(one))
    if 2 * common <= MISSPELLING_RATIO * (shorter + longer):
        return False
    return common == longer or SequenceMatcher(None, one, other, autojunk=False).ratio() > MISSPELLING_RATIO


def headline_difference(like: Similarity, lost: Sequence[str], came: Sequence[str]) -> tuple[str, str] | None:
    """Return the words by which both headlines and texts differ, (older, newer): Delaware here, Ohio there."""
    for here, there in like.replaced:
        gone = next((word for word in lost if word in here), None)
        new = next((word for word in came if word in there), None)
        if gone and new:
            return gone, new
    return None


@lru_cache(maxsize=COMPARISONS_KEPT)
def headline_swaps(older: tuple[str, ...], newer: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the distinctive words that only one of two headlines has, without misspellings of each other."""
    here, there = set(older), set(newer)
    lost = [word for word in older if word not in there and word not in COMMON]
    came = [word for word in newer if word not in here and word not in COMMON]
    for gone in list(lost):
        new = next((word for word in came if is_misspelling(gone, word)), None)
        if new:
            lost.remove(gone)
            came.remove(new)
    return tuple(lost), tuple(came)

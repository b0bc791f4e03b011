"""Weighs the evidence for and against a notice being about an earlier release, where no single sign decides.

A correction of a figure often changes the headline as well, so no id, quotation or equal headline links it. Many small
signs together do. Each sign has a weight in points and is named in the reason; the sum must reach ``THRESHOLD``. The
weights come from the patterns in the tests and the labelled pairs of ``benchmarks/identity.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.identity.features import ReleaseFeatures
from pipelines.identity.normalized_words import COMMON, DAYS_AND_MONTHS, NUMERIC
from pipelines.identity.similarity import Similarity, compare, headline_swaps
from stories.model.release import Release
from stories.text.correction_claims import claims
from stories.text.word_diff import plain

THRESHOLD = 8  # points; two unrelated releases of one issuer on one day reach 6
CLEAR_LEAD = 3  # points over the best release of another story
_PERIODS = """
first second third fourth q1 q2 q3 q4 h1 h2 half quarter annual interim monthly weekly daily full-year
"""
PERIODS = frozenset(_PERIODS.split())
"""Words that distinguish one issue of a series from the next."""
FEW_WORDS = 3  # words of a headline; a shorter one is not distinctive


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign for (positive points) or against a link."""

    name: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence for and against two releases belonging together."""

    signs: tuple[Sign, ...]
    threshold: int = THRESHOLD

    @property
    def points(self) -> int:
        """The sum of all signs."""
        return sum(sign.points for sign in self.signs)

    @property
    def is_enough(self) -> bool:
        """Whether the evidence is sufficient for a link."""
        return self.points >= self.threshold

    def __str__(self) -> str:
        return f"{self.points} of {self.threshold} points: " + ", ".join(
            f"{sign.name} {sign.points:+d}" for sign in self.signs
        )


def weigh(
    release: Release,
    notice: ReleaseFeatures,
    original: Release,
    other: ReleaseFeatures,
    *,
    days: int | None,
    names_its_day: bool,
) -> Evidence:
    """Return the evidence for a notice (``release``) being about ``original``.

    Args:
        release: the notice.
        notice: the features of the notice.
        original: the earlier release.
        other: the features of the earlier release.
        days: days between the two; None if one of them has no date.
        names_its_day: whether the notice names the day of the earlier release.
    """
    like = compare(other, notice)
    signs = (
        *_issuer(notice, other, like),
        *_place(release, original),
        *_time(days, names_its_day),
        *_headline(notice, other),
        *_text(like),
        *_claims(release, notice, original),
    )
    return Evidence(signs=signs)


def _issuer(notice: ReleaseFeatures, other: ReleaseFeatures, like: Similarity) -> Iterator[Sign]:
    if not (notice.issuer_key and other.issuer_key):
        return
    if notice.issuer_key == other.issuer_key:
        yield Sign("same issuer", 2)
    elif like.containment < 0.6:  # over the same text, a name may have been extracted differently
        yield Sign("another issuer", -5)


def _place(release: Release, original: Release) -> Iterator[Sign]:
    if release.wire and original.wire:
        if release.wire == original.wire:
            yield Sign("same wire", 1)
    elif release.source is not None and release.source == original.source:
        yield Sign("same site", 1)


def _time(days: int | None, names_its_day: bool) -> Iterator[Sign]:
    if names_its_day:
        yield Sign("names its day", 2)
    if days is None:
        return
    if days <= 1:
        yield Sign("within a day", 2)
    elif days <= 3:
        yield Sign(f"{days} days earlier", 1)
    elif days > 10:
        yield Sign(f"{days} days earlier", -3)


def _headline(notice: ReleaseFeatures, other: ReleaseFeatures) -> Iterator[Sign]:
    if min(len(notice.headline), len(other.headline)) < FEW_WORDS:
        return
    lost, came = headline_swaps(other.headline, notice.headline)
    telling = len([word for word in (*notice.headline, *other.headline) if word not in COMMON])
    alike = 1 - (len(lost) + len(came)) / max(1, telling)
    if {*lost} & PERIODS and {*came} & PERIODS:
        yield Sign("another period in the headline", -6)
    if alike >= 0.6:
        yield Sign("headline but for a few words", 2)
    elif alike >= 0.4:
        yield Sign("half of the headline", 1)
    elif alike < 0.2:
        yield Sign("another headline", -3)


def _text(like: Similarity) -> Iterator[Sign]:
    if like.containment >= 0.8:
        yield Sign(f"{like.containment:.0%} of the text", 3)
    elif like.containment >= 0.55:
        yield Sign(f"{like.containment:.0%} of the text", 2)
    elif like.containment >= 0.35:
        yield Sign(f"{like.containment:.0%} of the text", 1)
    elif like.containment < 0.15:
        yield Sign("another text", -2)
    figures = [pair for pair in like.swapped if any(_is_figure(word) for word in pair)]
    if len(like.swapped) > 4 and like.swapped_share > 0.25:
        yield Sign(f"{len(like.swapped)} facts differ, as in another issue of a series", -5)
    elif like.containment >= 0.35 and len(figures) <= 3 and len(like.swapped) <= 4:
        yield Sign("few facts differ", 1)


def _is_figure(word: str) -> bool:
    return bool(NUMERIC.match(word)) or word in DAYS_AND_MONTHS


def _claims(release: Release, notice: ReleaseFeatures, original: Release) -> Iterator[Sign]:
    """Return the sign that the notice states what was wrong, and the earlier release contains it."""
    stated = release.notice.statement if release.notice else None
    before = plain(" ".join((original.headline, *original.body))).casefold()
    news = plain(" ".join((release.headline, *notice.spelled))).casefold()
    for claim in claims(stated)[:1]:
        wrong, right = plain(claim.wrong or "").casefold(), plain(claim.right or "").casefold()
        if wrong and wrong in before and wrong not in news:
            yield Sign("it says what the notice calls wrong", 3)
        elif wrong and wrong not in before:
            yield Sign("it does not say what the notice calls wrong", -2)
        if right and right in before and wrong and wrong not in before:
            yield Sign("it says what the notice calls right", -2)

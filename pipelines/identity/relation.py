"""Decides whether two releases without a notice between them are one announcement, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pipelines.identity.features import ReleaseFeatures, features_of
from pipelines.identity.headline_mismatch import missing_headline_word
from pipelines.identity.similarity import Similarity, compare, headline_difference, headline_swaps, overlap
from pipelines.identity.translations import in_two_languages, weigh_translation
from stories.model.release import Release

RelationKind = Literal["same", "changed", "sibling", "stranger"]

MIN_TEXT_WORDS = 8  # words: a shorter text is not compared
FORM_WORDS = 30  # words: a form ("see the attached PDF") is the same every day
MIN_CONTAINMENT = 0.45  # containment: below it, two releases share at most an about section
REUSED_ADDRESS_CONTAINMENT = 0.3  # containment: below it, the URL was reused for another release
MIN_SHARED_OPENING = 0.5  # share of the opening words: below it the news differs, whatever the rest
SAME_HEADLINE_DAYS = 3  # days
MIN_HEADLINE_WORDS = 2  # words: "Headline" is a placeholder of an editor's form
LONG_HEADLINE_WORDS = 6  # words: shorter ones are titles of series
MAX_REISSUE_DAYS = 45  # days
MIN_SERIAL_DAYS = 6  # days: the weekly issue of a series differs only in its dates
MIN_CORRECTION_JACCARD = 0.6  # Jaccard similarity: a correction keeps most of the text
MAX_SWAPS = 4
MAX_SWAPPED_SHARE = 0.12  # share of the facts: a correction changes some, the next issue of a series most
_DEAL_STAGES = """
close closes closed closing price prices priced pricing complete completes completed completion upsize upsized extend
extends extended extension final finalizes begins increase increases proposed commences expiration
"""
DEAL_STAGES = frozenset(_DEAL_STAGES.split())
"""Words that distinguish the next stage of a deal from its announcement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """The relation between two releases."""

    kind: RelationKind
    """``same``; ``changed``: the same announcement with other facts or names; ``sibling``: similar, another story."""
    strength: int
    """Strength: 3 the wire's id or URL, 2 exact text, 1 near-duplicate text, 0 headline alone."""
    jaccard: float
    why: str
    points: int = 0
    """The weighed evidence for a translation."""


def relate(older: Release, newer: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> Relation:
    """Return the relation between two releases; notices are handled by ``notice_linking``."""
    shared_ids = left.ids & right.ids
    if shared_ids or left.urls & right.urls:
        what = f"wire id {min(shared_ids)[1]}" if shared_ids else "the same address"
        return _relate_by_address(older, newer, what, left, right)
    if differ_in_language(older, newer):
        return _relate_translations(older, newer, left, right)
    if min(len(left.folded), len(right.folded)) < MIN_TEXT_WORDS:
        return _relate_by_headline(older, newer, left, right)
    if left.folded == right.folded:
        return _relate_same_text(older, newer, left, right)
    jaccard, containment = overlap(left, right)
    if containment < MIN_CONTAINMENT and not _repeats_headline_soon(left, right):
        return Relation(kind="stranger", strength=0, jaccard=jaccard, why="another text")
    return _relate_near_texts(older, newer, left, right, compare(left, right))


def _relate_by_address(
    older: Release, newer: Release, what: str, left: ReleaseFeatures, right: ReleaseFeatures
) -> Relation:
    """Relate releases that share an id or URL: another text in the same language is still another release."""
    like = compare(left, right)
    if differ_in_language(older, newer):
        return Relation(kind="same", strength=3, jaccard=like.jaccard, why=f"{what} in another language")
    comparable = min(len(left.folded), len(right.folded)) >= 2 * FORM_WORDS and older.language == newer.language
    if comparable and (like.containment < REUSED_ADDRESS_CONTAINMENT or like.opening < MIN_SHARED_OPENING):
        return Relation(kind="sibling", strength=3, jaccard=like.jaccard, why=f"{what} with another text")
    changed = _states_other_facts(like, left, right) or (
        bool(like.swapped or like.mistyped) and _has_same_source(older, newer)
    )
    return Relation(kind="changed" if changed else "same", strength=3, jaccard=like.jaccard, why=what)


def _relate_translations(older: Release, newer: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> Relation:
    """Relate two texts in different languages by their language-independent facts."""
    evidence = weigh_translation(older, newer, left, right)
    kind: RelationKind = "same" if evidence.is_enough else "stranger"
    why = f"{'a translation' if evidence.is_enough else 'no translation'}, {evidence}"
    return Relation(kind=kind, strength=1, jaccard=0.0, why=why, points=evidence.points)


def _relate_by_headline(older: Release, newer: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> Relation:
    """Relate releases of which one has no text: an equal headline on another site at the same time is the same."""
    days = days_between(left, right)
    same = (
        left.plain_headline_key == right.plain_headline_key
        and len(right.headline) >= 5
        and older.source != newer.source
        and days is not None
        and days <= 2
    )
    return Relation(kind="same" if same else "stranger", strength=0, jaccard=0.0,
                   why="same headline within two days, no text to compare" if same else "too little text")  # fmt: skip


def _relate_same_text(older: Release, newer: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> Relation:
    days = days_between(left, right)
    if len(right.folded) < FORM_WORDS and has_same_publisher(older, newer) and days != 0:
        return Relation(kind="sibling", strength=2, jaccard=1.0, why="the same few words on another day: a form")
    if len(right.folded) < FORM_WORDS and not has_near_headline(left, right):
        return Relation(
            kind="sibling", strength=2, jaccard=1.0, why="the same few words under another headline: a form"
        )
    other = None if has_near_headline(left, right) else missing_headline_word(older, newer, left, right)
    if other:
        why = f"the same text under a headline about {other.lower()}, which it lacks"
        return Relation(kind="sibling", strength=2, jaccard=1.0, why=why)
    return Relation(kind="same", strength=2, jaccard=1.0, why="same text")


@dataclass(frozen=True, slots=True, kw_only=True)
class _NearTexts:
    """Two releases in one language that share much text, as the rules get them."""

    older: Release
    newer: Release
    left: ReleaseFeatures
    """Of the older release."""
    right: ReleaseFeatures
    """Of the newer release."""
    like: Similarity
    days: int | None
    """Whole days between them."""
    lost: tuple[str, ...]
    """Words of the older headline that the newer one lacks."""
    came: tuple[str, ...]
    """Words of the newer headline that the older one lacks."""
    near: bool
    """Whether their headlines are the same, except for small edits."""
    headline_from_text: bool
    """Whether the newer headline is a sentence of the older text."""

    @property
    def alike(self) -> str:
        return f"{self.like.jaccard:.0%} the same text"

    @property
    def swaps(self) -> str:
        return ", ".join(f"{new} for {old}" for old, new in self.like.swapped[:3])


_Answer = tuple[RelationKind, str]
"""The kind of the relation, and the reason in words for users."""


def _relate_near_texts(
    older: Release, newer: Release, left: ReleaseFeatures, right: ReleaseFeatures, like: Similarity
) -> Relation:
    """Relate two texts that share much by their differences: the first rule with an answer decides."""
    lost, came = headline_swaps(left.headline, right.headline)
    near = has_near_headline(left, right)
    pair = _NearTexts(
        older=older,
        newer=newer,
        left=left,
        right=right,
        like=like,
        days=days_between(left, right),
        lost=lost,
        came=came,
        near=near,
        headline_from_text=not near and _is_sentence_of(right.headline, left),
    )
    answers = ((rule, answer) for rule in NEAR_TEXT_RULES if (answer := rule(pair)) is not None)
    rule, (kind, why) = next(answers)
    return Relation(kind=kind, strength=1, jaccard=like.jaccard, why=f"{why} [{rule.__name__.removeprefix('_')}]")


def _only_endings_shared(pair: _NearTexts) -> _Answer | None:
    if pair.like.opening < MIN_SHARED_OPENING:
        return "stranger", "they share only what follows the news"
    return None


def _other_opening(pair: _NearTexts) -> _Answer | None:
    if pair.like.opens_anew and has_same_publisher(pair.older, pair.newer):
        return "sibling", "it opens with other news"
    return None


def _headline_and_text_differ(pair: _NearTexts) -> _Answer | None:
    difference = headline_difference(pair.like, pair.lost, pair.came)
    return ("sibling", f"headline and text say {difference[1]} for {difference[0]}") if difference else None


def _headline_of_another_text(pair: _NearTexts) -> _Answer | None:
    if pair.near:
        return None
    word = missing_headline_word(pair.older, pair.newer, pair.left, pair.right)
    return ("sibling", f"{pair.alike} under a headline about {word.lower()}, which it lacks") if word else None


def _other_subject(pair: _NearTexts) -> _Answer | None:
    subject = None if pair.near else _distinguishing_word(pair.left, pair.right, pair.lost, pair.came)
    return ("sibling", f"it is about {subject}, which the earlier text lacks") if subject else None


def _other_deal_stage(pair: _NearTexts) -> _Answer | None:
    is_untitled = min(len(pair.left.headline), len(pair.right.headline)) < MIN_HEADLINE_WORDS
    if is_untitled or pair.headline_from_text or pair.like.jaccard >= 0.95:
        return None
    stages = DEAL_STAGES & {*pair.lost, *pair.came}
    return ("sibling", f"another stage: {min(stages)}") if stages else None


def _little_text_much_later(pair: _NearTexts) -> _Answer | None:
    if pair.like.swapped or pair.days is None or pair.days <= MAX_REISSUE_DAYS:
        return None
    if pair.like.jaccard >= MIN_CORRECTION_JACCARD:
        return None
    return "sibling", f"only {pair.alike}, {pair.days} days later"


def _much_other_text(pair: _NearTexts) -> _Answer | None:
    if pair.like.swapped or _shares_enough(pair.like, pair.left, pair.right, pair.near or pair.headline_from_text):
        return None
    return "sibling", "much other text" if pair.near else "another headline and much other text"


def _same_facts(pair: _NearTexts) -> _Answer | None:
    like = pair.like
    if like.swapped:
        return None
    is_rewritten = like.containment < MIN_CORRECTION_JACCARD
    has_edits = bool(like.differing or like.mistyped or is_rewritten)
    is_changed = pair.near and has_edits and _has_same_source(pair.older, pair.newer)
    kind: RelationKind = "changed" if is_changed else "same"
    if pair.near and is_rewritten:
        return kind, "same headline and opening, the rest written anew"
    return kind, pair.alike + ("" if pair.near else " under another headline")


def _other_headline_and_fact(pair: _NearTexts) -> _Answer | None:
    if pair.near:
        return None
    like = pair.like
    is_slight = len(like.swapped) == 1 and like.swapped_share <= 0.03 and like.containment >= 0.85
    if not is_slight or (pair.days or 0) > 3:
        return "sibling", f"another headline, {pair.swaps}"
    return "changed" if like.figures_swapped else "same", f"{pair.alike}, though {pair.swaps}"


def _later_issue(pair: _NearTexts) -> _Answer | None:
    if pair.days is None:
        return None
    is_serial = bool(pair.like.dates_swapped) and pair.days >= MIN_SERIAL_DAYS
    return ("sibling", f"{pair.swaps}, {pair.days} days later") if pair.days > MAX_REISSUE_DAYS or is_serial else None


def _same_headline_little_text(pair: _NearTexts) -> _Answer | None:
    if pair.like.jaccard < MIN_CORRECTION_JACCARD and pair.like.containment < 0.8:
        return "sibling", f"same headline, but only {pair.alike}"
    return None


def _many_other_facts(pair: _NearTexts) -> _Answer | None:
    if len(pair.like.swapped) > MAX_SWAPS or pair.like.swapped_share > MAX_SWAPPED_SHARE:
        return "sibling", f"same headline, {len(pair.like.swapped)} other facts: {pair.swaps}"
    return None


def _few_other_facts(pair: _NearTexts) -> _Answer | None:
    other_facts = _states_other_facts(pair.like, pair.left, pair.right)
    is_changed = other_facts or _has_same_source(pair.older, pair.newer)
    return "changed" if is_changed else "same", f"{pair.alike}, same headline, {pair.swaps}"


NEAR_TEXT_RULES: tuple[Callable[[_NearTexts], _Answer | None], ...] = (
    _only_endings_shared,
    _other_opening,
    _headline_and_text_differ,
    _headline_of_another_text,
    _other_subject,
    _other_deal_stage,
    _little_text_much_later,
    _much_other_text,
    _same_facts,
    _other_headline_and_fact,
    _later_issue,
    _same_headline_little_text,
    _many_other_facts,
    _few_other_facts,
)
"""In order of precedence. Rules after ``_same_facts`` get only texts with swapped facts."""


def _is_sentence_of(headline: tuple[str, ...], earlier: ReleaseFeatures) -> bool:
    """Return whether a headline is a part of an earlier release's text: an editor used a sentence of it."""
    run = " ".join(headline[:-1])  # the last word may be cut
    return len(headline) > LONG_HEADLINE_WORDS and f" {run} " in f" {' '.join(earlier.folded)} "


def _states_other_facts(like: Similarity, left: ReleaseFeatures, right: ReleaseFeatures) -> bool:
    """Return whether another site's copy states another figure, or another name in the place of a name.

    Then it is a correction that lost its marker. Ignored are misspellings, words and names run together (errors of the
    syndicator), and differences in the opening, where parts of datelines remain.
    """
    return like.figures_swapped or any(_is_other_name(a, b, left, right) for a, b in like.swapped)


MIN_NAME_LENGTH = 4  # letters: shorter ones are abbreviations that editors write differently
DATELINE_WORDS = 12  # words


def _is_other_name(gone: str, new: str, left: ReleaseFeatures, right: ReleaseFeatures) -> bool:
    if gone.startswith(new) or new.startswith(gone):
        return False
    for word, reading in ((gone, left), (new, right)):
        if len(word) < MIN_NAME_LENGTH or not word.isalpha():
            return False
        places = [place for place, low in enumerate(reading.folded) if low == word]
        if not places or places[0] < DATELINE_WORDS or any(reading.spelled[place].islower() for place in places):
            return False
    return True


def _distinguishing_word(
    left: ReleaseFeatures, right: ReleaseFeatures, lost: Sequence[str], came: Sequence[str]
) -> str | None:
    """Return a word that distinguishes two texts: each headline has a word that only its own text has."""
    if not any(word in left.folded and word not in right.folded for word in lost):
        return None
    return next((word for word in came if word in right.folded and word not in left.folded), None)


def _repeats_headline_soon(left: ReleaseFeatures, right: ReleaseFeatures) -> bool:
    """Return whether one long headline was used twice within days: the text below it may have been rewritten."""
    days = days_between(left, right)
    return (
        days is not None
        and days <= SAME_HEADLINE_DAYS
        and len(right.headline) >= LONG_HEADLINE_WORDS
        and left.plain_headline_key == right.plain_headline_key
    )


def _shares_enough(like: Similarity, left: ReleaseFeatures, right: ReleaseFeatures, near: bool) -> bool:
    """Return whether two texts without swapped facts share enough: below one headline, cut short, or as a whole."""
    days = days_between(left, right)
    if near:
        return like.containment >= 0.6 or (_repeats_headline_soon(left, right) and like.opening >= 0.6)
    if like.containment >= 0.95 and like.both_open >= 0.8:
        return True
    return like.jaccard >= (0.7 if days is not None and days <= 14 else 0.9)


def differ_in_language(one: Release, other: Release) -> bool:
    """Return whether two texts are in different languages or scripts, so that they cannot be compared."""
    return in_two_languages(one, other, features_of(one), features_of(other))


def has_near_headline(left: ReleaseFeatures, right: ReleaseFeatures) -> bool:
    """Return whether two headlines differ only by typography, a rubric, misspellings, or words added to one."""
    if not left.headline_key or not right.headline_key:
        return False
    if left.headline_key == right.headline_key or left.plain_headline_key == right.plain_headline_key:
        return True
    lost, came = headline_swaps(left.headline, right.headline)
    return (not lost or not came) and len(set(left.headline) & set(right.headline)) >= 3


def _has_same_source(older: Release, newer: Release) -> bool:
    """Return whether one source issued both: another site edits copies, also if it names the wire."""
    return older.source is not None and older.source == newer.source


def has_same_publisher(older: Release, newer: Release) -> bool:
    """Return whether one source, or one wire, issued both."""
    return _has_same_source(older, newer) or (older.wire is not None and older.wire == newer.wire)


def days_between(left: ReleaseFeatures, right: ReleaseFeatures) -> int | None:
    """Return the whole days between two releases; None if a day is unknown."""
    if left.day is None or right.day is None:
        return None
    return abs(right.day - left.day).days


def came_before(one: ReleaseFeatures, other: ReleaseFeatures, by: timedelta = timedelta(0)) -> bool:
    """Return whether ``one`` was published earlier than ``other``, by more than ``by``.

    If a page prints only a date, the dates must differ.
    """
    if one.day is None or other.day is None:
        return False
    if not (one.to_the_minute and other.to_the_minute) and one.day.date() == other.day.date():
        return False
    return other.day - one.day > by

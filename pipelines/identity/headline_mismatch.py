"""Detects a text below a headline of other content: a site published an earlier release's text there."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipelines.identity.features import ReleaseFeatures
from pipelines.identity.normalized_words import COMMON, NUMERIC, without_rubric, words
from stories.model.release import Release

MIN_HEADLINE_WORDS = 5  # words: a shorter headline ("For Immediate Release", "Headline") has no content to look for
MIN_SUPPORTED_SHARE = (
    0.5  # share of a headline's words; if the text has fewer of them, it does not belong to the headline
)
MIN_SUPPORT_LEAD = 0.2  # the text must support the other headline by this much more
STEM_LENGTH = 5  # letters: "violations" is supported by "violation"
MIN_FIGURE_DIGITS = 2  # digits: a single digit is from a list or a ticker
MIN_ACRONYM_LENGTH = 3  # letters: texts spell out "CEO" and "VP", and "AI" is everywhere
_COMMON_ACRONYMS_TEXT = """
nyse nasdaq otc otcqb otcqx tsx tsxv cse fse fra asx hkex ceo cfo coo cto ipo usa llc llp
"""
_COMMON_ACRONYMS = frozenset(_COMMON_ACRONYMS_TEXT.split())


def missing_headline_word(older: Release, newer: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> str | None:
    """Return a word of one of two headlines that the common text lacks, or None.

    The text must support the other headline. Evidence: an acronym or number is missing, or most of the words. Only for
    releases of one site: on another site, an editor may have rewritten a copy's headline.
    """
    if older.source is None or older.source != newer.source:
        return None
    text = {*left.folded, *right.folded}
    stems = {word[:STEM_LENGTH] for word in text}
    here, there = _support(older.headline, text, stems), _support(newer.headline, text, stems)
    if here is None or there is None:
        return None
    (share, missing, headline), (other, _, _) = sorted((here, there), key=lambda held: held[0])
    if other - share < MIN_SUPPORT_LEAD or not missing:
        return None
    facts = _facts(missing, headline)
    return facts[0] if facts else missing[0] if share < MIN_SUPPORTED_SHARE else None


def _support(headline: str, text: Collection[str], stems: Collection[str]) -> tuple[float, list[str], str] | None:
    telling = [word for word in words(without_rubric(headline) or headline) if word.lower() not in COMMON]
    if len(telling) < MIN_HEADLINE_WORDS:
        return None
    missing = [word for word in telling if not _is_in_text(word.lower(), text, stems)]
    return 1 - len(missing) / len(telling), missing, headline


def _is_in_text(word: str, text: Collection[str], stems: Collection[str]) -> bool:
    return word in text or (len(word) >= STEM_LENGTH and not NUMERIC.search(word) and word[:STEM_LENGTH] in stems)


def _facts(missing: Sequence[str], headline: str) -> list[str]:
    shouted = headline.upper() == headline
    return [word for word in missing if _is_fact(word, shouted)]


def _is_fact(word: str, shouted: bool) -> bool:
    if NUMERIC.match(word):
        digits = word.replace(",", "").replace(".", "")
        return len(digits) >= MIN_FIGURE_DIGITS and not (len(word) == len("2026") and word[:2] in ("19", "20"))
    capitals = word.upper() == word or word[1:].lower() != word[1:]
    return not shouted and capitals and len(word) >= MIN_ACRONYM_LENGTH and word.lower() not in _COMMON_ACRONYMS

"""Extracts a correction's claims ("… stated May 25 instead of June 12") and checks them against the changes; pure.

The sentences are a small grammar in ``stories/text/correction_claims.toml``. An ambiguous sentence gives no claim.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from stories.text.amounts import AMOUNT_WORDS, amounts, same_amount
from stories.text.scripts import UNSPACED_OR_HANGUL, has_unspaced_or_hangul
from stories.text.token_patterns import Pattern
from stories.text.tokens import Tokens
from stories.text.word_diff import fact_kind, fact_pattern, plain

ClaimState = Literal["confirmed", "not found", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionClaim:
    """One claim of a notice about what was wrong."""

    wrong: str | None
    """The value in the earlier release; None if the statement gives only the right value."""
    right: str | None
    """The right value; None if the statement gives only the wrong one."""
    state: ClaimState = "unclear"
    """``confirmed``: the changes show it. ``not found``: no change has either value. ``unclear``: the changes show one
    of the two, or they are not known.
    """


_SCANNED = 2_000  # characters of a statement
_MOST = 8  # claims
_VALUE, _NAME = "¤", "§"
_QUOTED = re.compile(
    rf"[“„«»「『《\"”]\s?[^\"“”„«»「」『』《》]{{1,160}}?\s?[\"”“«»」』》](?![^\W{UNSPACED_OR_HANGUL}])"
    rf"|(?<!\w)['‘][^'‘’]{{1,80}}['’](?![^\W{UNSPACED_OR_HANGUL}])"
)
_UNIT = re.compile(
    r"\s(?:mio\.|mrd\.|(?:d['’]|de |di )?euros?|(?:m|k|md)€"
    r"|[tm]?(?:sek|nok|dkk|eur|kr)|de (?:dólares|coronas|reais)"
    r"|franken|dollar|(?P<word>[a-zß-ÿ%-]{2,20}))(?![\w'’-])",
    re.IGNORECASE,
)
_PER_SHARE = re.compile(
    r"\s(?:per (?:\w+ )?share|par action|je Aktie|por acción|por ação|per azione|per aktie|per aandel)\b"
)
_COUNTER = re.compile("(?:港仙|美仙|仙|股|人|隻|艘|家|間|个|個|名|台|株|件|倍|歳|ドル|명|주|대|개|건|세)")
_ABBREVIATED = re.compile(r"(?:mio|mrd|mill|mln)$", re.IGNORECASE)
_TIME = re.compile(r"\d:\d\d|\d\s?[ap]\.?m\b", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ATTACHED = re.compile(r"\d(?P<unit>[a-z]{1,2})$", re.IGNORECASE)
_IN_ORDER = re.compile(r"\b(?:respectively|beziehungsweise|bzw|respectivement|respectivamente|rispettivamente)\b")
_MARK = re.compile(r"[^\W\d]+")
_CAPITALS = re.compile(
    r"(?<![\w.])(?:[A-ZÀ-Þ]\.|[A-ZÀ-Þ][\w’&-]{0,30})(?:\s(?:of\s|de\s|the\s|&\s)?(?:[A-ZÀ-Þ]\.|[A-ZÀ-Þ0-9][\w’&-]{0,30})){0,5}"
)
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\[(]\s*)$")


@cache
def _fact() -> re.Pattern[str]:
    fact = fact_pattern()
    return re.compile(rf"(?<![\w.,]){fact}(?:[a-z]{{1,2}}(?![a-z]))?|(?<=[{UNSPACED_OR_HANGUL}]){fact}", re.IGNORECASE)


class _Table(msgspec.Struct, frozen=True):
    classes: dict[str, str]
    words: dict[str, frozenset[str]]
    patterns: dict[str, list[str]]


@cache
def _table() -> _Table:
    source = (files("stories.text") / "correction_claims.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(source), type=_Table)


@cache
def _patterns(family: str) -> tuple[Pattern, ...]:
    return tuple(Pattern(pattern, _table().classes) for pattern in _table().patterns[family])


class _Statement(Tokens):
    """A statement as tokens; each quotation, fact and name is one token."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _SCANNED)
        values = sorted(_values(self.text))
        words: list[str] = []
        spans: list[tuple[int, int]] = []
        pending = iter(values)
        value = next(pending, None)
        for word, (start, end) in zip(self.words, self.spans, strict=True):
            while value and value[1] <= start:
                value = next(pending, None)
            if value is None or end <= value[0]:
                words.append(word)
                spans.append((start, end))
            elif not spans or spans[-1] != value[:2]:
                words.append(value[2])
                spans.append((value[0], value[1]))
        self.words, self.spans = words, spans


def _values(text: str) -> list[tuple[int, int, str]]:
    """Return the values in a statement: start, end, kind; they do not overlap."""
    found: list[tuple[int, int, str]] = []

    def add(start: int, end: int, kind: str) -> None:
        if all(end <= other[0] or other[1] <= start for other in found):
            found.append((start, end, kind))

    for match in _QUOTED.finditer(text):
        add(*match.span(), _VALUE)
    for match in _fact().finditer(text):
        add(match.start(), _behind_unit(text, *match.span()), _VALUE)
    for match in _CAPITALS.finditer(text):
        words = match[0].split()
        opens = _SENTENCE_START.search(text[max(0, match.start() - 3) : match.start()]) is not None
        if words[0] in _table().words["no_name"] or (opens and len(words) == 1 and not match[0].isupper()):
            continue
        add(*match.span(), _NAME)
    return found


def _behind_unit(text: str, start: int, end: int) -> int:
    """Return the position after a figure and its unit: "950 feet", "5 millones", "5.5 cents per share", "5港仙"."""
    if fact_kind(text[start:end]) == "date":
        return end
    if counter := _COUNTER.match(text, end):
        return counter.end()
    if text[end : end + 1] == "." and _ABBREVIATED.search(text[:end]):
        end += 1
    for _ in range(2):
        unit = _UNIT.match(text, end)
        if unit is None or (unit["word"] or "").lower() in _table().words["no_unit"]:
            break
        if unit["word"] and unit["word"][0].isupper():
            break
        end = unit.end()
    share = _PER_SHARE.match(text, end)
    return share.end() if share else end


def claims(statement: str | None) -> tuple[CorrectionClaim, ...]:
    """Return what was wrong and what is right according to a notice's statement, in its order."""
    text = " ".join((statement or "")[:_SCANNED].split())
    if not text or _IN_ORDER.search(text):
        return ()  # "June 12 and June 30, not June 9 and June 25 respectively" contains two claims in one
    tokens = _Statement(text)
    found: dict[int, CorrectionClaim] = {}
    taken: list[tuple[int, int]] = []
    families = ("unspaced", "european") if has_unspaced_or_hangul(text) else ("european",)
    for pattern in (pattern for family in families for pattern in _patterns(family)):
        for match in pattern.finditer(tokens):
            if any(match.first < last and first < match.last for first, last in taken):
                continue
            claim = _claim(tokens, match.groups)
            if claim is not None or "unclear" in match.groups:
                taken.append((match.first, match.last))
            if claim is not None:
                found[match.first] = claim
    return tuple(found[first] for first in sorted(found))[:_MOST]


def _claim(tokens: _Statement, groups: Mapping[str, tuple[int, int]]) -> CorrectionClaim | None:
    """Return the claim of a match; None if its two sides are of different kinds, or equal."""
    if "unclear" in groups:
        return None
    printed = {side: tokens.printed(*groups[side]) for side in ("wrong", "right") if side in groups}
    wrong, right = _value(printed.get("wrong")), _value(printed.get("right"))
    if not (wrong or right) or wrong == right:
        return None
    quoted = any(_QUOTED.fullmatch(side) for side in printed.values())
    if wrong and right and not quoted and not _alike(tokens, groups, wrong, right):
        return None
    return CorrectionClaim(wrong=wrong, right=right)


def _alike(tokens: _Statement, groups: Mapping[str, tuple[int, int]], wrong: str, right: str) -> bool:
    """Return whether two values are of one kind: two names, two days, two numbers of ovens."""
    if any(last - first > 1 for first, last in groups.values()):
        return True
    if tokens.words[groups["wrong"][0]] != tokens.words[groups["right"][0]]:
        return False
    if tokens.words[groups["wrong"][0]] == _NAME:
        return True
    if _sort(wrong) != _sort(right) or _attached(wrong) != _attached(right):
        return False
    units = [
        {word.casefold() for word in _MARK.findall(side)} - AMOUNT_WORDS if _sort(side) == "figure" else set()
        for side in (wrong, right)
    ]
    return not (units[0] and units[1]) or bool(units[0] & units[1])


def _attached(value: str) -> str | None:
    """Return the unit that follows a figure without a space: "5.0p"."""
    found = _ATTACHED.search(value)
    return found["unit"].lower() if found else None


def _sort(value: str) -> Literal["time", "date", "year", "figure"]:
    """Return whether a fact is a time of day, a date, a year or a figure."""
    kind = fact_kind(value)
    if _YEAR.fullmatch(value):
        return "year"
    if kind == "date":
        return (
            "time"
            if _TIME.search(value) and not any(word.isalpha() and len(word) > 2 for word in value.split())
            else "date"
        )
    return "figure"


def checked_claims(
    statement: str | None, changes: Iterable[tuple[str | None, str | None]] | None
) -> tuple[CorrectionClaim, ...]:
    """Return the claims of a statement, each checked against the changes.

    ``changes``: (before, after) of every change; None if it is not known what the notice replaces. For a statement
    that can be read both ways ("June 2 instead of June 4"), the changes decide.
    """
    sides = None if changes is None else [(before or "", after or "") for before, after in changes]
    return tuple(claim if sides is None else _checked(claim, sides) for claim in claims(statement))


def _checked(claim: CorrectionClaim, sides: Sequence[tuple[str, str]]) -> CorrectionClaim:
    if _shown(claim, sides):
        return replace(claim, state="confirmed")
    turned = CorrectionClaim(wrong=claim.right, right=claim.wrong)
    if claim.wrong and claim.right and _shown(turned, sides):
        return replace(turned, state="confirmed")
    values = [value for value in (claim.wrong, claim.right) if value]
    seen = any(_count(side, value) for value in values for pair in sides for side in pair)
    return replace(claim, state="unclear" if seen else "not found")


def _shown(claim: CorrectionClaim, sides: Iterable[tuple[str, str]]) -> bool:
    for before, after in sides:
        went = not claim.wrong or _count(before, claim.wrong) > _count(after, claim.wrong)
        came = not claim.right or _count(after, claim.right) > _count(before, claim.right)
        if went and came:
            return True
    return False


def _count(text: str, value: str) -> int:
    """Return how often a text has a value: literally, or else as an equal amount."""
    same_words = sum(1 for _ in _places(_key(text), _key(value)))
    if same_words:
        return same_words
    wanted = amounts(value)
    if len(wanted) != 1:
        return 0
    return sum(same_amount(wanted[0], other) for other in amounts(text))


def _places(text: str, value: str) -> Iterator[re.Match[str]]:
    # Numbers are compared whole: "15.2" does not contain "5". Ideographs follow each other without spaces.
    return re.finditer(rf"(?<![a-z0-9.,]){re.escape(value)}(?![a-z0-9]|[.,][0-9])", text)


def _key(text: str) -> str:
    return plain(text).casefold()


_HALF_DAY = re.compile(r"[ap]\.m\.$", re.IGNORECASE)
_EDGES = " \t\"“”„«»‘’'「」『』《》()[]（）【】,;:，、：；"


def _value(text: str | None) -> str | None:
    kept = (text or "").strip(_EDGES)
    return (kept if _HALF_DAY.search(kept) else kept.rstrip(".。")) or None

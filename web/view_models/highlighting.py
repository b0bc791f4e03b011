"""Highlights the words of a query in texts that it found. Pure.

A word is highlighted as it matches (``pipelines.query_matching``): whole words without regard to case and accents,
prefixes with ``*``, and substrings in scripts without spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from config.query import Near, Query, QuerySyntaxError, Term, parse_query, terms
from stories.text.index_words import plain
from stories.text.scripts import has_unspaced_or_hangul

_WORD = re.compile(r"[^\W_]+")
_WILDCARD = re.compile(r"[*?]")
MAX_SEARCHED_CHARACTERS = 20_000  # of a text
EXCERPT_CONTEXT = 90  # characters on each side of a match


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a text; ``is_match``: it matches the query."""

    text: str
    is_match: bool = False


@dataclass(frozen=True, slots=True)
class _Needle:
    words: Sequence[str]
    beginning: bool
    field: str | None
    row: re.Pattern[str]
    """Finds the words in the normalized form of an ASCII text; the group is the whole match."""


class _Word(NamedTuple):
    start: int
    end: int
    plain: str


class Highlights:
    """The words and phrases of a query."""

    def __init__(self, query: str) -> None:
        try:
            tree = parse_query(query) if query.strip() else None
        except QuerySyntaxError:
            tree = None
        self._needles = list(_needles(tree)) if tree is not None else []

    def __bool__(self) -> bool:
        return bool(self._needles)

    def marked(self, text: str, field: str) -> tuple[Fragment, ...]:
        """Return a text in fragments; one fragment without a match."""
        text = unicodedata.normalize("NFC", text)
        spans = self._spans(text, field)
        pieces, at = [], 0
        for start, end in spans:
            pieces += [Fragment(text[at:start]), Fragment(text[start:end], is_match=True)]
            at = end
        return tuple(piece for piece in (*pieces, Fragment(text[at:])) if piece.text)

    def excerpt(self, paragraphs: Iterable[str], field: str) -> tuple[Fragment, ...]:
        """Return the text around the first match; empty without a match."""
        for paragraph in paragraphs:
            text = unicodedata.normalize("NFC", paragraph)
            spans = self._spans(text, field)
            if not spans:
                continue
            start, end = max(0, spans[0][0] - EXCERPT_CONTEXT), min(len(text), spans[0][1] + EXCERPT_CONTEXT)
            start = text.find(" ", start, spans[0][0]) + 1 or start if start else 0
            end = text.rfind(" ", spans[0][1], end) if end < len(text) and " " in text[spans[0][1] : end] else end
            pieces = list(self.marked(text[start:end], field))
            before = [Fragment("… ")] if start else []
            return (*before, *pieces, *([Fragment(" …")] if end < len(text) else []))
        return ()

    def _spans(self, text: str, field: str) -> list[tuple[int, int]]:
        whole = plain(
            text[:MAX_SEARCHED_CHARACTERS]
        )  # a fast check first, because matching every word takes most of a page's time
        needles = [
            needle
            for needle in self._needles
            if needle.field in (None, field) and all(word in whole for word in needle.words)
        ]
        if not needles:
            return []
        if text.isascii():  # then characters have the same positions in the normalized form
            found = sorted(match.span(1) for needle in needles for match in needle.row.finditer(whole))
        else:
            words = [
                _Word(match.start(), match.end(), plain(match[0]))
                for match in _WORD.finditer(text[:MAX_SEARCHED_CHARACTERS])
            ]
            found = sorted(span for needle in needles for span in _found(words, needle, text))
        merged: list[tuple[int, int]] = []
        for start, end in found:
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def _needles(query: Query) -> Iterator[_Needle]:
    for part in terms(query):
        match part:
            case Near(left, right, _):
                yield from _term_needles(left.text, left.field)
                yield from _term_needles(right.text, right.field)
            case Term(text, field, slop):
                for words in text.split() if slop is not None or part.stem else [text]:
                    yield from _term_needles(words, field)


def _term_needles(text: str, field: str | None) -> Iterator[_Needle]:
    lead = _WILDCARD.split(text)[0]  # of a word with wildcards, the letters before the first
    words = [plain(word) for word in _WORD.findall(unicodedata.normalize("NFC", lead))]
    if words:
        beginning = lead != text
        yield _Needle(words, beginning, field, _row(words, beginning))


def _row(words: Sequence[str], beginning: bool) -> re.Pattern[str]:
    row = r"[\W_]+".join(map(re.escape, words)) + (r"[^\W_]*" if beginning else "")
    return re.compile(rf"(?<![^\W_])(?=({row})(?![^\W_]))")


def _found(words: Sequence[_Word], needle: _Needle, text: str) -> Iterator[tuple[int, int]]:
    count = len(needle.words)
    for at in range(len(words) - count + 1):
        if needle.words[0] not in words[at].plain:
            continue
        row = words[at : at + count]
        parts = [
            _part(word, wanted, text, beginning=needle.beginning and number == count - 1)
            for number, (word, wanted) in enumerate(zip(row, needle.words, strict=True))
        ]
        spans = [part for part in parts if part is not None]
        if len(spans) == count:
            yield spans[0][0], spans[-1][1]


def _part(word: _Word, wanted: str, text: str, *, beginning: bool) -> tuple[int, int] | None:
    """Return the span of a word that matches; None if it does not match."""
    if word.plain == wanted or (beginning and word.plain.startswith(wanted)):
        return word.start, word.end
    if not has_unspaced_or_hangul(text[word.start : word.end]):
        return None
    at = word.plain.find(wanted)
    if at < 0:
        return None
    if len(word.plain) != word.end - word.start:
        return word.start, word.end  # positions differ from the normalized form
    return word.start + at, word.start + at + len(wanted)

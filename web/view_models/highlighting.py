"""What was searched for, marked in what was found: pieces of a text, by the words of the query; pure.

A word is marked as it matches (``pipelines.matching``): whole, without regard to case and accents, by its beginning
with ``*``, and as a part of the text in scripts without spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from config.query import Not, Query, QuerySyntaxError, Term, parse_query
from stories.text.index_words import plain, unspaced

_WORD = re.compile(r"[^\W_]+")
LONGEST = 20_000  # characters that are looked through
BESIDE = 90  # characters that stand on each side of what was found


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a text; ``found``: it was searched for."""

    text: str
    found: bool = False


@dataclass(frozen=True, slots=True)
class _Needle:
    words: Sequence[str]
    beginning: bool
    field: str | None
    row: re.Pattern[str]
    """Finds it in the plain form of a text in ASCII, which has no script without spaces: the whole row is the group."""


class _Word(NamedTuple):
    start: int
    end: int
    plain: str


class Highlights:
    """What a query looks for."""

    def __init__(self, query: str) -> None:
        try:
            tree = parse_query(query) if query.strip() else None
        except QuerySyntaxError:
            tree = None
        self._needles = list(_needles(tree)) if tree is not None else []

    def __bool__(self) -> bool:
        return bool(self._needles)

    def marked(self, text: str, field: str) -> tuple[Fragment, ...]:
        """Return a text in pieces; one piece where nothing of it was searched for."""
        text = unicodedata.normalize("NFC", text)
        spans = self._spans(text, field)
        pieces, at = [], 0
        for start, end in spans:
            pieces += [Fragment(text[at:start]), Fragment(text[start:end], found=True)]
            at = end
        return tuple(piece for piece in (*pieces, Fragment(text[at:])) if piece.text)

    def excerpt(self, paragraphs: Iterable[str], field: str) -> tuple[Fragment, ...]:
        """Return what stands around the first place that was searched for; empty where there is none."""
        for paragraph in paragraphs:
            text = unicodedata.normalize("NFC", paragraph)
            spans = self._spans(text, field)
            if not spans:
                continue
            start, end = max(0, spans[0][0] - BESIDE), min(len(text), spans[0][1] + BESIDE)
            start = text.find(" ", start, spans[0][0]) + 1 or start if start else 0
            end = text.rfind(" ", spans[0][1], end) if end < len(text) and " " in text[spans[0][1] : end] else end
            pieces = list(self.marked(text[start:end], field))
            before = [Fragment("… ")] if start else []
            return (*before, *pieces, *([Fragment(" …")] if end < len(text) else []))
        return ()

    def _spans(self, text: str, field: str) -> list[tuple[int, int]]:
        whole = plain(text[:LONGEST])  # to look at each word of every paragraph takes most of a page's time
        needles = [
            one for one in self._needles if one.field in (None, field) and all(word in whole for word in one.words)
        ]
        if not needles:
            return []
        if text.isascii():  # then each letter of its plain form stands where its own does
            found = sorted(one.span(1) for needle in needles for one in needle.row.finditer(whole))
        else:
            words = [_Word(one.start(), one.end(), plain(one[0])) for one in _WORD.finditer(text[:LONGEST])]
            found = sorted(span for needle in needles for span in _found(words, needle, text))
        merged: list[tuple[int, int]] = []
        for start, end in found:
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def _needles(query: Query) -> Iterator[_Needle]:
    if isinstance(query, Not):
        return
    if isinstance(query, Term):
        words = [plain(word) for word in _WORD.findall(unicodedata.normalize("NFC", query.text))]
        if words:
            beginning = query.text.endswith("*")
            yield _Needle(words, beginning, query.field, _row(words, beginning))
        return
    for part in query.parts:
        yield from _needles(part)


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
    """Return where a word of the text is what is wanted; None where it is not."""
    if word.plain == wanted or (beginning and word.plain.startswith(wanted)):
        return word.start, word.end
    if not unspaced(text[word.start : word.end]):
        return None
    at = word.plain.find(wanted)
    if at < 0:
        return None
    if len(word.plain) != word.end - word.start:
        return word.start, word.end  # its letters do not stand where those of its plain form do
    return word.start + at, word.start + at + len(wanted)

"""Splits a headline into tokens, and finds the marker that starts at a token."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pipelines.notices.grammar import PRIORITY, RULES, Meaning, lexicon, marker_words, markers, meanings, part
from stories.text.scripts import has_unspaced_or_hangul
from stories.text.tokens import Tokens

_MIN_SPACED_LETTERS = 4  # single letters: fewer are not a marker
_MAX_SPACED_LETTERS = 16  # letters of the longest word that is printed with spaces between its letters
MAX_HEADLINE_LENGTH = 2_000  # characters of a headline that are searched

OPENERS = frozenset('[({<【〔《≪«*+/=#~|_"“!>-「『★■◆—')
CLOSERS = frozenset('])}>】〕》≫»*+=#~_"”!」』★■◆')
PAIRS = {"[": "]", "(": ")", "{": "}", "【": "】", "〔": "〕", "*": "*", "/": "/"}
SEPARATORS = frozenset(":;—|/…>•·")
_FILLERS = SEPARATORS | frozenset("*+=#-")


class HeadlineTokens(Tokens):
    """A headline as tokens. Spaced letters ("C O R R E C T I O N") are one token, in ``spaced``."""

    def __init__(self, text: str) -> None:
        super().__init__(text, MAX_HEADLINE_LENGTH)
        self.spaced: set[int] = set()
        if sum(map(self._is_letter, range(len(self.words)))) >= _MIN_SPACED_LETTERS:
            self._join_spaced_letters()

    def _join_spaced_letters(self) -> None:
        words: list[str] = []
        spans: list[tuple[int, int]] = []
        place = 0
        while place < len(self.words):
            joined, behind = self._spelled_words(place)
            for word, first, last in joined:
                self.spaced.add(len(words))
                words.append(word)
                spans.append((self.start(first), self.end(last + 1)))
            if not joined:
                words.append(self.words[place])
                spans.append(self.spans[place])
            place = behind
        if self.spaced:
            self.words, self.spans = words, spans

    def _spelled_words(self, place: int) -> tuple[list[tuple[str, int, int]], int]:
        """Return the words that the letters from ``place`` on spell, with first and last token; and the next place."""
        letters = self._letters_from(place)
        found: list[tuple[str, int, int]] = []
        used = 0
        while length := _spelled("".join(self.words[letter] for letter in letters[used : used + _MAX_SPACED_LETTERS])):
            word = "".join(self.words[letter] for letter in letters[used : used + length])
            found.append((word, letters[used], letters[used + length - 1]))
            used += length
        return found, (letters[used - 1] + 1 if used else place + 1)

    def _letters_from(self, place: int) -> list[int]:
        """Return the positions of single letters in a row, with nothing or one kind of punctuation between them."""
        if not self._is_letter(place):
            return []
        letters = [place]
        between = self.words[place + 1] if place + 1 < len(self.words) and self.words[place + 1] in ("-", ".") else ""
        step = 2 if between else 1
        while self._is_letter(following := letters[-1] + step) and (
            not between or self.words[following - 1] == between
        ):
            letters.append(following)
        return letters

    def _is_letter(self, place: int) -> bool:
        return place < len(self.words) and len(self.words[place]) == 1 and "a" <= self.words[place] <= "z"

    def is_separator(self, place: int) -> bool:
        """Whether a token separates a marker from a headline: a colon, a dash, or a comma before a space."""
        if place >= len(self.words):
            return False
        word = self.words[place]
        return word in SEPARATORS or (word in ",." and self.text[self.end(place + 1) :][:1].isspace())

    def skip(self, place: int, marks: frozenset[str]) -> int:
        """Return the first position from ``place`` on that is not one of the marks."""
        while place < len(self.words) and self.words[place] in marks:
            place += 1
        return place

    def behind_separator(self, place: int) -> int:
        """Return the position at which the headline starts after a separator and its decoration."""
        return self.skip(place + 1 if self.is_separator(place) else place, _FILLERS)

    def rest(self, place: int) -> str:
        """Return the printed text from a token on."""
        return self.text[self.start(place) :]

    def before(self, place: int) -> str:
        """Return the printed text before a token."""
        return self.text[: self.start(place)].rstrip()

    def tail(self, place: int) -> HeadlineTokens:
        """Return the headline from a token on as one line."""
        return HeadlineTokens(self.rest(place))


def _spelled(letters: str) -> int:
    """Return the number of letters that spell the longest word printed with spaces."""
    return max((len(word) for (word,) in lexicon("spaced") if letters.startswith(word)), default=0)


@dataclass(frozen=True, slots=True)
class Marker:
    """The words of a notice's marker, with its parts: tokens [first, last)."""

    first: int
    last: int
    meaning: Meaning | None
    """None for "advisory", whose kind the body decides."""
    word: str
    """Its words, folded."""
    printed: str
    spaced: bool

    @property
    def capitals(self) -> bool:
        """Whether it is in capitals, in a script that has them."""
        return self.printed.isupper()

    @property
    def unspaced_script(self) -> bool:
        """Whether it is in a script without spaces and capitals."""
        return has_unspaced_or_hangul(self.printed)


def marker_at(line: HeadlineTokens, place: int) -> Marker | None:
    """Return the marker that starts at a token."""
    if place >= len(line.words):
        return None
    described, plain = markers()
    if found := described.match(line, place):
        return _marker(line, place, found.groups["behind"][0])
    found = plain.match(line, place)
    return _marker(line, place, found.last) if found else None


def marker_ending(line: HeadlineTokens, first: int, last: int) -> Marker | None:
    """Return the marker that consists of the tokens [first, last)."""
    return _marker(line, first, last) if markers()[1].match(line, first, last) else None


def _marker(line: HeadlineTokens, first: int, last: int) -> Marker:
    words = line.words[first:last]
    return Marker(
        first=first,
        last=last,
        meaning=meaning(words),
        word=" ".join(words),
        printed=line.printed(first, last),
        spaced=any(place in line.spaced for place in range(first, last)),
    )


def meaning(words: list[str]) -> Meaning | None:
    """Return the meaning of a marker, by its most specific word."""
    found: list[Meaning] = []
    place = 0
    while place < len(words):
        for phrase in reversed(marker_words().get(words[place], ())):
            if tuple(words[place : place + len(phrase)]) == phrase:
                found.append(meanings()[phrase])
                place += len(phrase) - 1
                break
        place += 1
    if found and any(word == "with" and following.startswith("correct") for word, following in _pairs(words)):
        found.append(Meaning("correction", "plain"))
    return min(found, key=lambda known: (PRIORITY.index(known.kind), RULES.index(known.rule))) if found else None


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    kept = [word for word in words if word not in ("a", "an", "the")]
    return list(pairwise(kept))


def says(name: str, text: str) -> bool:
    """Whether a text contains a context ("market", "study", "column") of any language."""
    return part(name).search(Tokens(text, MAX_HEADLINE_LENGTH)) is not None


def may_follow(line: HeadlineTokens, place: int, marker: Marker) -> bool:
    """Whether a bracket may continue after a marker: "corrected, date", "訂正・数値"; "수정테이프" is another word."""
    word = line.words[place]
    return not marker.unspaced_script or not word[0].isalpha() or line.text[line.start(place) - 1].isspace()


def is_dated(line: HeadlineTokens, first: int, last: int) -> bool:
    """Whether a bracket gives a time or a part: "(Updated June 3, 2026)", not "(Updated for 2026)"."""
    words = line.words[first:last]
    if "for" in words:
        return "," in words
    return not words or part("dated").search(HeadlineTokens(line.printed(first, last))) is not None


def joined(before: str, after: str) -> str:
    """Return the headline that consists of two pieces, with single spaces."""
    return " ".join(f"{before} {after}".split())

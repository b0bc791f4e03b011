"""A text cut into tokens: words, numbers, marks, and single characters of scripts without spaces; pure."""

from __future__ import annotations

import re
from functools import cached_property

from stories.text.case_folding import fold
from stories.text.scripts import UNSPACED_OR_HANGUL

_TOKEN = re.compile(
    rf"[{UNSPACED_OR_HANGUL}]|\d+(?:[.,:]\d+)*[^\W\d_{UNSPACED_OR_HANGUL}]*|[^\W_{UNSPACED_OR_HANGUL}]+|\S"
)
_ENDS = frozenset(".!?。！？")
_ABBREVIATED = (
    "inc corp co ltd llc plc no st mr mrs ms dr jr sr vs approx est bhd pte pty cf nr str jan feb mar apr jun jul aug "
    "sep sept oct nov dec bzw ca"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())


_MARKS = re.compile(r"(?<=\s)-(?!-)|(?<!-)-(?=\s)|-{2,}|\.{2,}|[’‘]|(?<=[^\W\d_]):(?=[a-zà-ÿ])")
_UNIFIED = {"-": "—", ".": "…", "’": "'", "‘": "'", ":": "∶"}

_BEHIND_DAY = (
    "jan",
    "feb",
    "mar",
    "apr",
    "mai",
    "maj",
    "jun",
    "jul",
    "aug",
    "sep",
    "okt",
    "nov",
    "dez",
    "des",
    "quartal",
)


def _unified(found: re.Match[str]) -> str:
    return _UNIFIED[found[0][0]].ljust(len(found[0]))


class Tokens:
    """A text cut into tokens: words, numbers, marks and unspaced characters, folded.

    Marks are as patterns write them: every apostrophe is ``'``, every dash between words ``—``, dots are ``…``. The
    colon before a Nordic ending ("Oyj:n", "AB:s") separates nothing: it is ``∶``.
    """

    def __init__(self, text: str, limit: int) -> None:
        """``limit``: characters that are looked at; what follows is ignored."""
        self.text = text[:limit]
        self.folded = fold(self.text)
        self._marked = _MARKS.sub(_unified, self.text)
        self._marked = self.folded if self._marked == self.text else fold(self._marked)
        self.words: list[str] = _TOKEN.findall(self._marked)

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """For each token, where it starts and ends in the text."""
        return [match.span() for match in _TOKEN.finditer(self._marked)]

    @cached_property
    def ends(self) -> list[bool]:
        """For each token, whether it ends a sentence: "." before a space, unless an abbreviation precedes it."""
        return [word in _ENDS and self._ends_sentence(place) for place, word in enumerate(self.words)]

    def _ends_sentence(self, place: int) -> bool:
        if self.words[place] != ".":
            return True
        before = self.words[place - 1] if place else ""
        if self.text[self.end(place + 1) :][:1].isalnum() or before in _ABBREVIATIONS:
            return False
        if len(before) < 3 and before.isdigit():  # "12. Mai" goes on, "on June 12. The …" ends
            following = self.words[place + 1] if place + 1 < len(self.words) else ""
            return not (following.startswith(_BEHIND_DAY) or self.text[self.start(place + 1) :][:1].islower())
        return len(before) > 1

    def start(self, place: int) -> int:
        """Return the character at which a token starts; the text's end behind the last."""
        return self.spans[place][0] if place < len(self.words) else len(self.text)

    def end(self, place: int) -> int:
        """Return the character behind the token before ``place``."""
        return self.spans[place - 1][1] if place else 0

    def printed(self, first: int, last: int) -> str:
        """Return what was printed from token ``first`` to before token ``last``."""
        return self.text[self.start(first) : self.end(last)] if last > first else ""

"""Text made comparable: without case and accents, and as long as it was.

A pattern that is written once then finds ``CORRECCIÓN``, ``Correccion`` and ``ＣＯＲＲＥＣＴＩＯＮ：``, and the place
it finds is the place in what was printed.
"""

from __future__ import annotations

import re
import unicodedata

_UNDECOMPOSED = {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "ſ": "s"}
_LONG_DASHES = "–—―"
_HYPHENS = "‐‑‒−"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")


def _fold_character(character: str) -> str:
    if character in _LONG_DASHES:
        return "—"
    if character in _HYPHENS:
        return "-"
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) != 1:
        return character
    small = plain.casefold()
    if len(small) != 1:
        return plain
    parts = unicodedata.normalize("NFD", small)
    base, marks = parts[0], parts[1:]
    # Only Latin accents: a kana without its voicing mark or a Hangul syllable in parts would be another word.
    if marks and base < "\u0250" and all(unicodedata.category(mark) == "Mn" for mark in marks):
        small = base
    return _UNDECOMPOSED.get(small, small)


class _Folds(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


_FOLDS = _Folds()


def fold(text: str) -> str:
    """Return ``text`` at the same length without case, Latin accents, full-width forms; dashes are ``-`` or ``—``."""
    return text.lower() if text.isascii() else text.translate(_FOLDS)


def visible(text: str) -> str:
    """Return ``text`` composed (NFC), without invisible characters, trimmed."""
    if text.isascii():
        return text.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).strip()

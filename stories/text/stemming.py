"""Stems of words, by the Snowball algorithms (https://snowballstem.org/)."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Protocol

import snowballstemmer

from stories.text.index_words import plain

ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian",
    "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
"""Snowball's algorithm for a language (ISO 639-1)."""
WORDS_KEPT = 50_000


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 (the library's name)


@cache
def _stemmer(language: str) -> _Stemmer | None:
    name = ALGORITHMS.get(language)
    return snowballstemmer.stemmer(name) if name in snowballstemmer.algorithms() else None


@lru_cache(WORDS_KEPT)
def stem(word: str, language: str) -> str:
    """Return the stem of a word without case and accents; the word itself in a language without an algorithm."""
    stemmer = _stemmer(language.partition("-")[0])
    return plain(stemmer.stemWord(word.casefold())) if stemmer else plain(word)

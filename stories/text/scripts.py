"""The scripts of releases as Unicode ranges, and which of them are written without spaces; pure.

Every range is the body of a character class of a regular expression: ``re.compile(f"[{CJK}]")``. The ranges are whole
blocks of Unicode 16 (Blocks.txt), or several blocks that follow each other.
"""

from __future__ import annotations

import re

KANA = "\u3040-\u30ff"
"""Hiragana and Katakana, with the middle dot and the long vowel mark."""
HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Ideographs: radicals, 々〆〇, the unified ones with their extensions, the compatibility ones."""
HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
"""Syllables, and the letters (Jamo) that they are made of."""
THAI = "\u0e00-\u0e7f"
LAO = "\u0e80-\u0eff"
TIBETAN = "\u0f00-\u0fff"
MYANMAR = "\u1000-\u109f"
KHMER = "\u1780-\u17ff"
CYRILLIC = "\u0400-\u04ff"

CJK = KANA + HAN + HANGUL
"""Chinese, Japanese and Korean: a character says as much as several Latin letters."""
UNSPACED = KANA + HAN + THAI + LAO + TIBETAN + MYANMAR + KHMER
"""Written without spaces between words: each character is compared as a word."""
UNSPACED_OR_HANGUL = UNSPACED + HANGUL
"""The same with Hangul, whose spaces are in no fixed places and whose particles are part of the word ("삼성전자는")."""

EAST_ASIAN_TEXT = "\u3000-\u9fff\uff00-\uffef"
"""Kana and ideographs with their punctuation and full-width forms: a line break between two of these is no space.

Hangul is left out: its words have spaces.
"""

CJK_CHARACTER = re.compile(f"[{CJK}]")
UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")
UNSPACED_OR_HANGUL_CHARACTER = re.compile(f"[{UNSPACED_OR_HANGUL}]")


def has_cjk(text: str) -> bool:
    """Return whether a text has a Chinese, Japanese or Korean character."""
    return not text.isascii() and CJK_CHARACTER.search(text) is not None


def has_unspaced_or_hangul(text: str) -> bool:
    """Return whether a text has a character of a script that is written without spaces, or of Hangul."""
    return not text.isascii() and UNSPACED_OR_HANGUL_CHARACTER.search(text) is not None


def cjk_count(text: str) -> int:
    """Return how many Chinese, Japanese and Korean characters a text has."""
    return 0 if text.isascii() else len(CJK_CHARACTER.findall(text))


def unspaced_count(text: str) -> int:
    """Return how many characters of scripts that are written without spaces a text has, without Hangul."""
    return 0 if text.isascii() else len(UNSPACED_CHARACTER.findall(text))

"""Small tools for the text of a page: cleaning, comparing, and telling a sentence from a headline."""

from __future__ import annotations

import re
import unicodedata

from stories.text.scripts import EAST_ASIAN_TEXT, cjk_count, unspaced_count

# Zero-width and direction marks, soft hyphens, byte order marks; tags and other format characters of that kind.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
# Joiners mean something between letters of Arabic or Indic scripts, nothing next to Latin ones.
_JOINERS = re.compile("(?<![\u0590-\u0fff])[\u200c\u200d]+|[\u200c\u200d]+(?![\u0590-\u0fff])")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_C1 = re.compile("[\x80-\x9f]")
_SPACES = re.compile("[^\\S\n]+")
_LETTERS = re.compile(r"[^\W_]+")
_NOT_WORD_LATIN = bytes(code for code in range(256) if not chr(code).isalnum())
_TYPOGRAPHIC = "’‘“”–—…\u00a0®™•"  # what makes most Western texts more than Latin-1; taken out, the rest is fast
_SENTENCE_END = re.compile(r"""[.!?:;。！？：；…‥．।॥۔؟։።]["'”“’‘»«)\]」』）]*\s*$""")
_CUT_SHORT = re.compile(
    r"(?:…|\.{3}|‥|\[…\]|\[\.\.\.\])\s*(?:\[\+\]|\(?(?:read|learn|see)? ?more\)?|mehr|weiterlesen|»|›|>)?\s*$", re.I
)
UNMARKED = 45
"""Characters of a sentence in a script that marks no end of sentences: Thai, Lao, Khmer."""
_CJK_BREAK = re.compile(f"(?<=[{EAST_ASIAN_TEXT}])\n(?=[{EAST_ASIAN_TEXT}])")


def clean(text: str) -> str:
    """Return the text with single spaces and without invisible and control characters; line breaks stay.

    Characters U+0080–U+009F are what a page in windows-1252 meant (as HTML itself reads their numeric references).
    """
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        if "\u200c" in text or "\u200d" in text:
            text = _JOINERS.sub("", text)
        text = _C1.sub(_windows_1252, text)
        text = unicodedata.normalize("NFC", text)
    text = _CONTROLS.sub("", text.replace("\r", "\n"))
    return "\n".join(line for raw in text.split("\n") if (line := _SPACES.sub(" ", raw).strip()))


def _windows_1252(match: re.Match[str]) -> str:
    try:
        return match[0].encode("latin-1").decode("cp1252")
    except UnicodeDecodeError:
        return ""


def key(text: str) -> str:
    """Return what two spellings of the same text share: its letters and digits in lower case."""
    if not text.isascii():
        for mark in _TYPOGRAPHIC:
            text = text.replace(mark, "")
    try:
        return text.encode("latin-1").translate(None, _NOT_WORD_LATIN).decode("latin-1").lower()
    except UnicodeEncodeError:  # NFC: a letter and its accent are the same as the letter with it
        return "".join(_LETTERS.findall(unicodedata.normalize("NFC", text))).lower()


def is_sentence(text: str) -> bool:
    """Whether the text ends as sentences end (a full stop, a colon, their CJK forms, a closing quote after one).

    Thai sentences have no such end: there a text of some length is one.
    """
    if _SENTENCE_END.search(text[-12:]) is not None:
        return True
    return not text.isascii() and len(text) >= UNMARKED and unspaced_count(text) - cjk_count(text) > len(text) / 2


def is_cut_short(text: str) -> bool:
    """Whether the text breaks off with an ellipsis, as teasers do: ``… Generative AI alone will …``."""
    return _CUT_SHORT.search(text[-24:]) is not None


def weight(text: str) -> int:
    """Return the length of a text in Latin characters: a Chinese, Japanese or Korean one says about three times as much."""  # noqa: E501
    if text.isascii():
        return len(text)
    return len(text) + 2 * cjk_count(text)


def joined(lines: str) -> str:
    """Return the lines of a block as one paragraph; no space between two characters of Chinese or Japanese."""
    if "\n" not in lines:
        return lines
    return _CJK_BREAK.sub("", lines).replace("\n", " ")

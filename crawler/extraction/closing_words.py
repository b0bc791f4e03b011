"""The words that end a release in each language: disclaimer, source line, headings of company sections.

They are the table ``[closing]`` of ``stories/text/languages/``. A disclaimer is known by its parts: a sentence that
opens with the issuer or the document, and holds a word of content and a word of responsibility.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

import msgspec

from stories.text.languages import language_tables
from stories.text.linear_regex import LinearPattern
from stories.text.scripts import has_unspaced_or_hangul

DISCLAIMER_MAX = 260  # characters of the longest sentence; Media OutReach's in German has 90
HEADING_MAX = 110  # characters of a heading of a company section
_SENTENCE = re.compile(r"[^.。！!\n]*(?:\.(?=\w)[^.。！!\n]*)*[.。！!]?")
_BOUNDARY = re.compile(r"(?:^|[\s.。！!？?）)」』”\"…])$")


class ClosingWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[closing]`` of a language; each value is a list of phrases, one for each ``|`` and line."""

    issuer: str = ""
    """What a disclaimer opens with."""
    content: str = ""
    responsible: str = ""
    source: str = ""
    """The label of a source line, without its colon."""
    about: str = ""
    """What a heading of a company section has before the name."""
    profile: str = ""
    """What it has behind the name."""


Part = Literal["issuer", "content", "responsible", "source", "about", "profile"]


@cache
def closing_words() -> dict[str, ClosingWords]:
    """Return the tables by language tag.

    Raises:
        msgspec.ValidationError: a table has an unknown key.
    """
    tables = language_tables().items()
    return {tag: msgspec.convert(table["closing"], type=ClosingWords) for tag, table in tables if "closing" in table}


def phrases_of(part: Part) -> list[str]:
    """Return the phrases of a part in all languages, the longest first."""
    lists = (getattr(words, part) for words in closing_words().values())
    found = {phrase.strip() for text in lists for line in text.splitlines() for phrase in line.split("|")} - {""}
    return sorted(found, key=lambda phrase: (-len(phrase), phrase))


def _any_of(part: Part) -> str:
    """Return a pattern of the phrases of a part; those of scripts with spaces are whole words."""
    return "|".join(
        re.escape(phrase).replace(r"\ ", r"\s") + ("" if has_unspaced_or_hangul(phrase) else r"(?!\w)")
        for phrase in phrases_of(part)
    )


_ISSUER = re.compile(f"(?:{_any_of('issuer')})", re.I)
_CONTENT = re.compile(f"(?:{_any_of('content')})", re.I)
_RESPONSIBLE = re.compile(f"(?:{_any_of('responsible')})", re.I)
_MAY_BE_DISCLAIMER = LinearPattern("|".join(map(re.escape, phrases_of("responsible"))), ignore_case=True)
"""In every text with a disclaimer; on RE2, which searches a page in microseconds."""
SOURCE_LINE = re.compile(rf"^\W{{0,3}}(?:{_any_of('source')})\s?[:：]\s*(?P<name>\S.{{0,120}})$", re.I)
_ABOUT = re.compile(rf"^(?P<word>{_any_of('about')})(?P<gap>\s*)(?P<name>\S.*)$", re.I | re.S)
_PROFILES = tuple(phrases_of("profile"))
_SORT = re.compile(r"\s(?:会社|企業|公司|企业|회사|기업)$")
"""A word before "profile" that is no part of the name."""
_FRAME = " 【】[]■◆●▼▶・◇○□〇<>＜＞"


def is_likely_disclaimer(text: str) -> bool:
    """Return whether a text has a word of responsibility."""
    return _MAY_BE_DISCLAIMER.search(text) is not None


def disclaimer_at(text: str, at: int) -> int:
    """Return where the disclaimer ends that begins at a place of a text; 0 where none begins there."""
    if not is_likely_disclaimer(text) or _ISSUER.match(text, at) is None:
        return 0
    sentence = _SENTENCE.match(text[at : at + DISCLAIMER_MAX + 1])
    end = at + (sentence.end() if sentence else 0)
    said = text[at:end]
    if len(said) > DISCLAIMER_MAX or _RESPONSIBLE.search(said) is None or _CONTENT.search(said) is None:
        return 0
    return end


def find_disclaimer(text: str) -> tuple[int, int] | None:
    """Return the place of a disclaimer in a text: at a sentence's beginning, or glued to a hashtag or an address."""
    if not is_likely_disclaimer(text):
        return None
    for opening in _ISSUER.finditer(text):
        before = text[: opening.start()]
        word = before[before.rfind(" ") + 1 :]
        is_glued = any(sign in word for sign in ("#", "＃", "://", "www.")) and (
            opening[0][0].isupper() or has_unspaced_or_hangul(opening[0][0])
        )
        if (is_glued or _BOUNDARY.search(before)) and (end := disclaimer_at(text, opening.start())):
            return opening.start(), end
    return None


def company_of(heading: str) -> str | None:
    """Return the company that a heading names: "About X", "關於X", "X 개요"; None for another line."""
    text = heading.strip().rstrip(":：").strip(_FRAME)
    if not text or len(text) > HEADING_MAX:
        return None
    if match := _ABOUT.match(text):
        name = match["name"].strip()
        is_apart = match["gap"] or has_unspaced_or_hangul(match["word"]) or match["word"][-1] in "'’"
        if is_apart and not name[0].islower():
            return name
    lower = text.casefold()
    for phrase in _PROFILES:
        if lower.endswith(phrase) and len(lower) > len(phrase):
            before = text[: len(text) - len(phrase)]
            if before[-1:].isspace() or has_unspaced_or_hangul(phrase):
                return _SORT.sub("", before.strip()).strip(_FRAME) or None
    return None

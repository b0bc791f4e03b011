"""Hashtags.

Media OutReach glues its tail together: ``Hashtag: #HKSTPThe issuer is solely responsible …About X``; tags hold ``&``
(``#I&T``, ``#Belt&Road``) and follow a full-width ``＃`` in Chinese and Japanese releases. Where a tag ends is known by
the disclaimer behind it, else by a change of script or a capital letter inside a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawler.extraction.body.phrases import HASHTAG_LABEL
from crawler.extraction.closing_words import find_disclaimer
from stories.text.scripts import UNSPACED_OR_HANGUL, has_unspaced_or_hangul

_SIGN = r"[\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff\u0e00-\u0e5a\u0e80-\u0fff\u1000-\u109f\u1780-\u17ff]"
"""A letter, a digit, or a vowel sign that is no letter of its own in Unicode (Thai, Hindi)."""
_NAME = rf"{_SIGN}+(?:[&＆]{_SIGN}+)*"
_TAG = re.compile(rf"(?<![\w&/#＃])[#＃]({_NAME})")
_ANY_TAG = re.compile(rf"[#＃]{_SIGN}(?:{_SIGN}|[&＆])*")
_GLUED = re.compile(r"(?<=\S)(?=(?:https?://|(?<!//)www\.|About\s+[A-Z0-9]|Über\s+[A-Z]|[關关][於于]\S))")
_GLUED_TAGS = re.compile(rf"([#＃](?:{_SIGN}|[&＆])+)(?=[#＃])")
_LABELLED = re.compile(rf"^(?P<tags>(?:[#＃]{_NAME}[\s,，、;；|/·]*)*[#＃])(?P<last>{_NAME})(?P<rest>.*)$", re.S)
_HUMP = re.compile(r"(?:(?<=[a-z0-9])|(?<=[A-Z]))(?=[A-Z][a-z'’]*$)")
_SCRIPTS_MEET = re.compile(rf"(?<=[^\W{UNSPACED_OR_HANGUL}])(?=[{UNSPACED_OR_HANGUL}]{{4}})")
LEAST_SENTENCE = 12  # characters of a sentence glued to a tag; half as many letters say as much in Chinese
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")  # the issuer's accounts, which Media OutReach prints behind its tags
_FULL_WIDTH = str.maketrans({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})
_LINE_LEFT = re.compile(r"[\s,;、，|/·.:：#＃]*")


def unglue(text: str) -> str:
    """Return a tail of a release with line breaks around what is glued in it: addresses, disclaimer, about."""
    if "#" in text or "＃" in text or "://" in text:
        text = _GLUED.sub("\n", text)
    lines = [part for line in text.split("\n") for part in _parted(line)]
    return "\n".join(lines) if len(lines) > 1 else text


def _parted(line: str) -> list[str]:
    """Return the hashtags, the disclaimer and what follows it as lines of their own."""
    if found := find_disclaimer(line):
        begin, end = found
        parts = [line[:begin].rstrip(), line[begin:end], line[end:].lstrip()]
        return [part for part in parts if part.strip()]
    label = HASHTAG_LABEL.match(line)
    if label is None or ("#" not in line and "＃" not in line):
        return [line]
    at = _end_of_tags(line, label.end())
    return [line[:at].rstrip(), line[at:].lstrip()] if at < len(line) else [line]


def _end_of_tags(line: str, begin: int) -> int:
    """Return where the hashtags behind a label end, of which the last may be glued to a sentence."""
    match = _LABELLED.match(line, begin)
    if match is None:
        return len(line)
    last, rest = match["last"], match["rest"]
    if _ANY_TAG.search(rest) or len(last + rest.strip()) - len(last) < 1:
        return len(line)
    place = match.start("last")
    if has_unspaced_or_hangul(last + rest):
        meeting = _SCRIPTS_MEET.search(last)
        sentence = last[meeting.start() :] if meeting else rest.strip()
        if len(sentence) + len(rest) >= LEAST_SENTENCE:
            return place + (meeting.start() if meeting else len(last))
        return len(line)
    if not rest.strip(" .,;") or len(rest) < LEAST_SENTENCE:
        return len(line)
    hump = _HUMP.search(last) if rest[:1] == " " and rest[1:2].islower() else None
    return place + (hump.start() if hump else len(last))


def is_tag_line(text: str) -> bool:
    """Whether a line holds hashtags and nothing else but their label."""
    if "#" not in text and "＃" not in text:
        return HASHTAG_LABEL.fullmatch(text.strip()) is not None
    rest = _ANY_TAG.sub("", _ADDRESS.sub("", HASHTAG_LABEL.sub("", text, count=1)))
    return not _LINE_LEFT.sub("", rest)


def find_tags(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the hashtags of some text as printed (full-width letters as usual ones), each once."""
    found: dict[str, str] = {}
    for line in lines:
        if "#" not in line and "＃" not in line:
            continue
        for match in _TAG.finditer(_GLUED_TAGS.sub(r"\1 ", unglue(line))):
            tag = match[1].translate(_FULL_WIDTH)
            if not tag.isdigit() and not re.fullmatch(r"\d+\w{0,2}", tag):
                found.setdefault(tag.lower(), tag)
    return tuple(found.values())

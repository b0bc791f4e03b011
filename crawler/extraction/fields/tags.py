"""Hashtags.

Media OutReach glues its tail together: ``Hashtag: #HKSTPThe issuer is solely responsible …About X``; tags hold ``&``
(``#I&T``, ``#Belt&Road``) and follow a full-width ``＃`` in Chinese and Japanese releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawler.extraction.body.phrases import DISCLAIMER, HASHTAG_LABEL

_TAG = re.compile(r"(?<![\w&/#＃])[#＃](\w+(?:[&＆]\w+)*)")
_ANY_TAG = re.compile(r"[#＃]\w[\w&＆]*")
_GLUED = re.compile(rf"(?<=\S)(?=(?:https?://|(?<!//)www\.|{DISCLAIMER}|About\s+[A-Z0-9]|Über\s+[A-Z]|[關关][於于]\S))")
_GLUED_TAGS = re.compile(r"([#＃][\w&＆]+)(?=[#＃])")
_DISCLAIMER_WORDS = (
    "issuer",
    "mittent",
    "erausgeber",
    "metteur",
    "emisor",
    "emissor",
    "內容",
    "内容",
    "내용",
    "phát hành",
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")  # the issuer's accounts, which Media OutReach prints behind its tags
_FULL_WIDTH = str.maketrans({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})
_LINE_LEFT = re.compile(r"[\s,;、，|/·.:：#＃]*")


def unglue(text: str) -> str:
    """Return a tail of a release with a line break before an address, a disclaimer or an about section glued to it."""
    if "#" in text or "＃" in text or "://" in text or any(word in text for word in _DISCLAIMER_WORDS):
        return _GLUED.sub("\n", text)
    return text


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

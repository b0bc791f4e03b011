"""Lines that a site puts between or around the paragraphs of a text: links to other stories, bars, offers.

The words are one table, ``site_lines.toml``. Words alone prove nothing: a link to another story is a link, a bar is a
whole short line, an offer addresses the reader and is at the edge of the text or in a box of its own.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from crawler.extraction.body.blocks import Block
from crawler.extraction.text import is_sentence, weight

LineKind = Literal["read_also", "bar", "offer"]
"""
``read_also``: what is in front of the linked headline of another story.
``bar``: a whole line.
``offer``: words in a paragraph that offers something to the reader.
"""

BAR = 160  # Latin characters of a listen or share bar
LINKED = 0.55  # of a paragraph is the linked headline of another story
LINK_LINE = 320  # Latin characters of a label with one or two linked headlines
HEADLINE = 20  # Latin characters of another story's headline
OFFER = 420  # Latin characters of an offer
_QUOTES = '"“„«‘»「『'


@cache
def site_lines() -> dict[LineKind, dict[str, list[str]]]:
    """Return the patterns by kind and language tag.

    Raises:
        msgspec.ValidationError: the table has an unknown kind or a value of another type.
    """
    source = (files("crawler.extraction.body") / "site_lines.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(source), type=dict[LineKind, dict[str, list[str]]])


def _patterns(kind: LineKind) -> str:
    return "|".join(pattern for patterns in site_lines()[kind].values() for pattern in patterns)


READ_ALSO = re.compile(rf"\W{{0,4}}(?:{_patterns('read_also')})\s{{0,2}}(?:[:：]|[-–—»>|]\s|(?=\n)|$)", re.I)
"""At the start of a paragraph."""
BAR_LINE = re.compile(rf"\W{{0,3}}(?:{_patterns('bar')})\W{{0,6}}", re.I)
"""A whole line."""
OFFERED = re.compile(_patterns("offer"), re.I)


def is_read_also(block: Block) -> bool:
    """Whether a block is nothing but links to other stories behind a label: "Read also: Gull Line buys a ferry"."""
    text = block.text
    if not block.links or weight(text) > LINK_LINE or block.kind == "row":
        return False
    label = READ_ALSO.match(text)
    if label is None:
        return False
    rest = text[label.end() :]
    return (block.link_density >= LINKED and weight(rest) >= HEADLINE) or block.link_density >= 0.9


def is_bar(text: str) -> bool:
    """Whether a whole line is a bar: "Listen to this article 4 min", "Share: Facebook | X"."""
    return weight(text) <= BAR and BAR_LINE.fullmatch(text.replace("\n", " ")) is not None


def is_offer(text: str) -> bool:
    """Whether a paragraph offers the reader a subscription, a newsletter or the like."""
    return weight(text) <= OFFER and text[:1] not in _QUOTES and OFFERED.search(text) is not None


def is_linked_title(block: Block) -> bool:
    """Whether a paragraph is a link alone that reads like a headline."""
    text = block.text
    return (
        block.links == 1
        and block.link_density >= 0.9
        and block.kind in ("text", "heading")
        and HEADLINE <= weight(text) <= LINK_LINE
        and not is_sentence(text)
        and "://" not in text
        and "@" not in text
        and " " in text.strip()
    )

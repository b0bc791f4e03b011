"""The paragraphs of the article from which its parts are found: lines that belong together are one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.extraction.body.blocks import Block, is_latin_headline
from crawler.extraction.fields.tags import unglue
from crawler.extraction.text import is_cut_short, is_sentence, joined, weight
from stories.text.scripts import has_cjk

LINE_LEAST = 20  # characters of a line that was wrapped by hand
LINE_FULL, LINE_MOST = 60, 110  # characters of the longest line where lines are wrapped at a width
FULL = 0.5  # of the longest line, where a small letter follows
WRAPPED = 0.85  # of the longest line, where a capital or a figure follows
_ENTRY = re.compile(r"[@:：•|]|://|^\W*[-*–•·+]|^\d+[.)]\s|\bwww\.")
"""A list's or a contact's line."""
SHORT = 140  # Latin characters: a heading, a label, a contact's line


@dataclass(slots=True)
class Paragraph:
    """One paragraph of the article, lines joined where they belong together."""

    text: str
    block: Block
    part: str = ""
    """What it became: ``body``, ``about``, ``contacts`` …; empty where the release has none of it."""
    reason: str = ""

    @property
    def is_short(self) -> bool:
        """Whether it is no longer than a heading or a label."""
        return weight(self.text) <= SHORT


def paragraphs_of(blocks: Sequence[Block]) -> list[Paragraph]:
    """Return the paragraphs of chosen blocks; a line break parts two where one ends or a mark begins."""
    pieces: list[Paragraph] = []
    for block in blocks:
        lines = unglue(block.text).split("\n")
        start = 0
        width = max(map(len, lines))
        for end in range(1, len(lines) + 1):
            if end == len(lines) or _parts(lines[end - 1], lines[end], width):
                text = joined("\n".join(line for line in lines[start:end] if line.strip())).strip()
                if text:
                    pieces.append(Paragraph(text, block))
                start = end
    return pieces


def _parts(before: str, after: str, width: int) -> bool:
    """Whether a line break between two lines ends a paragraph; ``width`` is the length of the block's longest line."""
    if is_sentence(before):
        return True
    if _is_wrapped(before, after, width):
        return False
    if weight(before) <= SHORT:
        return True
    return not after[:1].islower() and not before.endswith((",", "-", "–"))


def _is_wrapped(before: str, after: str, width: int) -> bool:
    """Whether a sentence goes on behind a line break: its line is nearly full, or a small letter follows some words."""
    if len(before) < LINE_LEAST or _ENTRY.search(before) or _ENTRY.search(after) or has_cjk(before[-1:]):
        return False
    if after[:1].islower():
        return len(before) >= FULL * width and before.count(" ") >= 3
    return (
        len(before) >= WRAPPED * width
        and LINE_FULL <= width <= LINE_MOST
        and after[:1].isalnum()
        and before[-1:].islower()
    )


def is_prose(piece: Paragraph) -> bool:
    """Whether a paragraph is running text: a sentence of some length, whole, and not made of links."""
    text = piece.text
    return weight(text) >= 100 and is_sentence(text) and piece.block.link_density < 0.5 and not is_cut_short(text)


def prose_behind(pieces: list[Paragraph], prose: list[bool]) -> list[int]:
    """Return for each paragraph how much running text follows it."""
    rest = [0] * (len(pieces) + 1)
    for index in range(len(pieces) - 1, -1, -1):
        rest[index] = rest[index + 1] + (weight(pieces[index].text) if prose[index] else 0)
    return rest[1:]


def teaser_pairs(pieces: list[Paragraph]) -> set[int]:
    """Return the indexes of headlines that a cut-off paragraph follows, where a page has two or more of them."""
    pairs = {
        index
        for index in range(len(pieces) - 1)
        if is_latin_headline(pieces[index].text)
        and not is_sentence(pieces[index].text)
        and is_cut_short(pieces[index + 1].text)
        and weight(pieces[index + 1].text) >= 40
    }
    return pairs if len(pairs) >= 2 else set()

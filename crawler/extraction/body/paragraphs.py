"""The paragraphs of the article from which its parts are found: lines that belong together are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.extraction.body.blocks import Block, is_latin_headline
from crawler.extraction.fields.tags import unglue
from crawler.extraction.text import is_cut_short, is_sentence, joined, weight

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
        for end in range(1, len(lines) + 1):
            if end == len(lines) or _parts(lines[end - 1], lines[end]):
                text = joined("\n".join(line for line in lines[start:end] if line.strip())).strip()
                if text:
                    pieces.append(Paragraph(text, block))
                start = end
    return pieces


def _parts(before: str, after: str) -> bool:
    """Whether a line break between two lines ends a paragraph."""
    if is_sentence(before) or weight(before) <= SHORT:
        return True
    return not after[:1].islower() and not before.endswith((",", "-", "–"))


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

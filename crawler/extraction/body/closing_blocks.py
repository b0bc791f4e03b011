"""Chooses the blocks of a release's end that Trafilatura leaves out: hashtags, disclaimer, company section."""

from __future__ import annotations

from crawler.extraction.body import phrases
from crawler.extraction.body.blocks import Block
from crawler.extraction.body.company_headings import bold_opening
from crawler.extraction.closing_words import company_of, find_disclaimer
from crawler.extraction.fields.tags import is_tag_line, unglue
from crawler.extraction.text import weight

CLOSING_MAX = 4_000  # characters of a closing; a section about a company has some hundred
HEADING_MAX = 140  # Latin characters


def take_closing(blocks: list[Block]) -> None:
    """Choose the blocks with a release's closing that are in the same element as its text."""
    chosen = [block.index for block in blocks if block.chosen]
    if not chosen or len(blocks) <= chosen[-1]:
        return
    homes = {blocks[index].element.getparent() for index in chosen}
    is_open = False
    for block in blocks[chosen[0] :]:
        if block.is_boilerplate or (block.element.getparent() not in homes and block.element not in homes):
            is_open = False
            continue
        if block.chosen:
            is_open = _is_closing(block) or (is_open and weight(block.text) <= HEADING_MAX)
            continue
        if block.index > chosen[-1] and phrases.RELATED.match(block.text):
            return
        is_section = is_open and (_opens_section(block) or blocks[block.index - 1].chosen)
        if _is_closing(block) or is_section:
            block.chosen = is_open = True
        else:
            is_open = False


def _is_closing(block: Block) -> bool:
    text = block.text
    if len(text) > CLOSING_MAX:
        return False
    return find_disclaimer(text) is not None or any(is_tag_line(line) for line in unglue(text).split("\n"))


def _opens_section(block: Block) -> bool:
    """Whether a block is the heading of a section about a company, or opens with its bold name."""
    is_short = weight(block.text) <= HEADING_MAX
    return bold_opening(block.element, block.text) is not None or (is_short and company_of(block.text) is not None)

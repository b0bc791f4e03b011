"""The text right under a page's own headline, and whether it proves that the page is a release.

Pages with a short text and many teasers look like listings: most of their text is other stories'. A headline that is no
link, over a paragraph that opens with a dateline or that is a notice, proves the release; then what is under the
linked headlines behind it is not of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lxml.html

from crawler.extraction.body import phrases
from crawler.extraction.body.blocks import Block, is_latin_headline, is_under
from crawler.extraction.fields.datelines import find_dateline
from crawler.extraction.text import is_cut_short, is_sentence, key, weight

OPENING = 3  # paragraphs under the headline, one of which opens with the dateline or is the notice
RUNNING = 40  # Latin characters: a shorter line is a date, a byline, a label
SENTENCE = 60  # Latin characters
TITLE = 20  # Latin characters of a linked headline; a shorter link is a menu's
SHORT = 1_200  # Latin characters of text, from which on no wall is seen in a page
TEASERS = 3  # linked headlines on a page; fewer are links of the release's own


@dataclass(frozen=True, slots=True)
class Headed:
    """A headline and the paragraphs under it, up to the first other story."""

    headline: Block
    text: tuple[Block, ...]
    titles: frozenset[int]
    """The indexes of the linked headlines of other stories."""
    others: frozenset[int]
    """The indexes of all blocks that are other stories': their headlines and the text under them."""

    @property
    def stories(self) -> int:
        """The number of other stories on the page."""
        return len(self.titles)

    @property
    def may_be_mistaken(self) -> bool:
        """Whether the page has so little text or so many teasers that it looks like no release."""
        return self.stories >= TEASERS or sum(weight(block.text) for block in self.text) < SHORT

    @property
    def is_proof(self) -> bool:
        """Whether it is a release: it opens with a dateline, or is a notice."""
        opening = [block.text for block in self.text[:OPENING]]
        if any(find_dateline(text) is not None for text in opening):
            return True
        if not opening:
            return False
        return phrases.NOTICE_HEADLINE.match(self.headline.text) is not None or any(
            phrases.NOTICE_SENTENCE.search(text) for text in opening
        )


def find_headed(blocks: Sequence[Block]) -> Headed | None:
    """Return the page's headline and the text under it; None where no single unlinked first heading has any."""
    top = [
        block for block in blocks if block.level == 1 and not block.is_boilerplate and not block.links and _says(block)
    ]
    if len(top) != 1:
        return None
    titles = {block.index for block in blocks if _is_linked_title(block)}
    text: list[Block] = []
    for block in blocks[top[0].index + 1 :]:
        if block.index in titles or (block.kind == "heading" and phrases.RELATED.match(block.text)):
            break
        if not block.is_boilerplate and block.link_density < 0.4 and weight(block.text) >= RUNNING:
            text.append(block)
    if not text:
        return None
    home = text[0].element.getparent()  # a linked sub-heading in it is the release's own
    others = frozenset(_others(blocks, titles, home))
    return Headed(top[0], tuple(text), others & titles, others)


def keep_own(blocks: Sequence[Block], headed: Headed) -> None:
    """Choose the text under the headline, and nothing of the other stories, where a page has a number of those."""
    if headed.stories < TEASERS:
        return
    for block in blocks:
        if block.index in headed.others:
            block.leave("another story's headline or text")
    if not any(block.chosen for block in headed.text):
        for block in blocks:
            block.leave("not under the headline")
        for block in headed.text:
            block.choose("under the headline")
    home = headed.text[0].element.getparent()
    for block in headed.text:  # a short last paragraph in front of many teasers is easily taken for theirs
        if block.element.getparent() is home and is_sentence(block.text) and weight(block.text) >= SENTENCE:
            block.choose("under the headline, in the text's element")


def _says(block: Block) -> bool:
    letters = key(block.text)
    return len(letters) >= 12 or weight(letters) >= 18


def _others(blocks: Sequence[Block], titles: set[int], home: lxml.html.HtmlElement | None) -> Iterator[int]:
    """Yield the indexes of other stories' headlines and of the text under each of them."""
    for index in titles:
        title = blocks[index]
        item = title.element.getparent()
        while item is not None and item.tag in ("a", "header", "h2", "h3", "h4"):
            item = item.getparent()
        if item is None or title.element.getparent() is home:
            continue
        yield index
        for following in blocks[index + 1 : index + 3]:
            if following.kind == "heading" or following.index in titles:
                break
            if is_cut_short(following.text) or is_under(following.element, item):
                yield following.index


def _is_linked_title(block: Block) -> bool:
    """Whether a block is the linked headline of another story, alone or with its first words behind it."""
    if block.is_boilerplate or block.links != 1 or weight(block.text) * block.link_density < TITLE:
        return False
    if block.link_density > 0.7:
        return block.kind == "heading" or is_latin_headline(block.text)
    return block.kind == "item"

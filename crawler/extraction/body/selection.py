"""Which blocks of a page are its article: Trafilatura's word, and the page's structure around it.

Trafilatura says what the main text is; the blocks say where it is. A paragraph that Trafilatura lost between two it
found, in the same element, is taken back; one that is in a sidebar as well is taken where the article is.
"""

from __future__ import annotations

import html
import logging
import re
from collections import Counter
from itertools import pairwise

import lxml.html
import trafilatura
from trafilatura.settings import Extractor

from crawler.extraction.body import phrases
from crawler.extraction.body.blocks import Block, ancestors, is_under
from crawler.extraction.body.inline_markup import settled_markup
from crawler.extraction.body.single_column import choose_column, choose_densest
from crawler.extraction.body.site_lines import is_read_also
from crawler.extraction.fields.dates import is_date_line
from crawler.extraction.fields.tags import is_tag_line
from crawler.extraction.page import Page
from crawler.extraction.text import clean, is_cut_short, is_sentence, key, weight
from stories.model.release import NotARelease

SURE = 24  # letters that two different paragraphs do not share by chance
LITTLE_FOUND = 0.15  # of a page's running text: Trafilatura missed it
FAST_ENOUGH = 0.3  # of a page's running text; with less, second opinions are worth their time (0.5 measured worse)
LINKED_LEAST = 600  # characters of an article's body in linked data; shorter ones are summaries
LINKED_MORE = 1.5  # times what was found
LEAD_WITHIN = 20  # blocks between a headline and its text: bylines, dates, share bars, a picture
LEAST_OF_ARTICLE = 300  # Latin characters
LINKED_TITLE = 0.7  # of a heading that leads to another story is its link
FIRST_LINES = 3  # short sentences above the text
FIRST_LINE = 25  # Latin characters of each
LEAD_LEAST = 60  # Latin characters of a summary without a full stop, right under the headline
NEAR = 4  # elements around a block in which its article is
_OVERLAY = re.compile(r"modal|overlay|popup|pushlayer|push-|consent|cookie|dialog|lightbox|toast", re.I)
FEW_BLOCKS = 60  # of a page that may be no more than its text
TITLE = 140  # Latin characters
PARTS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote"})
RUN = 60  # blocks between two paragraphs; a list or a table of a release has some thirty
SHARE = 0.8  # of the chosen text is in the main element

_FAST, _THOROUGH = (Extractor(fast=fast, comments=False, tables=True) for fast in (True, False))
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs an error for every page without a text


def choose(page: Page, blocks: list[Block]) -> lxml.html.HtmlElement:
    """Mark the blocks of the article as chosen; return the element that holds (nearly) all of it."""
    for block in blocks:
        block.key = key(block.text)
    if not choose_column(blocks):
        _mark(blocks, *_trafilatura_text(page, fast=True))
        if _chosen_share(blocks) < FAST_ENOUGH:
            _mark(blocks, *_trafilatura_text(page, fast=False))
        if _chosen_share(blocks) < LITTLE_FOUND:
            choose_densest(blocks)
    _use_json_ld(page, blocks)
    if len(blocks) <= FEW_BLOCKS and not any(block.chosen for block in blocks):
        for block in blocks:
            if not block.is_boilerplate and block.link_density < 0.5 and is_sentence(block.text) and block.level == 0:
                block.choose("a sentence, on a page with no other text")
    _keep_headlined_article(blocks)
    main = _main_element(page, blocks)
    inside = [is_under(block.element, main) for block in blocks]
    _once(blocks, inside)
    _take_back(blocks, inside)
    _take_lead(page, blocks)
    _take_first_line(blocks)
    for block in blocks:
        if block.chosen and is_read_also(block):
            block.leave("links to other stories")
    return main


def _mark(blocks: list[Block], whole: str, lines: set[str]) -> None:
    for block in blocks:
        if len(block.key) >= SURE or (not block.text.isascii() and weight(block.key) >= SURE):
            block.chosen = block.key in whole or (len(block.key) > 160 and _mostly(block.text, whole))
        else:
            block.chosen = block.key in lines


def _use_json_ld(page: Page, blocks: list[Block]) -> None:
    """Choose what the page's own linked data calls the article's body, where that is much more than was found.

    Where the page shows none of it (a shell, a paywall), its paragraphs are added as blocks.
    """
    said = max((body for node in page.linked if isinstance(body := node.get("articlebody"), str)), key=len, default="")
    found = sum(len(block.key) for block in blocks if block.chosen)
    if len(said) < LINKED_LEAST or len(said) < LINKED_MORE * found:
        return
    text = html.unescape(settled_markup(html.unescape(said)))
    text = re.sub(r"</(?:p|div|h\d|li)>|<br\s*/?>", "\n", text)
    text = re.sub(r"<[^>]{0,500}>", "", text)
    whole = key(text)
    shown = [block for block in blocks if len(block.key) >= SURE and block.key in whole]
    if sum(len(block.key) for block in shown) >= 0.5 * len(whole):
        for block in shown:
            block.choose("in the linked data's articleBody")
        return
    for block in blocks:
        block.leave("not in the linked data's articleBody")
    body = page.tree.find("body")
    for line in clean(text).split("\n"):
        blocks.append(Block(line, "text", body, len(blocks), key=key(line)))
        blocks[-1].choose("the linked data's articleBody, which the page does not show")


def _chosen_share(blocks: list[Block]) -> float:
    """Return how much of the page's running text is chosen, 0 to 1."""
    chosen = total = 0
    for block in blocks:
        if not block.is_boilerplate and _reads_like_text(block) and block.link_density < 0.5:
            total += len(block.key)
            chosen += len(block.key) * block.chosen
    return chosen / total if total else 0.0


def _trafilatura_text(page: Page, *, fast: bool) -> tuple[str, set[str]]:
    """Return Trafilatura's text as one key, and the keys of its lines; ``fast``: without its second opinions."""
    try:
        document = trafilatura.bare_extraction(page.tree, options=_FAST if fast else _THOROUGH)
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise NotARelease("unreadable", f"Trafilatura gave up on it ({type(error).__name__})") from error
    if document is None:
        return "", set()
    body = document.body  # type: ignore[union-attr]
    lines = {
        key("".join(map(str, element.itertext())))
        for element in body.iter("p", "head", "item", "quote", "cell", "row", "hi")
    }
    return key("".join(map(str, body.itertext()))), lines


def _keep_headlined_article(blocks: list[Block]) -> None:
    """Of several articles side by side keep the one that the page's only h1 is in: the others are other stories."""
    headlines = [block for block in blocks if block.level == 1 and len(block.key) >= 8 and not block.is_boilerplate]
    home = _article(headlines[0].element) if len(headlines) == 1 else None
    if home is None:
        return
    holders = {block.index: _article(block.element) for block in blocks if block.chosen}
    if sum(weight(blocks[index].text) for index, article in holders.items() if article is home) < LEAST_OF_ARTICLE:
        return
    for index, article in holders.items():
        if article is not None and article is not home and not is_under(home, article) and not is_under(article, home):
            blocks[index].leave("in another article than the headline")


def _article(element: lxml.html.HtmlElement) -> lxml.html.HtmlElement | None:
    return next((around for around in ancestors(element) if around.tag == "article"), None)


def _mostly(text: str, whole: str) -> bool:
    """Whether two thirds of the sentences of a long block are in Trafilatura's text."""
    found = total = 0
    for sentence in text.replace("\n", ". ").replace("。", ". ").split(". "):
        letters = key(sentence)
        if len(letters) >= 12:
            total += len(letters)
            found += len(letters) * (letters in whole)
    return total > 0 and found >= 0.66 * total


def _main_element(page: Page, blocks: list[Block]) -> lxml.html.HtmlElement:
    """Return the smallest element that holds four fifths of the chosen text."""
    held: Counter[lxml.html.HtmlElement] = Counter()
    total = 0
    for block in blocks:
        if block.chosen and not block.is_boilerplate and len(block.key) >= SURE:
            total += len(block.key)
            for element in ancestors(block.element):
                held[element] += len(block.key)
    enough = [element for element, letters in held.items() if letters >= SHARE * total]
    body = page.tree.find("body")
    return max(enough, key=lambda element: sum(1 for _ in ancestors(element)), default=body)


def _once(blocks: list[Block], inside: list[bool]) -> None:
    """Of the copies of a text keep one: in the main element, not outside it, the first."""
    best: dict[str, Block] = {}
    for block in blocks:
        if block.chosen and len(block.key) >= SURE:
            other = best.get(block.key)
            if other is None:
                best[block.key] = block
            elif (inside[block.index], not block.is_boilerplate) > (inside[other.index], not other.is_boilerplate):
                other.leave("a copy is in the main element")
                best[block.key] = block
            else:
                block.leave("a copy of a paragraph above")


def _take_back(blocks: list[Block], inside: list[bool]) -> None:
    """Choose what is between chosen blocks, next to them in the same element, and reads like text."""
    chosen = [block.index for block in blocks if block.chosen and inside[block.index]]
    if not chosen:
        return
    parents = Counter(blocks[index].element.getparent() for index in chosen if len(blocks[index].key) >= SURE)
    seen = {block.key for block in blocks if block.chosen}
    for index in range(chosen[0] + 1, chosen[-1]):
        block = blocks[index]
        if block.chosen or block.is_boilerplate or block.kind == "caption" or not block.key or block.key in seen:
            continue
        at_home = parents[block.element.getparent()] >= 2 or parents[block.element] >= 1
        at_home = at_home or (inside[index] and _is_title(block))  # in a box of its own
        if is_tag_line(block.text) or (
            at_home and block.link_density < 0.4 and (_reads_like_text(block) or _between(blocks, index))
        ):
            block.choose("between two paragraphs of the text, in their element")
            seen.add(block.key)
    _take_back_runs(blocks, chosen, seen)


def _take_back_runs(blocks: list[Block], chosen: list[int], seen: set[str]) -> None:
    """Choose the sub-headings, lists, rows and quotes between two paragraphs that are in the same element as they."""
    texts = [index for index in chosen if _reads_like_text(blocks[index])]
    for before, after in pairwise(texts):
        home = blocks[before].element.getparent()
        run = [block for block in blocks[before + 1 : after] if not block.chosen and not block.is_boilerplate]
        if not run or len(run) > RUN or blocks[after].element.getparent() is not home:
            continue
        if all(_is_part(block, home) and block.key not in seen for block in run):
            for block in run:
                block.choose("a list, a table or a heading between two paragraphs of the text")
                seen.add(block.key)


def _is_part(block: Block, home: lxml.html.HtmlElement | None) -> bool:
    """Whether a block is a sub-heading, an item, a row or a quote right in an element, not in a box there."""
    if block.links or is_cut_short(block.text) or (block.kind == "heading" and weight(block.text) > TITLE):
        return False
    child = next((around for around in ancestors(block.element) if around.getparent() is home), None)
    return child is not None and child.tag in PARTS


def _is_title(block: Block) -> bool:
    """Whether a block is a sub-heading, or opens a section about a company."""
    if weight(block.text) > TITLE or block.links:
        return False
    about = phrases.ABOUT.match(block.text) or phrases.ABOUT_END.search(block.text)
    return block.kind == "heading" or about is not None


def _take_first_line(blocks: list[Block]) -> None:
    """Choose the short sentences right above the text, in its element, which Trafilatura takes for a byline."""
    first = next((block for block in blocks if block.chosen and _reads_like_text(block)), None)
    if first is None or first.element.tag != "p":
        return
    home = first.element.getparent()
    for block in reversed(blocks[max(0, first.index - FIRST_LINES) : first.index]):
        if block.element.tag != "p" or block.element.getparent() is not home or block.is_boilerplate or block.chosen:
            return
        if (
            weight(block.text) < FIRST_LINE
            or not is_sentence(block.text)
            or block.link_density > 0.3
            or is_cut_short(block.text)
        ):
            return
        block.choose("a sentence right above the text, in its element")


def _take_lead(page: Page, blocks: list[Block]) -> None:
    """Choose the summary between the headline and the text, which Trafilatura often leaves out.

    The headline is the nearest first heading, or a lower one that the page's title has.
    """
    text = next((block for block in blocks if block.chosen and _reads_like_text(block)), None)
    first = text.index if text else 0
    above = blocks[max(0, first - LEAD_WITHIN) : first + 1]
    title = key(page.title or "")
    headline = next(
        (
            block
            for block in reversed(above)
            if len(block.key) >= 12 and (block.level == 1 or (block.level > 1 and block.key in title))
        ),
        None,
    )
    if headline is None or text is None:
        return
    seen = {block.key for block in blocks if block.chosen}
    others = False
    for block in blocks[headline.index + 1 : first]:
        others = others or (block.kind == "heading" and block.link_density > LINKED_TITLE)
        if others and block.is_boilerplate:
            continue  # under another story's headline
        if block.key in seen or not _is_near(block, headline, text):
            continue
        if block.kind in ("text", "heading", "quote") and (_is_lead(block) or _is_boxed_lead(block, headline)):
            block.choose("a summary between the headline and the text")
            seen.add(block.key)


def _is_boxed_lead(block: Block, headline: Block) -> bool:
    """Whether a line is right under the headline in a box of both: a picture with headline and summary."""
    if not block.is_boilerplate or block.element.getparent() is not headline.element.getparent():
        return False
    text = block.text
    return (
        block.element.tag == "p"
        and not block.links
        and weight(text) >= LEAD_LEAST
        and not is_date_line(text)
        and not is_cut_short(text)
    )


def _is_near(block: Block, headline: Block, text: Block) -> bool:
    """Whether a block is in the article that the headline and the text are in, not in a box that lies over the page."""
    around = set(list(ancestors(block.element))[1 : 1 + NEAR])
    return any(
        element in around for other in (headline, text) for element in list(ancestors(other.element))[1 : 1 + NEAR]
    ) or (not block.is_boilerplate and not _is_overlay(block))


def _is_overlay(block: Block) -> bool:
    return any(
        _OVERLAY.search(f"{element.get('class') or ''} {element.get('id') or ''} {element.get('role') or ''}")
        for element in ancestors(block.element)
    )


def _is_lead(block: Block) -> bool:
    text = block.text
    return weight(text) >= 90 and is_sentence(text) and not is_cut_short(text) and block.links == 0


def _reads_like_text(block: Block) -> bool:
    return weight(block.text) >= 60 and is_sentence(block.text)


def _between(blocks: list[Block], index: int) -> bool:
    """Whether both neighbours are chosen: a sub-heading, a short line, a row."""
    return blocks[index - 1].chosen and blocks[index + 1].chosen

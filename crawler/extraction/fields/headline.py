"""A release's headline and sub-headline, from the page's headings and what its head says of them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from config.source_settings import ReleaseHints
from crawler.extraction.body.blocks import Block, ancestors, is_under
from crawler.extraction.body.inline_markup import settled_markup
from crawler.extraction.body.paragraphs import Paragraph
from crawler.extraction.body.phrases import ADVISORY, BOILERPLATE, HASHTAG_LABEL, RELATED
from crawler.extraction.closing_words import disclaimer_at
from crawler.extraction.fields.dates import find_date, is_date_line
from crawler.extraction.page import Page, inner_text, select
from crawler.extraction.text import clean, is_cut_short, joined, key, weight
from stories.text.scripts import UNSPACED

_PARTS = re.compile(r"(?<!\s)\s++[|–—·•»:-]\s+|(?:(?<!\s)\s+)?(?:\||::)\s*")
_WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
_WITHOUT_FIGURES = re.compile(r"[\d\W_]+")
_ORIGIN = re.compile(r"\d[:.h]\d\d(?!\d)|[|·•@©]|\d\s+views\b|^\W*[A-Z][^a-z]{3,}[,–—-]")
"""A clock, a separator, a counter, a place in capitals: a line of date and origin."""
MIN_LETTERS_WITH_DATE = 22  # Latin letters of a line apart from its date: less is an origin ("PARIS, 14 April 2026")
_UNDER = re.compile(
    r"sub-?(?:head(?:line|ing)?|title)|standfirst|\bdeck\b|alternativeHeadline|secondary-?(?:title|headline)", re.I
)
NEAR = 6  # blocks between a headline and its text: a sub-headline, a date, a byline
LEAST_WORDS = 3  # of a headline; "Press room" has two
TEXT_READ = 4_000  # characters of the text that are compared with headlines
LONGEST = 500  # characters; the longest headline in the archive has 320


def selected(page: Page, selector: str | None) -> str | None:
    """Return the text of the first element that a hint's CSS selects."""
    if selector is None:
        return None
    found = select(page.tree, selector)
    return inner_text(found[0]) or None if found else None


def find_headline(page: Page, blocks: Sequence[Block], first: int, hints: ReleaseHints) -> str | None:
    """Return the headline; ``first`` is the index of the article's first block.

    A heading that the page's title confirms wins, then what linked data and OpenGraph say, then the nearest heading.
    """
    if hinted := selected(page, hints.headline):
        return hinted
    said = _said(page)
    keys = [key(text) for text in said]
    headings = [block for block in blocks if block.kind == "heading" and weight(block.text) <= LONGEST and block.key]
    above = [block for block in headings if block.index <= first + 4]
    alone = [
        block for block in above if block.level == 1 and not block.is_boilerplate and _says_much(key(block.text), 12)
    ]
    if len(alone) == 1 and (not said or _share_words(alone[0].text, said[0])):
        return joined(alone[0].text)
    nearest = _nearest_heading(blocks, headings, first)
    for level in (1, 2, 3):
        for block in reversed(above) if level > 1 else above:
            if block.level == level and _confirmed(key(block.text), keys):
                is_section = nearest is not None and _is_of_the_site(block, nearest, blocks)
                return joined(nearest.text if nearest is not None and is_section else block.text)
    if said and said[0] and len(said[0]) <= LONGEST:
        if nearest is not None and _words_in_text(nearest.text, blocks) >= _words_in_text(said[0], blocks):
            return joined(nearest.text)
        return said[0]
    main = [block for block in above if block.level == 1 and not block.is_boilerplate] or [
        b for b in above if b.level == 2 and not b.is_boilerplate
    ]
    if main:
        return joined(main[-1].text)
    return joined(headings[0].text) if headings else None


def _nearest_heading(blocks: Sequence[Block], headings: Sequence[Block], first: int) -> Block | None:
    """Return the heading right above the text, in one ``<article>`` or ``<main>`` with it."""
    text = next((block for block in blocks[first:] if block.chosen and block.kind != "heading"), None)
    if text is None:
        return None
    home = next((element for element in ancestors(text.element) if element.tag in ("article", "main")), None)
    above = [block for block in headings if block.index < text.index and text.index - block.index <= NEAR]
    nearest = above[-1] if above else None
    if nearest is None or home is None or nearest.is_boilerplate or not is_under(nearest.element, home):
        return None
    return nearest if len(_WORD.findall(nearest.text)) >= LEAST_WORDS and _says_much(key(nearest.text), 12) else None


def _words_in_text(headline: str, blocks: Sequence[Block]) -> int:
    """Return how many longer words of a headline (of Chinese and Japanese: characters) the text has."""
    text = " ".join(block.text for block in blocks if block.chosen and block.kind != "heading")[:TEXT_READ].lower()
    words = set(_WORD.findall(text))
    return len({word for word in _WORD.findall(headline.lower()) if (len(word) > 3 or not word.isascii())} & words)


def _is_of_the_site(heading: Block, nearest: Block, blocks: Sequence[Block]) -> bool:
    """Whether a heading that the title confirms is a section of the site, and the headline is nearer to the text."""
    if nearest.index <= heading.index or len(_WORD.findall(heading.text)) > LEAST_WORDS:
        return False
    return _words_in_text(heading.text, blocks) == 0 and _words_in_text(nearest.text, blocks) >= 2


def _share_words(heading: str, said: str) -> bool:
    """Whether half of the words (of Chinese and Japanese: the characters) of the shorter headline are in the other."""
    one, other = (set(_WORD.findall(text.lower())) for text in (heading, said))
    return 2 * len(one & other) >= min(len(one), len(other)) > 0


def _says_much(letters: str, least: int) -> bool:
    """Whether a key has so many letters, or as much in Chinese, Japanese or Korean: seven characters at least."""
    return len(letters) >= least or weight(letters) >= max(21, least)


def _confirmed(heading: str, said: list[str]) -> bool:
    return _says_much(heading, 8) and any(
        heading == text or (_says_much(heading, 15) and (heading in text or (_says_much(text, 15) and text in heading)))
        for text in said
    )


def _said(page: Page) -> list[str]:
    """Return what the page's head calls the headline, best first."""
    linked = [
        node.get("headline") or node.get("name")
        for node in page.linked
        if "webpage" not in str(node.get("@type", "")).lower()
    ]
    texts = [joined(clean(text)) for text in linked if isinstance(text, str)]
    texts += [text for name in ("og:title", "twitter:title", "dc.title", "title") if (text := page.first(name))]
    whole = _without_markup(page.title or "")
    bare = [_without_site(_without_markup(text), page) for text in texts]
    if whole:
        bare.append(_without_site(whole, page))
    return [text for text in bare if text]


def _without_markup(text: str) -> str:
    if "<" not in text:
        return text
    text = html.unescape(settled_markup(text))
    return joined(clean(re.sub(r"</?[a-zA-Z][^>]{0,80}>", " ", text)))


def _without_site(text: str, page: Page) -> str:
    """Return a title without the site's name at its end or start."""
    site = key(page.first("og:site_name", "application-name", "twitter:site") or "")
    host = (
        key((page.url or page.canonical or "").split("/")[2])
        if (page.url or page.canonical or "").count("/") >= 2
        else ""
    )
    parts = list(_PARTS.finditer(text))
    while parts:
        tail = key(text[parts[-1].end() :])
        if not tail or not (tail == site or (site and site in tail) or (len(tail) >= 3 and tail in host)):
            break
        text = text[: parts.pop().start()]
    if not parts:
        return text
    head = key(text[: parts[0].start()])
    if head and (head == site or (len(head) >= 3 and head in host)):
        return text[parts[0].end() :]
    if "|" in parts[-1][0] or "::" in parts[-1][0] or "»" in parts[-1][0]:
        return text[: parts[-1].start()] if weight(text[: parts[-1].start()]) >= 15 else text
    return text


def _is_marked(block: Block) -> bool:
    """Whether the markup names a block as the sub-headline."""
    element = block.element
    names = f"{element.get('class') or ''} {element.get('itemprop') or ''} {element.get('id') or ''}"
    return _UNDER.search(names) is not None


def find_subheadline(
    page: Page,
    near: Sequence[Block],
    lead: Sequence[Paragraph],
    headline: str,
    hints: ReleaseHints,
    *,
    first: int,
    dated: bool,
) -> str | None:
    """Return the sub-headline: as hinted or marked up, else what is between headline and dateline.

    ``near`` are the blocks around the headline, ``lead`` what is between it and the text, ``first`` the index of the
    text's first block.
    ``dated``: the text opens with a dateline, so what is above it and reads like a line of its own is one.
    """
    if hinted := selected(page, hints.subheadline):
        return hinted
    above = next((block for block in reversed(near) if block.key and block.key == key(headline)), None)
    for block in near[above.index - near[0].index :] if above is not None else ():
        if block.kind != "row" and _is_marked(block) and 10 <= len(block.text) <= LONGEST:
            text = joined(block.text)
            if key(text) != key(headline) and not is_cut_short(text):
                return text
    if not dated:
        return _heading_under(near, above, headline)
    between = [block for block in near if above is not None and above.index < block.index < first]
    own = {piece.block.index for piece in lead}
    lost = [
        Paragraph(joined(block.text), block) for block in between if block.index not in own and _is_beside(block, above)
    ]
    for piece in (*lead, *lost):
        if ADVISORY.search(piece.text):  # behind it the release begins anew, with its headline
            return None
        if _may_be_under(piece, headline):
            return piece.text
    return None


def _heading_under(near: Sequence[Block], above: Block | None, headline: str) -> str | None:
    """Return the plain heading right under the headline, which no other heading follows before the text."""
    under = [block for block in near if above is not None and above.index < block.index]
    if above is None or len(under) < 2 or under[0].kind != "heading" or under[1].kind == "heading":
        return None
    block = under[0]
    is_level_below = above.level < block.level <= above.level + 2
    is_plain = not block.is_boilerplate and not block.links and "\n" not in block.text
    piece = Paragraph(joined(block.text), block)
    return piece.text if is_level_below and is_plain and _may_be_under(piece, headline) else None


def _is_beside(block: Block, headline: Block | None) -> bool:
    """Whether a block that the text was not chosen from is with the headline: a heading, bold, a sibling."""
    if block.is_boilerplate or headline is None:
        return False
    if block.kind == "heading" or block.element.getparent() is headline.element.getparent():
        return True
    bold = next(block.element.iter("b", "strong"), None)
    return bold is not None and key(bold.text_content()) == block.key


def _may_be_under(piece: Paragraph, headline: str) -> bool:
    text = piece.text
    if not 12 <= weight(text) <= LONGEST or piece.block.kind not in ("heading", "text", "quote"):
        return False
    if key(text) in key(headline) or is_cut_short(text) or piece.block.link_density > 0.5:
        return False
    if BOILERPLATE.match(text) or disclaimer_at(text, 0) or HASHTAG_LABEL.match(text) or RELATED.match(text):
        return False
    if re.match(r"(?:by|von|par|por|news\s+provided|provided\s+by|contributed|written|posted|source)\b", text, re.I):
        return False
    printed = find_date(text)
    if printed is None or weight(text) > 80:
        return True
    if printed.start < 3 or is_date_line(text) or _ORIGIN.search(text):
        return False
    return text[0].isalpha() and weight(_WITHOUT_FIGURES.sub("", text)) >= MIN_LETTERS_WITH_DATE

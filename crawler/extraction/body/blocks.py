"""A page as the paragraphs a reader sees, in order, each with what its markup says about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import lxml.html
from lxml import etree

from crawler.extraction.body.inline_markup import INLINE, line_of
from crawler.extraction.field_limits import PARAGRAPH_MAX
from crawler.extraction.text import clean
from stories.text.scripts import has_cjk

Kind = Literal["text", "heading", "item", "row", "quote", "caption"]

UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "head", "iframe", "object", "embed", "select", "option",  # noqa: E501
          "button", "textarea", "input", "canvas", "audio", "video", "map", "math", "dialog", "datalist", "menu"})  # fmt: skip  # noqa: E501
ASIDE = frozenset({"nav", "aside", "footer"})
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
MAX_BOILERPLATE_SHARE = 0.4  # of a page's running text at most, or it is not next to the article
BLOCK_LIMIT = 20_000  # blocks of a page; the longest release measured has 900
_CELLS_HOLD_TEXT = etree.XPath("boolean(.//table|.//p[2]|.//h1|.//h2|.//h3|.//ul|.//ol|.//form|.//div[3]|.//br[4])")
_CELLS_HOLD_PARTS = etree.XPath("boolean(.//table|.//h1|.//h2|.//h3|.//form|.//img)")
_FIGURE = re.compile(
    r"[^\w\n]{0,6}(?:[A-Z]{2,3}[$ ]{1,2})?\d[\d.,  '’%]{0,20}[^\w\n]{0,3}(?:[a-zA-Z%]{1,4}\.?)?|[-–—]|n/?a", re.I
)
"""A cell of figures: 12.4, (3,100), 12 %, HK$ 4.1m, –."""
CELL = 160  # characters of a cell of such a row
_EMPTY_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_CAPTION = re.compile(r"(?<![a-z])i?caption(?![a-z])|bildunterschrift|image-?legend", re.I)
CAPTION = 900  # characters; the longest caption measured has 860
_STREAMED = re.compile(r"S:[0-9a-f]+$")
# Words of a class or an id that say: next to the article, not of it.
NOISE = frozenset(
    [
        "ad",
        "ads",
        "advert",
        "advertisement",
        "advertising",
        "advertorial",
        "alsolike",
        "author-box",
        "banner",
        "bio",
        "breadcrumb",
        "breadcrumbs",
        "byline",
        "carousel",
        "comment",
        "comments",
        "consent",
        "cookie",
        "cookies",
        "copyright",
        "disqus",
        "donate",
        "emailsignup",
        "explore",
        "footer",
        "gdpr",
        "latest",
        "login",
        "mostread",
        "mostpopular",
        "nav",
        "navbar",
        "navigation",
        "navigator",
        "newsletter",
        "newsletters",
        "newsticker",
        "outbrain",
        "pager",
        "pagination",
        "paging",
        "paywall",
        "popular",
        "popup",
        "promo",
        "promoted",
        "promotion",
        "promos",
        "readmore",
        "recirc",
        "recirculation",
        "recommend",
        "recommendation",
        "recommendations",
        "recommended",
        "related",
        "relateds",
        "relatedlinks",
        "share",
        "sharebar",
        "sharing",
        "shares",
        "sharethis",
        "addthis",
        "sidebar",
        "sidenav",
        "signin",
        "signup",
        "skyscraper",
        "social",
        "sponsor",
        "sponsored",
        "sponsors",
        "subscribe",
        "subscription",
        "taboola",
        "teaser",
        "teasers",
        "ticker",
        "toolbar",
        "tools",
        "topnav",
        "trending",
        "widget",
        "widgets",
        "masthead",
        "skip",
        "sitemap",
    ]
)
# … unless the element only says that there is such a thing, as <body class="has-sidebar"> does.
_AROUND = re.compile(
    r"(?:^|[\s_-])(?:has|no|with|without|is|not|main|content|article|story|body|wrapper)(?:[\s_-]|$)", re.I
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(slots=True)
class Block:
    """One paragraph as a reader sees it. Line breaks (``<br>``) stay in the text as such."""

    text: str
    kind: Kind
    element: lxml.html.HtmlElement
    """The nearest element that makes a block of it."""
    index: int
    level: int = 0
    """Of a heading: 1 to 6."""
    link_chars: int = 0
    links: int = 0
    is_boilerplate: bool = False
    """Whether it is in a navigation, an aside, a footer or in what its class names as such."""
    around: tuple[int, ...] = ()
    key: str = ""
    chosen: bool = False
    reason: str = ""
    """Why it was chosen or left out, where more than Trafilatura's word decided."""

    def choose(self, reason: str) -> None:
        """Take the block into the article, for a reason."""
        self.chosen, self.reason = True, reason

    def leave(self, reason: str) -> None:
        """Take the block out of the article, for a reason."""
        self.chosen, self.reason = False, reason

    @property
    def link_density(self) -> float:
        """How much of it is links, 0 to 1."""
        return min(1.0, self.link_chars / max(1, len(self.text)))


def read_blocks(tree: lxml.html.HtmlElement) -> list[Block]:
    """Return the blocks of a page in reading order."""
    reader = _Reader()
    body = tree.find("body")
    if body is None:
        return []
    reader.read(body)
    _settle_beside(reader.blocks)
    return reader.blocks


def _settle_beside(blocks: list[Block]) -> None:
    """Say which blocks are next to the article: in an element named so that holds little of the page's running text.

    Some sites lay out all of a page in "widgets" or a "sidebar": what holds the text is not outside it.
    """
    held: Counter[int] = Counter()
    total = 0
    for block in blocks:
        if len(block.text) >= 80 and block.link_density < 0.5:
            total += len(block.text)
            for number in block.around:
                held[number] += len(block.text)
    for block in blocks:
        block.is_boilerplate = any(held[number] <= MAX_BOILERPLATE_SHARE * total for number in block.around)


class _Reader:
    """Walks a tree once; keeps what is in the paragraph that is being read."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.parts: list[str] = []
        self.link_chars = 0
        self.links = 0
        self.link_depth = 0
        self.stack: list[lxml.html.HtmlElement] = []
        self.around: list[tuple[lxml.html.HtmlElement, int]] = []
        self.asides = 0
        self.pre = 0
        self.quotes = 0
        self.captions = 0

    def read(self, body: lxml.html.HtmlElement) -> None:
        walk = etree.iterwalk(body, events=("start", "end"))
        for event, element in walk:
            tag = element.tag
            if event == "start":
                if tag in UNSEEN or _is_hidden(element):
                    walk.skip_subtree()
                    if tag not in INLINE:
                        self.flush()
                    self.stack.append(element)
                    continue
                if tag == "tr" and (row := _data_row(element)) is not None:
                    self.flush()
                    self.stack.append(element)
                    self.parts.append(row)
                    self.link_chars = sum(len(link.text_content()) for link in element.iter("a"))
                    self.flush("row")
                    walk.skip_subtree()
                    continue
                self._enter(element, tag)
            else:
                self._leave(element, tag)
            if len(self.blocks) >= BLOCK_LIMIT:
                break
        self.stack = [body]
        self.flush()

    def _enter(self, element: lxml.html.HtmlElement, tag: str) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag == "a":
            self.link_depth += 1
            self.links += 1
        elif tag not in INLINE:
            self.flush()
            if tag == "blockquote":
                self.quotes += 1
            elif tag == "figcaption":
                self.captions += 1
            elif tag == "pre":
                self.pre += 1
        self.stack.append(element)
        if tag in ASIDE or (tag not in INLINE and is_noise(element)):
            self.asides += 1
            self.around.append((element, self.asides))
        if element.text:
            self._take(element.text)

    def _leave(self, element: lxml.html.HtmlElement, tag: str) -> None:
        if tag == "a" and self.link_depth:
            self.link_depth -= 1
        elif tag not in INLINE and tag != "br":
            self.flush()
            if tag == "blockquote":
                self.quotes -= 1
            elif tag == "figcaption":
                self.captions -= 1
            elif tag == "pre":
                self.pre -= 1
        if self.around and self.around[-1][0] is element:
            self.around.pop()
        if self.stack and self.stack[-1] is element:
            self.stack.pop()
        if element.tail:
            self._take(element.tail)

    def _take(self, text: str) -> None:
        if self.link_depth:
            self.link_chars += len(text.strip())
        self.parts.append(text if self.pre else text.replace("\n", " ").replace("\r", " "))

    def flush(self, kind: Kind | None = None) -> None:
        """Close the paragraph that is being read; two line breaks in it part it in two."""
        parts, self.parts = self.parts, []
        link_chars, links = self.link_chars, self.links
        self.link_chars = self.links = 0
        if not parts:
            return
        text = "".join(parts)
        if not text.strip():
            return
        element = next((found for found in reversed(self.stack) if found.tag not in INLINE), self.stack[0])
        pieces = [text] if "\n" not in text else _EMPTY_LINE.split(text)
        for piece in pieces:
            cleaned = clean(piece[: 2 * PARAGRAPH_MAX])[:PARAGRAPH_MAX]
            if cleaned:
                share = link_chars if len(pieces) == 1 else int(link_chars * len(piece) / max(1, len(text)))
                self._add(cleaned, kind or self._kind(element, cleaned), element, share, links)

    def _add(self, text: str, kind: Kind, element: lxml.html.HtmlElement, link_chars: int, links: int) -> None:
        around = tuple(number for _, number in self.around)
        self.blocks.append(
            Block(text, kind, element, len(self.blocks), HEADINGS.get(element.tag, 0), link_chars, links, around=around)
        )

    def _kind(self, element: lxml.html.HtmlElement, text: str) -> Kind:
        tag = element.tag
        if self.captions or (len(text) <= CAPTION and _CAPTION.search(element.get("class") or "")):
            return "caption"
        if tag in HEADINGS:
            return "heading"
        if tag in ("li", "dt", "dd") or (tag in ("p", "div") and self._in_item(element)):
            return "item"
        return "quote" if self.quotes else "text"

    @staticmethod
    def _in_item(element: lxml.html.HtmlElement) -> bool:
        parent = element.getparent()
        return parent is not None and parent.tag in ("li", "dd")


def _is_hidden(element: lxml.html.HtmlElement) -> bool:
    """Whether readers do not see an element; what React streams arrives hidden, in ``<div hidden id="S:1">``."""
    if element.get("hidden") is not None and not _STREAMED.match(element.get("id") or ""):
        return True
    style = element.get("style")
    return style is not None and _HIDDEN.search(style) is not None


def is_noise(element: lxml.html.HtmlElement) -> bool:
    """Whether the class or id of an element names it as something next to the article."""
    if element.tag in ("body", "html", "main", "article"):
        return False
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return len(names) > 1 and _names_noise(names)


@lru_cache(maxsize=4096)
def _names_noise(names: str) -> bool:
    if len(names) > 400 or _AROUND.search(names):
        return False
    return any(word.lower() in NOISE for word in _WORDS.findall(names))


def _data_row(row: lxml.html.HtmlElement) -> str | None:
    """Return a table's row as Markdown cells, None where the table only lays out the page.

    A cell of figures may have a note in a paragraph or a list of its own: "Sales" over "(audited)".
    """
    if _CELLS_HOLD_TEXT(row) and not _is_row_of_figures(row):
        return None
    cells = [clean(line_of(cell)).replace("\n", " ").replace("|", "\\|") for cell in row if cell.tag in ("td", "th")]
    filled = [cell for cell in cells if cell]
    if len(filled) < 2 or len(cells) > 60 or max(map(len, filled)) > 300:
        return None
    return "| " + " | ".join(cells) + " |"


def _is_row_of_figures(row: lxml.html.HtmlElement) -> bool:
    """Whether most cells of a row are figures, and none is long or holds a table, a form or a heading."""
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    if len(cells) < 2 or _CELLS_HOLD_PARTS(row):
        return False
    texts = [" ".join(cell.text_content().split()) for cell in cells]
    figures = sum(_FIGURE.fullmatch(text) is not None for text in texts)
    return figures >= 1 and 2 * figures >= len([text for text in texts if text]) and max(map(len, texts)) <= CELL


def ancestors(element: lxml.html.HtmlElement) -> Iterator[lxml.html.HtmlElement]:
    """Yield the element and what it is in, up to the body."""
    current: lxml.html.HtmlElement | None = element
    while current is not None and current.tag != "body":
        yield current
        current = current.getparent()


def is_under(element: lxml.html.HtmlElement, holder: lxml.html.HtmlElement) -> bool:
    """Whether an element is another one or is in it."""
    current: lxml.html.HtmlElement | None = element
    while current is not None:
        if current is holder:
            return True
        current = current.getparent()
    return False


def is_latin_headline(text: str) -> bool:
    """Whether a text may be a headline by its look: some words, one line, no full stop at the end."""
    if "\n" in text or len(text) > 220:
        return False
    words = len(text.split())
    return 3 <= words <= 32 or (has_cjk(text) and 6 <= len(text) <= 80)

"""Puts line breaks around bold company names at the end of a release, where the wire glues them to the text.

Media OutReach prints its tail in one paragraph: ``Hashtag: #A, #BThe issuer is … .<b>Name</b>Name makes …``. A heading
is known by what is before it: hashtags, a disclaimer, or another heading of that kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import lxml.html
from lxml import etree

from crawler.extraction.body.blocks import HEADINGS
from crawler.extraction.body.inline_markup import INLINE
from crawler.extraction.closing_words import HEADING_MAX, company_of, find_disclaimer
from crawler.extraction.text import is_sentence, weight

MAX_BOLD = 400  # bold elements of a page that are looked at
LOOK_BACK = 600  # characters before a heading that are looked at
_PARTICLES = frozenset("はがのをにもとで、，,.:：;)）」』’'與与和及或的是於于位為为以在乃將将已")
_KOREAN_PARTICLES = frozenset("은는이가의을를")
"""What follows a bold name that is part of its sentence."""


def part_company_headings(tree: lxml.html.HtmlElement) -> None:
    """Put line breaks around each bold company name that follows a closing and is no part of a sentence."""
    homes: set[lxml.html.HtmlElement] = set()
    for bold in list(islice(tree.iter("b", "strong"), MAX_BOLD)):
        text = " ".join((bold.text_content() or "").split())
        if not 3 <= len(text) <= HEADING_MAX or weight(text) > HEADING_MAX or is_sentence(text.rstrip(":：.")):
            continue
        home = next((found for found in bold.iterancestors() if found.tag not in INLINE), None)
        if home is None or home.tag in ("h1", "h2", "li", "td", "th", "a"):
            continue
        before = _text_before(bold, home)
        if not before.strip() and (previous := home.getprevious()) is not None:
            is_behind_closing = _is_closing(" ".join(previous.itertext())[-LOOK_BACK:])
        else:
            is_behind_closing = _is_closing(before)
        parent = home.getparent()
        if not is_behind_closing and parent not in homes and company_of(text) is None:
            continue
        if not _is_part_of_sentence(bold) and (is_behind_closing or not before.strip()):
            _break_before(bold)
            _break_behind(bold)
            if is_behind_closing and parent is not None:
                homes.add(parent)


def bold_opening(element: lxml.html.HtmlElement, text: str) -> str | None:
    """Return the bold text that a line of a block opens with; the whole line of a heading."""
    if element.tag in HEADINGS:
        return text.strip().rstrip(":：")
    line = "".join(text.split())
    for bold in islice(element.iter("b", "strong"), 20):
        name = " ".join(bold.text_content().split()).rstrip(":：")
        if len(name) >= 3 and line.startswith("".join(name.split())):
            return name
    return None


def _is_closing(text: str) -> bool:
    tail = text[-LOOK_BACK:]
    return "#" in tail or "＃" in tail or find_disclaimer(tail) is not None


def _text_before(element: lxml.html.HtmlElement, home: lxml.html.HtmlElement) -> str:
    """Return the text of a block before an element of it, behind the last line break."""
    return "".join(reversed(list(_parts_before(element, home))))[-LOOK_BACK:]


def _parts_before(element: lxml.html.HtmlElement, home: lxml.html.HtmlElement) -> Iterator[str]:
    current = element
    while current is not home:
        for sibling in current.itersiblings(preceding=True):
            yield sibling.tail or ""
            yield "".join(sibling.itertext()) if isinstance(sibling.tag, str) else ""
        parent = current.getparent()
        if parent is None:
            return
        yield parent.text or ""
        current = parent


def _is_part_of_sentence(bold: lxml.html.HtmlElement) -> bool:
    """Whether the text goes on behind a bold name as its sentence: with a particle, or a small letter."""
    following = bold.tail or ""
    if not following.strip():
        sibling = bold.getnext()
        following = "" if sibling is None or sibling.tag == "br" else "".join(sibling.itertext())
    following = following.strip()
    name = company_of("".join(bold.itertext())) or "".join(bold.itertext()).strip()
    if not following or following.startswith(name[:3]):
        return False
    if following[0] in _KOREAN_PARTICLES:
        return following[1:2].isspace()
    return following[0].islower() or following[0] in _PARTICLES


def _break_before(bold: lxml.html.HtmlElement) -> None:
    before = bold.getprevious()
    if before is None or before.tag != "br" or (before.tail or "").strip():
        bold.addprevious(etree.Element("br"))


def _break_behind(bold: lxml.html.HtmlElement) -> None:
    following = bold.getnext()
    if not (bold.tail or "").strip() and following is not None and following.tag == "br":
        return
    line_break = etree.Element("br")
    line_break.tail, bold.tail = bold.tail, None
    bold.addnext(line_break)

"""The pictures of a release with their captions; no trackers, logos, icons or faces of authors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import lxml.html

from crawler.extraction.body.blocks import Block, ancestors
from crawler.extraction.fields.wires import PIXELS
from crawler.extraction.page import Page
from crawler.extraction.text import clean, is_sentence, joined, key, weight
from stories.model.release import Image

IMAGES_KEPT = 50  # of a page; a release has some ten at most
CAPTION = 900  # characters; the seed's caption has 860
ALT_LEAST = 0.25  # of a caption is in an alt text that breaks off
SENTENCE = 80  # Latin characters
SHORTEST = 12  # Latin letters: a caption that an alt text only begins with
_NOT_CONTENT = re.compile(
    r"(?:^|[\W_])(?:logo|logos|icon|icons|sprite|avatar|gravatar|favicon|badge|button|share|social|emoji|placeholder|loading|banner|advert|ads)(?:[\W_]|$)",
    re.I,
)
_BLANK = re.compile(r"data:|about:|javascript:", re.I)


def _source(element: lxml.html.HtmlElement) -> str | None:
    for name in ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-hi-res-src", "src"):
        value = (element.get(name) or "").strip()
        if value and not _BLANK.match(value):
            return value
    srcset = element.get("srcset") or element.get("data-srcset") or ""
    candidates = [part.split() for part in srcset.split(", ") if part.strip()]
    return candidates[-1][0] if candidates and not _BLANK.match(candidates[-1][0]) else None


def is_picture(element: lxml.html.HtmlElement) -> bool:
    """Whether an ``<img>`` is a picture for readers."""
    source = _source(element)
    if source is None or PIXELS.search(source):
        return False
    for name in ("width", "height"):
        size = re.match(r"\d+", (element.get(name) or "").strip())
        if size and int(size[0]) < 40:
            return False
    names = (
        f"{source.rpartition('/')[2]} {element.get('class') or ''} {element.get('id') or ''} {element.get('alt') or ''}"
    )
    return _NOT_CONTENT.search(names[:400]) is None


def pictures(main: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """Return the pictures in an element."""
    return [element for element in main.iter("img") if is_picture(element)][:IMAGES_KEPT]


def caption_blocks(main: lxml.html.HtmlElement, blocks: Sequence[Block]) -> set[int]:
    """Return the indexes of the chosen blocks that are captions: alone with a picture, or what its ``alt`` says."""
    shown = list(main.iter("img"))[: IMAGES_KEPT * 4]
    if not shown:
        return set()
    alts = [letters for element in shown if len(letters := key(element.get("alt") or element.get("title") or "")) >= 20]
    captions: set[int] = set()
    for block in blocks:
        if not block.chosen or block.kind in ("heading", "row") or weight(block.text) > CAPTION:
            continue
        if any(_says(alt, block.key) for alt in alts if block.key) or (
            weight(block.text) <= 300 and not _is_under_heading(block, blocks) and _alone_with_picture(block, main)
        ):
            captions.add(block.index)
    return captions


def _says(alt: str, letters: str) -> bool:
    """Whether an ``alt`` text has the words of a block, or its beginning; a company's name begins many a paragraph."""
    if alt.startswith(letters):
        return weight(letters) >= SHORTEST
    return letters.startswith(alt) and len(alt) >= ALT_LEAST * len(letters)


def _is_under_heading(block: Block, blocks: Sequence[Block]) -> bool:
    """Whether a sentence is right under a sub-heading: then a picture next to it illustrates a text."""
    above = blocks[block.index - 1] if block.index else None
    return above is not None and above.level > 1 and weight(block.text) >= SENTENCE and is_sentence(block.text)


def _alone_with_picture(block: Block, main: lxml.html.HtmlElement) -> bool:
    """Whether the smallest element around a block that holds anything else holds pictures only.

    Of an element whose paragraphs line breaks part, each block is but a part, and not alone.
    """
    for depth, element in enumerate(ancestors(block.element)):
        if element is main or depth > 4:
            return False
        if _says_more(element, weight(block.key) * 1.1 + 20):
            return False
        if next(element.iter("img"), None) is not None:
            return depth > 0 or (element.tag in ("figure", "td", "div", "span") and element.tag != "p")
    return False


def _says_more(element: lxml.html.HtmlElement, limit: float) -> bool:
    """Whether an element has more than so many Latin characters of letters and digits."""
    said = 0
    for text in element.itertext():
        said += weight(key(text))
        if said > limit:
            return True
    return False


def find_images(
    page: Page, main: lxml.html.HtmlElement, blocks: Sequence[Block], captions: set[int]
) -> tuple[Image, ...]:
    """Return the pictures in the article with their captions, absolute addresses, each once, in order."""
    texts = {block.index: joined(block.text) for block in blocks if block.index in captions or block.kind == "caption"}
    under = {index: next((b.element for b in blocks if b.index == index), None) for index in texts}
    found: dict[str, Image] = {}
    for element in pictures(main):
        if any(
            around.get("class")
            and re.search(r"related|recommend|sidebar|author|teaser|promo", around.get("class"), re.I)
            for around in ancestors(element)
            if around is not main
        ):
            continue
        url = page.absolute(_source(element))
        if url and url not in found:
            found[url] = Image(url=url, caption=_caption(element, main, texts, under))
    return tuple(found.values())


def _caption(
    element: lxml.html.HtmlElement,
    main: lxml.html.HtmlElement,
    texts: dict[int, str],
    under: dict[int, lxml.html.HtmlElement | None],
) -> str | None:
    for depth, around in enumerate(ancestors(element)):
        if around is main or depth > 4:
            break
        if around.tag == "figure":
            written = around.find(".//figcaption")
            text = joined(clean(" ".join(written.itertext()))) if written is not None else ""
            if text:
                return text
        for index, holder in under.items():
            if holder is not None and (holder is around or around in ancestors(holder)):
                return texts[index]
    alt = key(element.get("alt") or element.get("title") or "")
    if len(alt) >= 20:
        return next((text for text in texts.values() if key(text).startswith(alt) or alt.startswith(key(text))), None)
    return None

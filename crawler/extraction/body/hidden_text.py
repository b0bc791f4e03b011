"""The text of pages that show none: in ``<noscript>``, in templates, in linked data and in other JSON of their scripts.

Only read where the page itself shows little text: scripts hold the texts of other pages too.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import lxml.html
from lxml import etree

from crawler.extraction.body.inline_markup import settled_markup
from crawler.extraction.page import Page
from crawler.extraction.text import clean, is_sentence, key, weight

LEAST = 200  # Latin characters of a text in JSON; shorter ones are summaries and settings
SHOWN = 600  # Latin characters of running text: a page that shows more has its text in the markup
SOURCE_LIMIT = 8_000_000  # characters of a page whose scripts are searched
SCRIPT_LIMIT = 3_000_000  # characters of one JSON document
NODES_LIMIT = 60_000  # values of one JSON document
DEPTH_LIMIT = 40
RATIO = 0.5  # of the longest text: another one as long as that, without the page's headline, makes the choice a guess
TEXTS = frozenset(
    ["articlebody", "body", "bodyhtml", "bodytext", "content", "contenthtml", "contentbody", "text", "html", "story",
     "fulltext", "maintext", "main", "article", "description", "paragraphs", "richtext", "copy", "release", "blocks",
     "elements",
     "components", "value", "markdown", "正文"]
)  # fmt: skip
TITLES = ("headline", "title", "name", "heading", "shorttitle", "subject", "seotitle")
_JSON_TYPE = re.compile(r"""type ?= ?["']?application/(?:ld\+)?json|id ?= ?["']?__(?:NEXT|NUXT|APP)_DATA__""", re.I)
_ASSIGNED = re.compile(r"= ?(?=[{\[] ?[\"\[{])")
_BLOCK_END = re.compile(r"</(?:p|div|h\d|li|tr|blockquote)>|<br ?/?>", re.I)
_TAG = re.compile(r"<[^<>]{0,500}>")
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class JsonText:
    """A text found in JSON."""

    paragraphs: tuple[str, ...]
    title: str | None
    """The title next to it in the JSON."""
    path: str
    """Where it is: ``articleBody``, ``props.pageProps.post.content``."""
    is_named: bool = False
    """Whether its title is the page's, or it is in the page's own linked data."""

    @property
    def weight(self) -> int:
        """Its length in Latin characters."""
        return sum(map(weight, self.paragraphs))


def reveal(page: Page) -> bool:
    """Put the text of ``<noscript>`` and of script templates into the tree; return whether there was any."""
    found = False
    for element in list(page.tree.iter("noscript")):
        if _has_text(element):
            element.tag = "div"
            found = True
    for element in list(page.tree.iter("script")):
        if "template" in (element.get("type") or "") and element.text and "<p" in element.text:
            try:
                inner = lxml.html.fragment_fromstring(element.text, create_parent="div")
            except (etree.ParserError, ValueError):
                continue
            if _has_text(inner):
                element.getparent().replace(element, inner)
                found = True
    return found


def _has_text(element: lxml.html.HtmlElement) -> bool:
    text = " ".join(element.text_content().split())
    return (
        weight(text) >= LEAST
        and text.count(" ") >= 20
        and len(element) > 0
        and next(element.iter("p"), None) is not None
    )


def find_json_text(page: Page, source: str) -> JsonText | None:
    """Return the article's text from the JSON of a page, where it is sure which text that is.

    Sure is the body of the page's own linked data, a text next to the page's title, or one text far longer than others.
    """
    titles = [letters for text in (page.first("og:title"), page.title) if text and len(letters := key(text)) >= 8]
    linked = [node.get("articlebody") for node in page.linked]
    said = max((text for text in linked if isinstance(text, str)), key=len, default="")
    paragraphs = paragraphs_of_markup(said)
    if sum(map(weight, paragraphs)) >= LEAST:
        return JsonText(paragraphs, None, "JSON-LD articleBody", is_named=True)
    found = [text for document in _documents(source) for text in _texts(document)]
    found = [text for text in found if text.weight >= LEAST and any(map(is_sentence, text.paragraphs))]
    named = [text for text in found if text.title and any(_is_same(key(text.title), title) for title in titles)]
    if named:
        return replace(max(named, key=lambda text: text.weight), is_named=True)
    found.sort(key=lambda text: -text.weight)
    if (
        found
        and found[0].weight >= SHOWN
        and (len(found) == 1 or found[1].weight < RATIO * found[0].weight or _is_part(found[1], found[0]))
    ):
        return found[0]
    return None


def paragraphs_of_markup(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a text that may be HTML, escaped or not, or lines."""
    if "&lt;" in text:
        text = html.unescape(text)
    text = html.unescape(settled_markup(text))
    text = _TAG.sub("", _BLOCK_END.sub("\n", text))
    return tuple(line for line in clean(text).split("\n") if line)


def _is_same(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= 8 and (shorter in longer)


def _is_part(one: JsonText, other: JsonText) -> bool:
    return bool(one.paragraphs) and key(one.paragraphs[0]) in key("".join(other.paragraphs))


def _documents(source: str) -> Iterator[Any]:
    """Yield the JSON documents of a page's scripts."""
    if len(source) > SOURCE_LIMIT:
        return
    for attributes, text in _scripts(source):
        if len(text) < LEAST or len(text) > SCRIPT_LIMIT or "src=" in attributes:
            continue
        if _JSON_TYPE.search(attributes):
            yield from _decoded(text.strip().removeprefix("<!--"))
            continue
        for part in text.split("JSON.parse(")[1:]:
            for inner in _decoded(part.lstrip()):
                if isinstance(inner, str):
                    yield from _decoded(inner)
        match = _ASSIGNED.search(text)
        while match is not None:
            try:
                document, end = _DECODER.raw_decode(text, match.end())
            except (ValueError, RecursionError):
                end = match.end() + 1
            else:
                yield document
            match = _ASSIGNED.search(text, end)


def _scripts(source: str) -> Iterator[tuple[str, str]]:
    """Yield the attributes and the content of each script of a page."""
    for part in source.replace("<SCRIPT", "<script").split("<script")[1:]:
        attributes, opened, content = part[:SCRIPT_LIMIT].partition(">")
        if opened:
            yield attributes[:1000], content.partition("</script")[0]


def _decoded(text: str) -> Iterator[Any]:
    try:
        yield _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return


def _texts(document: Any) -> Iterator[JsonText]:
    """Yield the texts of a JSON document with the titles next to them."""
    waiting: list[tuple[Any, str, str | None, int]] = [(document, "", None, 0)]
    seen = 0
    while waiting and seen < NODES_LIMIT:
        node, path, title, depth = waiting.pop()
        seen += 1
        if depth > DEPTH_LIMIT:
            continue
        if isinstance(node, dict):
            lower = {str(name).lower(): name for name in node}
            own = next(
                (node[lower[name]] for name in TITLES if name in lower and isinstance(node[lower[name]], str)), None
            )
            for name, value in node.items():
                where = f"{path}.{name}" if path else str(name)
                if str(name).lower().replace("_", "").replace("-", "") in TEXTS:
                    paragraphs = _paragraphs(value)
                    if paragraphs:
                        yield JsonText(paragraphs, own or title, where)
                if isinstance(value, (dict, list)):
                    waiting.append((value, where, own or title, depth + 1))
        elif isinstance(node, list):
            waiting.extend((item, path, title, depth + 1) for item in node[:2000] if isinstance(item, (dict, list)))


def _paragraphs(value: Any) -> tuple[str, ...]:
    """Return the paragraphs of a JSON value: a text, or a list of paragraphs with their text in it."""
    if isinstance(value, str):
        return paragraphs_of_markup(value) if len(value) >= LEAST // 3 else ()
    if not isinstance(value, list) or not value or len(value) > 2000:
        return ()
    found: list[str] = []
    for item in value:
        if isinstance(item, str):
            found += paragraphs_of_markup(item)
        elif isinstance(item, dict):
            found += _item_paragraphs(item)
    return tuple(found)


def _item_paragraphs(item: dict[str, Any]) -> tuple[str, ...]:
    for name in ("text", "content", "html", "value", "body", "children"):
        inner = item.get(name)
        if isinstance(inner, str):
            return paragraphs_of_markup(inner)
        if isinstance(inner, dict) and isinstance(inner.get("text") or inner.get("html"), str):
            return paragraphs_of_markup(inner.get("text") or inner.get("html") or "")
        if (
            isinstance(inner, list)
            and inner
            and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in inner)
        ):
            return paragraphs_of_markup("".join(part["text"] for part in inner))  # spans of one paragraph
    return ()

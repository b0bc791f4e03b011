"""A page's tree and what it says of itself in its head: titles, times, addresses, linked data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree
from lxml.cssselect import CSSSelector

from crawler.extraction.body.inline_markup import line_of
from crawler.extraction.evidence import Evidence
from crawler.extraction.field_limits import collapse_space
from crawler.extraction.text import clean, joined
from stories.model.release import NotARelease
from stories.model.urls import URL_MAX

ARTICLES = ("article", "newsarticle", "blogposting", "report", "pressrelease", "webpage", "reportagenewsarticle",
            "analysisnewsarticle", "backgroundnewsarticle", "socialmediaposting")  # fmt: skip
LD_JSON_LIMIT = 500_000  # characters; an article's linked data has some thousand
_NOT_XML = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOT_XML_BYTES = bytes(32 if _NOT_XML.match(chr(code)) else code for code in range(256))
_NOT_XML_WRITTEN = re.compile("&#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));?")
# lxml.html asks a Python function for the class of every element each time it is touched; one class for all takes a
# tenth off the time of a page (forms and labels have no methods of their own then).
_ELEMENTS = etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement)
MOST_ATTRIBUTES = 10_000  # of an element: a fifth of a second; what scripts keep in attributes is few and long
_ATTRIBUTE = re.compile(r"""\s[^\s=>"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?""")
_NOT_HTML = re.compile(r"^\s*(?:%PDF-|\{\s*\"|\x89PNG|GIF8|PK\x03\x04|\x1f\x8b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One parsed page."""

    tree: lxml.html.HtmlElement
    url: str | None
    """Where it was read."""
    base: str | None
    """What relative addresses are relative to."""
    meta: dict[str, list[str]]
    """The contents of ``<meta>`` by name, property or itemprop in lower case."""
    linked: list[dict[str, Any]] = field(default_factory=list)
    """JSON-LD nodes that describe the article, keys in lower case (GlobeNewswire writes ``DatePublished``)."""
    title: str | None
    canonical: str | None
    language: str | None
    scripts: int = 0
    """How many scripts it loads: a page without text that loads some is made by them."""
    evidence: Evidence = field(default_factory=Evidence)
    """What the finders of fields saw on it."""

    def first(self, *names: str) -> str | None:
        """Return the first content of the meta names given, in the order of the names."""
        return next((value for name in names for value in self.meta.get(name, ()) if value), None)

    def absolute(self, url: str | None) -> str | None:
        """Return an http(s) address made absolute, None where it is something else."""
        if not url or len(url) > 4000:
            return None
        try:
            whole = urljoin(self.base or "", url.strip())
            parts = urlsplit(whole)
        except ValueError:
            return None
        return whole if parts.scheme in ("http", "https") and parts.hostname else None


def _unless_xml(reference: re.Match[str]) -> str:
    """Return a character reference unchanged, or a space for one that means such a character."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return " " if number <= 0xFFFF and _NOT_XML.match(chr(number)) else reference[0]


def parse(text: str, url: str | None = None, evidence: Evidence | None = None) -> Page:
    """Return the page; ``NotARelease`` for what is no HTML."""
    if not text.strip():
        raise NotARelease("empty", "the page has no content")
    if _NOT_HTML.match(text[:200]) or text[:4000].count("\ufffd") > 400:
        raise NotARelease("not HTML", "the page is a file of another kind")
    if text.lstrip()[:1] == "<" and re.match(r"\s*(?:<\?xml[^>]*>\s*)?<(?:rss|feed|urlset|sitemapindex)\b", text[:600]):
        raise NotARelease("listing", "a feed or a sitemap")
    text = collapse_space(text)
    if _is_crowded(text):
        raise NotARelease("unreadable", f"an element with more than {MOST_ATTRIBUTES} attributes")
    tree = _tree(text)
    meta = _meta(tree)
    base = _base(tree, url)
    title = tree.findtext(".//title")
    canonical = tree.xpath("string((//link[translate(@rel,'CANOIL','canoil')='canonical']/@href)[1])")
    page = Page(
        tree=tree,
        url=url,
        base=base,
        meta=meta,
        linked=[node for node in _linked(tree) if _is_article(node)],
        title=joined(clean(title)) or None if title else None,
        canonical=None,
        language=(tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or tree.get("xml:lang")),
        scripts=len(tree.findall(".//script[@src]")),
        evidence=evidence or Evidence(),
    )
    for element in list(tree.iter("script", "style", "svg")):  # heavy, and nothing of the text
        kind = element.get("type") or ""
        if element.getparent() is not None and kind != "application/ld+json" and "template" not in kind:
            element.drop_tree()
    return replace(page, canonical=page.absolute(str(canonical)))


def select(tree: lxml.html.HtmlElement, selector: str) -> list[lxml.html.HtmlElement]:
    """Return the elements that a CSS selector names."""
    return cast("list[lxml.html.HtmlElement]", CSSSelector(selector)(tree))


def inner_text(element: lxml.html.HtmlElement) -> str:
    """Return an element's text as one line."""
    return joined(clean(line_of(element)))


def _is_crowded(text: str) -> bool:
    """Whether an element has so many attributes that libxml2, which compares each with all others, takes minutes."""
    for part in text.split(">"):
        if len(part) > MOST_ATTRIBUTES:
            tag = part[part.rfind("<") :]
            if len(tag) > MOST_ATTRIBUTES and len(_ATTRIBUTE.findall(tag)) > MOST_ATTRIBUTES:
                return True
    return False


def _as_xml(text: str) -> bytes:
    """Return the text in UTF-8 without the characters, written or referred to, for which lxml refuses all of it."""
    if "&#" in text:
        text = _NOT_XML_WRITTEN.sub(_unless_xml, text)
    data = text.encode("utf-8", "replace").translate(_NOT_XML_BYTES, b"\x00")
    return data.replace(b"\xef\xbf\xbe", b" ").replace(b"\xef\xbf\xbf", b" ")  # U+FFFE, U+FFFF


def _tree(text: str) -> lxml.html.HtmlElement:
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    parser.set_element_class_lookup(_ELEMENTS)
    try:
        tree = lxml.html.document_fromstring(_as_xml(text), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise NotARelease("empty", f"nothing in it can be read as HTML ({error})") from error
    if tree.tag != "html" or tree.find("body") is None:
        raise NotARelease("empty", "the page has no body")
    return tree


def _meta(tree: lxml.html.HtmlElement) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        content = element.get("content")
        if content:
            for attribute in ("name", "property", "itemprop", "http-equiv"):
                if name := element.get(attribute):
                    found.setdefault(name.strip().lower(), []).append(joined(clean(content[:5000])))
    return found


def _base(tree: lxml.html.HtmlElement, url: str | None) -> str | None:
    declared = tree.xpath("string((//base/@href)[1])")
    if len(str(declared)) > URL_MAX:
        return url
    try:
        return urljoin(url or "", str(declared)) or None if declared else url
    except ValueError:
        return url


_LD_JSON_WRAPPERS = re.compile(
    r"^(?:(?://|/\*)?\s{0,9}<!\[CDATA\[\s{0,9}(?:\*/)?|<!--)|(?:(?://|/\*)?\s{0,9}\]\]>\s{0,9}(?:\*/)?|-->)\s{0,9};?$"
)
# A string, which stays, or a comment, or a comma before a closing bracket.
_LD_JSON_EXTRAS = re.compile(r'("(?:[^"\\]|\\.)*")|/\*.*?(?:\*/|\Z)|(?<!:)//[^\n]*|,(?=\s*[\]}])', re.DOTALL)
_LD_JSON_FIELD = re.compile(r'"(headline|datePublished|dateCreated|@type)"\s*:\s*"([^"\\]{1,400})"', re.IGNORECASE)


def _linked(tree: lxml.html.HtmlElement) -> Iterator[dict[str, Any]]:
    for script in tree.iterfind(".//script[@type]"):
        is_linked_data = (script.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json"
        if is_linked_data and script.text and len(script.text) < LD_JSON_LIMIT:
            yield from _nodes(_linked_data(script.text))


def _linked_data(text: str) -> Any:
    """Return the JSON of a script: without comments, CDATA marks and trailing commas; single fields if it is broken."""
    text = _LD_JSON_WRAPPERS.sub("", text.strip()).strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(_LD_JSON_EXTRAS.sub(lambda match: match[1] or "", text), strict=False)
    except (ValueError, RecursionError):
        pass
    fields: dict[str, set[str]] = {}
    for name, value in _LD_JSON_FIELD.findall(text):
        fields.setdefault(name.lower(), set()).add(value)
    types = fields.pop("@type", set())
    unique = {name: values.pop() for name, values in fields.items() if len(values) == 1}
    return {"@type": sorted(types), **unique} if "datepublished" in unique else None


def _nodes(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > 4:
        return
    if isinstance(data, list):
        for item in data[:100]:
            yield from _nodes(item, depth + 1)
    elif isinstance(data, dict):
        node = {str(name).lower(): value for name, value in data.items()}
        yield node
        for name in ("@graph", "mainentity"):
            if name in node:
                yield from _nodes(node[name], depth + 1)


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    names = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    return any(isinstance(name, str) and name.lower().rpartition("/")[2] in ARTICLES for name in names)

"""Bounds on the markup of a listing before it is parsed: white space, attributes, bases, children, charset names.

The parsers behind are superlinear in some of these: libxml2 compares each attribute of an HTML element with all before
it, Python's SAX reader and feedparser do so with attributes and categories, and ``xml:base`` is joined for each entry.
What is cut is counted. Everything here is linear in the size of the bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from xml.parsers import expat

from lxml import etree

from crawler.http.charset_names import text_codec
from crawler.listings.dates import read_date
from crawler.listings.listing_page import ListingPage
from stories.model.sighting import Sighting
from stories.model.urls import URL_MAX

ENTRIES_MAX = 5_000  # entries of a feed that are read, in its order; Business Wire's whole week is about 4,000
HEADLINE_MAX = 2_000  # characters; the longest real headlines, several subheadings run together, have 600
GUID_MAX = 2_048  # characters of an entry's id; it is kept in Redis
DATE_MAX = 200  # characters of a printed time
ATTRIBUTES_MAX = 64  # attributes of an XML element
HTML_ATTRIBUTES_MAX = 256  # of an HTML element
CHILDREN_MAX = 100  # children of one name in an entry: categories, links, enclosures
DEPTH_MAX = 200  # elements within each other; lxml stops at 256
SPACE_MAX = 256  # white space characters in a row; more of them mean the same as one
DATE_READ = 1_024  # characters of a printed time that are read
TITLE_READ = 16_384  # characters of a title's markup that are read; a headline with its tags has 2,000

_SPACE = re.compile(rb"(?<![ \t\r\n])[ \t\r\n]{%d,}" % SPACE_MAX)
_DECLARATION = re.compile(
    rb"""(<\?xml\b[^>]{0,200}?)\bencoding\s{0,8}=\s{0,8}(?:"([^"<>]{0,200})"|'([^'<>]{0,200})')"""
)
_ATTRIBUTE = rb"""[\s/]*+[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"']*+))?+"""
_TAG = re.compile(
    rb"<!--(?:[^-<]|-(?!->)|<(?!!--))*+-->|<[A-Za-z][^\s/>]*+(?:%s){0,%d}+((?:%s)*+)"
    % (_ATTRIBUTE, HTML_ATTRIBUTES_MAX, _ATTRIBUTE)
)
_ENTRIES = ("item", "entry", "li")
_DATES = ("pubDate", "published", "updated", "date", "issued", "modified")
_BASES = ("{http://www.w3.org/XML/1998/namespace}base", "base")
"""Attributes from which feedparser takes the base of the addresses below."""


def collapse_space(body: bytes) -> bytes:
    """Return the bytes with each long run of white space as one line break."""
    return _SPACE.sub(b"\n", body)


def limit_html_attributes(body: bytes, refused: Counter[str]) -> bytes:
    """Return an HTML page in which no element has more than ``HTML_ATTRIBUTES_MAX`` attributes."""
    kept: list[bytes] = []
    at = 0
    for tag in _TAG.finditer(body):
        start, end = tag.span(1)
        if end > start >= 0:
            kept.append(body[at:start])
            at = end
            refused["attributes"] += 1
    return b"".join([*kept, body[at:]]) if kept else body


def known_charset(body: bytes, refused: Counter[str]) -> bytes:
    """Return XML whose declaration names no charset but one of the web; another name is taken out."""
    found = _DECLARATION.match(body.lstrip()[:512])
    if found is None or text_codec((found[2] or found[3] or b"").decode("latin-1")) is not None:
        return body
    refused["charset"] += 1
    return body.lstrip().replace(found[0], found[1], 1)


def bounded(page: ListingPage, refused: Mapping[str, int]) -> ListingPage:
    """Return a page of a listing with its headlines, ids and times within their lengths, and all refusals counted."""
    counted = Counter(refused)
    counted.update(page.refused)
    sightings = tuple(_bounded(one, counted) for one in page.sightings[:ENTRIES_MAX])
    counted["entries"] += max(0, len(page.sightings) - ENTRIES_MAX)
    return replace(page, sightings=sightings, refused={reason: number for reason, number in counted.items() if number})


def _bounded(sighting: Sighting, refused: Counter[str]) -> Sighting:
    headline, guid, printed = sighting.headline, sighting.guid, sighting.published_raw
    if headline is not None and len(headline) > HEADLINE_MAX:
        headline = headline[:HEADLINE_MAX].rstrip()
        refused["headline"] += 1
    if guid is not None and len(guid) > GUID_MAX:
        guid = None
        refused["guid"] += 1
    if printed is not None and len(printed) > DATE_MAX:
        printed = printed[:DATE_MAX].rstrip()
        refused["date"] += 1
    if (headline, guid, printed) == (sighting.headline, sighting.guid, sighting.published_raw):
        return sighting
    return replace(sighting, headline=headline, guid=guid, published_raw=printed)


class _OverError(Exception):
    """An element is over a bound; the rest need not be looked at."""


class _Inspector:
    """Looks at the elements of an XML document as expat finds them; ``_OverError`` for one that is over a bound."""

    def __init__(self) -> None:
        self._children: list[dict[str, int]] = []
        """For each open element the number of its children by name."""
        self._bases: list[int] = [0]
        """The length of the bases around each of them."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        children = self._children
        if children:
            siblings = children[-1]
            count = siblings[name] = siblings.get(name, 0) + 1
            if count > CHILDREN_MAX and count > _allowed(name.rpartition(":")[2]):
                raise _OverError
        children.append({})
        base = self._bases[-1]
        if attributes:
            base += len(attributes.get("xml:base", "")) + len(attributes.get("base", ""))
            if base > URL_MAX or len(attributes) > ATTRIBUTES_MAX:
                raise _OverError
        self._bases.append(base)
        if len(children) > DEPTH_MAX:
            raise _OverError

    def end(self, name: str) -> None:
        self._children.pop()
        self._bases.pop()


def _allowed(name: str) -> int:
    """Return how many children of a local name an element may have."""
    return ENTRIES_MAX if name in _ENTRIES else CHILDREN_MAX


def newest(dates: Sequence[str | None], limit: int) -> Collection[int]:
    """Return the places of the newest entries of a list, by their printed dates; the first ones of a list without."""
    moments = [read_date(text, None) if text else None for text in (dates[0], dates[-1])]
    if None in moments:
        return range(limit)
    if str(moments[0]) >= str(moments[1]):
        # Newest first, as nearly all feeds are; a date that is out of order does not matter at this size.
        return range(limit)
    read = [(str(read_date(text, None) or "") if text else "", place) for place, text in enumerate(dates)]
    return {place for _, place in sorted(read, reverse=True)[:limit]}


def _printed_date(entry: Any) -> str | None:
    """Return the first date of a feed's entry as it is printed."""
    for child in entry:
        if isinstance(child.tag, str) and etree.QName(child).localname in _DATES and child.text:
            return str(child.text).strip()[:DATE_READ]
    return None


def inspect(body: bytes) -> tuple[bool, bool]:
    """Return whether XML is well-formed, and whether an element before its first fault is over a bound."""
    inspector, parser = _Inspector(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = inspector.start, inspector.end
    try:
        parser.Parse(body, True)
    except _OverError:
        return False, True
    except (expat.ExpatError, ValueError, LookupError):
        return False, False
    return True, False


def trim_feed(body: bytes, parser: etree.XMLParser, refused: Counter[str]) -> bytes | None:
    """Return a feed as UTF-8 with what is over a bound left out; None for what has no root element."""
    root = etree.fromstring(body.lstrip(), parser)
    if root is None:
        return None
    bases = {root: 0}
    surplus: list[Any] = []
    children: dict[Any, Counter[str]] = {}
    entries: dict[Any, list[Any]] = {}
    for element in root.iter(etree.Element):
        above = element.getparent()
        base = bases.get(above, 0) if above is not None else 0
        attributes = element.attrib
        own = sum(len(attributes.get(name, "")) for name in _BASES)
        if base + own > URL_MAX:
            for name in _BASES:
                attributes.pop(name, "")
            refused["base_url"] += 1
            own = 0
        bases[element] = base + own
        if len(attributes) > ATTRIBUTES_MAX:
            refused["attributes"] += 1
            for surplus_name in attributes.keys()[ATTRIBUTES_MAX:]:
                del attributes[surplus_name]
        if above is not None:
            counted = children.setdefault(above, Counter())
            counted[element.tag] += 1
            local = etree.QName(element).localname
            if local in _ENTRIES:
                entries.setdefault((above, element.tag), []).append(element)
            elif counted[element.tag] > _allowed(local):
                surplus.append(element)
                refused["children"] += 1
    for of_feed in entries.values():
        if len(of_feed) > ENTRIES_MAX:
            kept = newest([_printed_date(entry) for entry in of_feed], ENTRIES_MAX)
            surplus += [entry for place, entry in enumerate(of_feed) if place not in kept]
            refused["entries"] += len(of_feed) - ENTRIES_MAX
    for element in surplus:
        if (above := element.getparent()) is not None:
            above.remove(element)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)

"""An HTML page as flat lists: elements in document order, their text in one string, and where it is.

Everything here is linear in the page's size, so that a hostile page costs no more than its bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from crawler.listings.dates import PrintedDate, find_dates, may_hold_date
from crawler.listings.listing_page import ListingUnreadableError

ELEMENTS_READ = 60_000  # a listing of 1,000 cards has about 20,000
LINE_WITH_DATE = 200  # characters; a date in a longer line is part of a sentence
SPLIT_DATE = 12  # characters; a day or a month in a box of its own
TEXT_SEARCHED = 200_000  # characters of such lines that are searched for dates, twenty for each link that is read

SILENT = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "select",
    "textarea",
    "iframe",
    "object",
    "head",
    "math",
    "canvas",
    "datalist",
}
INLINE = {
    "a", "abbr", "b", "bdi", "big", "cite", "code", "em", "font", "i", "img", "ins", "kbd", "label", "mark", "q", "s",
    "small", "span", "strong", "sub", "sup", "time", "tt", "u", "wbr",
}  # fmt: skip
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
ENTRIES = {"article", "li", "tr", "dd"}
CHROME_ROLES = {"navigation", "banner", "contentinfo", "search", "menu", "menubar", "tablist", "dialog"}
CHROME_WORDS = {
    "nav", "navbar", "navi", "navigation", "menu", "submenu", "megamenu", "dropdown", "footer", "toolbar", "topbar",
    "breadcrumb", "breadcrumbs", "pagination", "pager", "paging", "social", "share", "sharing", "sharebar", "tagcloud",
    "cookie", "cookies", "consent", "login", "lang", "language", "languages", "modal", "offcanvas", "popup", "masthead",
    "facet", "facets",
}  # fmt: skip
SIDE_WORDS = {
    "sidebar", "aside", "related", "trending", "popular", "mostread", "mostviewed", "recommended",
    "recommendation", "recommendations", "sponsored", "advert", "ads", "promo", "promoted", "rightcol",
    "rightcolumn", "rightbar", "rail", "secondary",
}  # fmt: skip
HEADERS = {"header", "site-header", "main-header", "top-header", "global-header", "siteheader"}
SIDE_NAMES = re.compile(
    r"(?:.*[-_])?(?:most[-_]?(?:read|viewed|popular)|(?:right|side)[-_]?col(?:umn)?|col(?:umn)?[-_]right)(?:[-_].*)?|widget|widget[-_]area|widget_.*"
)
UNSTABLE = re.compile(
    r".*\d.*|(?:category|tag|post_tag|format|status|has|is|lang|country|topic|author|color|bg|delay|animate)[-_].*"
    r"|odd|even|first|last|active|current|new|featured|sticky|alt|left|right|hentry|visited|hidden"
)
"""Class names that differ between entries of one list."""


class Zone(IntEnum):
    """What part of a page an element is in."""

    CONTENT = 0
    SIDE = 1
    CHROME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A printed time on the page."""

    start: int
    end: int
    raw: str
    machine: str | None = None
    """The ``datetime`` attribute."""
    found: PrintedDate | None = None
    named: bool = False
    """Its element says that it is a date."""
    line: tuple[int, int] = (0, 0)
    """The line that it is in; empty where its element holds nothing else."""


@dataclass(slots=True)
class FlatDom:
    """A page, flattened. Lists are indexed by an element's place in document order."""

    nodes: list[HtmlElement] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    """The first index after the element's descendants."""
    path: list[int] = field(default_factory=list)
    """Equal for elements with the same tags and stable class names from the root."""
    zone: list[Zone] = field(default_factory=list)
    anchor: list[int] = field(default_factory=list)
    """The link that the element is or is in; -1 for none."""
    text_start: list[int] = field(default_factory=list)
    text_end: list[int] = field(default_factory=list)
    text: str = ""
    links: list[int] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    """Where each piece of text starts, and the element that it is in."""

    def words(self, index: int) -> str:
        """Return an element's text in one line."""
        return " ".join(self.text[self.text_start[index] : self.text_end[index]].split())

    def lines(self, start: int, end: int) -> list[tuple[int, str]]:
        """Return the lines of a stretch of the text, each with the place where its words start."""
        found, place = [], start
        for raw in self.text[start:end].split("\n"):
            if line := " ".join(raw.split()):
                found.append((place + len(raw) - len(raw.lstrip()), line))
            place += len(raw) + 1
        return found

    def headings_in(self, index: int) -> list[int]:
        """Return the headings that an element holds or is."""
        return self.headings[bisect_left(self.headings, index) : bisect_left(self.headings, self.end[index])]

    def stamps_in(self, start: int, end: int) -> list[Stamp]:
        """Return the printed times within a stretch of the text."""
        first = bisect_left(self.stamps, start, key=lambda stamp: stamp.start)
        last = bisect_left(self.stamps, end, key=lambda stamp: stamp.start)
        return [stamp for stamp in self.stamps[first:last] if stamp.end <= end]

    def holder(self, position: int) -> int:
        """Return the element that a place of the text is in."""
        return self.owners[max(bisect_right(self.chunks, position) - 1, 0)] if self.owners else 0


def parse_page(text: str) -> HtmlElement:
    """Return the root element; ``ListingUnreadableError`` where there is no element at all."""
    parser = HTMLParser(encoding="utf-8", remove_pis=True, no_network=True)
    data = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    try:
        return document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise ListingUnreadableError(f"no HTML page ({error})") from error


def outline(root: HtmlElement) -> FlatDom:
    """Return a page's outline; what is after the 60,000th element is left out."""
    flat = _Flattener().read(root)
    _mark_zones(flat)
    flat.stamps = _stamps(flat)
    return flat


class _Flattener:
    """One walk over the tree."""

    def __init__(self) -> None:
        self.flat = FlatDom()
        self.pieces: list[str] = []
        self.length = 0
        self.open: list[int] = []
        self.paths: dict[tuple[int, str, str], int] = {}
        self.stable: dict[str, str] = {}
        self.shared: set[str] = set()

    def read(self, root: HtmlElement) -> FlatDom:
        names = ((node.get("class") or "")[:300].lower().split() for node in islice(root.iter(), ELEMENTS_READ))
        said = Counter(name for several in names for name in set(several))
        self.shared = {name for name, times in said.items() if times > 1 and not UNSTABLE.fullmatch(name)}
        walk = etree.iterwalk(root, events=("start", "end", "comment"))
        for event, element in walk:
            if event == "start":
                if len(self.flat.nodes) >= ELEMENTS_READ:
                    break
                if element.tag in SILENT:
                    walk.skip_subtree()
                    self.open.append(-1)
                else:
                    self._enter(element)
            elif event == "end":
                self._leave(element)
            else:
                self._say(element.tail)
        while self.open:
            self._close(self.open.pop())
        self.flat.text = "".join(self.pieces)
        return self.flat

    def _enter(self, element: HtmlElement) -> None:
        flat, tag = self.flat, str(element.tag)
        index, above = len(flat.nodes), self.open[-1] if self.open else -1
        if tag not in INLINE:
            self._put("\n")
        flat.nodes.append(element)
        flat.parent.append(above)
        flat.end.append(0)
        names = self._stable_names(element.get("class") or "")
        key = (flat.path[above] if above >= 0 else -1, tag, names)
        flat.path.append(self.paths.setdefault(key, len(self.paths)))
        flat.anchor.append(flat.anchor[above] if above >= 0 else -1)
        flat.text_start.append(self.length)
        flat.text_end.append(0)
        if tag == "a" and element.get("href"):
            flat.links.append(index)
            flat.anchor[index] = index
        elif tag in HEADINGS:
            flat.headings.append(index)
        elif tag == "time" or element.get("datetime"):
            flat.times.append(index)
        self.open.append(index)
        self._say(element.text)

    def _leave(self, element: HtmlElement) -> None:
        index = self.open.pop()
        self._close(index)
        if index < 0 or element.tag not in INLINE:
            self._put("\n")
        elif element.tag != "a":
            self._put(" " if element.tag in ("span", "time", "label") else "")
        self._say(element.tail)

    def _close(self, index: int) -> None:
        if index >= 0:
            self.flat.text_end[index] = self.length
            self.flat.end[index] = len(self.flat.nodes)

    def _say(self, text: str | None) -> None:
        if text and not text.isspace() and self.open and self.open[-1] >= 0:
            self.flat.chunks.append(self.length)
            self.flat.owners.append(self.open[-1])
            self._put(text.replace("\n", " "))
        elif text:
            self._put(" ")

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    def _stable_names(self, names: str) -> str:
        known = self.stable.get(names)
        if known is None:
            kept = sorted({name for name in names[:300].lower().split() if name in self.shared})
            known = self.stable[names] = " ".join(kept[:4])
        return known


def _mark_zones(flat: FlatDom) -> None:
    holds = [index for index, node in enumerate(flat.nodes) if node.tag in ("h1", "main") or node.get("role") == "main"]
    named: dict[tuple[str, str], Zone] = {}
    within = [False] * len(flat.nodes)
    for index, node in enumerate(flat.nodes):
        above = flat.parent[index]
        within[index] = node.tag in ENTRIES or (above >= 0 and within[above])
        zone = _zone_of_tag(node, within[index])
        key = (node.get("class") or "", node.get("id") or "")
        if zone is Zone.CONTENT and above > 0 and (key[0] or key[1]):
            if key not in named:
                named[key] = _zone_of_names(f"{key[0]} {key[1]}"[:300])
            zone = named[key]
            wraps = bisect_left(holds, index) < bisect_left(holds, flat.end[index])
            if wraps or flat.text_end[index] - flat.text_start[index] > 0.85 * len(flat.text):
                zone = Zone.CONTENT
        flat.zone.append(max(zone, flat.zone[above]) if above >= 0 else zone)


def _zone_of_tag(node: HtmlElement, in_entry: bool) -> Zone:
    role = node.get("role") or ""
    if node.tag == "nav" or role in CHROME_ROLES or (node.tag in ("header", "footer") and not in_entry):
        return Zone.CHROME
    return Zone.SIDE if node.tag == "aside" or role == "complementary" else Zone.CONTENT


def _zone_of_names(names: str) -> Zone:
    zone = Zone.CONTENT
    for name in names.split():
        low = name.lower()
        parts = set(re.split(r"[-_:]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()))
        if parts & {"has", "with", "no", "without", "main", "body"}:
            continue  # a layout's name, not the box's
        if low in HEADERS or (
            parts & CHROME_WORDS
            and not parts & {"card", "entry", "post", "article", "item", "news", "story", "release", "result"}
        ):
            return Zone.CHROME
        if low in ("menu-item", "nav-item", "footer-news", "footer-posts"):
            return Zone.CHROME
        if parts & SIDE_WORDS or SIDE_NAMES.fullmatch(low):
            zone = Zone.SIDE
    return zone


def _stamps(flat: FlatDom) -> list[Stamp]:
    stamps: list[Stamp] = []
    taken: list[tuple[int, int]] = []
    for index in flat.times:
        start, end = flat.text_start[index], flat.text_end[index]
        raw, machine = flat.words(index), (flat.nodes[index].get("datetime") or "").strip() or None
        if (raw or machine) and len(raw) <= LINE_WITH_DATE and (not taken or start >= taken[-1][1]):
            found = next(iter(find_dates(raw)), None) if raw else None
            stamps.append(
                Stamp(start=start, end=end, raw=raw or machine or "", machine=machine, found=found, named=True)
            )
            taken.append((start, end))
    for start, end in _windows(flat.text):
        for found in find_dates(flat.text[start:end]):
            first, last = start + found.start, start + found.end
            place = bisect_right(taken, (first, len(flat.text))) - 1
            if place >= 0 and taken[place][1] > first:
                continue
            holder = flat.holder(first)
            named = re.search(
                r"date|time|publi|datum|stamp",
                f"{flat.nodes[holder].get('class')} {flat.nodes[holder].get('id')}".lower(),
            )
            line = (first, first) if _is_alone(flat, holder, found) else _line(flat.text, first, last)
            stamps.append(Stamp(start=first, end=last, raw=found.raw, found=found, named=named is not None, line=line))
    return sorted(stamps, key=lambda stamp: stamp.start)


def _is_alone(flat: FlatDom, holder: int, found: PrintedDate) -> bool:
    if flat.nodes[holder].tag in HEADINGS or flat.text_end[holder] - flat.text_start[holder] > LINE_WITH_DATE:
        return False
    return flat.anchor[holder] != holder and flat.words(holder).strip(" ,|()[]-–•·:") == found.raw


def _line(text: str, start: int, end: int) -> tuple[int, int]:
    line_end = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if line_end < 0 else line_end


def _windows(text: str) -> list[tuple[int, int]]:
    """The stretches worth searching for dates: short lines with a digit, joined with the tiny lines around them."""
    windows: list[tuple[int, int]] = []
    position, joining, searched = 0, False, 0
    for line in text.split("\n"):
        start, end = position, position + len(line)
        position = end + 1
        said = line.strip()
        tiny = len(said) <= SPLIT_DATE
        if not said:
            continue
        if len(said) > LINE_WITH_DATE or not (tiny or may_hold_date(line)):
            joining = False
            continue
        if tiny and joining and end - windows[-1][0] <= 5 * SPLIT_DATE:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
        joining, searched = tiny, searched + len(said)
        if searched > TEXT_SEARCHED:
            break
    return windows

"""The places of a page that give its date of publication, each with what it says; a pure reading of tree and blocks.

Running text gives none: a release "founded on 15 March 2019" was not published then. Nor does what is next to the
article: related stories, menus, comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import lxml.html
from lxml import etree

from crawler.extraction.body.blocks import Block, ancestors
from crawler.extraction.fields.dates import find_dates, find_moment, is_date_line, read_machine_date
from crawler.extraction.page import Page, inner_text
from crawler.extraction.text import is_sentence, key, weight
from stories.text.date_words import any_of, update_words

Carrier = Literal[
    "hint", "linked data", "meta", "microdata", "time", "printed", "dateline", "page node", "marked", "printed near",
    "url", "any date", "created", "updated",
]  # fmt: skip
"""Where a page gives a date. ``page node``: linked data of the page, or of a node that may be another story's.
``marked``: an element whose class names a date. ``printed near``: a line above the headline or below the text.
``any date``: a name that does not say which date it is. ``created``: of a draft."""


@dataclass(frozen=True, slots=True)
class DateWitness:
    """A date that one place of a page gives."""

    at: str
    """ISO 8601: with an offset, or a bare date."""
    carrier: Carrier
    origin: str
    """The place in words, for ``extract --explain``."""


META_NAMES = (
    "article:published_time", "og:article:published_time", "article:published", "datepublished", "pubdate", "publishdate",  # noqa: E501
    "publish-date", "publication_date", "parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.issued",
    "dcsext.articlefirstpublished", "og:pubdate", "article.published", "cxenseparse:recs:publishtime", "originalpublicationdate", "release_date",  # noqa: E501
    "shareaholic:article_published_time", "published_time", "og:published_time", "article:published_date", "bt:pubdate", "pub_date", "published-date", "published_date",  # noqa: E501
    "dc.date.published", "article_date_original", "citation_publication_date", "publisheddate", "publication-date",
)  # fmt: skip
ANY_DATE_META_NAMES = ("date", "dc.date", "dcterms.date", "dcterms.created")
"""Content systems write the date of publication, of the draft or of the last change under these names."""
CREATED_META_NAMES = ("datecreated", "dc.date.created", "creation_date", "createdate", "created", "uploaddate")
LINES_ABOVE_HEADLINE = 6
LINES_BELOW_TEXT = 8
LINES_UNDER_HEADLINE = 30
RUNNING_TEXT = 140  # Latin characters: the first paragraph so long is the article's
DATE_LINE = 160  # Latin characters; a longer line is text
BESIDE_DATE = 110  # Latin characters of a line around its date: place, author, section, reading time
SENTENCE_WORDS = 5
_UPDATED = re.compile(rf"(?<!\w){any_of(update_words())}", re.IGNORECASE)
# Words of a class or an id of what is next to the article …
_NEXT_TO_ARTICLE = re.compile(
    r"(?<![A-Za-z])(?:[Rr]elated|[Rr]ecommend(?:ed|ation)?|[Tt]easer|[Ss]idebar|[Cc]omment|[Pp]opular|[Tt]rending|"
    r"[Mm]ost-?[Rr]ead|[Ll]atest|[Pp]romo|[Cc]arousel|[Nn]ewsletter|[Ww]idget|[Mm]ore)s?(?![a-z])"
)
# … unless it only says that there is such a thing, as class="has-sidebar" does.
_HOLDS_ARTICLE = re.compile(
    r"(?:^|[\s_-])(?:has|no|with|without|is|not|main|wrap|wrapper|layout|count|open)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_MICRODATA = etree.XPath(
    "//*[@itemprop or @property or @pubdate]"
    "[@itemprop='datePublished' or @property='datePublished' or @property='schema:datePublished' or @pubdate]"
)
_MARKED_TAGS = ("span", "div", "p", "abbr", "li", "td")
_MARKED_NAME = re.compile(r"date|publish|posted|time", re.IGNORECASE)
MARKED_ELEMENTS_MAX = 60
_PATH_DATE = re.compile(
    r"(?<!\d)(?P<year>20\d\d)(?P<mark>[/-])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?=[/_.-]|$)"
    r"|(?<!\d)(?P<y>20\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)"
)
_FIGURE = re.compile(r"\d")
_GLUED = re.compile(r"(?<=[^\W\d_])(?=\d{1,4}[./-]\d)")
"""Between a name and the date next to it, which only their elements part: ``Jane Doe3.11.2023``."""
_NUMERIC = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2((?:19|20)?\d\d)(?![\d/]|[.-]\d)")
_DAY_FIRST_HOSTS = (".uk", ".au", ".nz", ".ie", ".in", ".za", ".sg", ".hk", ".my")
_YEAR_FIRST = ("zh", "ja", "ko", "hu", "lt", "fa", "mn")


def find_witnesses(
    page: Page,
    blocks: Sequence[Block],
    *,
    headline: str,
    first: int,
    zone: str | None,
    hinted: str | None,
    dateline: str | None,
) -> list[DateWitness]:
    """Return what the places of a page say of its date of publication, the most trusted place first.

    Args:
        page: the page.
        blocks: its blocks; those of the text are chosen.
        headline: of the release.
        first: the index of the first chosen block.
        zone: IANA name, for times that name no zone.
        hinted: the text of the element that the source's settings name.
        dateline: the date of the dateline.
    """
    place = _Place.of(page, blocks, headline, first)
    found = list(_machine(page, headline, hinted, zone))
    found += _elements(page, place, zone)
    found += _lines(place, zone)
    if not _has_confirmed(found):
        found += _marked(page, place, zone)
    if dateline:
        found.append(DateWitness(dateline, "dateline", "dateline"))
    for address in (page.url, page.canonical):
        if address and (day := date_in_path(address)):
            found.append(DateWitness(day, "url", "URL"))
            break
    return found


def date_in_path(url: str) -> str | None:
    """Return the date in the path of a URL: ``/2026/02/11/``, ``-20260211``."""
    try:
        path = urlsplit(url).path
    except ValueError:  # of a page's own links
        return None
    for match in _PATH_DATE.finditer(path):
        parts = match.group("year", "month", "day") if match["year"] else match.group("y", "m", "d")
        try:
            return date(*map(int, parts)).isoformat()
        except ValueError:
            continue
    return None


# What the page says for machines


def _machine(page: Page, headline: str, hinted: str | None, zone: str | None) -> Iterator[DateWitness]:
    if hinted and (moment := read_machine_date(hinted, zone)):
        yield DateWitness(moment, "hint", "selector of the source")
    for node, is_own in _nodes(page, headline):
        for name in ("datepublished", "datecreated", "uploaddate"):
            value = node.get(name)
            text = value[0] if isinstance(value, list) and value else value
            if isinstance(text, str | int) and (moment := read_machine_date(str(text)[:100], zone)):
                carrier: Carrier = "created" if name != "datepublished" else "linked data" if is_own else "page node"
                yield DateWitness(moment, carrier, f"JSON-LD {name}")
    for names, kind in ((META_NAMES, "meta"), (ANY_DATE_META_NAMES, "any date"), (CREATED_META_NAMES, "created")):
        for name in names:
            for text in page.meta.get(name, ())[:1]:
                if moment := read_machine_date(text, zone):
                    yield DateWitness(moment, kind, f"meta {name}")  # type: ignore[arg-type]


def _nodes(page: Page, headline: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield the linked data that may be of this page, and whether they surely are.

    A node of an article with another headline is a related story's, unless it is the only article of the page.
    """
    articles = [node for node in page.linked if "webpage" not in str(node.get("@type", "")).lower()]
    own = [node for node in articles if _is_own(node, page, headline)]
    for node in own:
        yield node, True
    if not own and len(articles) == 1:
        yield articles[0], not _headline_of(articles[0])
    for node in page.linked:
        if not any(node is article for article in articles) and not own:
            yield node, False
    for node in page.linked:
        if own and not any(node is article for article in articles):
            yield node, False


def _headline_of(node: Mapping[str, Any]) -> str:
    text = node.get("headline") or node.get("name")
    return key(text) if isinstance(text, str) else ""


def _is_own(node: Mapping[str, Any], page: Page, headline: str) -> bool:
    titles = [key(text) for text in (headline, page.title, page.first("og:title")) if text]
    stated = _headline_of(node)
    if len(stated) >= 8 and any(stated in title or (len(title) >= 15 and title in stated) for title in titles):
        return True
    entity = node.get("mainentityofpage")
    addresses = [node.get("url"), node.get("@id"), entity.get("@id") if isinstance(entity, dict) else entity]
    own = {_bare(address) for address in (page.url, page.canonical, page.first("og:url")) if address}
    return any(isinstance(address, str) and _bare(address) in own for address in addresses)


def _bare(url: str) -> str:
    return url.partition("://")[2].partition("#")[0].partition("?")[0].removeprefix("www.").rstrip("/")


# Elements


def is_next_to_article(element: lxml.html.HtmlElement) -> bool:
    """Whether an element is a menu, or its class or id names related stories, comments and the like."""
    if element.tag in ("nav", "aside"):
        return True
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return _NEXT_TO_ARTICLE.search(names) is not None and _HOLDS_ARTICLE.search(names) is None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the article is on its page."""

    blocks: Sequence[Block]
    headline: int | None
    """The index of its headline's block; None if no block has it."""
    opening: int
    """The index of its first long paragraph."""
    last: int
    """The index of its last block."""
    around: frozenset[lxml.html.HtmlElement]
    """The elements that hold the first long paragraph."""
    day_first: bool | None
    """Whether the page's language writes the day before the month; None: unknown."""

    @staticmethod
    def of(page: Page, blocks: Sequence[Block], headline: str, first: int) -> _Place:
        chosen = [block for block in blocks if block.chosen]
        long = next((block for block in chosen if weight(block.text) >= RUNNING_TEXT), chosen[0] if chosen else None)
        opening = long.index if long else first
        wanted = key(headline)
        titles = [
            block.index
            for block in blocks[: opening + 1]
            if block.index < max(opening, 1) and abs(len(block.text) - len(headline)) < 20 and key(block.text) == wanted
        ]
        around = frozenset(ancestors(long.element)) if long else frozenset()
        last = chosen[-1].index if chosen else opening
        return _Place(blocks, titles[-1] if titles else None, opening, last, around, _is_day_first(page))

    @property
    def between(self) -> Sequence[Block]:
        """The blocks between headline and text; those before the text if the headline is not known."""
        start = max(0, self.opening - 14) if self.headline is None else self.headline + 1
        found = self.blocks[start : self.opening]
        if len(found) > LINES_UNDER_HEADLINE:
            half = LINES_UNDER_HEADLINE // 2
            found = [*found[:half], *found[-half:]]
        return [*found, *self.blocks[self.opening : self.opening + 1]]

    @property
    def above(self) -> Sequence[Block]:
        return (
            () if self.headline is None else self.blocks[max(0, self.headline - LINES_ABOVE_HEADLINE) : self.headline]
        )

    @property
    def below(self) -> Sequence[Block]:
        return self.blocks[self.last + 1 : self.last + 1 + LINES_BELOW_TEXT]

    def is_beside(self, element: lxml.html.HtmlElement) -> bool:
        """Whether an element is in another article, a related list, a menu or comments."""
        for holder in ancestors(element):
            if holder in self.around:
                return False
            if holder.tag == "footer" or (holder.tag == "article" and self.around) or is_next_to_article(holder):
                return True
        return False


def _elements(page: Page, place: _Place, zone: str | None) -> Iterator[DateWitness]:
    """Yield the dates of microdata and of ``<time>``."""
    yield from _dated(cast("list[lxml.html.HtmlElement]", _MICRODATA(page.tree)), "microdata", "microdata", place, zone)
    yield from _dated(page.tree.iter("time"), "time", "<time>", place, zone)


def _marked(page: Page, place: _Place, zone: str | None) -> Iterator[DateWitness]:
    """Yield the date of elements whose class or id names one."""
    named = (
        element
        for element in page.tree.iter(*_MARKED_TAGS)
        if _MARKED_NAME.search(element.get("class") or element.get("id") or "")
    )
    yield from _dated(islice(named, MARKED_ELEMENTS_MAX), "marked", "element with a date's class", place, zone)


def _dated(
    elements: Iterable[lxml.html.HtmlElement], carrier: Carrier, origin: str, place: _Place, zone: str | None
) -> Iterator[DateWitness]:
    found: list[tuple[lxml.html.HtmlElement, str]] = []
    for element in islice(elements, MARKED_ELEMENTS_MAX):
        if place.is_beside(element):
            continue
        read = _of_element(element, place, zone)
        if read is not None and not read[1]:
            found.append((element, read[0]))
    days = {moment[:10] for _, moment in found}
    if len(days) > 1 and carrier != "microdata":
        found = [(element, moment) for element, moment in found if _is_between(element, place)]
        days = {moment[:10] for _, moment in found}
        if len(days) > 1 and carrier == "marked":
            return
    if len(days) == 1:
        found.sort(key=lambda pair: "T" not in pair[1])
    for _, moment in found[:1]:
        yield DateWitness(moment, carrier, origin)


def _has_confirmed(witnesses: Sequence[DateWitness]) -> bool:
    """Whether what the page states for machines is the day that readers see: then no further place is needed."""
    stated = next(
        (witness.at[:10] for witness in witnesses if witness.carrier in ("hint", "linked data", "meta")), None
    )
    return stated is not None and any(
        witness.at[:10] == stated for witness in witnesses if witness.carrier in ("microdata", "time", "printed")
    )


def _of_element(element: lxml.html.HtmlElement, place: _Place, zone: str | None) -> tuple[str, bool] | None:
    """Return the date of an element, and whether it is that of a change."""
    names = f"{element.get('class') or ''} {element.get('itemprop') or ''}".lower()
    is_update = "modif" in names or "update" in names
    text = inner_text(element) if len(element) < 12 else ""
    label = text[:40] + _label_before(element)
    for value in (element.get("content"), element.get("datetime"), element.get("dateTime"), element.get("title")):
        if value and (moment := read_machine_date(value[:100], zone)):
            return moment, is_update or _UPDATED.search(label) is not None
    for moment, is_changed in line_dates(text, zone, place.day_first):
        return moment, is_update or is_changed or _UPDATED.search(_label_before(element)) is not None
    return None


def _label_before(element: lxml.html.HtmlElement) -> str:
    """Return the text right before an element in its parent: ``Updated:``."""
    before, parent = element.getprevious(), element.getparent()
    text = (before.tail or "") if before is not None else (parent.text or "") if parent is not None else ""
    if not text.strip() and before is not None and len(before) < 4:
        text = inner_text(before)
    return f" {text[-40:]}"


def _is_between(element: lxml.html.HtmlElement, place: _Place) -> bool:
    """Whether an element is in a block between headline and text."""
    holders = set(ancestors(element)) | {element}
    inside = set(element.iter())
    return any(block.element in holders or block.element in inside for block in place.between)


# Lines that readers see


def _lines(place: _Place, zone: str | None) -> Iterator[DateWitness]:
    later: list[DateWitness] = []
    between = sorted(place.between, key=lambda block: block.is_boilerplate)
    for carrier, blocks in (("printed", between), ("printed near", [*reversed(place.above), *place.below])):
        for block in blocks:
            if carrier == "printed near" and (block.is_boilerplate or block.link_density > 0.6 or block.chosen):
                continue
            if block.link_density > 0.6 and weight(block.text) > 40:
                continue
            if place.is_beside(block.element) or (block.kind == "heading" and not is_date_line(block.text)):
                continue
            for moment, is_update in line_dates(block.text, zone, place.day_first):
                kind: Carrier = "updated" if is_update else carrier  # type: ignore[assignment]
                origin = "line under the headline" if carrier == "printed" else "line above headline or below text"
                (later if is_update else []).append(witness := DateWitness(moment, kind, origin))
                if not is_update:
                    yield witness
    yield from later


def line_dates(text: str, zone: str | None, day_first: bool | None = None) -> Iterator[tuple[str, bool]]:
    """Yield the dates of short lines, and whether each is that of a change; nothing of a sentence.

    Args:
        text: of a block; line breaks part its lines.
        zone: IANA name, for times that name no zone.
        day_first: the order of day and month in figures; None: unknown, so that ``4/6/2016`` is no date.
    """
    if weight(text) > 3 * DATE_LINE or not _FIGURE.search(text):
        return
    joined = text.replace("\n", " ")
    found = list(_line_dates(joined, zone, day_first))
    if not found and joined != text:
        found = [each for line in text.split("\n") for each in _line_dates(line, zone, day_first)]
    yield from found


def _line_dates(line: str, zone: str | None, day_first: bool | None) -> Iterator[tuple[str, bool]]:
    if weight(line) > DATE_LINE:
        return
    line = _NUMERIC.sub(lambda match: _spelled(match, day_first), _GLUED.sub(" ", line))
    dates = list(find_dates(line))
    rest = weight(line) - sum(printed.end - printed.start for printed in dates)
    if not dates or rest > BESIDE_DATE or (is_sentence(line) and _words_around(line) > SENTENCE_WORDS):
        return
    for number, printed in enumerate(dates):
        start = dates[number - 1].end if number else 0
        end = dates[number + 1].start if number + 1 < len(dates) else len(line)
        if moment := find_moment(line[start:end], zone):
            yield moment, _UPDATED.search(line[start : printed.start]) is not None


def _words_around(line: str) -> int:
    words = [word for word in re.findall(r"[^\W\d_]+", line) if len(word) > 1]
    return len(words) + weight(line) // 60  # without spaces between its words, a sentence is one


def _spelled(match: re.Match[str], day_first: bool | None) -> str:
    """Return a date in figures as ISO 8601 where it can be read in one way, or the page's language settles it."""
    first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
    if len(year) == 2:
        if mark != "." and day_first is None:
            return match[0]
        year = f"20{year}"
    if mark == "." or (first > 12 >= second) or (day_first is True and second <= 12):
        day, month = first, second
    elif second > 12 >= first or day_first is False:
        day, month = second, first
    else:
        return match[0]
    try:
        return date(int(year), month, day).isoformat()
    except ValueError:
        return match[0]


def _is_day_first(page: Page) -> bool | None:
    language = (page.language or page.first("og:locale") or "").lower().replace("_", "-")
    if not language or language.split("-")[0] in _YEAR_FIRST:
        return None
    if not language.startswith("en"):
        return True
    if language in ("en-us", "en-ph"):
        return False
    host = urlsplit(page.url or page.canonical or "").hostname or ""
    return True if language not in ("en", "en-ca") or host.endswith(_DAY_FIRST_HOSTS) else None

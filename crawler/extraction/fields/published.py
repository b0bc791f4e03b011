"""When a release was published, as far as its page says: with an offset, else as a bare date, else not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.source_settings import ReleaseHints
from crawler.extraction.body.blocks import Block
from crawler.extraction.body.phrases import EMBARGO
from crawler.extraction.fields.dates import find_date, find_moment, read_machine_date
from crawler.extraction.fields.headline import selected
from crawler.extraction.page import Page
from crawler.extraction.text import weight

_NAMES = (
    "article:published_time", "og:article:published_time", "article:published", "datepublished", "date", "pubdate", "publishdate",  # noqa: E501
    "publish-date", "publication_date", "parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date", "dcterms.date",  # noqa: E501
    "dcsext.articlefirstpublished", "og:pubdate", "article.published", "cxenseparse:recs:publishtime", "originalpublicationdate", "release_date",  # noqa: E501
)  # fmt: skip
NEAR_HEADLINE = 14  # blocks around the headline in which a page prints its date


def find_published(
    page: Page, blocks: Sequence[Block], first: int, hints: ReleaseHints, dateline: str | None
) -> str | None:
    """Return ISO 8601 with an offset, the bare date where only that is known, None where nothing is.

    ``first`` is the index of the article's first block, ``dateline`` the dateline's date. A time without a zone counts
    only with the source's time zone; midnight sharp is what content systems write for "no time".
    """
    zone = hints.timezone
    found: list[str] = []
    hinted = selected(page, hints.published)
    if hinted and (moment := read_machine_date(hinted, zone)):
        found.append(moment)
    if found and _is_exact(found[0]):
        return found[0]
    for text in _machine(page):
        if moment := read_machine_date(text, zone):
            if _is_exact(moment):
                return moment
            found.append(moment)
    times = [moment for moment in found if "T" in moment]
    printed = list(_printed(page, blocks, first, zone))
    days = {moment[:10] for moment in found} | ({dateline} if dateline else set())
    for moment in printed:
        if "T" in moment and (not days or moment[:10] in days):
            return moment
    if times:
        return times[0]
    if found:
        return found[0]
    if dateline:
        return dateline
    return printed[0] if printed else None


def _is_exact(moment: str) -> bool:
    return "T" in moment and moment[11:19] != "00:00:00"


def _machine(page: Page) -> Iterator[str]:
    """Yield what the page says for machines, most trusted first."""
    for node in page.linked:
        for name in ("datepublished", "datecreated"):
            if isinstance(value := node.get(name), str) and value.strip():
                yield value
    for name in _NAMES:
        yield from page.meta.get(name, ())[:1]
    for element in page.tree.xpath(
        "//*[@itemprop='datePublished' or @property='datePublished'][@content or @datetime]"
    )[:2]:
        yield element.get("content") or element.get("datetime")
    moments = (
        page.tree.xpath("//time[@datetime][@pubdate or ancestor::article or ancestor::main or ancestor::header]") or []
    )
    stamps = [element.get("datetime") for element in moments[:1]]
    if not stamps:
        every = page.tree.xpath("//time[@datetime]")
        stamps = [every[0].get("datetime")] if len({element.get("datetime")[:10] for element in every}) == 1 else []
    yield from stamps


def _printed(page: Page, blocks: Sequence[Block], first: int, zone: str | None) -> Iterator[str]:
    """Yield the dates printed on lines of their own around the headline, nearest to the text first."""
    near = [*reversed(blocks[max(0, first - NEAR_HEADLINE) : first]), *blocks[first : first + 4]]
    for block in near:
        if (
            weight(block.text) <= 160
            and not block.is_boilerplate
            and (moment := find_moment(block.text.replace("\n", " "), zone))
        ):
            day = find_date(block.text)
            if day is not None and weight(block.text) - (day.end - day.start) <= 110:
                yield moment


def find_embargo(lines: Sequence[str], zone: str | None) -> str | None:
    """Return the end of an embargo that the release prints, with an offset; None where it gives no full moment."""
    for line in lines:
        if match := EMBARGO.search(line):
            moment = find_moment(match["when"], zone) or find_moment(line[: match.start()][-60:], zone)
            if moment and "T" in moment:
                return moment
    return None

"""Sitemaps, sitemap indexes and news sitemaps (sitemaps.org 0.9, Google News 0.9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from lxml import etree

from config.source_settings import ReleaseHints
from crawler.listings.dates import read_date
from crawler.listings.entry_tags import sitemap_tags
from crawler.listings.html.link_text import plain_text
from crawler.listings.html.links import is_directory, is_no_page
from crawler.listings.listing_page import ListingPage, ListingUnreadableError, version_digest
from crawler.listings.markup_bounds import DATE_READ, TITLE_READ
from stories.model.sighting import Sighting
from stories.model.urls import UrlTooLongError, canonical_url, url_digest
from stories.text.linear_regex import LinearPattern, linear

URLS_READ = 50_000  # the protocol's own limit for one sitemap
SIGHTINGS_MAX = 5_000  # the newest; older ones were there at the last poll, or the listing is polled too rarely
CHILDREN_MAX = 500
TEXT_READ = 20_000  # characters of one element

Row = dict[str, str]
"""Local element names, with their prefix's meaning: loc, lastmod, news:title, news:publication_date."""

NEWS = "http://www.google.com/schemas/sitemap-news/"


def read_sitemap(body: bytes, url: str, hints: ReleaseHints) -> ListingPage:
    """Return the pages of a sitemap in its order, the newest 5,000; of an index its sitemaps as ``children``.

    Pages that are directories, files or services are left out; with ``hints.url``, all that do not match it. The time
    of a sighting is the news sitemap's publication date; ``lastmod`` is none.
    """
    try:
        rows = list(_rows(body))
    except etree.XMLSyntaxError as error:
        raise ListingUnreadableError(f"a sitemap that is not well-formed XML ({error.msg})") from error
    if rows and rows[0][0] == "sitemap":
        return ListingPage(kind="sitemap", children=_children([row for _, row in rows], url))
    return _page([row for _, row in rows], url, hints)


def read_url_list(text: str, url: str, hints: ReleaseHints) -> ListingPage:
    """Return the pages of a plain text sitemap, a URL a line."""
    rows = [{"loc": line.strip()} for line in text.splitlines()[:URLS_READ] if line.strip()]
    return _page(rows, url, hints)


def _page(rows: list[Row], url: str, hints: ReleaseHints) -> ListingPage:
    refused: Counter[str] = Counter()
    return ListingPage(kind="sitemap", sightings=_sightings(rows, url, hints, refused), refused=refused)


def _rows(body: bytes) -> Iterator[tuple[str, Row]]:
    # Wrong bytes and a cut end cost their entry, not the listing; entities are never resolved, nothing is fetched.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_pis=True, remove_comments=True
    )
    root = etree.fromstring(body.lstrip(), parser)
    if root is None:
        raise ListingUnreadableError("a sitemap without a root element")
    for place, entry in enumerate(root):
        if place >= URLS_READ:
            return
        name = etree.QName(entry).localname if isinstance(entry.tag, str) else ""
        if name not in ("url", "sitemap"):
            continue
        row: Row = {}
        for element in entry.iter():
            if isinstance(element.tag, str) and element.text:
                local = etree.QName(element)
                prefix = (
                    "news:" if (local.namespace or "").startswith(NEWS) else "" if element.getparent() is entry else "…"
                )
                row.setdefault(prefix + local.localname.lower(), element.text.strip()[:TEXT_READ])
        yield name, row


def _children(rows: list[Row], url: str) -> tuple[str, ...]:
    dated = sorted(rows, key=lambda row: row.get("lastmod", ""), reverse=True)
    found = (_canonical(row.get("loc"), url) for row in dated)
    return tuple(dict.fromkeys(child for child in found if child))[:CHILDREN_MAX]


def _canonical(loc: str | None, url: str, refused: Counter[str] | None = None) -> str | None:
    try:
        return canonical_url(loc, url) if loc else None
    except UrlTooLongError:
        if refused is not None:
            refused["url"] += 1
        return None
    except ValueError:
        return None


def _sightings(rows: list[Row], url: str, hints: ReleaseHints, refused: Counter[str]) -> tuple[Sighting, ...]:
    host = urlsplit(url).hostname or ""
    zone = ZoneInfo(hints.timezone) if hints.timezone else None
    pattern, own = linear(hints.url) if hints.url else None, url_digest(canonical_url(url))
    kept: dict[str, Sighting] = {}
    for row in _newest(rows, pattern):
        page = _canonical(row.get("loc"), url, refused)
        if page is None or page in kept or url_digest(page) == own:
            continue
        if pattern is None and (is_no_page(page, host) or ("news:title" not in row and is_directory(page))):
            continue
        printed = row.get("news:publication_date", "")[:DATE_READ]
        tags, tickers = sitemap_tags(row)
        kept[page] = Sighting(
            url=page,
            headline=plain_text(row.get("news:title", "")[:TITLE_READ]) or None,
            published_raw=printed or None,
            published_at=read_date(printed, zone) if printed else None,
            version=version_digest(row.get("lastmod")),
            tags=tags,
            tickers=tickers,
        )
    return tuple(kept.values())


def _newest(rows: list[Row], pattern: LinearPattern | None) -> list[Row]:
    """The rows that match, in their order; of too many the newest, by their dates and by their place."""
    matching = [row for row in rows if pattern is None or pattern.search(row.get("loc", ""))]
    if len(matching) <= SIGHTINGS_MAX:
        return matching
    dates = [row.get("news:publication_date") or row.get("lastmod") or "" for row in matching]
    places = sorted(range(len(matching)), key=lambda place: dates[place], reverse=True)[:SIGHTINGS_MAX]
    return [matching[place] for place in sorted(places)]

"""Turns a listing's bytes into sightings. Pure: no network, no clock."""

from __future__ import annotations

from collections import Counter

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings.broken_xml import refuse_broken
from crawler.listings.decode import is_gzip, page_text, unpack
from crawler.listings.detect import Content, detect
from crawler.listings.feed import read_feed, read_json_feed
from crawler.listings.html.listing import read_html
from crawler.listings.listing_page import ListingPage, ListingUnreadableError
from crawler.listings.markup_bounds import bounded, collapse_space, limit_html_attributes
from crawler.listings.sitemap import read_sitemap, read_url_list
from stories.model.sighting import ListingKind

KINDS: dict[Content, ListingKind] = {
    "xml-feed": "feed",
    "json": "feed",
    "xml": "feed",
    "sitemap": "sitemap",
    "urls": "sitemap",
    "html": "html",
}
NAMES: dict[Content, str] = {
    "xml-feed": "a feed",
    "json": "JSON",
    "xml": "XML",
    "sitemap": "a sitemap",
    "urls": "a list of URLs",
    "html": "an HTML page",
    "text": "plain text",
}


def read_listing(
    body: bytes, url: str, listing: ListingSettings, hints: ReleaseHints, content_type: str | None = None
) -> ListingPage:
    """Return what a listing's bytes name, whatever kind they are, unless ``listing.kind`` says which they must be.

    What is over a bound of ``crawler.listings.markup_bounds`` is left out and counted in ``refused``.

    ``url`` is where they came from, after redirects. ``ListingUnreadableError`` says what they are instead: empty,
    binary, an HTML page where a feed was expected, a log-in page. A quiet listing is no error: it has no sightings.
    """
    if is_gzip(body):
        body = unpack(body)
    refused: Counter[str] = Counter()
    return bounded(_read(collapse_space(body), url, listing, hints, content_type, refused), refused)


def _read(
    body: bytes,
    url: str,
    listing: ListingSettings,
    hints: ReleaseHints,
    content_type: str | None,
    refused: Counter[str],
) -> ListingPage:
    content = detect(body)
    kind = KINDS.get(content)
    said = f" ({content_type[:100]})" if content_type else ""
    if listing.kind and listing.kind != kind:
        expected = "not XML" if listing.kind != "html" and content in ("html", "text") else f"no {listing.kind}"
        raise ListingUnreadableError(f"{expected}, but {NAMES[content]}{said}")
    if kind is None:
        raise ListingUnreadableError(f"neither HTML nor a feed nor a sitemap, but {NAMES[content]}{said}")
    if content in ("xml-feed", "xml"):
        return read_feed(body, url, hints, content_type)
    if content == "sitemap":
        page = read_sitemap(body, url, hints)
        if not page.sightings and not page.children:
            refuse_broken(body, "a sitemap", nothing=True)
        return page
    if content == "html":
        body = limit_html_attributes(body, refused)
    text = page_text(body, content_type, hints.encoding)
    if content == "json":
        return read_json_feed(text, url, hints)
    if content == "urls":
        return read_url_list(text, url, hints)
    return read_html(text, url, listing, hints)

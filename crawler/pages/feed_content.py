"""Feed entries that carry the whole release (``full_text``): read like a page, without a request.

The code that reads pages reads it, as the response to a request that is never sent.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response

from config.source_settings import ReleaseHints
from crawler.listings import ListingPage
from crawler.listings.full_text_entries import edition
from crawler.services import Services
from stories.crawl_state.claims import Claim
from stories.crawl_state.feed_entries import FeedEntryRecord
from stories.model.sighting import Sighting

FEED_ENTRY_META = "in_full"
"""The key in a request's ``meta`` of the entry that is read in place of the page."""


def entry_page(sighting: Sighting, content: str) -> str:
    """Return an entry as a page: its headline, its time, its text."""
    headline, at = (html.escape(part or "") for part in (sighting.headline, sighting.published_at))
    time = f'<time datetime="{at}">{at}</time>' if at else ""
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{headline}</title></head>'
        f"<body><main><article><h1>{headline}</h1>{time}<div>{content}</div></article></main></body></html>"
    )


def with_feed_entry(request: Request, entry: FeedEntryRecord) -> Request:
    """Return the request with a feed entry that is read in place of the page."""
    return request.replace(meta={**request.meta, FEED_ENTRY_META: entry, "render": False})


def feed_entry_of(response: Response) -> FeedEntryRecord | None:
    """Return the entry that was read in place of a page; None for a page that was fetched."""
    found: FeedEntryRecord | None = response.request.meta.get(FEED_ENTRY_META) if response.request else None
    return found


def synthetic_response(request: Request) -> Response | None:
    """Return the response made from a feed entry; None for a request that must be sent."""
    entry: FeedEntryRecord | None = request.meta.get(FEED_ENTRY_META)
    if entry is None or entry.page is None:
        return None
    return HtmlResponse(request.url, body=entry.page.encode("utf-8", "replace"), encoding="utf-8", request=request)


def entry_hints(hints: ReleaseHints) -> ReleaseHints:
    """Return the hints for an entry: those that name elements of a page are of no use in it."""
    none = dict.fromkeys(("body", "headline", "subheadline", "published", "issuer", "encoding"))
    return hints.model_copy(update=none)


class FeedContentMiddleware:
    """Answers requests for pages whose feed entry has the text: without robots.txt, throttling or connection."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FeedContentMiddleware:
        """Return the middleware of a crawl."""
        return cls()

    def process_request(self, request: Request) -> Response | None:
        """Return the response, if the request carries a feed entry."""
        return synthetic_response(request)


class FeedContent:
    """Spares the lister's requests for the pages whose text their feed carries."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def with_content(self, request: Request, sighting: Sighting, listed: ListingPage) -> Request:
        """Return the request for the page of a sighting, answered at hand where its entry carries the whole text."""
        content = listed.contents.get(sighting.url)
        return with_feed_entry(request, _entry(sighting, content)) if content is not None else request

    async def edited_entries(self, listed: ListingPage, claimed: Iterable[Claim]) -> list[Claim]:
        """Return the sightings whose release was read from an entry that says something else now."""
        entries, new = self._services.feed_entries, {claim.sighting.url for claim in claimed}
        urls = [
            sighting.url for sighting in listed.sightings if sighting.url in listed.contents and sighting.url not in new
        ]
        known = await entries.get_many(urls) if entries and urls else {}
        return [
            Claim(sighting=sighting, silent=False, changed=True)
            for sighting in listed.sightings
            if sighting.url in known and known[sighting.url].edition != edition(listed.contents[sighting.url])
        ]


def _entry(sighting: Sighting, content: str) -> FeedEntryRecord:
    return FeedEntryRecord(edition=edition(content), page=entry_page(sighting, content))

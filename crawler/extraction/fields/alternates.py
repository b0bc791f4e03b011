"""The other languages of a page, as its ``hreflang`` links name them (HTML Standard, 4.6.7.1)."""

from __future__ import annotations

from crawler.extraction.page import Page
from stories.model.urls import canonical_url

MOST = 12  # links; wires have pages in a dozen languages at most
SCANNED = 200  # link elements


def find_alternates(page: Page, own: str | None) -> tuple[str, ...]:
    """Return the canonical URLs of the page in other languages, each once, without its own.

    Where most pages of a site name its front page as their translation, nothing is lost: that is no release.
    """
    found: dict[str, None] = {}
    for link in list(page.tree.iter("link"))[:SCANNED]:
        if link.get("hreflang") and "alternate" in (link.get("rel") or "").casefold().split():
            url = page.absolute(link.get("href"))
            try:
                named = canonical_url(url) if url else None
            except ValueError:
                continue
            if named and named != own:
                found[named] = None
    return tuple(found)[:MOST]

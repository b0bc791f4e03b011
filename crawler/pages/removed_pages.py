"""How a known page shows that it is gone, by its response or its content, or that its site is down; pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from scrapy.http import HtmlResponse, Response

from crawler.extraction.page_phrases import AWAY, GONE, MAINTENANCE_HEADING, MAINTENANCE_TITLE, NOT_FOUND_HEADING
from stories.model.page_result import Gone
from stories.model.release import NotARelease

_REMOVED_STATUSES: dict[int, Gone] = {404: "not found", 410: "gone"}
_EMPTY_REASONS = ("no text", "empty")
_FRONT_PAGE = re.compile(
    r"/(?:[a-z]{2}(?:[-_][a-z]{2,4})?/?)?(?:(?:index|default|home)(?:\.\w{1,5})?/?)?", re.IGNORECASE
)
_SECTION_PAGE = re.compile(
    r"(?:/[a-z]{2}(?:[-_][a-z]{2,4})?)?(?:/(?:all|archives?|articles?|categor(?:y|ies)|latest(?:-news)?|media"
    r"|news|news-?releases?|newsroom|news-room|press|press-?releases?|press-?room|releases?|stories|en|search))+/?"
    r"(?:(?:index|default|all|list)(?:\.\w{1,5})?/?)?(?:\.\w{1,5})?",
    re.IGNORECASE,
)
_ERROR_PAGE = re.compile(
    r"(?:/[\w-]{1,20})?/(?:errors?/)?(?:404|410|(?:page-?|file-?)?not-?found|404-?(?:error|not-?found))(?:\.\w{1,5})?/?",
    re.IGNORECASE,
)
TEXT_MAX = 200_000  # characters of a page's text; a release has a tenth of that
MAX_HEADING = 120  # characters; a longer heading says more than that a page is gone


def removed_by_response(requested_url: str, response: Response, listings: Collection[str] = ()) -> Gone | None:
    """Return how a page is gone, by the status of its response or by the address that it redirects to.

    Args:
        requested_url: The address that was requested.
        listings: The listings of its source, as configured, with ``{tag}``.
    """
    if response.status in _REMOVED_STATUSES:
        return _REMOVED_STATUSES[response.status]
    before, after = urlsplit(requested_url), urlsplit(response.url)
    if (
        response.status >= 400
        or _location(response.url) == _location(requested_url)
        or not _is_same_site(before, after)
    ):
        return None  # the whole site moved to another domain
    if _FRONT_PAGE.fullmatch(after.path or "/"):
        return "moved to the front page" if not _FRONT_PAGE.fullmatch(before.path or "/") and not after.query else None
    if _ERROR_PAGE.fullmatch(after.path):
        return "not found"
    if any(_is_listing(response.url, listing) and not _is_listing(requested_url, listing) for listing in listings):
        return "moved to a listing"
    section = _SECTION_PAGE.fullmatch(after.path) and not _SECTION_PAGE.fullmatch(before.path)
    return "moved to a listing" if section and not after.query else None


def removed_by_content(refusal: NotARelease, requested_url: str = "", response: Response | None = None) -> Gone | None:
    """Return how a page is gone, by what it shows in place of its release; None for walls, shells and error pages.

    Only its title and first headings can say that the site is down: headings of other stories may hold any word.
    """
    heads = "\n".join(_title_and_headings(response))
    said = f"{refusal.detail}\n{headings(response)}"
    if AWAY.search(heads) or (refusal.reason == "error page" and AWAY.search(refusal.detail)):
        return None
    if refusal.reason in _EMPTY_REASONS:
        return "not found" if GONE.search(said) else "emptied"
    if refusal.reason == "error page" and GONE.search(said):
        return "not found"
    if refusal.reason == "listing" and response is not None:
        if any(_is_heading(NOT_FOUND_HEADING, head) for head in _title_and_headings(response)):
            return "not found"
        return "moved to a listing" if _location(response.url) != _location(requested_url) else "emptied"
    return None


def removed_by_headline(headline: str, response: Response | None = None) -> Gone | None:
    """Return how a page is gone that was read as a release, because teasers of other stories were its text.

    Its headline, its title or a first heading is a phrase such as "page not found", and nothing else.
    """
    return (
        "not found"
        if any(_is_heading(NOT_FOUND_HEADING, said) for said in (headline, *_title_and_headings(response)))
        else None
    )


def is_site_down(headline: str, response: Response | None = None) -> bool:
    """Return whether a page that was read as a release announces an outage or maintenance of its site."""
    heads = _title_and_headings(response)
    return any(_is_heading(MAINTENANCE_HEADING, said) for said in (headline, *heads)) or any(
        _is_heading(MAINTENANCE_TITLE, said) for said in (headline, *heads[:2])
    )


def _is_heading(what: re.Pattern[str], said: str) -> bool:
    said = " ".join(said[: 2 * MAX_HEADING].split())
    return len(said) <= MAX_HEADING and re.search(r"\w", said) is not None and what.fullmatch(said) is not None


def _title_and_headings(response: Response | None) -> list[str]:
    """Return a page's title, the parts of the title, and the first headings."""
    if not isinstance(response, HtmlResponse):
        return []
    title = (response.xpath("string(//title)").get() or "")[: 2 * MAX_HEADING]
    first = [str(heading.xpath("string()").get()) for heading in response.xpath("//h1")[:3]]
    return [title, *re.split(r"\s+[|–—·-]\s+", title), *first]


def visible_text(response: Response) -> str:
    """Return the visible text of a page in one string, to compare with the stored release."""
    if not isinstance(response, HtmlResponse):
        return ""
    found = response.xpath("//body//text()[not(parent::script or parent::style or parent::noscript)]").getall()
    return " ".join(found)[:TEXT_MAX]


def headings(response: Response | None) -> str:
    """Return the title and the headings of a page."""
    if not isinstance(response, HtmlResponse):
        return ""
    found = response.xpath("(//title | //h1 | //h2)[position() <= 6]").xpath("string()").getall()
    return "\n".join(found)[:2_000]


def _location(url: str) -> tuple[str, str, str]:
    """Return an address without its scheme, ``www.`` and final slash."""
    parts = urlsplit(url)
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query


def _is_same_site(left: SplitResult, right: SplitResult) -> bool:
    return (left.hostname or "").split(".")[-2:] == (right.hostname or "").split(".")[-2:]


def _is_listing(url: str, listing: str) -> bool:
    before, per_tag, after = listing.partition("{tag}")
    if not per_tag:
        return _location(url) == _location(listing)
    return (
        url.startswith(before)
        and url.endswith(after)
        and "/" not in url[len(before) : len(url) - len(after)].strip("/")
    )

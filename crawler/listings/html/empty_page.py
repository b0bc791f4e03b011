"""Why an HTML listing names no release, and what to use instead: its feed, a browser, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
MAX_FEEDS_NAMED = 3
DOCUMENTS = (".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".zip")
MIN_DOCUMENTS = 3
MAX_SHELL_TEXT = 300
"""Characters of text; a page that a script fills has a few words for people without JavaScript."""


def empty_page_advice(root: HtmlElement, text: str, resolve: Callable[[str], str | None]) -> tuple[str, ...]:
    """Return sentences about a page on which no release was found; ``text`` is what it shows."""
    return (*_feeds(root, resolve), *_documents(root), *_shell(root, text))


def _feeds(root: HtmlElement, resolve: Callable[[str], str | None]) -> Iterator[str]:
    found = [
        address
        for link in root.iter("link")
        if "alternate" in (link.get("rel") or "").lower().split()
        and (link.get("type") or "").split(";")[0].strip().lower() in FEED_TYPES
        and (address := resolve(link.get("href") or "")) is not None
    ]
    for address in list(dict.fromkeys(found))[:MAX_FEEDS_NAMED]:
        yield f"the page announces the feed {address}: use it as the listing's url"


def _documents(root: HtmlElement) -> Iterator[str]:
    endings = [_ending(link.get("href") or "") for link in root.iter("a")]
    count = sum(ending in DOCUMENTS for ending in endings)
    if count >= MIN_DOCUMENTS:
        kinds = ", ".join(sorted({ending[1:].upper() for ending in endings if ending in DOCUMENTS}))
        yield f"{count} of its links lead to files ({kinds}), which are not read as releases"


def _ending(href: str) -> str:
    try:
        path = urlsplit(href).path.lower()
    except ValueError:
        return ""
    return path[path.rfind(".") :] if "." in path.rpartition("/")[2] else ""


def _shell(root: HtmlElement, text: str) -> Iterator[str]:
    has_scripts = any(script.get("src") or len(script.text or "") > MAX_SHELL_TEXT for script in root.iter("script"))
    if has_scripts and len(" ".join(text.split())) <= MAX_SHELL_TEXT:
        yield "the page is empty until JavaScript fills it: use its feed or sitemap"

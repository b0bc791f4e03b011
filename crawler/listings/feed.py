"""RSS, RDF, Atom and CDF by feedparser, JSON Feed by its own schema."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import feedparser
import msgspec
from lxml import etree

from config.source_settings import ReleaseHints
from crawler.listings.broken_xml import mend_ampersands, refuse_broken
from crawler.listings.dates import feed_moment, read_date
from crawler.listings.decode import is_utf8, said_charset
from crawler.listings.entry_tags import feed_tags, json_tags
from crawler.listings.full_text_entries import as_html, whole
from crawler.listings.html.link_text import plain_text
from crawler.listings.listing_page import ListingPage, ListingUnreadableError, version_digest
from crawler.listings.markup_bounds import DATE_READ, ENTRIES_MAX, TITLE_READ, inspect, known_charset, newest, trim_feed
from crawler.websub.discovery import web_address
from stories.model.sighting import Sighting
from stories.model.urls import UrlTooLongError, canonical_url, url_digest
from stories.text.linear_regex import linear

LOOSE_MAX = 256 * 1024
"""Bytes of broken XML that feedparser's forgiving parser is given, whose time grows faster than its input."""


def read_feed(body: bytes, url: str, hints: ReleaseHints, content_type: str | None = None) -> ListingPage:
    """Return the entries of an XML feed in its order; raise ``ListingUnreadableError`` for what is no feed."""
    refused: Counter[str] = Counter()
    body = known_charset(body, refused)
    parsed = _parse(body, content_type, refused)
    if not parsed.get("version") and not parsed.entries:
        raise ListingUnreadableError(f"no feed ({_why(parsed)})")
    title = plain_text((parsed.feed.get("title") or "")[:TITLE_READ]) or None
    refused["entries"] += max(0, len(parsed.entries) - ENTRIES_MAX)
    found = (_sighting(entry, url, hints, refused) for entry in parsed.entries[:ENTRIES_MAX])
    sightings = _unique(found, url, hints)
    if not sightings:
        refuse_broken(body, "a feed", nothing=not parsed.entries and not parsed.feed)
    return ListingPage(
        kind="feed",
        sightings=sightings,
        next_url=_linked(parsed.feed.get("links") or (), "next", url),
        title=title,
        ttl=_ttl(parsed.feed.get("ttl")),
        hubs=_web_addresses(parsed.feed.get("links") or (), "hub", url),
        topic=next(iter(_web_addresses(parsed.feed.get("links") or (), "self", url)), None),
        contents=_contents(parsed.entries[:ENTRIES_MAX], url) if hints.full_text else {},
        refused=refused,
    )


def _parse(body: bytes, content_type: str | None, refused: Counter[str]) -> feedparser.FeedParserDict:
    body, charset = _mended(body, "utf-8" if is_utf8(body) else said_charset(content_type), refused)
    # The media type is left out: RFC 3023 would make text/xml ASCII, which no server means.
    headers = {"content-type": f"application/xml; charset={charset}" if charset else "application/xml"}
    try:
        # A stream, since feedparser opens a file or URL that bytes or text may name. Texts are taken as words only,
        # so neither cleaning nor resolving the HTML in them is worth its time.
        return feedparser.parse(
            io.BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
        )
    except (ValueError, LookupError, AssertionError, TypeError, AttributeError, RecursionError) as error:
        raise ListingUnreadableError(
            f"a feed that cannot be parsed ({type(error).__name__}: {str(error)[:120]})"
        ) from error


def _mended(body: bytes, charset: str | None, refused: Counter[str]) -> tuple[bytes, str | None]:
    """Return a feed that can be parsed in bounded time, and its charset where that is known.

    Of one that is not well-formed the bare ampersands are escaped; if that is not enough and it is long, it becomes
    what lxml makes of it. So does one with more of something than is allowed, which is left out.
    """
    well_formed, over = inspect(body)
    if not over and (well_formed or b"\0" in body[:100]):
        return body, charset
    if not well_formed and not over:
        body = mend_ampersands(body)
        well_formed, over = inspect(body)
        if not over and (well_formed or len(body) <= LOOSE_MAX):
            return body, charset
    trimmed = trim_feed(body, _recovering(charset), refused)
    if trimmed is None:
        raise ListingUnreadableError("a feed of broken XML")
    return trimmed, "utf-8"


def _recovering(charset: str | None) -> etree.XMLParser:
    try:
        return etree.XMLParser(encoding=charset, recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    except LookupError:
        return _recovering(None)


def _why(parsed: feedparser.FeedParserDict) -> str:
    error = parsed.get("bozo_exception")
    return str(error).removeprefix("<unknown>:")[:160] if error else "well-formed XML without a feed in it"


def _sighting(
    entry: feedparser.FeedParserDict, url: str, hints: ReleaseHints, refused: Counter[str]
) -> Sighting | None:
    over: Counter[str] = Counter()
    page = next((found for link in _addresses(entry, url) if (found := _canonical(link, url, over))), None)
    refused["url"] += bool(over)
    if page is None:
        return None
    # Its plain mapping: feedparser's own get answers with one date for another, and warns.
    dates = ((dict.get(entry, name), dict.get(entry, f"{name}_parsed")) for name in ("published", "updated", "created"))
    raw, parsed = next(((raw, parsed) for raw, parsed in dates if raw), (None, None))
    raw = str(raw)[:DATE_READ] if raw else None
    zone = ZoneInfo(hints.timezone) if hints.timezone else None
    tags, tickers = feed_tags(entry)
    return Sighting(
        url=page,
        headline=plain_text((entry.get("title") or "")[:TITLE_READ]) or None,
        published_raw=raw.strip() or None if raw else None,
        published_at=feed_moment(raw, parsed, zone) if raw else None,
        guid=_guid(entry, url),
        version=version_digest(dict.get(entry, "updated") or dict.get(entry, "published"), dict.get(entry, "summary")),
        tags=tags,
        tickers=tickers,
    )


def _contents(entries: Iterable[Mapping[str, Any]], url: str) -> dict[str, str]:
    """The longest text of each entry, by its page: ``content:encoded`` and the like, else its summary."""
    found: dict[str, str] = {}
    for entry in entries:
        page = next((one for link in _addresses(entry, url) if (one := _canonical(link, url))), None)
        texts = [as_html(one.get("value"), one.get("type")) for one in entry.get("content") or ()]
        summary = entry.get("summary_detail") or {}
        longest = max([*texts, as_html(summary.get("value"), summary.get("type"))], key=len)
        if page and longest:
            found.setdefault(page, longest)
    return whole(found)


def _guid(entry: Mapping[str, Any], url: str) -> str | None:
    """The entry's own id unchanged, unless it is plainly a path on the feed's host."""
    guid = str(entry.get("id") or "").strip()
    if not guid.startswith("/"):
        return guid or None
    try:
        return urljoin(url, guid)
    except ValueError:
        return guid


def _addresses(entry: Mapping[str, Any], url: str) -> Iterable[str]:
    """The addresses of an entry's page, best first: before redirects, its link, its permanent id, its files."""
    yield entry.get("feedburner_origlink") or ""
    yield entry.get("link") or ""
    yield from (link.get("href") or "" for link in entry.get("links") or () if link.get("rel") == "alternate")
    guid = _guid(entry, url) or ""
    if guid.startswith(("http://", "https://")):
        yield guid
    yield from (
        link.get("href") or ""
        for link in entry.get("links") or ()
        if link.get("rel") in ("enclosure", "related", "via")
    )


def _canonical(link: str, url: str, refused: Counter[str] | None = None) -> str | None:
    if not link.strip():
        return None
    try:
        return canonical_url(link.strip(), url)
    except UrlTooLongError:
        if refused is not None:
            refused["url"] += 1
        return None
    except ValueError:
        return None


def _unique(sightings: Iterable[Sighting | None], url: str, hints: ReleaseHints) -> tuple[Sighting, ...]:
    own = url_digest(canonical_url(url))
    kept: dict[str, Sighting] = {}
    for sighting in sightings:
        if sighting and url_digest(sighting.url) != own:
            kept.setdefault(sighting.url, sighting)
    if hints.url:
        pattern = linear(hints.url)
        matching = tuple(sighting for sighting in kept.values() if pattern.search(sighting.url))
        # A feed may link through a redirecting host, which no pattern knows: then it is believed unchanged.
        return matching or tuple(kept.values())
    return tuple(kept.values())


def _linked(links: Iterable[Mapping[str, Any]], rel: str, url: str) -> str | None:
    """A feed's link: ``next`` of a paged one (RFC 5005)."""
    return next((_canonical(link.get("href") or "", url) for link in links if link.get("rel") == rel), None)


def _web_addresses(links: Iterable[Mapping[str, Any]], rel: str, url: str) -> tuple[str, ...]:
    """The addresses of a feed that can be subscribed to, ``hub`` and ``self``, as they are written."""
    linked = (str(link.get("href") or "") for link in links if str(link.get("rel") or "").lower() == rel)
    return tuple(found for link in linked if (found := web_address(link, url)))


def _ttl(said: object) -> timedelta | None:
    """The ``ttl`` of RSS 2.0: how many minutes a channel may be kept."""
    minutes = str(said or "").strip()
    return timedelta(minutes=int(minutes)) if minutes.isascii() and minutes.isdigit() and len(minutes) < 7 else None


class _JsonItem(msgspec.Struct, rename={"published": "date_published"}):
    """https://www.jsonfeed.org/version/1.1/, what a listing needs of it; wrong types in other fields do no harm."""

    id: Any = None
    url: Any = None
    external_url: Any = None
    title: Any = None
    published: Any = None
    date_modified: Any = None
    summary: Any = None
    content_html: Any = None
    content_text: Any = None
    tags: Any = None


class _JsonFeed(msgspec.Struct):
    items: list[Any]
    version: Any = None
    title: Any = None
    next_url: Any = None
    feed_url: Any = None
    hubs: Any = None


def _json_date(item: Any) -> str | None:
    printed = (item.get("date_published") or item.get("date_modified")) if isinstance(item, dict) else None
    return printed[:DATE_READ] if isinstance(printed, str) else None


def read_json_feed(text: str, url: str, hints: ReleaseHints) -> ListingPage:
    """Return the entries of a JSON Feed (1.0 or 1.1) in its order."""
    try:
        feed = msgspec.json.decode(text, type=_JsonFeed)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ListingUnreadableError(f"no JSON Feed ({error})") from error
    if "jsonfeed" not in str(feed.version) and not any(
        isinstance(item, dict) and ("url" in item or "id" in item) for item in feed.items[:5]
    ):
        raise ListingUnreadableError("JSON, but no JSON Feed")
    zone = ZoneInfo(hints.timezone) if hints.timezone else None
    refused = Counter({"entries": max(0, len(feed.items) - ENTRIES_MAX)})
    sightings: list[Sighting] = []
    contents: dict[str, str] = {}
    kept = newest([_json_date(raw) for raw in feed.items], ENTRIES_MAX) if len(feed.items) > ENTRIES_MAX else None
    for place, raw in enumerate(feed.items):
        if kept is not None and place not in kept:
            continue
        if not isinstance(raw, dict):
            continue
        item = msgspec.convert(raw, _JsonItem)
        page = next(
            (
                found
                for link in (item.url, item.id, item.external_url)
                if isinstance(link, str) and (found := _canonical(link, url, refused))
            ),
            None,
        )
        dates = (item.published, item.date_modified)
        printed = next((str(value) for value in dates if isinstance(value, str | int | float) and value), None)
        printed = printed[:DATE_READ] if printed else None
        if page and hints.full_text:
            texts = (as_html(item.content_html, "text/html"), as_html(item.content_text, "text/plain"))
            contents.setdefault(page, next(filter(None, texts), ""))
        if page:
            sightings.append(
                Sighting(
                    url=page,
                    headline=plain_text(item.title[:TITLE_READ]) or None if isinstance(item.title, str) else None,
                    published_raw=printed or None,
                    published_at=read_date(printed, zone) if printed else None,
                    version=version_digest(item.date_modified or item.published, item.summary),
                    guid=str(item.id) if isinstance(item.id, str | int) and str(item.id) else None,
                    tags=json_tags(item.tags),
                )
            )
    next_url = _canonical(feed.next_url, url) if isinstance(feed.next_url, str) else None
    title = plain_text(feed.title[:TITLE_READ]) or None if isinstance(feed.title, str) else None
    hubs = [
        {"rel": "hub", "href": one.get("url")}
        for one in (feed.hubs if isinstance(feed.hubs, list) else ())
        if isinstance(one, dict) and str(one.get("type")).lower() == "websub"
    ]
    return ListingPage(
        kind="feed",
        sightings=_unique(sightings, url, hints),
        next_url=next_url,
        title=title,
        hubs=_web_addresses(hubs, "hub", url),
        topic=web_address(feed.feed_url, url) if isinstance(feed.feed_url, str) else None,
        contents=whole(contents),
        refused=refused,
    )

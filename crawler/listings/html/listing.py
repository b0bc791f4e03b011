"""An html page that names releases, with selectors or without any."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import tzinfo
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings.dates import find_dates, moment_of, numeric_order, read_date
from crawler.listings.html.empty_page import empty_page_advice
from crawler.listings.html.entries import Entry, Headline, Link, best_headline, entries_of, own_stamp
from crawler.listings.html.flat_dom import FlatDom, Stamp, Zone, outline, parse_page
from crawler.listings.html.link_text import headline_likeness, is_navigation, one_line
from crawler.listings.html.links import is_no_page, shape_of
from crawler.listings.html.paging import next_page
from crawler.listings.html.release_links import LINKS_READ, find_releases
from crawler.listings.listing_page import ListingPage, ListingUnreadableError
from stories.model.sighting import Sighting
from stories.model.urls import URL_MAX, UrlTooLongError, canonical_url, url_digest
from stories.text.linear_regex import LinearPattern, linear

NEVER_RELEASES = {
    "tag",
    "author",
    "license",
    "help",
    "search",
    "next",
    "prev",
    "privacy-policy",
    "terms-of-service",
    "category",
}
"""Values of a link's rel."""
CHALLENGES = re.compile(
    r"just a moment\b|attention required|access denied|verify(?:ing)? (?:that )?you are (?:a )?human|are you a robot"
    r"|captcha|security check|ddos protection|checking your browser|pardon our interruption|request unsuccessful",
    re.IGNORECASE,
)


def read_html(text: str, url: str, listing: ListingSettings, hints: ReleaseHints) -> ListingPage:
    """Return the releases that a page names, in its order; none at all is an empty page, not an error.

    ``ListingUnreadableError`` for a log-in page and for a bot challenge.
    """
    root = parse_page(text)
    page = outline(root)
    title = one_line(root.findtext(".//title") or "") or None
    refused = Counter({"links": max(0, len(page.links) - LINKS_READ)})
    resolve = _resolver(root, url, refused)
    entries = (
        _select(page, listing, hints, resolve, url)
        if listing.entry or listing.link
        else _find(page, hints, resolve, url)
    )
    if not entries:
        _say_what_it_is(root, page, title)
    return ListingPage(
        kind="html",
        sightings=_sightings(entries, ZoneInfo(hints.timezone) if hints.timezone else None),
        next_url=_next(page, listing, resolve, url),
        title=title,
        advice=() if entries else empty_page_advice(root, page.text, resolve),
        refused=refused,
    )


def _base(root: HtmlElement, url: str, refused: Counter[str]) -> str:
    """Return what relative links of a page are relative to: its first base element, if that can be used."""
    said = next((one.get("href").strip() for one in root.iter("base") if one.get("href")), None)
    if said is None:
        return url
    if len(said) > URL_MAX:
        refused["base_url"] += 1
        return url
    try:
        base = urljoin(url, said)
        return base if urlsplit(base).hostname else url
    except ValueError:
        return url


def _resolver(root: HtmlElement, url: str, refused: Counter[str]) -> Callable[[str], str | None]:
    base = _base(root, url, refused)
    own = url_digest(canonical_url(url))
    known: dict[str, str | None] = {}

    def resolve(href: str) -> str | None:
        """The canonical URL of a link; None for what is no page, and for the listing itself."""
        if len(href) > URL_MAX:
            refused["url"] += 1
            return None
        if href in known:
            return known[href]
        absolute: str | None = None
        if (
            href
            and not href.startswith("#")
            and not re.match(r"\s*(?:javascript|mailto|tel|data|sms|whatsapp|about|blob):", href, re.I)
        ):
            try:
                absolute = canonical_url(href, base)
            except UrlTooLongError:
                refused["url"] += 1
            except ValueError:
                absolute = None
        known[href] = None if absolute is None or url_digest(absolute) == own else absolute
        return known[href]

    return resolve


def _links(page: FlatDom, resolve: Callable[[str], str | None], host: str) -> list[Link]:
    links = []
    for index in page.links[:LINKS_READ]:
        node = page.nodes[index]
        if (url := resolve(node.get("href") or "")) and not is_no_page(url, host):
            links.append(Link(index=index, url=url, shape=shape_of(url)))
    return links


def _find(page: FlatDom, hints: ReleaseHints, resolve: Callable[[str], str | None], url: str) -> list[Entry]:
    links = _links(page, resolve, urlsplit(url).hostname or "")
    if hints.url:
        pattern = linear(hints.url)
        return entries_of(page, [link for link in links if _is_release(pattern, link.url, page, link, url)])
    plain = [link for link in links if not _leads_elsewhere(page, link)]
    return find_releases(page, plain, urlsplit(url).hostname or "")


def _is_release(pattern: LinearPattern, url: str, page: FlatDom, link: Link, base: str) -> bool:
    if pattern.search(url):
        return True
    # Sorting its query may have changed what the pattern was written for.
    try:
        return pattern.search(urljoin(base, (page.nodes[link.index].get("href") or "").strip())) is not None
    except ValueError:
        return False


def _leads_elsewhere(page: FlatDom, link: Link) -> bool:
    """Whether the link itself says that it is a tag, an author, a translation of this page, a download."""
    node = page.nodes[link.index]
    if NEVER_RELEASES & set((node.get("rel") or "").lower().split()) or node.get("download") is not None:
        return True
    return bool(node.get("hreflang")) and page.text_end[link.index] - page.text_start[link.index] < 20


def _select(
    page: FlatDom, listing: ListingSettings, hints: ReleaseHints, resolve: Callable[[str], str | None], url: str
) -> list[Entry]:
    """The entries that the listing's selectors name; what a selector leaves open is found as without one."""
    places = {id(node): index for index, node in enumerate(page.nodes)}
    links = {link.index: link for link in _links(page, resolve, urlsplit(url).hostname or "")}
    pattern = linear(hints.url) if hints.url else None
    if pattern:
        links = {index: link for index, link in links.items() if _is_release(pattern, link.url, page, link, url)}
    if listing.entry:
        boxes = [places[id(node)] for node in _selected(page.nodes[0], listing.entry) if id(node) in places]
        entries = [entry for box in boxes if (entry := _entry_in(page, box, listing, links, places))]
        for entry in entries:
            entry.stamp = own_stamp(page, entry)
    else:
        chosen = [
            _link_at(page, places[id(node)], links)
            for node in _selected(page.nodes[0], listing.link or "a")
            if id(node) in places
        ]
        entries = entries_of(page, [link for link in chosen if link])
    for entry in entries:
        _say(page, entry, listing, places)
    return entries


def _selected(node: HtmlElement, selector: str) -> list[HtmlElement]:
    found = CSSSelector(selector, translator="html")(node)
    return [one for one in found if isinstance(one, HtmlElement)] if isinstance(found, list) else []


def _link_at(page: FlatDom, index: int, links: dict[int, Link]) -> Link | None:
    """The link that an element is, holds or is in."""
    inside = next((links[one] for one in range(index, page.end[index]) if one in links), None)
    return inside or links.get(page.anchor[index])


def _entry_in(
    page: FlatDom, box: int, listing: ListingSettings, links: dict[int, Link], places: dict[int, int]
) -> Entry | None:
    if listing.link:
        found = (
            _link_at(page, places[id(node)], links)
            for node in _selected(page.nodes[box], listing.link)
            if id(node) in places
        )
        link = next((one for one in found if one), None)
    else:
        inside = [links[one] for one in range(box, page.end[box]) if one in links]
        link = max(inside, key=lambda one: _fitness(page, one, box), default=None) or links.get(page.anchor[box])
    return Entry(link=link, box=box, headline=best_headline(page, link, box)) if link else None


def _fitness(page: FlatDom, link: Link, box: int) -> float:
    headline = best_headline(page, link, box)
    return link.shape.evidence + (headline.likeness + 2 * headline.heading if headline else 0.0)


def _say(page: FlatDom, entry: Entry, listing: ListingSettings, places: dict[int, int]) -> None:
    """Take headline and time from where the selectors say; where one finds nothing, what was found without it stays."""
    node = page.nodes[entry.box]
    if listing.headline and (named := _first(node, listing.headline)) is not None and (text := one_line(_text(named))):
        index = places.get(id(named), entry.box)
        entry.headline = Headline(
            text=text,
            likeness=headline_likeness(text),
            heading=True,
            start=page.text_start[index],
            end=page.text_end[index],
        )
        if not listing.published:
            entry.stamp = own_stamp(page, entry) or entry.stamp
    if listing.published and (named := _first(node, listing.published)) is not None:
        machine, raw = named.get("datetime") or named.get("content"), one_line(_text(named))
        if machine or raw:
            place = places.get(id(named), entry.box)
            found = next(iter(find_dates(raw)), None)
            entry.stamp = Stamp(
                start=page.text_start[place],
                end=page.text_end[place],
                raw=raw or machine or "",
                machine=machine,
                found=found,
                named=True,
            )


def _first(node: HtmlElement, selector: str) -> HtmlElement | None:
    return next(iter(_selected(node, selector)), None)


def _text(node: HtmlElement) -> str:
    return str(node.text_content())


def _sightings(entries: Iterable[Entry], zone: tzinfo | None) -> tuple[Sighting, ...]:
    kept: dict[str, Sighting] = {}
    entries = list(entries)
    order = numeric_order(entry.stamp.found for entry in entries if entry.stamp and entry.stamp.found)
    for entry in entries:
        headline = entry.headline.text if entry.headline and not is_navigation(entry.headline.text) else None
        sighting = Sighting(url=entry.link.url, headline=headline)
        if stamp := entry.stamp:
            moment = (read_date(stamp.machine, zone) if stamp.machine else None) or (
                moment_of(stamp.found, zone, order) if stamp.found else None
            )
            sighting = replace(sighting, published_raw=stamp.raw, published_at=moment)
        kept.setdefault(entry.link.url, sighting)
    return tuple(kept.values())


def _next(page: FlatDom, listing: ListingSettings, resolve: Callable[[str], str | None], url: str) -> str | None:
    if not page.nodes:
        return None
    if listing.next:
        hrefs = (
            node.get("href") or next((one.get("href") for one in node.iter("a")), None)
            for node in _selected(page.nodes[0], listing.next)
        )
        return next((found for href in hrefs if href and (found := resolve(href))), None)
    return next_page(page, resolve, urlsplit(url).hostname or "")


def _say_what_it_is(root: HtmlElement, page: FlatDom, title: str | None) -> None:
    """Say why there is no release on a page that is no listing at all."""
    if any((one.get("type") or "").lower() == "password" for one in root.iter("input")):
        shown = [index for index in page.links if page.zone[index] is Zone.CONTENT]
        if len(shown) < 30:
            raise ListingUnreadableError("a log-in page")
    if CHALLENGES.search(title or "") or (len(page.text) < 2_000 and CHALLENGES.search(page.text)):
        raise ListingUnreadableError(f"a bot challenge or refusal ({(title or one_line(page.text))[:80]!r})")

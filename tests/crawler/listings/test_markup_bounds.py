"""A listing costs time in proportion to its bytes, and what is over a limit is left out, counted and named."""

from __future__ import annotations

import contextlib
import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingPage, ListingUnreadableError, read_listing
from crawler.listings.markup_bounds import (
    ATTRIBUTES_MAX,
    CHILDREN_MAX,
    ENTRIES_MAX,
    GUID_MAX,
    HEADLINE_MAX,
    HTML_ATTRIBUTES_MAX,
    collapse_space,
    limit_html_attributes,
)
from stories.model.urls import URL_MAX, UrlTooLongError, canonical_url

URL = "https://wire.example/news"
LISTING = ListingSettings(url=URL)
LINKS = "".join(
    f'<li><a href="/news/2026/{number}-some-headline-of-words">Some headline of words {number}</a></li>'
    for number in range(12)
)


def read(body: str | bytes, content_type: str | None = None) -> ListingPage:
    data = body.encode() if isinstance(body, str) else body
    return read_listing(data, URL, LISTING, ReleaseHints(), content_type)


def rss(items: str, attributes: str = "") -> str:
    return f'<rss version="2.0" {attributes}><channel><title>News</title>{items}</channel></rss>'


def item(number: int = 1, *, title: str = "A headline of words", link: str = "", more: str = "") -> str:
    link = link or f"https://wire.example/news/{number}"
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def atom(entries: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>{entries}</feed>'


def entry(number: int = 1, *, more: str = "", attributes: str = "") -> str:
    address = f"news/{number}"
    return f'<entry {attributes}><title>A headline</title><id>{number}</id><link href="{address}"/>{more}</entry>'


def html(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head><title>News</title>{head}</head><body><ul>{LINKS}</ul>{body}</body></html>"


def attributes(count: int) -> str:
    return " ".join(f'a{number}="1"' for number in range(count))


def spaces(n: int) -> str:
    return " " * (n * 1_000)


GROWING: dict[str, Callable[[int], str]] = {
    "spaces in a link": lambda n: rss(item(link="https://wire.example/news/" + spaces(n))),
    "line breaks in a title": lambda n: rss(item(title="A" + "\n" * (n * 1_000) + "b")),
    "both in a date": lambda n: rss(item(more="<pubDate>Tue, 01" + " \n" * (n * 500) + "Dec 2026</pubDate>")),
    "spaces in an address": lambda n: html(f'<a href="/news/9{spaces(n)}-a-b-c">A headline of words</a>'),
    "spaces in a sitemap": lambda n: f"<urlset><url><loc>https://wire.example/{spaces(n)}1</loc></url></urlset>",
    "spaces in a list": lambda n: f"https://wire.example/1\nhttps://wire.example/2{spaces(n)}",
    "attributes of an item": lambda n: rss(f"<item {attributes(n * 100)}><title>A b</title><link>/1</link></item>"),
    "attributes of a link": lambda n: atom(f"<entry><link {attributes(n * 100)} href='/1'/><title>A</title></entry>"),
    "attributes of many items": lambda n: rss(f"<item {attributes(60)}><link>/1</link></item>" * n),
    "attributes of broken XML": lambda n: rss(item() + f"<x {attributes(n * 100)}>&"),
    "attributes of a box": lambda n: html(f"<div {attributes(n * 100)}>x</div>"),
    "bare attributes": lambda n: html("<div " + " ".join(f"a{number}" for number in range(n * 100)) + ">x</div>"),
    "attributes with brackets": lambda n: html("<div " + " ".join(f'a{i}="<x>"' for i in range(n * 100)) + ">x</div>"),
    "attributes behind comments": lambda n: html('<!-- <x a=" -->' + f"<div {attributes(n * 100)}>x</div>"),
    "quotes without end": lambda n: html("<a b=\"'" * (n * 100)),
    "categories": lambda n: atom(entry(more="".join(f'<category term="t{i}"/>' for i in range(n * 50)))),
    "categories of the feed": lambda n: rss("".join(f"<category>t{i}</category>" for i in range(n * 50)) + item()),
    "links of an entry": lambda n: atom(entry(more="".join(f'<link href="/{i}"/>' for i in range(n * 50)))),
    "bases": lambda n: atom("".join(entry(i, attributes=f'xml:base="/{"a" * n * 40}/"') for i in range(20))),
    "bases within each other": lambda n: atom(
        f'<x xml:base="{"a/" * 500}">' * min(n, 150) + "</x>" * min(n, 150) + entry()
    ),
    "bases without a prefix": lambda n: atom(
        "".join(entry(i, attributes=f'base="/{"a" * n * 40}/"') for i in range(20))
    ),
    "a base element": lambda n: html("", head=f'<base href="https://wire.example/{"a" * n * 1_000}/">'),
    "base elements": lambda n: html("", head='<base href="/a/">' * (n * 50)),
    "a link": lambda n: rss(item(link="https://wire.example/" + "a" * (n * 1_000)) + item()),
    "an escaped link": lambda n: rss(item(link="https://wire.example/" + "%41" * (n * 300)) + item()),
    "a query": lambda n: html('<a href="/news?' + "&amp;".join(f"a{i}=1" for i in range(n * 100)) + '">A b c d</a>'),
    "a title": lambda n: rss(item(title="word " * (n * 200))),
    "a title of brackets": lambda n: rss(item(title="&lt;p " * (n * 200))),
    "an id": lambda n: rss(item(more=f"<guid isPermaLink='false'>{'x' * (n * 1_000)}</guid>")),
    "elements within each other": lambda n: rss("<x>" * (n * 100) + "</x>" * (n * 100) + item()),
    "namespaces": lambda n: rss(item(), " ".join(f'xmlns:a{i}="u{i}"' for i in range(n * 50))),
    "a charset": lambda n: '<?xml version="1.0" encoding="punycode"?>' + rss(item(title="abc-é" * (n * 200))),
}


def spent(body: bytes) -> float:
    taken = []
    for _ in range(2):
        began = time.process_time()
        with contextlib.suppress(ListingUnreadableError):
            read(body)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize("made", GROWING.values(), ids=GROWING)
def test_the_time_grows_with_the_listing_and_no_faster(made) -> None:
    two, eight = spent(made(40).encode()), spent(made(320).encode())
    assert eight < max(8 * two, 0.05) * 2.5
    assert eight < 3.0


@pytest.mark.parametrize("where", ["{}<rss></rss>", "<rss><channel>{}<item/></channel></rss>", "<p>{}</p>", "a{}b"])
def test_eight_megabytes_of_white_space_are_read_within_a_second(where) -> None:
    for space in (b" ", b"\n", b" \n", b"\t\r\n"):
        bomb = gzip.compress(where.encode().replace(b"{}", space * (8_000_000 // len(space))))
        assert spent(bomb) < 1.0


def test_white_space_is_shortened_only_where_it_is_very_long() -> None:
    assert collapse_space(b"a" + b" \n" * 50 + b"b") == b"a" + b" \n" * 50 + b"b"
    assert collapse_space(b"a" + b" " * 300 + b"b" + b"\t" * 9_000) == b"a\nb\n"


def test_memory_is_bounded_for_long_bases() -> None:
    body = atom("".join(entry(number, attributes=f'xml:base="/{"a" * 100_000}/"') for number in range(60))).encode()
    tracemalloc.start()
    page = read(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(page.sightings) == 60
    assert page.refused == {"base_url": 60}
    assert peak < 6 * len(body)


LIMITS = {
    "a link over the limit": (rss(item(link="https://wire.example/" + "a" * URL_MAX) + item(2)), 1, {"url": 1}),
    "a link that grows over it": (rss(item(link="https://wire.example/" + "東" * 1_000) + item(2)), 1, {"url": 1}),
    "a link just within it": (rss(item(link="https://wire.example/" + "a" * 4_000)), 1, {}),
    "an HTML link": (html(f'<a href="/news/{"a-" * URL_MAX}">A headline of words</a>'), 12, {"url": 1}),
    "a link of a sitemap": (
        f"<urlset><url><loc>https://wire.example/news/{'a' * URL_MAX}</loc></url>"
        "<url><loc>https://wire.example/news/2026/some-words-of-it</loc></url></urlset>", 1, {"url": 1},
    ),
    "a JSON link": (
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": "https://wire.example/1"},'
        f'{{"url": "https://wire.example/{"a" * URL_MAX}"}}]}}', 1, {"url": 1},
    ),
    "an HTML base": (html("", head=f'<base href="https://wire.example/{"a" * URL_MAX}/">'), 12, {"base_url": 1}),
    "a feed's base": (atom(entry(attributes=f'xml:base="/{"a" * URL_MAX}/"')), 1, {"base_url": 1}),
    "a headline": (rss(item(title="word " * 1_000)), 1, {"headline": 1}),
    "an id": (rss(item(more=f"<guid isPermaLink='false'>{'x' * (GUID_MAX + 1)}</guid>")), 1, {"guid": 1}),
    "a printed time": (rss(item(more=f"<pubDate>Tue, 01 Dec 2026 10:00 GMT{'x' * 300}</pubDate>")), 1, {"date": 1}),
    "entries": (rss("".join(item(number) for number in range(ENTRIES_MAX + 7))), ENTRIES_MAX, {"entries": 7}),
    "attributes of an entry": (atom(entry(attributes=attributes(ATTRIBUTES_MAX + 1))), 1, {"attributes": 1}),
    "attributes of a box": (html(f"<div {attributes(HTML_ATTRIBUTES_MAX + 1)}>x</div>"), 12, {"attributes": 1}),
    "categories": (atom(entry(more='<category term="a"/>' * (CHILDREN_MAX + 3))), 1, {"children": 3}),
    "a charset that is none": ('<?xml version="1.0" encoding="zlib"?>' + rss(item(title="é")), 1, {"charset": 1}),
    "an ordinary feed": (atom(entry(more='<category term="a"/>' * 20, attributes='xml:base="/a/"')), 1, {}),
    "an ordinary page": (html(f"<div {attributes(60)}>x</div>"), 12, {}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "sightings", "refused"), LIMITS.values(), ids=LIMITS)
def test_what_is_over_a_limit_is_left_out_and_counted(body, sightings, refused) -> None:
    page = read(body)
    assert len(page.sightings) == sightings
    assert page.refused == refused
    assert all(len(one.url) <= URL_MAX for one in page.sightings)
    assert all(len(one.headline or "") <= HEADLINE_MAX for one in page.sightings)
    assert all(len(one.guid or "") <= GUID_MAX for one in page.sightings)


def test_a_base_over_the_limit_leaves_the_pages_own_address() -> None:
    assert read(atom(entry(attributes=f'xml:base="/{"a" * 9_000}/"'))).sightings[0].url == "https://wire.example/news/1"


@pytest.mark.parametrize("url", ["https://wire.example/" + "a" * URL_MAX, "https://wire.example/" + "é" * 1_000])
def test_a_url_over_the_limit_has_no_canonical_form(url: str) -> None:
    with pytest.raises(UrlTooLongError, match="URL longer than 4 kB"):
        canonical_url(url)


def test_the_first_attributes_stay_whatever_they_hold() -> None:
    kept = b'<div class="a > b" id=\'x"y\' data-x=1 hidden>text</div><!-- <x a=" --><p title="1">'
    cut: dict[str, int] = {}
    assert limit_html_attributes(kept, cut) is kept  # type: ignore[arg-type]
    assert cut == {}

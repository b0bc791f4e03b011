"""Whatever the bytes, a listing is read or called unreadable, in time that grows with its length."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from growth import SUPERLINEAR, growth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from preloaded import IS_LONG_RUN

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingPage, ListingUnreadableError, read_listing
from stories.model.urls import canonical_url

DATA = Path(os.environ.get("WIREWATCH_DATA", "../shared/data"))
URL = "https://wire.example/news"
LISTING = ListingSettings(url=URL)
SELECTING = ListingSettings(url=URL, entry="li, div", link="a", headline="h3", published="time", next=".n")
PATTERN = ReleaseHints(url=r"/(?P<id>\d+)", timezone="Asia/Hong_Kong")
SNIPPETS = """
<ul>|</ul>|<li>|</a>|<h3>|</h3>|</time>|<nav>|<!--|-->|<![CDATA[|]]>|<rss><channel>|<item>|<title>|<link>|<pubDate>|</item>
|<urlset>|<url><loc>|<a href='/news/2026/02/11/1234-some-slug-of-words'>|<a href='//['>|<a href='?x=1'>|<base href='http://[x'>
|<time datetime='2026-13-45'>|Some headline of several words|11 Feb 2026|http://x.example/1|&nbsp;|&#0;|&#xD800;|\0|\ufeff|東京
|<?xml version='1.0' encoding='utf-7'?>|{|"items":[|}|<meta charset='nonsense'>|<div class='n'>|Next
|<a rel='next' href='http://[::1'>|<feed xmlns='http://www.w3.org/2005/Atom'>
""".strip().split("|")


def read(body: bytes, content_type: str | None = None) -> None:
    for listing, hints in ((LISTING, ReleaseHints()), (SELECTING, PATTERN)):
        try:
            page = read_listing(body, URL, listing, hints, content_type)
        except ListingUnreadableError:
            continue
        assert isinstance(page, ListingPage)
        urls = [one.url for one in page.sightings]
        assert len(urls) == len(set(urls))
        assert URL not in urls
        assert all(canonical_url(url) == url for url in urls)


@settings(deadline=None)  # a shared core stalls now and then
@given(st.binary(max_size=2000), st.sampled_from([None, "text/html", "text/xml; charset=nonsense", "x; charset='"]))
def test_any_bytes_are_read_or_unreadable(body: bytes, content_type: str | None) -> None:
    read(body, content_type)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=20)), max_size=60),
    st.sampled_from(["utf-8", "utf-16", "gb18030"]),
)
def test_any_soup_of_markup_is_read_or_unreadable(pieces: list[str], encoding: str) -> None:
    body = "".join(pieces).encode(encoding, "replace")
    read(body)
    read(gzip.compress(body))


@settings(deadline=None)  # a shared core stalls now and then
@given(st.integers(0, 3000), st.integers(0, 3000), st.binary(max_size=5))
def test_a_mutilated_feed_is_read_or_unreadable(place: int, length: int, put: bytes) -> None:
    item = "<item><title>R&amp;D</title><link>https://w.example/{0}</link><pubDate>Fri, 02 Oct 2026</pubDate></item>"
    items = "".join(item.format(n) for n in range(20))
    body = f"<?xml version='1.0'?><rss version='2.0'><channel>{items}</channel></rss>".encode()
    read(body[:place] + put + body[place + length :])


MILLION = 1_000_000
HOSTILE = {
    "100,000 links": "".join(
        f'<li><a href="/news/{n}-a-slug-of-words">Headline of some words {n}</a>' for n in range(70_000)
    ),
    "deep nesting": "<div>" * MILLION,
    "deep inline nesting": "<b>" * MILLION + "<p>",
    "one line of dates": "<p>" + "2026-02-11 " * 450_000,
    "lines of dates": "<p>2026-02-11 x</p>" * 250_000,
    "headings": "<a href='/news/1234-a-b-c'>" + "<h3>A heading of words</h3>" * 190_000,
    "classes": "".join(f'<p class="a{n} b{n} c{n}">x</p>' for n in range(150_000)),
    "pagers": '<div class="pager"><a href="?p=2">2</a></div>' * 100_000,
    "broken feed": "<rss><channel>" + "<item>" * 800_000,
    "ampersands": "<rss><channel><item><title>" + "&" * 5 * MILLION,
    "open CDATA": "<rss><channel><item><title>" + "<![CDATA[" * 500_000,
    "open brackets": "<rss><channel><item><title>" + "<" * 5 * MILLION,
    "deep feed": "<rss><channel>" + "<a>" * MILLION,
    "sitemap": "<urlset>" + "".join(f"<url><loc>https://w.example/news/{n}</loc></url>" for n in range(100_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_malice_by_the_megabyte_takes_time_in_proportion_to_its_size(name: str) -> None:
    def work(size: int) -> Callable[[], object]:
        page = HOSTILE[name]
        doctype = "" if page.startswith(("<rss", "<urlset")) else "<!doctype html>"
        body = (doctype + page).encode()[:size]
        return lambda: read(body)

    assert growth(work, MILLION // 4) < SUPERLINEAR


@pytest.mark.skipif(not DATA.exists(), reason="no WIREWATCH_DATA: the collection of pages is not here")
def test_real_pages_of_every_kind_are_read_or_unreadable() -> None:
    pages = sorted((DATA / "pages").rglob("*.html.gz"))[:: 7 if IS_LONG_RUN else 28]
    for path in pages:
        read(gzip.decompress(path.read_bytes()))
    assert len(pages) > 15

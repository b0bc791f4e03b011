"""Where a listing's changes can be subscribed to: Link headers first, then the feed's own words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import read_listing
from crawler.websub.discovery import MAX_HUBS, MAX_URL, HubLinks, hub_links, web_links

FEED = "https://wire.example/rss?topic=a&utm_source=x"
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>
<link rel="hub" href="https://one.example/"/><link rel="HUB" href="//two.example/hub?a=1&amp;utm_source=b#there"/>
<link rel="self" href="/rss?topic=a&amp;utm_source=x"/><link rel="hub" href="ftp://three.example/"/>
<entry><title>A</title><link href="https://wire.example/1"/><id>1</id></entry></feed>"""
RSS = """<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>News</title>
<atom:link rel="self" href="https://wire.example/rss"/><atom:link rel="hub" href="https://one.example/"/>
<item><title>A</title><link>https://wire.example/1</link></item></channel></rss>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "News", "feed_url": "https://wire.example/feed.json",
"hubs": [{"type": "rssCloud", "url": "https://cloud.example/"}, {"type": "WebSub", "url": "https://one.example/"}, 7],
"items": [{"id": "1", "url": "https://wire.example/1"}]}"""


@pytest.mark.parametrize(
    ("header", "links"),
    [
        pytest.param('<https://h.example/>; rel="hub"', [("hub", "https://h.example/")], id="plain"),
        pytest.param("</rss>;rel=self", [("self", "https://wire.example/rss")], id="relative, no quotes"),
        pytest.param(
            '<https://h.example/a,b>; title="a, <b>; rel=next"; rel="hub  self"',
            [("hub", "https://h.example/a,b"), ("self", "https://h.example/a,b")],
            id="commas, brackets and several relations",
        ),
        pytest.param(
            "<https://h.example/>; REL=HUB , <https://i.example/> ; rel = hub",
            [("hub", "https://h.example/"), ("hub", "https://i.example/")],
            id="several in one header, loosely written",
        ),
        pytest.param('<https://h.example/>; rel="next"; rel="hub"', [("next", "https://h.example/")], id="rel twice"),
        pytest.param('<https://h.example/>; rel="h\\ub"', [("hub", "https://h.example/")], id="escaped"),
        pytest.param('<https://h.example/>; rel=hub; anchor="/other"', [], id="of another page"),
        pytest.param("<javascript:alert(1)>; rel=hub", [], id="no web address"),
        pytest.param("<http://[::1>; rel=hub", [], id="no address at all"),
        pytest.param("<https://me:word@h.example/>; rel=hub", [], id="with a password"),
        pytest.param(f"<https://h.example/{'x' * MAX_URL}>; rel=hub", [], id="too long"),
        pytest.param("<>; rel=hub", [], id="empty"),
        pytest.param('<https://h.example/>; rel="hub', [], id="a quote that does not end"),
    ],
)
def test_a_link_header_is_read(header, links):
    assert web_links(header, FEED) == links


@given(st.text(alphabet=st.sampled_from('<>;,="\\ relhubs/:.1\t'), max_size=300))
def test_no_header_breaks_the_reading(header):
    for _, address in web_links(header, FEED):
        assert address.startswith(("http://", "https://"))


@given(st.lists(st.tuples(st.sampled_from(["hub", "self", "next"]), st.integers(0, 99)), max_size=8))
def test_what_is_written_is_read(links):
    header = ", ".join(f'<https://h.example/{number}>; rel="{rel}"' for rel, number in links)
    assert web_links(header, FEED) == [(rel, f"https://h.example/{number}") for rel, number in links]


def listed(text):
    return read_listing(text.encode(), FEED, ListingSettings(url=FEED), ReleaseHints())


@pytest.mark.parametrize(
    ("text", "hubs", "topic"),
    [
        pytest.param(ATOM, ("https://one.example/", "https://two.example/hub?a=1&utm_source=b"), FEED, id="Atom"),
        pytest.param(RSS, ("https://one.example/",), "https://wire.example/rss", id="RSS"),
        pytest.param(JSON, ("https://one.example/",), "https://wire.example/feed.json", id="JSON Feed"),
    ],
)
def test_a_feed_names_its_hubs_and_itself_letter_by_letter(text, hubs, topic):
    page = listed(text)
    assert (page.hubs, page.topic) == (hubs, topic)


def test_headers_come_first_and_the_address_that_was_asked_for_is_the_last_resort():
    headers = ['<https://h.example/>; rel="hub"', "</elsewhere>; rel=self"]
    both = hub_links(headers, ["https://one.example/", "https://h.example/"], "https://wire.example/own", FEED)
    assert both == HubLinks(hubs=("https://h.example/", "https://one.example/"), topic="https://wire.example/elsewhere")
    assert hub_links(headers[:1], [], None, FEED) == HubLinks(hubs=("https://h.example/",), topic=FEED)
    assert hub_links([], [], "https://wire.example/own", FEED) == HubLinks()
    assert len(hub_links([], [f"https://{n}.example/" for n in range(99)], None, FEED).hubs) == MAX_HUBS


def test_of_thousands_of_links_the_first_are_read_in_bounded_time():
    headers = [f'<https://h{number}.example/>; rel="hub"' for number in range(5_000)]
    began = time.process_time()
    found = hub_links([*headers, "<a>," * 100_000], (), None, FEED)
    assert found.hubs == tuple(f"https://h{number}.example/" for number in range(MAX_HUBS))
    assert time.process_time() - began < 0.5

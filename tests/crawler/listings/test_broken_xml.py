"""XML that is cut off or broken is not quiet: a person is told so, and not to give selectors."""

from __future__ import annotations

import pytest

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingUnreadableError, read_listing

URL = "http://127.0.0.1/feed"
ITEM = "<item><title>Ferry {0}</title><link>http://127.0.0.1/news/{0}</link></item>"
RSS = f'<rss version="2.0"><channel><title>T</title>{ITEM.format(1)}{ITEM.format(2)}</channel></rss>'
SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def read(body):
    return read_listing(body.encode(), URL, ListingSettings(url=URL), ReleaseHints())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (RSS[:40], "a feed that is cut off, with nothing in it that can be read"),
        (RSS[: RSS.index("</title><link>")], "a feed that is cut off"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>a</ti', "a feed that is cut off"),
        ("<rss version='2.0'><channel><item><title>x</link>", "a feed that is cut off"),
        ("<?xml version='1.0'?><rss><<<>>>&&&</rss>", "a feed that is broken XML"),
        (f"{SITEMAP}<url><lo", "a sitemap that is cut off"),
        (f"{SITEMAP}<<<</urlset>", "a sitemap that is broken XML"),
    ],
)
def test_broken_xml_that_names_nothing_is_unreadable_in_words(body, words):
    with pytest.raises(ListingUnreadableError, match=words):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        '<rss version="2.0"><channel><title>Quiet</title></channel></rss>',
        '<rss version="2.0"><channel><title>Reed & Sons</title></channel></rss>',
        '<rss version="2.0"><channel><title>Reed&nbsp;Sons</title></channel></rss>',
        f"{SITEMAP}</urlset>",
    ],
)
def test_a_quiet_feed_is_no_broken_one_however_sloppy(body):
    assert read(body).sightings == ()


def test_what_stands_before_the_cut_is_read():
    assert [one.url for one in read(RSS[: RSS.index("<item><title>Ferry 2") + 12]).sightings] == [
        "http://127.0.0.1/news/1"
    ]

"""Sitemaps, their indexes, news sitemaps and plain lists become sightings."""

from __future__ import annotations

import gzip

import pytest

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingPage, ListingUnreadableError, read_listing

URL = "https://wire.example/sitemap.xml"
NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://wire.example/news/1-harbour-hall</loc><lastmod>2026-02-12</lastmod><image:image>
<image:loc>https://wire.example/1.jpg</image:loc><image:title>A hall</image:title></image:image>
<n:news><n:publication><n:name>Wire</n:name></n:publication>
<n:publication_date>2026-02-11T09:00:00+08:00</n:publication_date><n:title>Harbour &amp;amp; Hall</n:title>
</n:news></url>
<url><loc>/news/2-tin-can</loc></url><url><loc>ftp://wire.example/3</loc></url><url></url>
<url><loc>https://wire.example/category/business/</loc></url><url><loc>https://wire.example/kit.pdf</loc></url>
</urlset>"""


def read(body: str | bytes, kind: str | None = None, **hints: object) -> ListingPage:
    listing = ListingSettings.model_validate({"url": URL, "kind": kind})
    data = body if isinstance(body, bytes) else body.encode()
    return read_listing(data, URL, listing, ReleaseHints.model_validate(hints), "application/xml")


def test_a_news_sitemap_gives_headlines_and_times_and_leaves_out_what_is_no_release() -> None:
    page = read(NEWS)
    assert page.kind == "sitemap"
    assert [(one.url, one.headline, one.published_raw, one.published_at) for one in page.sightings] == [
        (
            "https://wire.example/news/1-harbour-hall",
            "Harbour & Hall",
            "2026-02-11T09:00:00+08:00",
            "2026-02-11T09:00:00+08:00",
        ),
        ("https://wire.example/news/2-tin-can", None, None, None),
    ]


def test_a_url_pattern_alone_decides_which_pages_are_releases() -> None:
    assert [one.url for one in read(NEWS, url=r"/category/").sightings] == ["https://wire.example/category/business/"]


def test_a_gzipped_sitemap_is_unpacked() -> None:
    assert len(read(gzip.compress(NEWS.encode()), kind="sitemap").sightings) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (gzip.compress(b"<urlset>" + b" " * 20_000_000), "more than 16 MB"),
        (gzip.compress(NEWS.encode())[:-30], "cut short"),
        (b"<html><body>no</body></html>", "not XML"),
    ],
    ids=["bomb", "cut", "html"],
)
def test_what_is_no_sitemap_is_called_by_its_name(body: bytes, words: str) -> None:
    with pytest.raises(ListingUnreadableError, match=words):
        read(body, kind="sitemap")


def test_an_index_names_its_sitemaps_the_one_changed_last_first() -> None:
    rows = (("a", "2026-01-01"), ("b", "2026-03-01"), ("c", "2026-02-01"))
    entries = "".join(f"<sitemap><loc>{name}.xml</loc><lastmod>{date}</lastmod></sitemap>" for name, date in rows)
    page = read(f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</sitemapindex>')
    assert page.sightings == ()
    assert page.children == (
        "https://wire.example/b.xml",
        "https://wire.example/c.xml",
        "https://wire.example/a.xml",
    )


def test_of_a_huge_sitemap_the_newest_pages_are_kept_in_its_order() -> None:
    rows = "".join(f"<url><loc>/n/{n}-a-b</loc><lastmod>2026-01-{n % 28 + 1:02}</lastmod></url>" for n in range(6000))
    page = read(f"<urlset>{rows}</urlset>")
    assert len(page.sightings) == 5000
    numbers = [int(one.url.split("/n/")[1].split("-")[0]) for one in page.sightings]
    assert numbers == sorted(numbers)
    assert min(number % 28 for number in numbers) > 0


def test_a_cut_sitemap_still_gives_what_is_whole_in_it() -> None:
    assert read(NEWS[:900]).sightings[0].url == "https://wire.example/news/1-harbour-hall"


def test_a_plain_list_of_urls_is_a_sitemap() -> None:
    page = read("https://wire.example/news/1-a\nhttps://wire.example/news/2-b\n")
    assert [one.url for one in page.sightings] == ["https://wire.example/news/1-a", "https://wire.example/news/2-b"]


def test_entities_never_open_a_file() -> None:
    body = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><urlset><url><loc>https://a.example/&f;</loc></url></urlset>'
    assert all("&" not in one.url and one.url.endswith(".example/") for one in read(body).sightings)

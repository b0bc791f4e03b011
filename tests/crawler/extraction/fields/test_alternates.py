"""The other languages of a page, as its ``hreflang`` links name them."""

from __future__ import annotations

import pytest

from crawler.extraction import extract_release
from stories.db.codec import compress, pack, unpack
from stories.model.release import Release

OWN = "https://wire.example/en/news/1001"
TEXT = "".join(
    f"<p>Marlow Harbour opened reading room number {number} for its dockers on Tuesday, and lends books to all.</p>"
    for number in ("one", "two", "three", "four")
)


def release(links: str, *, url: str | None = OWN) -> Release:
    page = f"<html><head>{links}</head><body><article><h1>Marlow Harbour Opens Rooms</h1>{TEXT}</article></body></html>"
    return extract_release(page, url)


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="alternate" hreflang="zh-Hant" href="https://wire.example/tc/news/1001">',
        '<link rel="Alternate" hreflang="zh" href="/tc/news/1001#top">',
        '<link href="https://wire.example/tc/news/1001?utm_source=x" hreflang="x-default" rel="alternate nofollow">',
    ],
)
def test_links_to_other_languages_are_read(link: str) -> None:
    assert release(link).alternates == ("https://wire.example/tc/news/1001",)


@pytest.mark.parametrize(
    "link",
    [
        f'<link rel="alternate" hreflang="en" href="{OWN}">',
        '<link rel="alternate" type="application/rss+xml" href="/rss.xml">',
        '<link rel="stylesheet" hreflang="de" href="/style.css">',
        '<link rel="alternate" hreflang="de" href="javascript:void(0)">',
        '<link rel="alternate" hreflang="de">',
        "",
    ],
)
def test_the_page_itself_feeds_and_what_is_no_address_are_left_out(link: str) -> None:
    assert release(link).alternates == ()


def test_links_without_number_are_bounded() -> None:
    links = "".join(f'<link rel="alternate" hreflang="de" href="/{number}">' for number in range(5_000))
    assert 0 < len(release(links).alternates) <= 20


def test_they_are_kept_and_older_releases_without_them_stay_readable() -> None:
    kept = release('<link rel="alternate" hreflang="de" href="/de/news/1001">')
    assert unpack(pack(kept)) == kept
    assert unpack(compress(b'{"headline":"Old"}')) == Release(headline="Old")

"""An HTML listing without a release: what is said about it."""

from __future__ import annotations

import pytest

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import read_listing

URL = "https://wire.example/news/"
FILES = "".join(f"<li><a href='/files/{n}.pdf'>Results of the year {n}</a></li>" for n in range(5))


def advice(body: str) -> str:
    page = read_listing(body.encode(), URL, ListingSettings(url=URL), ReleaseHints(), "text/html")
    assert not page.sightings
    return "; ".join(page.advice)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html><head><link rel='alternate' type='application/rss+xml' href='../feed.xml'></head><body></body></html>",
         "the page announces the feed https://wire.example/feed.xml"),
        ("<head><link rel='ALTERNATE home' type='application/atom+xml; charset=utf-8' href='/a.atom'></head>",
         "the page announces the feed https://wire.example/a.atom"),
        (f"<html><body><main><ul>{FILES}</ul></main></body></html>", "5 of its links lead to files (PDF)"),
        ("<html><body><div id='root'></div><noscript>Please enable JavaScript.</noscript><script src='/a.js'></script>"
         "</body></html>", "the page is empty until JavaScript fills it"),
    ],
)  # fmt: skip
def test_a_page_without_a_release_says_what_to_use_instead(body: str, words: str) -> None:
    assert words in advice(body)


def test_a_page_of_text_alone_gets_no_advice() -> None:
    assert (
        advice(f"<html><body><script src='/a.js'></script><p>{'There is no news today. ' * 30}</p></body></html>") == ""
    )

"""Entries that carry a whole release are told from those that only begin one."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import read_listing
from crawler.listings.full_text_entries import LEAST, edition, whole

URL = "https://wire.example/1"
WORDS = "The ferry company has ordered twelve boats that run on hydrogen, and they are built where the river bends. "
LONG = f"<p>{WORDS * 4}</p><p>{WORDS * 4}</p>"
CHINESE = "<p>" + "公司今日宣布訂購十二艘氫能渡輪，將於明年春季在河灣船廠開工建造。" * 6 + "</p>"


def entry(end):
    return {URL: LONG + end}


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("", id="the text alone"),
        pytest.param(
            "<p>View source version on wire.example: https://wire.example/1</p>", id="the wire's own last line"
        ),
        pytest.param("<p>Learn more at wire.example.</p>", id="an invitation in a sentence"),
        pytest.param("<p>He spoke of boats... and of rivers.</p>", id="dots in its midst"),
        pytest.param('<img src="https://wire.example/pixel.gif">', id="a pixel"),
    ],
)
def test_a_whole_release_is_taken(end):
    assert whole(entry(end)) == entry(end)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("<p>The first hull ...</p>", id="dots"),
        pytest.param("<p>The first hull […]</p>", id="dots in brackets"),
        pytest.param("<p>The first hull [&#8230;] </p>", id="dots in brackets, encoded"),
        pytest.param("<p>The first hull… <a href='/1'>more »</a></p>", id="dots and more"),
        pytest.param("<p><a href='/1'>Read more</a></p>", id="read more"),
        pytest.param("<p><a href='/1'>Read the full press release →</a></p>", id="read the full press release"),
        pytest.param("<p><a href='/1'>Continue reading Twelve Boats</a></p>", id="continue reading"),
        pytest.param("<p>The first hull [+2301 chars]</p>", id="so many characters more"),
        pytest.param("<p><a href='/1'>閱讀全文</a></p>", id="in Chinese"),
        pytest.param("<p><a href='/1'>Weiterlesen</a></p>", id="in German"),
        pytest.param(
            "<p>And [...]</p><p>The post <a href='/1'>Boats</a> appeared first on <a href='/'>Wire</a>.</p>",
            id="dots above a footer",
        ),
    ],
)
def test_an_entry_that_only_begins_it_is_not(end):
    assert whole(entry(end)) == {}


def test_what_wordpress_puts_under_each_entry_is_no_part_of_it():
    footer = "\n<p>The post <a href='/1'>Boats</a> appeared first on <a href='/'>Wire</a>.</p>\n"
    assert whole(entry(footer)) == entry("\n")


def test_a_teaser_is_too_short_and_so_is_what_is_far_shorter_than_the_others():
    assert whole({URL: f"<p>{' '.join(['word'] * (LEAST - 1))}</p>"}) == {}
    assert whole({URL: CHINESE}), "two letters of a script without spaces are a word"
    others = {f"https://wire.example/news/{number}": LONG * 10 for number in range(5)}
    assert set(whole(others | {URL: LONG})) == set(others)


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.text(alphabet=st.sampled_from("<p>/ab. …[]&;Read more\n"))))
def test_no_entry_breaks_the_judgement(contents):
    assert set(whole(contents)) <= set(contents)
    for content in contents.values():
        assert edition(content) == edition(f"{content} ")


RSS = f"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>
<item><title>A</title><link>{URL}?utm_source=rss</link><description>Twelve boats.</description>
<content:encoded><![CDATA[{LONG}]]></content:encoded></item></channel></rss>"""
PLAIN_RSS = f"""<rss version="2.0"><channel><title>News</title>
<item><title>A</title><link>{URL}</link><description>{escape(LONG)}</description></item></channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry><title>A</title><id>1</id>
<link href="{URL}"/><summary>Twelve boats.</summary><content type="html">{escape(LONG)}</content></entry></feed>"""
JSON = f"""{{"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [
{{"id": "1", "url": "{URL}", "summary": "Twelve boats.", "content_text": "{WORDS * 4}\\n\\n{WORDS * 4}<b>"}}]}}"""


@pytest.mark.parametrize("text", [pytest.param(one, id=name) for name, one in [
    ("RSS, content:encoded", RSS), ("RSS, description", PLAIN_RSS), ("Atom", ATOM), ("JSON Feed, plain text", JSON),
]])  # fmt: skip
def test_the_text_is_found_in_every_kind_of_feed_and_only_of_a_source_that_says_so(text):
    def contents(**hints):
        listing = ListingSettings(url="https://wire.example/feed")
        return read_listing(text.encode(), listing.url, listing, ReleaseHints(**hints)).contents

    assert contents() == {}
    found = contents(full_text=True)
    assert list(found) == [URL]
    assert found[URL].count("<p>") == 2
    assert "<b>" not in found[URL]

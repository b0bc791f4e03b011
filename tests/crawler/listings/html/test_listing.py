"""Releases are found on html listings, with selectors and without."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingPage, ListingUnreadableError, read_listing

PAGES = sorted((Path(__file__).parents[1] / "pages").glob("*.html"))


@dataclass
class Expected:
    """What stands in the comment that opens a fixture page: its URL, its zone, its releases, its next page."""

    url: str
    zone: str | None
    releases: list[tuple[str, str, str | None]]
    next_url: str | None


def expected(page: bytes) -> Expected:
    said = page.decode().split("-->")[0].removeprefix("<!--").strip().splitlines()
    named = dict(line.split(" ", 1) for line in said if line.split(" ")[0] in ("url", "zone", "next"))
    rows = [[part.strip() for part in line.split(" | ")] for line in said if line.startswith("http")]
    releases = [(row[0], row[1], None if row[2] == "-" else row[2]) for row in rows]
    return Expected(named["url"], named.get("zone"), releases, named.get("next"))


def read(html: str | bytes, url: str = "https://wire.example/news", **settings: object) -> ListingPage:
    hints = ReleaseHints.model_validate(settings.pop("hints", {}))
    body = html if isinstance(html, bytes) else html.encode()
    listing = ListingSettings.model_validate({"url": url, **settings})
    return read_listing(body, url, listing, hints, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_releases_of_a_page_are_found_without_selectors(path: Path) -> None:
    want = expected(path.read_bytes())
    page = read(path.read_bytes().split(b"-->", 1)[1], want.url, hints={"timezone": want.zone})
    assert [(one.url, one.headline, one.published_at) for one in page.sightings] == want.releases
    assert page.next_url == want.next_url
    assert page.kind == "html"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_read_the_same_when_its_class_names_say_nothing(path: Path) -> None:
    want = expected(path.read_bytes())
    body = path.read_bytes().split(b"-->", 1)[1]
    names: dict[bytes, bytes] = {}

    def rename(match: re.Match[bytes]) -> bytes:
        return (
            b'class="' + names.setdefault(match[1], b"c" + bytes([97 + len(names) % 26, 97 + len(names) // 26])) + b'"'
        )

    page = read(re.sub(rb'class="([^"]*)"', rename, body), want.url, hints={"timezone": want.zone})
    assert [one.url for one in page.sightings] == [url for url, _, _ in want.releases]


LIST = """<html><body><div class="rows">
<div class="row"><p class="when">2026-02-11</p><p class="head">First thing</p>
<a class="go" href="/n/1">Details</a><a class="pdf" href="/n/1.pdf">PDF</a></div>
<div class="row"><p class="when">2026-02-10</p><p class="head">Second thing</p>
<a class="go" href="/n/2">Details</a></div>
</div><div class="other"><a class="go" href="/n/9">Details</a></div><a class="older" href="/news/2">archive</a>"""


def two_items(first_time: str, second_time: str, first_link: str = "Ferry runs again after a long pause") -> str:
    return f"""<ul><li><a href="/news/101-ferry-runs-again" title="Ferry runs again after a long pause">{first_link}</a>
    <i>{first_time}</i></li><li><a href="/news/102-mill-reopens-its-doors">Mill reopens its doors to the public</a>
    <i>{second_time}</i></li></ul>"""


def test_selectors_say_what_an_entry_its_headline_and_its_time_are() -> None:
    page = read(LIST, entry="div.row", link="a.go", headline=".head", published=".when", next="a.older")
    assert [(one.url, one.headline, one.published_raw, one.published_at) for one in page.sightings] == [
        ("https://wire.example/n/1", "First thing", "2026-02-11", "2026-02-11"),
        ("https://wire.example/n/2", "Second thing", "2026-02-10", "2026-02-10"),
    ]
    assert page.next_url == "https://wire.example/news/2"


def test_an_entry_selector_alone_is_enough() -> None:
    page = read(LIST, entry="div.row")
    assert [one.url for one in page.sightings] == ["https://wire.example/n/1", "https://wire.example/n/2"]
    assert [one.published_at for one in page.sightings] == ["2026-02-11", "2026-02-10"]


def test_a_link_selector_alone_is_enough() -> None:
    page = read(LIST, link=".rows a.go", published="p.when")
    assert [one.url for one in page.sightings] == ["https://wire.example/n/1", "https://wire.example/n/2"]
    assert [one.published_at for one in page.sightings] == ["2026-02-11", "2026-02-10"]


def test_an_entry_may_be_the_link_itself() -> None:
    page = read(
        '<a class="t" href="/x/1"><b>Town hall gets a new clock</b></a><a class="t" href="/x/2"><b>Mill opens</b></a>',
        entry="a.t",
    )
    assert [one.headline for one in page.sightings] == ["Town hall gets a new clock", "Mill opens"]


def test_with_a_url_pattern_the_links_that_match_are_the_releases_wherever_they_stand() -> None:
    html = f"""<nav><a href="/r/11">Ferry</a></nav><main>{two_items("11 May 2026", "10 May 2026")}</main>
    <footer><p>12 May 2026 <a href="/r/12">Bridge</a></p></footer>"""
    page = read(html, hints={"url": r"/r/(?P<id>\d+)"})
    assert [(one.url, one.headline) for one in page.sightings] == [
        ("https://wire.example/r/11", "Ferry"),
        ("https://wire.example/r/12", "Bridge"),
    ]


def test_a_url_pattern_written_for_the_printed_order_of_a_query_matches() -> None:
    page = read('<a href="view?type=pr&amp;id=77">Ferry runs again</a>', hints={"url": r"type=pr&id=(?P<id>\d+)"})
    assert [one.url for one in page.sightings] == ["https://wire.example/view?id=77&type=pr"]


def test_a_page_without_releases_is_quiet_and_not_an_error() -> None:
    page = read(
        "<html><title>Tag</title><body><nav><a href='/about'>About</a></nav><main><p>No releases found.</p></main>"
    )
    assert page.sightings == ()
    assert page.title == "Tag"


def test_a_log_in_page_is_called_by_its_name() -> None:
    with pytest.raises(ListingUnreadableError, match="log-in page"):
        read("<form action=/login><input name=user><input type=password name=secret><button>Log in</button></form>")


def test_a_bot_challenge_is_called_by_its_name() -> None:
    with pytest.raises(ListingUnreadableError, match="bot challenge"):
        read("<html><head><title>Just a moment...</title></head><body><div id=challenge></div></body></html>")


@pytest.mark.parametrize(
    ("printed", "moment"),
    [("03/04/2026", "2026-04-03"), ("5 hours ago", None), ("11 Feb", None)],
    ids=["the order that another date of the page settles", "relative", "no year"],
)
def test_a_printed_time_is_kept_and_only_told_without_guessing(printed: str, moment: str | None) -> None:
    first = read(two_items(printed, "14/03/2026")).sightings[0]
    assert (first.published_raw, first.published_at) == (printed, moment)


def test_an_order_of_day_and_month_that_nothing_settles_is_not_guessed() -> None:
    assert [one.published_at for one in read(two_items("03/04/2026", "01/02/2026")).sightings] == [None, None]


def test_a_local_time_gets_the_offset_of_the_source() -> None:
    html = two_items("11.02.2026, 10:30 Uhr", "11.07.2026, 10:30 Uhr")
    assert [one.published_at for one in read(html, hints={"timezone": "Europe/Berlin"}).sightings] == [
        "2026-02-11T10:30:00+01:00",
        "2026-07-11T10:30:00+02:00",
    ]
    assert read(html).sightings[0].published_at == "2026-02-11"


def test_a_truncated_headline_is_completed_from_the_links_title() -> None:
    html = two_items("11 May 2026", "10 May 2026", first_link="Ferry runs again after a…")
    assert read(html).sightings[0].headline == "Ferry runs again after a long pause"


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-8", "utf-16"])
def test_a_page_is_read_in_the_charset_that_it_names(encoding: str) -> None:
    html = f"""<html><head><meta charset="{encoding}"></head><body><ul>
    <li><a href="/story/523613-1.shtml">東京都中央公園今年夏天重新開放</a></li>
    <li><a href="/story/523612-1.shtml">北部鐵路公司訂購十列電車</a></li></ul>"""
    listing = ListingSettings(url="https://wire.example/")
    page = read_listing(html.encode(encoding), listing.url, listing, ReleaseHints(), "text/html")
    assert page.sightings[0].headline == "東京都中央公園今年夏天重新開放"


def test_utf_8_is_recognised_where_the_server_names_another_charset() -> None:
    html = two_items("11 May 2026", "10 May 2026", first_link="Fähre fährt nach langer Pause wieder").encode()
    listing = ListingSettings(url="https://wire.example/")
    page = read_listing(html, listing.url, listing, ReleaseHints(), "text/html; charset=iso-8859-1")
    assert page.sightings[0].headline == "Fähre fährt nach langer Pause wieder"


def test_the_charset_of_the_source_settles_a_page_that_names_none() -> None:
    html = two_items("11 May 2026", "10 May 2026", first_link="東京都中央公園今年夏天重新開放").encode("big5")
    listing = ListingSettings(url="https://wire.example/")
    page = read_listing(html, listing.url, listing, ReleaseHints(encoding="big5"), "text/html")
    assert page.sightings[0].headline == "東京都中央公園今年夏天重新開放"


@pytest.mark.parametrize(
    "text",
    [
        "翌日披露報表",
        "自己株式の取得状況",
        "Form 8.3",
        "Net Asset Value",
        "Holding(s)",
        "업무보고",
        "Total voting rights",
    ],
)
def test_a_list_of_one_series_whose_entries_all_say_the_same_is_read(text):
    rows = "".join(
        f'<tr><td>2026-03-10 1{number}:05</td><td><a href="/story/38044{number}-0.shtml">{text}</a></td></tr>'
        for number in range(6)
    )
    page = f"<html><head><title>Wire</title></head><body><table>{rows}</table></body></html>"
    url = "https://wire.example/list.html"
    listed = read_listing(page.encode(), url, ListingSettings(url=url), ReleaseHints(timezone="UTC"), "text/html")
    assert [sighting.headline for sighting in listed.sightings] == [text] * 6


def test_a_menu_of_short_words_with_ids_and_no_dates_is_no_list():
    rows = "".join(f'<li><a href="/section/38044{number}-0.shtml">Topics</a></li>' for number in range(6))
    url = "https://wire.example/list.html"
    page = f"<html><body><ul>{rows}</ul></body></html>".encode()
    listed = read_listing(page, url, ListingSettings(url=url), ReleaseHints(timezone="UTC"), "text/html")
    assert listed.sightings == ()

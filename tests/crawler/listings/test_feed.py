"""Feeds of every dialect become sightings; what is no feed says so."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingPage, ListingUnreadableError, read_listing

DATA = Path(os.environ.get("WIREWATCH_DATA", "../shared/data"))
URL = "https://wire.example/rss/list.xml"


def read(body: str | bytes, content_type: str | None = None, kind: str | None = "feed", **hints: object) -> ListingPage:
    listing = ListingSettings.model_validate({"url": URL, "kind": kind})
    data = body if isinstance(body, bytes) else body.encode()
    return read_listing(data, URL, listing, ReleaseHints.model_validate(hints), content_type)


def rss(items: str, attributes: str = "", channel: str = "<title>Wire</title>") -> str:
    return f'<?xml version="1.0"?><rss version="2.0" {attributes}><channel>{channel}{items}</channel></rss>'


def test_a_globenewswire_feed_with_its_own_namespace_and_no_seconds_is_read() -> None:
    page = read(
        rss(
            """<item><guid
 isPermaLink="true">https://g.example/news-release/2026/10/02/3373999/0/en/Acme-Drills.html</guid>
            <link
            >https://g.example/news-release/2026/10/02/3373999/0/en/Acme-Drills.html</link>
            <category domain="https://g.example/rss/stock">Nasdaq:ACME</category><title>Acme Drills</title>
            <pubDate>Fri, 02 Oct 2026 18:06 GMT</pubDate><dc:identifier>3373999</dc:identifier></item>""",
            'xmlns:dc="http://dublincore.org/documents/dcmi-namespace/" xmlns:media="http://search.yahoo.com/mrss/"',
        )
    )
    [sighting] = page.sightings
    assert sighting.url == "https://g.example/news-release/2026/10/02/3373999/0/en/Acme-Drills.html"
    assert (sighting.headline, sighting.guid) == ("Acme Drills", sighting.url)
    assert (sighting.published_raw, sighting.published_at) == (
        "Fri, 02 Oct 2026 18:06 GMT",
        "2026-10-02T18:06:00+00:00",
    )


def test_a_pr_newswire_feed_is_read_with_its_correction_title() -> None:
    page = read(
        rss(
            """<item><title>/C O R R E C T I O N -- Blue Harbor, Inc./</title>
            <link>https://p.example/news-releases/blue-harbor-opens-302847114.html?utm_source=rss</link>
            <guid isPermaLink="true">https://p.example/news-releases/blue-harbor-opens-302847114.html</guid>
            <pubDate>Tue, 11 Aug 2026 09:15:00 -0400</pubDate><dc:publisher>PR</dc:publisher></item>""",
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prn="http://www.prnewswire.com/ns/0.1/#"',
        )
    )
    [sighting] = page.sightings
    assert sighting.url == "https://p.example/news-releases/blue-harbor-opens-302847114.html"
    assert sighting.headline == "/C O R R E C T I O N -- Blue Harbor, Inc./"
    assert sighting.published_at == "2026-08-11T09:15:00-04:00"


def test_a_fallback_feed_shows_by_its_empty_title() -> None:
    page = read(rss("<item><title>A</title><link>https://p.example/1</link></item>", channel="<title></title>"))
    assert page.title is None
    assert read(rss("")).title == "Wire"


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("Profit &amp;amp; loss", "Profit & loss"),
        ("&lt;b&gt;Acme&lt;/b&gt; wins", "Acme wins"),
        ("<![CDATA[Acme &#8211; wins <em>gold</em>]]>", "Acme – wins gold"),
        ("Acme&amp;nbsp;wins", "Acme wins"),
        ("If a &lt; b then c", "If a < b then c"),
        ("Safe&lt;script&gt;alert(1)&lt;/script&gt; title", "Safe title"),
        ("  Two\n   lines ", "Two lines"),
        ("", None),
    ],
    ids=["encoded twice", "html", "cdata", "nbsp", "a bare sign", "a script", "white space", "empty"],
)
def test_a_title_is_words_whatever_it_is_wrapped_in(title: str, headline: str | None) -> None:
    page = read(rss(f"<item><title>{title}</title><link>https://p.example/1</link></item>"))
    assert page.sightings[0].headline == headline


def test_links_are_resolved_by_xml_base_and_by_the_feeds_own_address() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{base}"><title>t</title>
    <entry><title>One</title><link href="r/1"/><id>tag:x,2026:1</id></entry></feed>"""
    assert read(atom.format(base="https://other.example/n/")).sightings[0].url == "https://other.example/n/r/1"
    assert read(atom.format(base="/n/")).sightings[0].url == "https://wire.example/n/r/1"
    assert read(atom.replace('xml:base="{base}"', "")).sightings[0].url == "https://wire.example/rss/r/1"


def test_without_a_link_a_permanent_guid_is_the_address_and_an_opaque_one_is_not() -> None:
    page = read(
        rss(
            "<item><title>A</title><guid>https://p.example/a</guid></item>"
            "<item><title>B</title><guid isPermaLink='false'>md5-of-something</guid></item>"
            "<item><title>C</title><guid isPermaLink='false'>77</guid><link>https://p.example/c</link></item>"
        )
    )
    assert [(one.url, one.guid) for one in page.sightings] == [
        ("https://p.example/a", "https://p.example/a"),
        ("https://p.example/c", "77"),
    ]


def test_each_release_is_named_once_and_the_feed_itself_never() -> None:
    page = read(
        rss(f"<item><link>{URL}</link></item>" + "<item><title>A</title><link>https://p.example/a</link></item>" * 2)
    )
    assert [one.url for one in page.sightings] == ["https://p.example/a"]


@pytest.mark.parametrize(
    ("printed", "moment"),
    [
        ("Fri, 02 Oct 2026 18:06:00 +0800", "2026-10-02T18:06:00+08:00"),
        ("2026-10-02T18:06:00Z", "2026-10-02T18:06:00+00:00"),
        ("2026-10-02T18:06:00.5+02:00", "2026-10-02T18:06:00.500+02:00"),
        ("2026-10-02", "2026-10-02"),
        ("Fri, 02 Oct 2026 18:06:00 HKT", "2026-10-02T18:06:00+08:00"),
        ("Fri, 02 Oct 2026 18:06:00 EDT", "2026-10-02T18:06:00-04:00"),
        ("Fri, 02 Oct 2026 18:06:00", "2026-10-02"),
        ("soon", None),
    ],
    ids=["rfc 822", "zulu", "fraction", "date", "named zone", "daylight", "no zone", "nonsense"],
)
def test_a_feeds_time_keeps_its_offset_and_is_never_guessed(printed: str, moment: str | None) -> None:
    page = read(rss(f"<item><link>https://p.example/a</link><pubDate>{printed}</pubDate></item>"))
    assert (page.sightings[0].published_raw, page.sightings[0].published_at) == (printed, moment)


def test_a_feeds_time_without_a_zone_is_in_the_zone_of_its_source() -> None:
    body = rss("<item><link>https://p.example/a</link><pubDate>Fri, 02 Oct 2026 18:06:00</pubDate></item>")
    assert read(body, timezone="Asia/Hong_Kong").sightings[0].published_at == "2026-10-02T18:06:00+08:00"


def test_a_url_pattern_chooses_among_a_feeds_entries_unless_none_matches() -> None:
    body = rss("<item><link>https://p.example/news/1</link></item><item><link>https://p.example/jobs/2</link></item>")
    assert [one.url for one in read(body, url=r"/news/\d").sightings] == ["https://p.example/news/1"]
    assert len(read(body, url=r"/story/\d").sightings) == 2


def test_a_paged_feed_names_its_next_page() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><link rel="next" href="?page=2"/></feed>"""
    page = read(atom)
    assert page.next_url == "https://wire.example/rss/list.xml?page=2"
    assert page.sightings == ()


@pytest.mark.parametrize("content_type", ["text/xml", "application/rss+xml; charset=iso-8859-1", None])
def test_utf_8_is_read_as_utf_8_whatever_the_server_says(content_type: str | None) -> None:
    body = rss("<item><title>Zürich 東京</title><link>https://p.example/a</link></item>")
    assert read(body, content_type).sightings[0].headline == "Zürich 東京"


def test_a_charset_only_the_server_names_is_used() -> None:
    body = rss("<item><title>東京灣</title><link>https://p.example/a</link></item>").encode("big5")
    assert read(body, "application/xml; charset=big5").sightings[0].headline == "東京灣"


def test_a_broken_feed_still_gives_what_is_whole_in_it() -> None:
    body = rss("<item><title>AT&T opens <b>a line</title><link>https://p.example/a?x=1&y=2</link></item>")
    [sighting] = read(body[:-20]).sightings
    assert sighting.url == "https://p.example/a?x=1&y=2"
    assert sighting.headline == "AT&T opens a line"


def test_a_long_broken_feed_is_mended_first() -> None:
    items = "".join(f"<item><title>R & D {n}</title><link>https://p.example/{n}</link></item>" for n in range(4000))
    page = read(rss(items))
    assert len(page.sightings) == 4000


@pytest.mark.parametrize("charset", ["big5", "nonsense"])
def test_a_long_broken_feed_keeps_its_charset(charset: str) -> None:
    items = "".join(f"<item><b><title>東京灣 {n}</title><link>https://p.example/{n}</link></item>" for n in range(5000))
    page = read(rss(items).encode("big5"), f"text/xml; charset={charset}")
    if charset == "big5":
        assert page.sightings[0].headline == "東京灣 0"


def test_an_encoding_that_nobody_knows_is_no_reason_to_fail() -> None:
    body = rss("<item><title>A</title><link>https://p.example/a</link></item>")
    page = read(body.replace('"1.0"', '"1.0" encoding="bogus"'))
    assert page.sightings[0].headline == "A"


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><entry><title>Acme Drills</title><id>urn:1</id>
<link href="https://w.example/news/1"/><published>2026-10-02T09:00:00Z</published>
<updated>{updated}</updated><summary>{summary}</summary></entry></feed>"""
RSS = """<item><title>Acme Drills</title><link>https://w.example/news/1</link><pubDate>{updated}</pubDate>
<description>{summary}</description></item>"""
JSON_FEED = """{{"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": [{{"id": "1",
"title": "Acme Drills",
"url": "https://w.example/news/1", "date_modified": "{updated}", "summary": "{summary}"}}]}}"""
SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://w.example/news/1</loc>
<lastmod>{updated}</lastmod></url></urlset>"""


@pytest.mark.parametrize(
    ("form", "kind"), [(ATOM, "feed"), (rss(RSS), "feed"), (JSON_FEED, "feed"), (SITEMAP, "sitemap")]
)
def test_an_entrys_version_changes_with_its_modification_time_and_its_summary(form: str, kind: str) -> None:
    def version(updated: str, summary: str) -> str | None:
        [sighting] = read(form.format(updated=updated, summary=summary), kind=kind).sightings
        return sighting.version

    first = version("2026-10-02T09:00:00Z", "Revenue rose 4%.")
    assert first == version("2026-10-02T09:00:00Z", " Revenue  rose 4%.")
    assert first != version("2026-10-02T09:30:00Z", "Revenue rose 4%.")
    if "{summary}" in form:
        assert first != version("2026-10-02T09:00:00Z", "Revenue rose 14%.")


def test_an_entry_without_time_and_summary_has_no_version() -> None:
    [sighting] = read(rss("<item><title>Acme</title><link>https://w.example/news/1</link></item>")).sightings
    assert sighting.version is None


@pytest.mark.parametrize("form", ["rss", "json"])
@pytest.mark.parametrize("is_oldest_first", [True, False])
def test_of_a_feed_with_too_many_entries_the_newest_are_read(form: str, is_oldest_first: bool) -> None:
    count = 5_300
    numbers = range(count) if is_oldest_first else range(count)[::-1]
    times = {number: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number) for number in numbers}
    if form == "rss":
        body = rss("".join(
            f"<item><title>Release {number}</title><link>https://w.example/news/{number}</link>"
            f"<pubDate>{format_datetime(times[number])}</pubDate></item>" for number in numbers
        ))  # fmt: skip
    else:
        items = [
            {"id": str(number), "url": f"https://w.example/news/{number}", "title": f"Release {number}",
             "date_published": times[number].isoformat()} for number in numbers
        ]  # fmt: skip
        body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": items})
    page = read(body)
    assert {sighting.url.rpartition("/")[2] for sighting in page.sightings} == {str(n) for n in range(300, count)}
    assert page.refused["entries"] == 300


def test_a_json_feed_is_read() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Wire",
        "next_url": "/rss/2.json",
        "items": [
            {"id": "7", "url": "/r/7", "title": "A &amp; B", "date_published": "2026-02-11T09:00:00+08:00"},
            {"id": "https://p.example/8", "title": 5},
            {"id": 9},
            "nonsense",
        ],
    }
    page = read(json.dumps(feed), "application/feed+json", kind=None)
    assert [(one.url, one.headline, one.published_at, one.guid) for one in page.sightings] == [
        ("https://wire.example/r/7", "A & B", "2026-02-11T09:00:00+08:00", "7"),
        ("https://p.example/8", None, None, "https://p.example/8"),
    ]
    assert (page.kind, page.next_url, page.title) == ("feed", "https://wire.example/rss/2.json", "Wire")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"<!doctype html><html><body><h1>Not found</h1></body></html>", r"not XML.*HTML page \(text/html\)"),
        (b"Service unavailable", "plain text"),
        (b"%PDF-1.7 ...", "PDF"),
        (bytes(range(256)) * 20, "binary"),
        (b"\x1f\x8b\x08\x00garbage", "gzip"),
        (b"<?xml version='1.0'?><opml><body/></opml>", "no feed"),
        (b"<urlset></urlset>", "sitemap"),
        (b'{"error": "gone"}', "JSON"),
    ],
    ids=["empty", "blank", "html", "text", "pdf", "binary", "gzip", "other xml", "sitemap", "other json"],
)
def test_what_is_no_feed_is_called_by_its_name(body: bytes, words: str) -> None:
    with pytest.raises(ListingUnreadableError, match=words):
        read(body, "text/html")


def test_entities_never_open_a_file_and_never_explode() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE rss [<!ENTITY e0 "boom"><!ENTITY file SYSTEM "file:///etc/passwd">{bomb}]>'
    item = "<item><title>&file;&e11;</title><link>https://p.example/a</link></item>"
    [sighting] = read(rss(item).replace("<rss", doctype + "<rss")).sightings
    assert "root:" not in (sighting.headline or "")
    assert len(sighting.headline or "") < 1000


def test_bytes_that_name_a_file_are_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss("<item><title>Secret</title><link>https://p.example/a</link></item>"))
    with pytest.raises(ListingUnreadableError):
        read(str(secret).encode())


def cases() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(DATA / "feeds" / "feedparser-tests.tar.xz") as archive:
        for member in archive.getmembers():
            if member.isfile() and (file := archive.extractfile(member)):
                yield member.name, file.read()


@pytest.mark.skipif(not DATA.exists(), reason="no WIREWATCH_DATA: the feed collection is not here")
def test_every_feed_of_the_collection_is_read_or_called_unreadable() -> None:
    listing, read_feeds, all_cases = ListingSettings(url=URL), 0, list(cases())
    for _, body in all_cases:
        try:
            read_feeds += read_listing(body, URL, listing, ReleaseHints()).kind == "feed"
        except ListingUnreadableError:
            continue
    assert len(all_cases) > 2000
    assert read_feeds >= 0.99 * len(all_cases)


def test_a_stream_of_bytes_is_all_that_feedparser_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    import feedparser

    given: list[object] = []

    def spy(source: object, **settings: object) -> object:
        given.append(source)
        return parse(source, **settings)

    parse = feedparser.parse
    monkeypatch.setattr(feedparser, "parse", spy)
    read(rss(""))
    assert [type(one) for one in given] == [io.BytesIO]

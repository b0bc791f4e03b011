"""Only charsets of the web are known by name; whatever else is named, a listing and a page are read all the same."""

from __future__ import annotations

import codecs
import encodings
import time

import pytest
from scrapy.http import Response

from config.source_settings import ListingSettings, ReleaseHints
from crawler.extraction.charset import decode
from crawler.http.charset_names import CODECS, LABEL_MAX, text_codec
from crawler.http.response_headers import charset
from crawler.listings import read_listing
from crawler.listings.decode import page_text

NONE = [
    "punycode", "undefined", "idna", "rot13", "rot_13", "zlib", "zip", "bz2", "hex", "base64", "uu", "quopri", "mbcs",
    "oem", "unicode_escape", "raw_unicode_escape", "utf-7", "utf_8_sig", "palmos", "hz", "iso2022_kr", "cp037",
    "charmap", "unicode_internal", "nonsense", "../etc/passwd", "a" * (LABEL_MAX + 1), "", "é", "encodings.x",
]  # fmt: skip
URL = "https://wire.example/news"
LINKS = "".join(f'<li><a href="/news/2026/{n}-words-of-a-headline">Grüße und Wörter {n}</a></li>' for n in range(8))


@pytest.mark.parametrize("label", NONE)
def test_what_is_no_charset_of_the_web_is_not_known(label: str) -> None:
    assert text_codec(label) is None


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"), ("utf8", "utf-8"), (" utf-8 ", "utf-8"), ("unicode-1-1-utf-8", "utf-8"),
        ("latin1", "cp1252"),
        ("ISO-8859-1", "cp1252"), ("ascii", "cp1252"), ("windows-1252", "cp1252"), ("gb2312", "gb18030"),
        ("GBK", "gb18030"), ("x-gbk", "gb18030"), ("big5", "big5hkscs"), ("Big5-HKSCS", "big5hkscs"),
        ("shift_jis", "cp932"), ("x-sjis", "cp932"), ("windows-31j", "cp932"), ("euc-jp", "euc_jp"),
        ("iso-2022-jp", "iso2022_jp"), ("euc-kr", "cp949"), ("ks_c_5601-1987", "cp949"), ("koi8-r", "koi8-r"),
        ("windows-1251", "cp1251"), ("iso-8859-15", "iso8859-15"), ("tis-620", "cp874"), ("dos-874", "cp874"),
        ("utf-16le", "utf-16-le"), ("macintosh", "mac-roman"),
    ],
)  # fmt: skip
def test_a_label_is_read_as_browsers_read_it(label: str, codec: str) -> None:
    found = text_codec(label)
    assert found is not None
    assert codecs.lookup(found) == codecs.lookup(codec)


def test_every_codec_that_is_known_is_one_of_text() -> None:
    for codec in CODECS:
        assert codecs.lookup(codec)._is_text_encoding
        assert text_codec(codec) is not None


def test_unknown_names_are_not_kept() -> None:
    before = len(encodings._cache)  # type: ignore[attr-defined]
    for number in range(500):
        text_codec(f"nonsense-{number}")
    assert len(encodings._cache) == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("label", NONE)
@pytest.mark.parametrize("written", ["utf-8", "cp1252"])
def test_a_listing_and_a_page_are_read_whatever_charset_they_name(label: str, written: str) -> None:
    page = f'<!doctype html><html><head><meta charset="{label}"></head><body><ul>{LINKS}</ul></body></html>'
    feed = (
        f'<?xml version="1.0" encoding="{label}"?><rss version="2.0"><channel><title>N</title>'
        "<item><title>Grüße und Wörter</title><link>https://wire.example/1</link></item></channel></rss>"
    )
    listing, hints = ListingSettings(url=URL), ReleaseHints()
    for content_type in (None, f"text/html; charset={label}"):
        html = read_listing(page.encode(written, "replace"), URL, listing, hints, content_type)
        assert [sighting.headline for sighting in html.sightings] == [f"Grüße und Wörter {n}" for n in range(8)]
        xml = read_listing(feed.encode(written, "replace"), URL, listing, hints, content_type)
        assert [sighting.headline for sighting in xml.sightings] == ["Grüße und Wörter"]
        assert "Grüße" in page_text(page.encode(written, "replace"), content_type)
        said = charset(Response(URL, headers={"Content-Type": content_type or ""}))
        assert "Grüße" in decode(page.encode(written, "replace"), header=said)


@pytest.mark.parametrize("label", ["punycode", "idna", "utf-7", "unicode_escape"])
def test_no_name_makes_decoding_superlinear(label: str) -> None:
    def spent(size: int) -> float:
        body = f'<meta charset="{label}"><p>'.encode() + b"abc-\xe9" * size
        began = time.process_time()
        page_text(body, f"text/html; charset={label}")
        decode(body, header=label)
        return time.process_time() - began

    assert spent(160_000) < max(8 * spent(20_000), 0.2) * 3

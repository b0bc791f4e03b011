"""The tables of the wires: every name, address, pixel and closing line is read wherever it counts."""

from __future__ import annotations

import re

import pytest

from config.wires import Wire, id_spaces, wire_addresses, wire_names, wires
from crawler.extraction.body.phrases import BOILERPLATE
from crawler.extraction.fields.datelines import find_dateline
from crawler.extraction.fields.wires import PIXELS, wire_in_text, wire_of
from pipelines.identity.features import wire_ids
from pipelines.identity.normalized_words import news_paragraphs, without_dateline
from pipelines.notices.statements import find_advisory
from stories.model.release import Release

TEXT = "Gull Line carries salt, rope and letters up the river from today."
ADDRESSES = {
    "24-7-press-release": ["https://www.24-7pressrelease.com/press-release/512345/gulls", "512345"],
    "access-newswire": ["https://www.accessnewswire.com/newsroom/en/shipping/gulls-sail-912345", "912345"],
    "acn-newswire": ["https://www.acnnewswire.com/press-release/english/91234/gulls", "91234"],
    "business-wire": ["https://www.businesswire.com/news/home/20260622005409/en/Gulls", "20260622005409"],
    "cnw": ["https://www.newswire.ca/news-releases/gulls-sail-812345678.html", "812345678"],
    "ein-presswire": ["https://www.einpresswire.com/article/712345678/gulls", "712345678"],
    "eqs-news": [
        "https://www.eqs-news.com/news/corporate/gulls/9a1f0c2b-7d3e-4f5a-8b6c-0d1e2f3a4b5c",
        "9a1f0c2b-7d3e-4f5a-8b6c-0d1e2f3a4b5c",
    ],
    "globenewswire": ["https://www.globenewswire.com/news-release/2026/06/22/3123456/0/en/Gulls.html", "3123456"],
    "jcn-newswire": ["https://www.jcnnewswire.com/Article.aspx?sid=3&artid=91234", "91234"],
    "kyodo-news-pr-wire": ["https://kyodonewsprwire.jp/release/202606221234", "202606221234"],
    "media-outreach-newswire": ["https://www.media-outreach.com/news/hong-kong-sar/2026/06/22/404219/gulls", "404219"],
    "newmediawire": ["https://www.newmediawire.com/news/gulls-sail-7081234", "7081234"],
    "news-aktuell": ["https://www.presseportal.de/pm/12345/6012345", "12345/6012345"],
    "news-direct": ["https://newsdirect.com/news/gulls-sail-412345678", "412345678"],
    "newsfile": ["https://www.newsfilecorp.com/release/212345", "212345"],
    "pr-newswire": ["https://www.prnewswire.com/news-releases/gulls-sail-302123456.html", "302123456"],
    "pr-newswire-asia": ["https://www.prnasia.com/story/412345-1.shtml", "412345"],
}
"""An address of every wire that has one, and the id in it."""
PIXEL_ADDRESSES = {
    "access-newswire": ["https://www.accessnewswire.com/img.ashx?id=912345", "912345"],
    "business-wire": ["https://cts.businesswire.com/ct/CT?id=bwnews&sty=20260622005409r1", "20260622005409"],
    "eqs-news": ["https://eqs-cockpit.com/cgi-bin/fncls.ssp?fn=show_t_gif&application_id=2123456", "2123456"],
    "media-outreach-newswire": ["https://track.media-outreach.com/index.php/WebView/404219/1", "404219"],
    "newsfile": ["https://api.newsfilecorp.com/newsinfo/212345/218", "212345"],
    "pr-newswire": ["https://rt.prnewswire.com/rt.gif?NewsItemId=HK12345&Transmission_Id=1", "HK12345"],
}
PRINTED_IDS = {"eqs-news": ["EQS News ID: 2123456", "2123456"], "asianet": ["MEDIA RELEASE PR91234", "PR91234"]}
CLOSING = {
    "access-newswire": ["accesswire.com"],
    "asianet": ["MEDIA RELEASE PR91234"],
    "business-wire": ["www.businesswire.com"],
    "cnw": ["newswire.ca"],
    "ein-presswire": ["einpresswire.com"],
    "eqs-news": [
        "Archive at www.eqs-news.com/gulls",
        "22.06.2026 CET/CEST The EQS Distribution Services include Regulatory Announcements.",
        "EQS-News: Gull Line AG / Key word(s): Miscellaneous",
        "EQS News ID: 2123456",
    ],
    "globenewswire": ["www.globenewswire.com"],
    "news-direct": ["--News Direct--"],
    "pr-newswire": ["prnewswire.com"],
}


def _with(rows: str) -> list[str]:
    return [key for key, wire in wires().items() if getattr(wire, rows)]


def test_every_row_of_a_wire_has_a_sample_here() -> None:
    assert sorted(ADDRESSES) == sorted(_with("id_urls"))
    assert sorted(PIXEL_ADDRESSES) == sorted(_with("pixel_ids"))
    assert sorted(PRINTED_IDS) == sorted(_with("printed_ids"))
    assert {key: len(lines) for key, lines in CLOSING.items()} == {
        key: len(wire.closing) for key, wire in wires().items() if wire.closing
    }


@pytest.mark.parametrize("key", wires())
def test_a_wire_has_a_name_unless_it_is_read_as_printed(key: str) -> None:
    wire = wires()[key]
    assert wire.name or not (wire.id_urls or wire.pixel_ids or wire.printed_ids or wire.names)
    assert all(name == name.lower() for name in wire.names)


@pytest.mark.parametrize(("key", "sample"), [*ADDRESSES.items(), *PIXEL_ADDRESSES.items()])
def test_an_address_names_wire_and_id_for_the_page_and_for_the_story(key: str, sample: list[str]) -> None:
    address, wire_id = sample
    wire = wires()[key]
    assert wire_of(address) == (wire.name, wire_id)
    release = Release(headline="Gulls sail", url="https://copy.example/7", original_url=address)
    assert wire_ids(release) == {(wire.id_space, wire_id.lower())}


@pytest.mark.parametrize("sample", PIXEL_ADDRESSES.values())
def test_a_tracking_pixel_is_no_picture(sample: list[str]) -> None:
    assert PIXELS.search(sample[0])


@pytest.mark.parametrize(("key", "sample"), PRINTED_IDS.items())
def test_an_id_that_the_text_prints_is_read(key: str, sample: list[str]) -> None:
    assert wire_in_text(f"{TEXT}\n{sample[0]}") == (wires()[key].name, sample[1])


@pytest.mark.parametrize("line", [line for lines in CLOSING.values() for line in lines])
def test_a_closing_line_is_neither_text_nor_news(line: str) -> None:
    assert BOILERPLATE.match(line)
    assert news_paragraphs([TEXT * 4, line]) == [TEXT * 4]


@pytest.mark.parametrize("name", list(wire_names()))
def test_every_spelling_of_a_wire_has_one_space_of_ids(name: str) -> None:
    spellings = {name, name.title(), name.replace(" ", "")}
    release_ids = {wire_ids(Release(headline="Gulls sail", wire=spelled, wire_id="404219")) for spelled in spellings}
    assert release_ids == {frozenset({(id_spaces()[re.sub(r"\W", "", name)], "404219")})}


@pytest.mark.parametrize("name", list(wire_names()))
def test_a_dateline_of_any_wire_is_not_news_and_not_the_first_sentence(name: str) -> None:
    assert without_dateline(f"OSTRAVA - {name.title()} - 22 June 2026 - {TEXT}") == TEXT
    for printed in (f"OSTRAVA ({name.upper()}) -- ", f"OSTRAVA /{name.title()}/ -- ", f"OSTRAVA - {name.title()} - "):
        found = find_advisory([f"{printed}Please replace the release with the following corrected version. {TEXT}"])
        assert found is not None, printed
        assert found.kind == "correction"


@pytest.mark.parametrize("wire", [wire for wire in wires().values() if wire.dateline and wire.names and wire.name])
def test_a_wire_is_named_in_its_dateline(wire: Wire) -> None:
    found = find_dateline(f"OSTRAVA, June 22, 2026 ({wire.name}) -- {TEXT}")
    assert found is not None
    assert found.dateline.wire is not None
    assert found.dateline.place == "OSTRAVA"


def test_no_two_tables_claim_an_address() -> None:
    for key, (address, _) in ADDRESSES.items():
        claims = {row.pattern for row, _ in wire_addresses().rows if row.search(address)}
        assert claims <= set(wires()[key].id_urls)

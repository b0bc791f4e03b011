"""A release has limits: a page beyond them is read in bounded time, and what is over a limit is cut."""

from __future__ import annotations

import time

import pytest

from crawler.extraction import NotARelease, Release, extract_release
from crawler.extraction.field_limits import (
    CONTACTS_MAX,
    FIELD_MAX,
    PARAGRAPH_MAX,
    PARAGRAPHS_MAX,
    TAGS_MAX,
    bounded,
    collapse_space,
    reached,
)
from stories.model.release import Image
from stories.model.urls import URL_MAX

LEAD = (
    "HONG KONG, 11 February 2026 - Media OutReach Newswire - Lantern Works opened a workshop for ropes and lamps today,"
    " and said that it will employ forty people in its first year of work at the harbour."
)


def page(body: str, head: str = "") -> str:
    title = "Lantern Works Opens a Workshop for Ropes and Lamps"
    return (
        f"<!doctype html><html lang='en'><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>"
        f"<p>{LEAD}</p>{body}</article></body></html>"
    )


def read(body: str, head: str = "") -> Release:
    return extract_release(page(body, head), "https://wire.example/news/1")


def test_a_paragraph_without_end_is_cut() -> None:
    release = read(f"<p>{'The harbour office said so again. ' * 8_000}</p>")
    assert max(map(len, release.body)) == PARAGRAPH_MAX
    assert reached(release) == ["paragraph"]
    assert release.body[0].startswith("Lantern Works opened")


def test_paragraphs_without_end_are_cut() -> None:
    sentences = "".join(f"<p>The harbour office counted {number} ropes in its store.</p>" for number in range(7_000))
    release = read(sentences)
    assert len(release.body) <= PARAGRAPHS_MAX
    assert len(release.text.split("\n")) <= PARAGRAPHS_MAX
    assert reached(release) == ["paragraphs"]


def test_an_ordinary_release_reaches_no_limit_and_is_not_changed() -> None:
    release = read("<p>The harbour office was glad of it and said so in a letter. #Ropes #Lamps</p>" * 3)
    assert reached(release) == []
    assert bounded(release) == release


def test_every_field_is_within_its_limit() -> None:
    long, many = "x" * 1_000_000, range(5_000)
    release = Release(
        url=None, headline=long, subheadline=long, dateline=None, published_at=None, embargoed_until=None, issuer=long,
        language=None, tags=tuple(f"t{number}" for number in many), tickers=("HKEX:1",) * 5_000, disclaimer=long,
        contacts=(long,) * 5_000, images=(Image(url=f"https://x.example/{long}", caption=None),), wire=None,
        wire_id=long,
        original_url=f"https://x.example/{long}",
    )  # fmt: skip
    found = bounded(release)
    assert len(found.headline) == len(found.subheadline or "") == len(found.issuer or "") == FIELD_MAX
    assert len(found.tags) == len(found.tickers) == TAGS_MAX
    assert len(found.contacts) == CONTACTS_MAX
    assert found.images == ()
    assert (found.wire_id, found.original_url) == (None, None)
    assert reached(found) == ["contacts", "tags", "disclaimer"]


@pytest.mark.parametrize("space", [" ", "\n", " \n", "\t\r\n"])
@pytest.mark.parametrize("where", ["<p>a{}b</p>", "<p>{}</p>", "<div class='a{}b'>x</div>", "<pre>{}</pre>", "{}"])
def test_megabytes_of_white_space_cost_no_more_than_a_page(space: str, where: str) -> None:
    began = time.process_time()
    release = read(where.replace("{}", space * (4_000_000 // len(space))))
    assert time.process_time() - began < 1.5
    assert release.headline == "Lantern Works Opens a Workshop for Ropes and Lamps"


def test_nothing_but_white_space_is_an_empty_page() -> None:
    with pytest.raises(NotARelease, match="empty"):
        extract_release(" \n" * 2_000_000)


def test_a_base_over_the_limit_is_ignored() -> None:
    picture = "<figure><img src='/a.jpg' width='800'><figcaption>Ropes and lamps at the harbour</figcaption></figure>"
    base = f"<base href='https://other.example/{'a' * URL_MAX}/'>"
    assert [image.url for image in read(picture, base).images] == ["https://wire.example/a.jpg"]


def test_white_space_within_a_text_stays() -> None:
    assert collapse_space("a" + " " * 255 + "b") == "a" + " " * 255 + "b"
    assert collapse_space("a" + " " * 256 + "b") == "a\nb"

"""Texts made to be slow for regular expressions go through the whole of what reads, compares and decides."""

from __future__ import annotations

import html
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pumping import cpu_seconds

from config.settings import Settings
from crawler.extraction import extract_release
from pipelines.decision import decide
from pipelines.notices import find_notice
from pipelines.release_diff import changes, only_noise
from pipelines.tidy import tidy
from stories.model.page_result import PageResult
from stories.model.release import NotARelease, Release
from stories.store.releases import KnownRelease, Lookup

PUMPS = {
    "dots": ".",
    "spaces": " ",
    "dashes": "-",
    "digits with commas": "1,",
    "CJK punctuation": "。、",
    "quotation marks": "“",
    "brackets": "(",
    "number signs": "#",
    "letters with spaces": "a ",
    "addresses": "https://site.example/b ",
    "quoted letters": "“a ",
    "mail addresses": "a@",
    "table cells": "| ",
    "no-break spaces": "\u00a0",
    "accents": "e\u0301",
    "relative times": "1 minute ago ",
    "labels": "Correction: ",
    "links": "](http:",
    "dates": "May 2026, ",
}
EDITED = 8_000  # characters
KNOWN = Release(
    id="rel_1",
    url="https://wire.example/news/1",
    source="wire",
    headline="Harbour Robotics Opens a Dock",
    body=("Harbour Robotics today opened a dock that needs no crew.", "The dock moves 400 containers an hour."),
    language="en",
)
NOW = datetime(2026, 5, 25, 9, tzinfo=UTC)


def text_of(pump: str, length: int) -> str:
    return (PUMPS[pump] * length)[:length]


def decided(release: Release) -> str | None:
    known = KnownRelease(
        release=KNOWN,
        story="sto_1",
        replaces=None,
        releases=1,
        first=True,
        channels=frozenset(),
        watches=frozenset(),
    )
    knowledge = Lookup(fingerprint=b"", own=known, candidates=())
    reading = PageResult(url=KNOWN.url or "", source="wire")
    keep = decide(tidy(release, "wire", KNOWN), knowledge, reading, Settings(), NOW)
    return keep.verdict if keep else None


def within(seconds: float, action: Callable[[], object]) -> bool:
    """Whether an action takes no more CPU time, in the best of several runs."""
    action()  # patterns are compiled at their first use
    return any(cpu_seconds(action, seconds * 20) <= seconds for _ in range(6))


@pytest.mark.parametrize("pump", PUMPS)
def test_an_edited_paragraph_is_decided_in_a_tenth_of_a_second(pump):
    pumped = replace(KNOWN, body=(text_of(pump, EDITED) + " The dock needs a crew.", KNOWN.body[1]))
    edited_again = replace(pumped, body=(pumped.body[0] + " Of two.", KNOWN.body[1]))
    assert decided(pumped) == "revised"
    assert within(0.1, lambda: decided(pumped))
    assert within(0.1, lambda: changes(pumped, edited_again))
    assert within(0.1, lambda: only_noise(pumped, edited_again))


@pytest.mark.parametrize("pump", PUMPS)
def test_a_notice_is_looked_for_in_half_a_megabyte_within_a_fifth_of_a_second(pump):
    text = text_of(pump, 500_000)
    for headline, body in (
        (text, ()),
        ("Harbour Robotics Opens a Dock", (text,)),
        ("Correction: A Dock", (text, text)),
    ):
        assert within(0.2, lambda headline=headline, body=body: find_notice(headline, body)), headline[:40]


@pytest.mark.parametrize("place", ["a paragraph", "the title", "attributes"])
@pytest.mark.parametrize("pump", PUMPS)
def test_a_page_is_read_in_proportion_to_its_size(pump, place):
    text = html.escape(text_of(pump, 200_000))
    inside = {name: text if name == place else "Harbour" for name in ("a paragraph", "the title", "attributes")}
    page = (
        f'<html><head><title>{inside["the title"]}</title><meta name="description" content="{inside["attributes"]}">'
        f'</head><body><h1 class="{inside["attributes"]}">{inside["the title"]} Opens a Dock</h1><article>'
        f'<time datetime="{inside["attributes"]}">May 25, 2026</time><a href="{inside["attributes"]}">More</a>'
        f"<p>{KNOWN.body[0]} It did so before noon, as it had said a year ago, and people came to see it.</p>"
        f"<p>{inside['a paragraph']}</p><p>{KNOWN.body[1]}</p></article></body></html>"
    )

    def read() -> None:
        with suppress(NotARelease):  # a page may say too little to be one
            extract_release(page, KNOWN.url)

    assert within(2.0, read)


def test_a_page_of_two_megabytes_of_each_kind_is_read_to_its_end():
    paragraphs = "".join(f"<p>{html.escape(text_of(pump, 2_000_000 // len(PUMPS)))}</p>" for pump in PUMPS)
    page = f"<html><body><h1>{KNOWN.headline}</h1><article><p>{KNOWN.body[0]}</p>{paragraphs}</article></body></html>"
    assert len(page) > 2_000_000

    def read() -> None:
        with suppress(NotARelease):  # a page may say too little to be one
            extract_release(page, KNOWN.url)

    assert within(20.0, read)


def test_a_title_that_names_its_site_many_times_is_read():
    title = "Harbour Robotics Opens a Dock" + " | The Wire" * 5_000
    page = (
        f'<html><head><title>{title}</title><meta property="og:site_name" content="The Wire"></head><body><article>'
        f"<p>{KNOWN.body[0]} It did so before noon, as it had said a year ago, and people came to see it.</p>"
        f"<p>{KNOWN.body[1]}</p></article></body></html>"
    )
    assert within(1.0, lambda: extract_release(page, KNOWN.url))

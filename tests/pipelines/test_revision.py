"""Revision: what it means that a known page says something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import press_office as office
import pytest

from pipelines.revision import compare
from pipelines.tidy import tidy
from stories.model.release import Release

TITLE = office.ANNOUNCEMENTS[0].headline


def read(before: Release | None = None, **fields: Any) -> Release:
    return tidy(office.release(**fields), office.WIRE, before)


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"headline": f"  {TITLE} \u200b"},
        {"body": tuple(paragraph.replace('"', "“") for paragraph in office.release().body)},
        {"body": (*office.release().body, "Updated 5 minutes ago")},
        {"url": "https://harbour-wire.example/news/another", "published_at": None, "language": None},
        {"issuer": None, "dateline": None, "tags": ()},
    ],
    ids=["nothing", "spaces", "typography", "a clock", "where and when", "what is no longer printed"],
)
def test_a_page_that_says_the_same_is_the_same(again: dict[str, Any]) -> None:
    assert compare(read(), read(**again)).kind == "same"


@pytest.mark.parametrize(
    ("again", "field"),
    [({"figure": "99"}, "body"), ({"headline": "Velmora Ferries Orders Eleven Boats"}, "headline"),
     ({"body": office.release().body[:2]}, "body"), ({"subheadline": "A second thought"}, "subheadline")],
    ids=["a figure", "the headline", "a paragraph less", "a subheadline"],
)  # fmt: skip
def test_a_page_that_says_something_else_without_a_word_is_revised(again: dict[str, Any], field: str) -> None:
    revision = compare(read(), read(**again))
    assert revision.kind == "revised"
    assert {change.field for change in revision.changes} == {field}


@pytest.mark.parametrize("figure", ["310", "340"], ids=["same text", "other text"])
@pytest.mark.parametrize("title", ["/C O R R E C T I O N -- Velmora Ferries Limited/", f"CORRECTION: {TITLE}"])
def test_a_notice_that_comes_to_a_page_is_told_though_its_text_stays(title: str, figure: str) -> None:
    before = read()
    revision = compare(before, read(before, headline=title, figure=figure))
    assert revision.kind == "notice"
    assert [change.field for change in revision.changes] == (["body"] if figure == "340" else [])


def test_a_page_under_a_notice_is_told_again_when_its_text_changes_and_only_then() -> None:
    corrected = read(headline=f"CORRECTION: {TITLE}", figure="340")
    assert compare(corrected, corrected).kind == "same"
    assert compare(corrected, read(headline=f"CORRECTION: {TITLE}", figure="345")).kind == "notice"
    assert compare(corrected, read(headline=f"WITHDRAWN: {TITLE}", figure="340")).kind == "notice"
    assert compare(corrected, replace(corrected, subheadline="A second thought")).kind == "revised"


def test_a_notice_that_goes_and_leaves_the_text_is_nothing_new() -> None:
    corrected = read(headline=f"CORRECTION: {TITLE}", figure="340")
    assert compare(corrected, read(figure="340")).kind == "same"
    assert compare(corrected, read(figure="310")).kind == "revised"

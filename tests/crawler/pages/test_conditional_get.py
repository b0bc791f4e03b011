"""Conditional requests for pages that are known, and the validators that are kept."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse, Response

from crawler.pages.conditional_get import MAX_TRUSTED, conditional_headers, validators
from stories.model.page_result import Validators

PAGE = "https://wire.example/news/2026/ferries"


def answer(url: str = PAGE, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HtmlResponse(url, status=status, headers=named)


def test_an_answer_with_an_etag_is_asked_by_it() -> None:
    known = validators(answer(ETag='"7"', Last_Modified="Tue, 10 Mar 2026 09:00:00 GMT"))
    assert conditional_headers(known) == {"If-None-Match": '"7"', "If-Modified-Since": "Tue, 10 Mar 2026 09:00:00 GMT"}


@pytest.mark.parametrize(
    ("modified", "date", "relied_on"),
    [
        ("Tue, 10 Mar 2026 09:00:00 GMT", "Tue, 10 Mar 2026 09:01:00 GMT", True),
        ("Tue, 10 Mar 2026 09:00:00 GMT", "Tue, 10 Mar 2026 09:00:59 GMT", False),
        ("Tue, 10 Mar 2026 09:00:00 GMT", "", False),
        ("yesterday", "Tue, 10 Mar 2026 09:01:00 GMT", False),
    ],
    ids=["a minute old", "of this minute", "no date", "no moment"],
)
def test_last_modified_alone_is_relied_on_when_the_page_cannot_have_changed_twice_since(
    modified: str, date: str, relied_on: bool
) -> None:
    assert (validators(answer(Last_Modified=modified, Date=date)) is not None) is relied_on


def test_a_page_without_validators_or_said_to_be_the_same_very_often_is_read_whole() -> None:
    assert validators(answer()) is None
    assert conditional_headers(None) == {}
    assert conditional_headers(Validators(url=PAGE, etag='"7"', trusted=MAX_TRUSTED - 1))
    assert conditional_headers(Validators(url=PAGE, etag='"7"', trusted=MAX_TRUSTED)) == {}

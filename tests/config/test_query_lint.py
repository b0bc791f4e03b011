"""Queries that are valid and cannot match, or mean something else than they seem to say, are named."""

from __future__ import annotations

import pytest

from config.query_lint import lint_query, lint_watch
from config.query_words import explain_query
from config.settings import WatchSettings

SOURCES = {"media-outreach": "Media OutReach Newswire", "harbour-wire": "Harbour Wire"}


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ("robots and drones", "write AND in capitals"),
        ("robots or drones", "write OR in capitals"),
        ("robots not drones", "write NOT in capitals"),
        ("Roboter und Drohnen", "write AND in capitals"),
        ("robots near/5 drones", "write NEAR/5 in capitals"),
        ("source:harbor-wire", "write source:harbour-wire"),
        ('source:"harbour wires"', "no source has this name"),
        ("-source:golf-news robots", "source:golf-news never matches"),
        ("kind:corrected", "write kind:correction"),
        ("kind:withdrawn OR robots", "write kind:withdrawal"),
        ("kind:press", "allowed are new, correction"),
        ("language:english", "write language:en"),
        ("language:Deutsch", "write language:de"),
        ("language:klingonisch", "write a code of ISO 639-1"),
        ('ticker:"HKEX 0700"', "write ticker:EXCHANGE:SYMBOL"),
        ("-golf", "matches every release without certain words"),
        ("NOT (golf OR tennis)", "matches every release without certain words"),
    ],
)
def test_a_suspicious_query_is_named_with_the_form_that_works(query: str, advice: str) -> None:
    assert any(advice in found for found in lint_query(query, SOURCES)), lint_query(query, SOURCES)


@pytest.mark.parametrize(
    "query",
    [
        '"research and development" AND robots',
        "robots -golf",
        "source:media-outreach",
        "source:outreach",
        "source:media*",
        "kind:correction",
        "language:zh-Hant OR language:en",
        "ticker:HKEX:0700",
        "/this or that/",
        "科學園 OR 數碼港",
        "headline:(robots OR drones) published:>=2026-01",
    ],
)
def test_a_plain_query_is_not_suspicious(query: str) -> None:
    assert lint_query(query, SOURCES) == []


def test_a_watch_that_excludes_the_source_of_its_own_query_can_never_match() -> None:
    watch = WatchSettings(query="robots source:harbour-wire", sources=("media-outreach",))
    assert lint_watch(watch, SOURCES) == [
        "source:harbour-wire can never match, because the watch follows only media-outreach"
    ]
    assert lint_watch(WatchSettings(query="robots source:harbour-wire"), SOURCES) == []
    assert lint_watch(WatchSettings(tags=("HKSTP",)), SOURCES) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ('headline:"science park" -body:golf', "headline contains “science park”, and not (body contains “golf”)"),
        ("tag:HK (wire:a OR language:ja)", "has the tag HK, and (is carried by the wire a, or is in the language ja)"),
        ("headline:(a NEAR/3 b)", "headline contains “a” and “b” with at most 3 words between them"),
        ('body:"a b"~2', "body contains the words “a b” in any order, with at most 2 others among them"),
        ("stem:run", "headline, text or tags contains a form of “run”"),
        ("issuer:/acme/", "issuer matches the regular expression /acme/"),
        ("published:2026-02-01..2026-02-03", "was published on or after 2026-02-01 and on or before 2026-02-03"),
        ("published:2026-02-01", "was published on 2026-02-01"),
    ],
)  # fmt: skip
def test_a_query_is_explained_in_words(query: str, words: str) -> None:
    assert explain_query(query) == words

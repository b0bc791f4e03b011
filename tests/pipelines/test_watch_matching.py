"""Which watches a release is for."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.query import FIELDS
from config.settings import WatchSettings
from pipelines.watch_matching import matches, matching_watches
from stories.model.release import Dateline, Notice, Release

RELEASE = Release(
    source="example-wire",
    wire="Example Newswire",
    headline="Café Harbour Opens at the Science Park #HarbourFest - Example Newswire",
    subheadline="Golf is not served",
    dateline=Dateline(place="HONG KONG SAR", wire="Example Newswire", date="2026-05-25"),
    tags=("HKSTP", "I&T", "Ｄｏｃｋｓ"),
    tickers=("HKEX:0700",),
    issuer="Harbour Robotics Ltd.",
    language="zh-Hant",
    body=(
        "Harbour's innovations, the U.K. team said, are “state-of-the-art”.",
        "香港科技園公司今日宣布OpenAI芯片發布。",
        "삼성전자는 새로운 제품을 발표했다.",
        "สวนวิทยาศาสตร์ฮ่องกงเปิดตัว",
    ),
    about=("Harbour Robotics builds docks in Zürich.",),
)


def watch(query: str | None = None, **settings: object) -> WatchSettings:
    return WatchSettings.model_validate({"query": query, **settings})


@pytest.mark.parametrize(
    "tag", ["HKSTP", "hkstp", "#HKSTP", "＃hkstp", "ＨＫＳＴＰ", "i&t", "docks", "harbourfest", "#HarbourFest"]
)
def test_a_tag_matches_however_it_is_written(tag: str) -> None:
    assert matches(watch(tags=[tag]), RELEASE, source="example-wire")
    assert matches(watch(tags=["Other", tag]), RELEASE, source="example-wire")


@pytest.mark.parametrize("tag", ["HK", "HKSTPs", "Harbour", "Newswire"])
def test_a_tag_matches_whole_or_not_at_all(tag: str) -> None:
    assert not matches(watch(tags=[tag]), RELEASE, source="example-wire")


def test_tags_and_query_must_both_hold() -> None:
    assert matches(watch("café", tags=["HKSTP"]), RELEASE, source=None)
    assert not matches(watch("tennis", tags=["HKSTP"]), RELEASE, source=None)
    assert not matches(watch("café", tags=["Other"]), RELEASE, source=None)


def test_a_watch_sees_only_its_sources() -> None:
    mine = watch(sources=["media-outreach", "example-wire"])
    assert matches(mine, RELEASE, source="example-wire")
    assert matches(mine, RELEASE, source=None)  # the release's own
    assert not matches(mine, RELEASE, source="other")
    assert not matches(watch("café", sources=["other"]), RELEASE, source="example-wire")
    assert not matches(watch(sources=[]), RELEASE, source="example-wire")


def test_a_watch_with_neither_tags_nor_query_takes_everything() -> None:
    assert matches(watch(), RELEASE, source="anything")


@pytest.mark.parametrize(
    "query",
    [
        "cafe",
        "CAFÉ",
        "ｃａｆｅ",
        "harbour",
        '"science park"',
        '"Science-Park"',
        "science park",
        "innovations",
        "innov*",
        "Innov*",
        '"state of the art"',
        "state-of-the-art",
        '"science par*"',
        "harbour's",
        "U.K.",
        "zurich",
        "hkstp",
        "#HKSTP",
        "robotics",
        "科技園",
        "香港科技園公司",
        "OpenAI",
        "芯片",
        "OpenAI芯片",
        "삼성전자",
        "วิทยาศาสตร์",
        '"発" OR 発* OR cafe',
        "golf AND cafe",
        "NOT tennis",
        "tennis OR golf",
        "(tennis OR golf) AND NOT squash",
        '"science park" AND NOT (tennis OR squash)',
        "headline:cafe",
        'headline:"science park"',
        "subheadline:golf",
        "body:innov*",
        "about:docks",
        "issuer:harbour",
        "tag:hkstp",
        "tag:#HKSTP",
        "tag:hk*",
        "tag:HarbourFest",
        "ticker:0700",
        'ticker:"HKEX:0700"',
        "ticker:hkex*",
        "language:zh",
        "language:ZH-hant",
        "source:example-wire",
        "source:example",
        "wire:newswire",
        'wire:"Example Newswire"',
        'place:"hong kong"',
        "place:kong",
        "kind:new",
        "kind:NEW",
    ],
)
def test_a_query_finds_the_release(query: str) -> None:
    assert matches(watch(query), RELEASE, source="example-wire")


@pytest.mark.parametrize(
    "query",
    [
        "caf",
        "harbours",
        "innov",
        '"park science"',
        '"science parks"',
        "park*s",
        '"served harbour"',
        '"art 香港"',
        "tennis",
        "AI芯片",
        "NOT cafe",
        "cafe AND tennis",
        "headline:golf",
        "subheadline:cafe",
        "body:cafe",
        "about:cafe",
        "issuer:cafe",
        "tag:hk",
        "tag:science",
        "ticker:700",
        "ticker:HKEX",
        "language:en",
        "language:z",
        "source:wire-example",
        "wire:outreach",
        "place:singapore",
        "kind:correction",
        "科学",
        "newswir",
    ],
)
def test_a_query_leaves_the_release(query: str) -> None:
    assert not matches(watch(query), RELEASE, source="example-wire")


def test_kind_is_that_of_the_notice() -> None:
    corrected = Release(headline="Dock", notice=Notice(kind="correction", marker="CORRECTION", headline="Dock"))
    assert matches(watch("kind:correction"), corrected, source=None)
    assert not matches(watch("kind:new"), corrected, source=None)


def test_every_field_of_the_grammar_is_known() -> None:
    for field in FIELDS:
        matches(watch(f"{field}:{'2026' if field == 'published' else 'nothing'}"), RELEASE, source=None)


def test_a_release_that_says_nothing_matches_no_field_and_does_not_fail() -> None:
    bare = Release(headline="")
    for field in FIELDS:
        assert not matches(watch(f"{field}:{'2026' if field == 'published' else 'x'}"), bare, source=None)
    assert not matches(watch("x"), bare, source=None)


def test_the_matching_watches_are_named_in_their_order() -> None:
    watches = {"b": watch("cafe"), "no": watch("tennis"), "a": watch(tags=["hkstp"]), "all": watch()}
    assert matching_watches(watches, RELEASE, "example-wire") == ("b", "a", "all")


TEXT = st.text(st.sampled_from("abcÉé xy-'.“港口科ก0"), max_size=40)
WORD = st.text("abcxyé", min_size=1, max_size=3).filter(lambda word: word not in ("AND", "OR", "NOT"))


@given(paragraphs=st.lists(TEXT, max_size=4), word=WORD, other=WORD)
def test_not_and_or_keep_their_laws(paragraphs: list[str], word: str, other: str) -> None:
    release = Release(headline="", body=tuple(paragraphs))

    def found(query: str) -> bool:
        return matches(watch(query), release, source=None)

    assert found(word) is not found(f"NOT {word}")
    assert found(f"{word} {other}") is (found(word) and found(other))
    assert found(f"{word} OR {other}") is (found(word) or found(other))
    if found(f'"{word} {other}"'):
        assert found(f"{word} AND {other}")
    if found(word):
        assert found(f"{word}*")
    assert found(f"body:{word}") is found(word)


@given(before=TEXT, word=WORD, after=TEXT)
def test_a_word_set_in_a_text_is_found_there_in_any_case(before: str, word: str, after: str) -> None:
    release = Release(headline=f"{before} {word.upper()}, {after}")
    assert matches(watch(word), release, source=None)
    assert matches(watch(f'"{word}"'), release, source=None)


@given(
    text=st.text(max_size=80),
    words=st.text(min_size=1, max_size=20).filter(lambda t: '"' not in t and any(map(str.isalnum, t))),
)
def test_any_text_and_any_phrase_are_compared_without_fault(text: str, words: str) -> None:
    release = Release(headline=text, tags=(text,), body=(text, words))
    found = matches(watch(f'"{words}"'), release, source=None)
    assert found or not any(character.isalnum() for character in words) or "*" in words or "?" in words


def test_a_thousand_watches_are_tried_in_a_few_milliseconds() -> None:
    watches = {f"w{n}": watch(f'"dock {n}" OR (crane{n} AND quay*) OR headline:harbour{n}') for n in range(1_000)}
    release = Release(
        headline="Harbour7 opens", body=tuple(f"The dock {n} has a crane{n} at the quayside. " * 3 for n in range(30))
    )
    assert len(matching_watches(watches, release)) == 30
    started = time.process_time()
    for _ in range(10):
        matching_watches(watches, release)
    assert (time.process_time() - started) / 10 < 0.1  # about 5 ms on an idle machine


REPORT = Release(
    url="https://wire.example/News/2026/Harbour-results?id=7",
    headline="Harbour Robotics organises a women's science-park run",
    issuer="Harbour Robotics Ltd.",
    language="en",
    published_at="2026-02-11T09:00:00+08:00",
    contacts=("Mei Lam, press@harbour.example",),
    body=(
        "The harbour authority approved seven new cranes at the old quay. Revenue was HK$2.4 billion.",
        "香港科學園與數碼港今日公佈臺灣合作計劃。",
        "ｶﾞｽ会社のロボット",
    ),
)


@pytest.mark.parametrize(
    "query",
    [
        "robotics -golf",
        "-golf",
        "headline:(harbour -authority)",
        "body:(authority cranes)",
        "organi?es",
        "org*ses",
        "*botics",
        'headline:"sci*ce pa?k"',
        "科*園",
        "authority NEAR/3 cranes",
        "cranes NEAR/3 authority",
        '"harbour authority" NEAR/1 cranes OR "harbour authority" NEAR/4 cranes',
        '"cranes authority"~3',
        'body:"quay seven"~5',
        "科學園 NEAR/1 數碼港",
        "/hk\\$\\d+\\.\\d billion/",
        "body:/seven\\s+new/",
        "stem:organise",
        "stem:(woman OR cranes)",
        "stem:approving",
        "published:2026-02-11",
        "published:>=2026-02 published:<2027",
        "published:2026-01..2026-02",
        "url:/harbour-results/",
        "url:https://wire.example/news/*id=7",
        "author:lam",
        "author:harbour",
        "科学园",
        "科學園",
        "台湾",
        "ガス",
        "ロホット OR ロボット",
        "tag:(hkstp OR -hkstp)",
        "Robotics?",
    ],
)
def test_a_query_of_the_language_matches(query: str) -> None:
    assert matches(watch(query), REPORT, source="x")


@pytest.mark.parametrize(
    "query",
    [
        "robotics -run",
        "headline:(harbour authority)",
        "organi?ses",
        "org*sess",
        "?rbour",
        "authority NEAR/1 cranes",
        "cranes NEAR/2 authority",
        "robotics NEAR/5 authority",
        '"cranes authority"~2',
        "科學園 NEAR/0 數碼港",
        "headline:/hk/",
        "stem:organ",
        "published:2026-02-12",
        "published:<2026-02-11",
        "url:golf",
        "author:quay",
        "科学公园",
    ],
)
def test_a_query_of_the_language_does_not_match(query: str) -> None:
    assert not matches(watch(query), REPORT, source="x")


FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "科園"]), max_size=12)


@given(FEW_WORDS, st.integers(0, 4), st.sampled_from(["a", "b", "a b", "科"]), st.sampled_from(["b", "c", "園", "d a"]))
def test_near_is_what_counting_words_gives(words: list[str], distance: int, left: str, right: str) -> None:
    tokens = [letter for word in words for letter in word]
    spans = {
        term: [
            (at, at + len(term.split()))
            for at in range(len(tokens))
            if tokens[at : at + len(term.split())] == term.split()
        ]
        for term in (left, right)
    }
    wanted = any(
        0 <= later[0] - earlier[1] <= distance
        for one, other in ((left, right), (right, left))
        for earlier in spans[one]
        for later in spans[other]
    )
    release = Release(headline="", body=(" ".join(words),))
    assert matches(watch(f'"{left}" NEAR/{distance} "{right}"'), release, source=None) is wanted


@given(FEW_WORDS, st.integers(0, 4), st.lists(st.sampled_from("abc科"), min_size=1, max_size=3))
def test_a_loose_phrase_is_what_counting_words_gives(words: list[str], slop: int, wanted_words: list[str]) -> None:
    tokens = [letter for word in words for letter in word]
    windows = (tokens[first:last] for first in range(len(tokens)) for last in range(first + 1, len(tokens) + 1))
    wanted = any(
        len(window) - len(wanted_words) <= slop and not Counter(wanted_words) - Counter(window) for window in windows
    )
    release = Release(headline="", body=(" ".join(words),))
    assert matches(watch(f'"{" ".join(wanted_words)}"~{slop}'), release, source=None) is wanted


def test_queries_of_every_kind_take_linear_time_on_a_long_release() -> None:
    release = Release(headline="", body=("a b " * 100_000,))
    hostile = watch(r'"a c"~9 OR a NEAR/3 c OR a*b*c* OR /(a|b)*c/ OR stem:abs')
    started = time.process_time()
    assert not matches(hostile, release, source=None)
    assert time.process_time() - started < 20

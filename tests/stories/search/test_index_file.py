"""The index of releases: the same answers as looking at every release, in the list's own order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from config.index_query import query_expression, watch_expression
from config.query import FIELDS, QuerySyntaxError
from config.settings import WatchSettings
from pipelines.watch_matching import matches, query_predicate
from stories.model.list_position import ListPosition, parse_list_position
from stories.model.release import Dateline, Notice, Release
from stories.search.index_file import EPOCH, Entry, IndexFile, IndexUnusableError, Row
from stories.search.terms import columns

BEGAN = EPOCH + 200_000_000_000


def entry(number: int, release: Release, *, revision: int = 1, kind: str = "new", seen: int | None = None) -> Entry:
    """Return a release as it goes into the index, a second after the one before."""
    return Entry(
        place=ListPosition(seen=BEGAN + number * 1_000 if seen is None else seen, id=f"rel_{number:04}"),
        revision=revision,
        kind=kind,
        story=f"sty_{number}",
        changed=BEGAN + number * 1_000,
        row=Row(
            headline=release.headline, source=release.source, wire=None, url=None, published_at=None,
            first_seen_at=None, language=None, revision=revision,
        ),
        columns=columns(release, kind),
    )  # fmt: skip


def found(index: IndexFile, query: str | None, **where: object) -> list[int]:
    """Return the numbers of the releases that a query finds."""
    expression = query_expression(query).text if query is not None else None
    return [int(hit.place.id[4:]) for hit in index.find(expression, **{"limit": 100, **where})]  # type: ignore[arg-type]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexFile]:
    """An empty index."""
    opened = IndexFile(tmp_path / "index.sqlite", create=True)
    yield opened
    opened.close()


RELEASE = Release(
    headline="Marlow Harbour opens #Battery plant in Zürich",
    subheadline="科技園發布AI芯片，三星電子參與",
    body=("The plant stores 48 megawatt hours.", "Science Park neighbours cheered.", "삼성전자는 오늘 발표했다"),
    about=("Marlow Harbour builds plants.",),
    issuer="Marlow Harbour Ltd",
    tags=("Tidal-Power", "香港"),
    tickers=("HKEX:0700",),
    language="zh-Hant-HK",
    source="harbour-wire",
    wire="Harbour Newswire",
    dateline=Dateline(place="PORT ELLERY, Ellery"),
    notice=Notice(kind="correction", marker="CORRECTION", headline="x"),
)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("battery", True),
        ("BATTER", False),
        ("batter*", True),
        ('"harbour opens"', True),
        ('"opens harbour"', False),
        ('"hours science"', False),
        ('"megawatt hou*"', True),
        ("zurich", True),
        ("芯片", True),
        ("科技", True),
        ("技園", True),
        ("園", True),
        ("技", True),
        ("科園", False),
        ("電子參與", True),
        ('"ai芯片"', True),
        ('"ai 芯"', True),
        ('"布 ai"', True),
        ('"發布 ai 芯片"', True),
        ("三星AND", False),
        ("삼성", True),
        ("전자", True),
        ("香港", True),
        ("tag:tidal-power", True),
        ("tag:#BATTERY", True),
        ("tag:tid*", True),
        ("tag:tid", False),
        ("ticker:0700", True),
        ("ticker:hkex*", True),
        ("language:zh", True),
        ("language:zh_hant", True),
        ("language:zh-ha", False),
        ("kind:correction", True),
        ("kind:new", False),
        ("source:harbour-wire", True),
        ("source:wire", True),
        ("wire:harbour", True),
        ('wire:"harbour newswire"', True),
        ("wire:ellery", False),
        ("place:ellery", True),
        ("newswire", False),
        ("headline:plant AND body:plant", True),
        ("issuer:plant", False),
        ("plant AND NOT golf", True),
        ("NOT plant", False),
        ("NOT golf", True),
        ("golf OR (plant AND NOT (tennis OR rugby))", True),
    ],
    ids=str,
)
def test_a_query_finds_in_the_index_what_it_matches(index: IndexFile, query: str, is_found: bool) -> None:
    index.put([entry(1, RELEASE, kind="correction"), entry(2, Release(headline="Golf in Oakmere", source="other"))])
    assert (1 in found(index, query)) is is_found
    assert query_predicate(query)(RELEASE) is is_found


TEXTS = st.text(st.sampled_from("ab č芯片发布科園ァ한글กา 1#-*’\n\U0002ffff"), max_size=14)
SHORT = st.lists(TEXTS, max_size=3).map(tuple)
RELEASES = st.builds(
    Release,
    headline=TEXTS,
    subheadline=st.none() | TEXTS,
    body=SHORT,
    about=SHORT,
    issuer=st.none() | TEXTS,
    tags=SHORT,
    tickers=SHORT,
    language=st.sampled_from([None, "en", "zh-Hant", "zh"]),
    source=st.none() | TEXTS,
    wire=st.none() | TEXTS,
    dateline=st.none() | st.builds(Dateline, place=st.none() | TEXTS),
)
TERMS = st.tuples(
    st.sampled_from(["", *(f"{field}:" for field in FIELDS)]),
    st.text(st.sampled_from("ab č芯片发布科園ァ한글กา1-*"), min_size=1, max_size=5),
).map(lambda term: f'{term[0]}"{term[1]}"')  # fmt: skip
WORDS = st.text(st.sampled_from("ab č科園*?"), min_size=1, max_size=4).map(lambda word: f'"{word}"')
OTHER_PARTS = st.one_of(
    st.tuples(WORDS, st.integers(0, 3), WORDS).map(lambda near: f"{near[0]} NEAR/{near[1]} {near[2]}"),
    st.tuples(WORDS, st.integers(0, 3)).map(lambda loose: f"{loose[0]}~{loose[1]}"),
    st.tuples(st.sampled_from(["", "tag:", "body:", "url:", "author:"]), WORDS).map("".join),
    st.sampled_from(["/a.?b/", "headline:/[科園]/", "stem:abb", "published:>=2026-01", "url:a"]),
)
QUERIES = st.recursive(
    TERMS | OTHER_PARTS,
    lambda inner: st.one_of(
        inner.map(lambda query: f"NOT ({query})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) OR ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) AND ({two[1]})"),
    ),
    max_leaves=4,
)


@given(releases=st.lists(RELEASES, min_size=1, max_size=4), queries=st.lists(QUERIES, min_size=1, max_size=6))
@examples(max_examples=100)
def test_whatever_is_asked_the_index_and_the_watches_agree(
    tmp_path_factory: pytest.TempPathFactory, releases: list[Release], queries: list[str]
) -> None:
    index = IndexFile(tmp_path_factory.mktemp("index") / "index.sqlite", create=True)
    try:
        index.put([entry(number, release) for number, release in enumerate(releases)])
        for query in queries:
            try:
                predicate = query_predicate(query)
            except QuerySyntaxError:
                continue
            wanted = {number for number, release in enumerate(releases) if predicate(release)}
            assert set(found(index, query)) >= wanted, query
            if query_expression(query).is_exact:
                assert set(found(index, query)) == wanted, query
    finally:
        index.close()


@pytest.mark.parametrize(
    "watch",
    [
        WatchSettings(),
        WatchSettings(tags=("#battery", "golf")),
        WatchSettings(tags=("golf",)),
        WatchSettings(sources=("harbour-wire",)),
        WatchSettings(sources=()),
        WatchSettings(tags=("Battery",), query="zürich", sources=("harbour-wire", "other")),
        WatchSettings(tags=("Battery",), query="oslo"),
    ],
    ids=repr,
)
def test_a_watch_finds_in_the_index_what_it_matches(index: IndexFile, watch: WatchSettings) -> None:
    index.put([entry(1, RELEASE)])
    expression = watch_expression(watch)
    assert bool(index.find(expression.text if expression else None, limit=1)) is matches(watch, RELEASE, source=None)


def test_a_revised_release_keeps_its_place_and_is_found_by_its_new_words_alone(index: IndexFile) -> None:
    index.put([entry(number, Release(headline=f"Number {number} golf")) for number in range(5)])
    index.put([entry(2, Release(headline="Number 2 tennis"), revision=2, kind="revised")])
    assert found(index, None) == [4, 3, 2, 1, 0]
    assert found(index, "golf") == [4, 3, 1, 0]
    assert found(index, "tennis") == [2]
    assert index.find(None, limit=3)[2].kind == "revised"
    assert index.counts() == (5, 1)
    assert index.put([entry(2, Release(headline="Number 2 tennis"), revision=2, kind="revised")]) == 0


def test_pages_neither_skip_nor_repeat_though_releases_arrive_are_revised_and_share_a_moment(index: IndexFile) -> None:
    index.put([entry(number, Release(headline="golf"), seen=BEGAN + number // 7) for number in range(60)])
    stored = found(index, "golf")
    assert stored == sorted(range(60), key=lambda number: (number // 7, number), reverse=True)
    given: list[int] = []
    before: ListPosition | None = None
    revision = 1
    while page := index.find(query_expression("golf").text, before=before, limit=4):
        given += [int(hit.place.id[4:]) for hit in page]
        before = page[-1].place
        revision += 1
        arrives = 100 + len(given)
        index.put([entry(arrives, Release(headline="golf"), seen=BEGAN + 1_000 + arrives)])
        index.put(
            [
                entry(number, Release(headline="golf again"), revision=revision, seen=BEGAN + number // 7)
                for number in (given[-1], given[0], max(given[-1] - 1, 0))
            ]
        )
    assert given == stored


def test_since_and_the_end_of_memory_cut_the_list(index: IndexFile) -> None:
    index.put([entry(number, Release(headline="golf")) for number in range(5)])
    assert found(index, "golf", since=BEGAN + 3_000) == [4, 3]
    assert found(index, None, since=BEGAN + 3_000) == [4, 3]
    assert index.forget(BEGAN + 2_000) == 2
    assert found(index, None) == found(index, "golf") == [4, 3, 2]


def test_stories_come_by_their_last_change(index: IndexFile) -> None:
    index.put([entry(number, Release(headline="golf" if number % 2 else "tennis")) for number in range(6)])
    late = replace(entry(9, Release(headline="nothing of it")), story="sty_1", changed=BEGAN + 99_000)
    index.put([late])
    golf = index.changed_stories(query_expression("golf").text, among=100, limit=2)
    assert golf == [("sty_1", BEGAN + 99_000), ("sty_5", BEGAN + 5_000)]
    assert [story for story, _ in index.changed_stories(None, among=100, limit=3)] == ["sty_1", "sty_5", "sty_4"]


def test_a_file_that_is_no_index_says_so(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(IndexUnusableError):
        IndexFile(tmp_path / "index.sqlite")
    with pytest.raises(IndexUnusableError):
        IndexFile(tmp_path / "none.sqlite")


@pytest.mark.parametrize("text", ["", "rel_1", "1-", "x-rel_1", "1-rel 1", "9" * 16 + "-rel_1", "1-" + "r" * 41])
def test_an_invalid_list_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a position"):
        parse_list_position(text)


def test_a_place_is_read_as_it_was_written() -> None:
    place = ListPosition(seen=BEGAN, id="rel_01KD3V5Z0W5R7Q4T9XJ2M8B6CB")
    assert parse_list_position(str(place)) == place

"""``wirewatch export``: the archive as other programs read it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import jsonschema_rs
import pytest
from archive_filler import ArchiveFiller
from hypothesis import given
from hypothesis import strategies as st
from ninjs_schema import NINJS
from program import Program
from redis.asyncio import Redis

from scheduler.cli.export import COLUMNS, cell, csv_cells, csv_line
from scheduler.cli.ninjs import item
from stories.model.ids import release_id, story_id
from stories.model.release import Dateline, Image, Notice, Release, release_payload
from stories.store.archive import Archive, StoredRelease

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
VALID = jsonschema_rs.Draft202012Validator(NINJS, validate_formats=True)


@pytest.fixture
async def archive(redis: Redis) -> ArchiveFiller:
    """A store with a release, its correction and its withdrawal, and one of another source."""
    archive = ArchiveFiller(redis)
    first = await archive.publish("Plant Opens", tags=("Tidal",), tickers=("HKEX:0700",), issuer="Marlow Ltd")
    (stored,) = await Archive(redis).releases_by_id([first.id or ""])
    correction = Notice(kind="correction", marker="CORRECTION", headline="Plant Opens", statement="It cost more.")
    await archive.publish(
        "Plant Opens", kind="release.corrected", story=stored.story, replaces=first, notice=correction
    )
    await archive.publish("=HYPERLINK(1)", source="quayside", body=('-1 is less, "said" they', "科技"))
    return archive


def checked(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return ninjs items that the schema finds nothing in."""
    for row in rows:
        assert [str(fault) for fault in VALID.iter_errors(row)] == []
    return rows


async def test_jsonl_has_every_release_as_the_contract_shows_it(
    program: Program, archive: ArchiveFiller, redis: Redis
) -> None:
    ended = await program.within("export")
    assert ended.status == 0, ended.said
    stored = [release async for release in Archive(redis).releases()]
    assert [{name: row[name] for name in release_payload(stored[0].release)} for row in ended.rows] == [
        release_payload(kept.release) for kept in stored
    ]
    assert [row["kind"] for row in ended.rows] == ["new", "correction", "new"]
    assert all(row["story"].startswith("sty_") for row in ended.rows)


@pytest.mark.parametrize(
    ("options", "headlines"),
    [
        (["--tag", "tidal"], ["Plant Opens"]),
        (["--source", "quayside"], ["=HYPERLINK(1)"]),
        (["--kind", "correction"], ["Plant Opens"]),
        (["--query", "科技 OR tag:tidal"], ["=HYPERLINK(1)", "Plant Opens"]),
        (["--watch", "rest", "--kind", "withdrawal"], []),
        (["--limit", "1"], ["=HYPERLINK(1)"]),
        (["--tag", "tidal", "--limit", "9"], ["Plant Opens"]),
    ],
    ids=str,
)
async def test_the_filters_of_releases_hold(
    program: Program, archive: ArchiveFiller, options: list[str], headlines: list[str]
) -> None:
    assert [row["headline"] for row in (await program.within("export", *options)).rows] == headlines


async def test_what_cannot_be_used_is_a_usage_error(program: Program, archive: ArchiveFiller) -> None:
    for options in (
        ["--format", "xml"],
        ["--query", '"open'],
        ["--kind", "old"],
        ["--watch", "none"],
        ["--since", "soon"],
    ):
        ended = await program.within("export", *options)
        assert (ended.status, ended.out) == (2, ""), ended.said


async def test_csv_is_read_back_and_no_cell_is_a_formula(program: Program, archive: ArchiveFiller) -> None:
    ended = await program.within("export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.out, newline=""), strict=True))
    assert [row["headline"] for row in rows] == ["'=HYPERLINK(1)", "Plant Opens", "Plant Opens"]
    assert rows[0]["body"] == '\'-1 is less, "said" they\n\n科技'
    assert (rows[1]["notice"], rows[1]["statement"], rows[2]["tags"]) == ("correction", "It cost more.", "Tidal")
    assert "\r\n" in ended.out


HARMFUL = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠", " ", "\ufeff", "\x00", '"', "'", ","])


@given(st.text(HARMFUL, max_size=3), st.text(max_size=8))
def test_whatever_a_cell_says_it_stays_one_cell_of_text(start: str, rest: str) -> None:
    shown = cell(start + rest)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert shown.removeprefix("'").lstrip(" \ufeff\u200b")[:1] not in ("=", "+", "-", "@") or shown.startswith("'")
    (row,) = csv.reader(io.StringIO(csv_line([shown, "next"]), newline=""), strict=True)
    assert row == [shown, "next"]


async def test_ninjs_ties_a_correction_to_what_it_corrects(program: Program, archive: ArchiveFiller) -> None:
    other, correction, first = checked((await program.within("export", "--format", "ninjs")).rows)
    assert correction["associations"] == [
        {"name": "corrects", "uri": first["uri"], "type": "text", "representationType": "partial"}
    ]
    assert correction["edNote"] == "CORRECTION: It cost more."
    assert [release["pubStatus"] for release in (other, correction, first)] == ["usable"] * 3
    assert str(first["uri"]).startswith("urn:uuid:")


OWN = release_id("one")
RELEASE = Release(
    id=OWN, url="https://harbour-wire.example/科技?a b", headline="Plant Opens", first_seen_at="2026-03-02T09:00:00Z"
)


def stored(release: Release, **fields: object) -> StoredRelease:
    """Return a release as memory holds it."""
    given = {"story": story_id(OWN), "verdict": "new", "why": "", "replaces": None, "at": 1_772_442_060_000} | fields
    return StoredRelease(release=release, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "withdrawn", "status"),
    [
        (stored(RELEASE), False, "usable"),
        (stored(RELEASE), True, "canceled"),
        (stored(RELEASE, verdict="withdrawn"), False, "canceled"),
        (stored(replace(RELEASE, embargoed_until="2026-03-02T13:00:00+00:00")), False, "withheld"),
        (stored(replace(RELEASE, embargoed_until="2026-03-02T11:00:00+00:00")), False, "usable"),
        (stored(replace(RELEASE, embargoed_until="2026-03-03")), False, "usable"),
    ],
)
def test_the_status_of_a_ninjs_item(what: StoredRelease, withdrawn: bool, status: str) -> None:
    (found,) = checked([item(what, withdrawn=withdrawn, now=NOW)])
    assert found["pubStatus"] == status


async def test_every_release_of_a_withdrawn_story_is_canceled(
    program: Program, redis: Redis, bureau_of_two: None
) -> None:
    rows = checked((await program.within("export", "--format", "ninjs")).rows)
    assert [row["pubStatus"] for row in rows] == ["usable", "canceled", "canceled"]
    assert rows[1]["associations"][0]["name"] == "withdraws"  # type: ignore[index]


@pytest.fixture
async def bureau_of_two(redis: Redis) -> None:
    """A story that was withdrawn by a notice, and another that stands."""
    import press_office
    from bureau import Bureau

    bureau = Bureau(redis)
    await bureau.read(press_office.release())
    bureau.clock.forward(hours=1)
    await bureau.read(press_office.withdrawal())
    await bureau.read(press_office.release(1))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
MOMENTS = st.sampled_from([None, "2026-03-02", "2026-03-02T09:00:00+08:00", "2026-03-02T09:00:00Z"])
ADDRESSES = st.sampled_from(
    [
        "https://a.example/x y.jpg",
        "javascript:alert(1)",
        "https://[",
        "//a",
        "",
        "https://bücher.example/ü",
        "http://a:b/",
    ]
)


SOME = st.lists(TEXTS, max_size=2).map(tuple)
RELEASES = st.builds(
    Release,
    id=st.just(OWN),
    url=st.none() | ADDRESSES,
    headline=st.just("") | TEXTS,
    subheadline=st.none() | TEXTS,
    dateline=st.none() | st.builds(Dateline, place=st.none() | TEXTS),
    published_at=MOMENTS,
    embargoed_until=MOMENTS,
    tags=SOME,
    tickers=st.lists(st.sampled_from(["HKEX:0700", "XYZ"]), max_size=2).map(tuple),
    issuer=st.none() | TEXTS,
    body=SOME,
    disclaimer=st.none() | TEXTS,
    contacts=SOME,
    wire=st.none() | TEXTS,
    source=st.just("harbour"),
    images=st.lists(st.builds(Image, url=ADDRESSES, caption=st.none() | TEXTS), max_size=2).map(tuple),
    first_seen_at=st.just("2026-03-02T09:00:00.000Z"),
    notice=st.none()
    | st.builds(Notice, kind=st.sampled_from(["correction", "update"]), marker=TEXTS, headline=st.just("")),
)


@given(RELEASES, st.none() | st.just(release_id("two")))
def test_whatever_a_release_says_its_exports_are_valid(release: Release, replaces: str | None) -> None:
    kept = stored(release, replaces=replaces)
    checked([json.loads(json.dumps(item(kept, withdrawn=False, now=NOW)))])
    line = csv_line([cell(value) for value in csv_cells(kept)])
    (row,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert len(row) == len(COLUMNS)


async def test_a_reader_that_goes_ends_an_export_quietly(program: Program, redis: Redis) -> None:
    archive = ArchiveFiller(redis)
    for number in range(350):
        await archive.publish(f"Number {number}", body=("The plant stores 48 megawatt hours. " * 60,))
    process = await asyncio.create_subprocess_exec(
        *program.command("export"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=program.variables
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(await process.stdout.readline())["headline"] == "Number 349"
    process.stdout._transport.close()  # type: ignore[attr-defined]
    said = await asyncio.wait_for(process.stderr.read(), 60)
    assert (await process.wait(), said) == (0, b"")

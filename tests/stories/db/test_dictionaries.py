"""Dictionaries: a memory learns from its own releases, and whoever reads it reads what was packed so."""

from __future__ import annotations

from dataclasses import replace

import press_office
import pytest
from bureau import Bureau, reading
from redis.asyncio import Redis
from structlog.testing import capture_logs

from stories.db import codec, dictionaries, keys, unreadable_records
from stories.db.codec import PHRASES_DICTIONARY, dictionary_of, packed_of
from stories.model.release import Release

TOWNS = ("Port Ellery", "Marlow", "Quill Harbour", "Sandwick", "Ostrel", "Fernmouth", "Tolbridge", "Kesswater")


def issue(number: int) -> Release:
    """Return one issue of a serial: what all of them say, and little of its own."""
    town = TOWNS[number % len(TOWNS)]
    body = (
        f"The harbour board of {town} counted {number * 37 + 11} boats in week {number}, {number % 9} more than due.",
        *press_office.ANNOUNCEMENTS[number % 6].text(str(300 + number), town),
        "The board publishes its count every week; it is made by hand and is not revised afterwards.",
    )
    url = f"https://harbour-wire.example/counts/{number}"
    return press_office.release(number % 6, url=url, headline=f"{town} Counts Its Boats in Week {number}", body=body)


@pytest.fixture
def bureau(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    monkeypatch.setattr(dictionaries, "SAMPLES", 60)
    monkeypatch.setattr(dictionaries, "CHECK_EVERY", 10)
    return Bureau(redis)


async def _fill(bureau: Bureau, count: int) -> list[Release]:
    memory, kept = bureau.memory, []
    for number in range(count):
        remembered = await memory.ingest(reading(issue(number)))
        assert remembered.release is not None
        kept.append(remembered.release)
    return kept


async def _value(redis: Redis, release: Release) -> bytes:
    return packed_of(await redis.get(keys.release(release.id or "").name) or b"")


async def test_a_memory_that_has_enough_releases_packs_with_what_they_share_in_less_room(
    bureau: Bureau, redis: Redis
) -> None:
    kept = await _fill(bureau, 80)
    first, last = await _value(redis, kept[0]), await _value(redis, kept[-1])
    assert dictionary_of(first) == PHRASES_DICTIONARY
    assert dictionary_of(last) != PHRASES_DICTIONARY
    assert len(last) < 0.7 * len(codec.pack(kept[-1]))


async def test_another_process_reads_what_was_packed_with_a_dictionary(
    bureau: Bureau, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await _fill(bureau, 80)
    edited = await bureau.read(replace(issue(79), body=("Nothing was counted: the boats were away.",)))
    monkeypatch.setattr(codec, "_trained", {})
    assert [stored.release for stored in await bureau.archive.releases_by_id([kept[-2].id or ""])] == [kept[-2]]
    monkeypatch.setattr(codec, "_trained", {})
    assert edited.release is not None
    assert await bureau.archive.revisions(kept[-1].id or "") == [kept[-1], edited.release]
    monkeypatch.setattr(codec, "_trained", {})
    assert [event.payload for event in await bureau.archive.latest_events(3)][2].decode().count(kept[-2].id or "") == 1
    monkeypatch.setattr(codec, "_trained", {})
    copy = await bureau.read(replace(issue(78), url="https://daily-mirror.example/counts/78"))
    assert [event.type for event in copy.events] == ["release.syndicated"]


async def test_a_lost_dictionary_is_named_with_what_mends_it(
    bureau: Bureau, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await _fill(bureau, 80)
    await redis.delete(keys.dictionaries().name)
    monkeypatch.setattr(codec, "_trained", {})
    monkeypatch.setattr(unreadable_records, "_logged", {})
    with capture_logs() as logged:
        assert await bureau.archive.release(kept[-1].id or "") is None
    (line,) = (record for record in logged if record["event"] == "record_unreadable")
    assert "DictionaryLostError" in line["reason"]
    assert "restore a backup" in line["reason"]


async def test_a_memory_with_nothing_to_learn_from_goes_on_without_a_dictionary(
    bureau: Bureau, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictionaries, "SAMPLES", 3)  # far too few for any training
    memory = bureau.memory
    for number in range(25):
        await memory.ingest(reading(Release(url=f"https://harbour-wire.example/{number}", headline=str(number))))
    assert await redis.hlen(keys.dictionaries().name) == 0
    assert len([release async for release in bureau.archive.releases()]) == 25

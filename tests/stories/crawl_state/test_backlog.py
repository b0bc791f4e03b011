"""Pages that wait until their source may have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from stories.crawl_state.backlog import Backlog
from stories.crawl_state.pending_sightings import PendingSightings
from stories.crawl_state.source_status import SourceStatusStore
from stories.db import keys
from stories.model.sighting import PendingSighting, Sighting

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=11)


def pending(*numbers: int, source: str = "wire") -> list[PendingSighting]:
    return [
        PendingSighting(
            source=source, listing="https://wire.example/rss", tag=None,
            sighting=Sighting(url=f"https://wire.example/{number}"),
        )
        for number in numbers
    ]  # fmt: skip


def numbers(pages):
    return [int(page.pending.sighting.url.rsplit("/", 1)[1]) for page in pages]


@pytest.fixture
def backlog(redis: Redis) -> Backlog:
    return Backlog(redis)


async def test_new_releases_come_first_then_the_newest_listing_then_its_own_order(backlog):
    await backlog.add("wire", pending(1, 2), NOW, first_poll=True)
    await backlog.add("wire", pending(3, 4), NOW + timedelta(minutes=1))
    await backlog.add("wire", pending(5, 6), NOW + timedelta(minutes=2))
    pages = await backlog.take("wire", 10, LATER)
    assert numbers(pages) == [5, 6, 3, 4, 1, 2]
    assert [page.first_poll for page in pages] == [False] * 4 + [True] * 2


async def test_what_waits_is_taken_once_and_the_source_is_forgotten_with_the_last(backlog, redis):
    await backlog.add("wire", pending(1, 2, 3), NOW)
    assert await backlog.sizes() == {"wire": (3, 3)}
    assert numbers(await backlog.take("wire", 2, LATER)) == [1, 2]
    assert await backlog.sizes() == {"wire": (1, 1)}
    assert numbers(await backlog.take("wire", 2, LATER)) == [3]
    assert await backlog.take("wire", 2, LATER) == []
    assert await backlog.sizes() == {}
    assert await redis.exists(keys.backlog_sources().name) == 0


async def test_new_releases_alone_can_be_taken(backlog):
    await backlog.add("wire", pending(1), NOW, first_poll=True)
    await backlog.add("wire", pending(2), NOW)
    assert numbers(await backlog.take("wire", 5, LATER, new_only=True)) == [2]
    assert await backlog.sizes() == {"wire": (1, 0)}


async def test_what_waits_already_keeps_its_place(backlog):
    await backlog.add("wire", pending(1, 2), NOW)
    await backlog.add("wire", pending(2, 1), NOW + timedelta(hours=1))
    assert numbers(await backlog.take("wire", 5, LATER)) == [1, 2]


async def test_sources_do_not_see_each_other(backlog):
    await backlog.add("wire", pending(1), NOW)
    await backlog.add("other", pending(2, source="other"), NOW)
    assert numbers(await backlog.take("other", 5, LATER)) == [2]
    assert await backlog.sizes() == {"wire": (1, 1)}


async def test_a_page_whose_reader_died_is_found_by_the_sweep_and_one_that_waits_is_not(backlog, redis):
    await backlog.add("wire", pending(1, 2), NOW)
    await backlog.take("wire", 1, LATER)
    found = await PendingSightings(redis).due(LATER, 10)
    assert [item.sighting.url for item in found] == ["https://wire.example/1"]


async def test_the_health_of_a_source_counts_the_pages_that_wait(backlog, redis):
    await backlog.add("wire", pending(1, 2), NOW)
    wire, other = await SourceStatusStore(redis).healths(["wire", "other"])
    assert (wire.waiting_pages, other.waiting_pages) == (2, 0)

"""What a listing named is read in the end, whatever became of its process and its listing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from config.source_settings import ListingSettings, SourceSettings
from crawler.pages.dispatcher import PageDispatcher
from scheduler.sweeps.pending import pending_sweep
from stories.crawl_state.backlog import Backlog
from stories.crawl_state.claims import GIVEN_UP, Claims
from stories.crawl_state.pending_sightings import PendingSightings
from stories.db import keys
from stories.model.sighting import PendingSighting, Sighting

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
URL, LISTING = "https://wire.example/1", "https://wire.example/rss"
MINUTE = timedelta(minutes=1)
WIRE = SourceSettings(listings=(ListingSettings(url=LISTING),))
SETTINGS = Settings(catalog=False, sources={"wire": WIRE})
OFF = WIRE.model_copy(update={"enabled": False})


class Hand:
    """The sweep, with its clock and what it asked for."""

    def __init__(self, redis):
        self.now = NOW
        self.claims, self.pending, self.backlog = Claims(redis), PendingSightings(redis), Backlog(redis)
        self.configure()

    def configure(self, **sources):
        settings = Settings(catalog=False, sources=sources or {"wire": WIRE})
        dispatcher = PageDispatcher(lambda: self.now, self.backlog)
        self.sweep = pending_sweep(self.claims, self.pending, dispatcher, lambda: self.now, settings)

    async def later(self, minutes):
        """Return what is taken from the backlog some minutes later, to be read."""
        self.now += minutes * MINUTE
        await self.sweep()
        taken = await self.backlog.take("wire", 10, self.now + 11 * MINUTE)
        return [(page.pending.source, page.pending.listing, page.pending.sighting) for page in taken]

    async def waiting(self):
        return await self.pending.due(self.now + timedelta(days=30), 10)


@pytest.fixture
async def hand(redis):
    hand = Hand(redis)
    named = PendingSighting(source="wire", listing=LISTING, tag=None, sighting=Sighting(url=URL, headline="One"))
    await hand.sweep()  # the one at the start looks further ahead
    await hand.pending.add([named], NOW + 11 * MINUTE)
    return hand


ASKED = [("wire", LISTING, Sighting(url=URL, headline="One"))]


async def test_a_page_that_was_read_is_forgotten_at_the_first_look(hand):
    assert await hand.later(5) == []
    await hand.claims.record_unchanged(URL, "rel_1", None, None)
    assert await hand.later(7) == []
    assert await hand.waiting() == []


async def test_a_page_whose_process_died_is_asked_for_once_its_lease_ended(hand, redis):
    await hand.claims.claim("key", [Sighting(url=URL)], NOW)
    assert await hand.later(12) == []
    (claim,) = await redis.keys(keys.claim("*").name)
    await redis.delete(claim)
    assert await hand.later(11) == ASKED
    assert await hand.later(1) == []
    assert await hand.later(11) == ASKED


async def test_a_page_that_failed_is_asked_for_when_its_wait_is_over_and_given_up_in_the_end(hand):
    await hand.claims.record_failure(URL, "503", NOW + 11 * MINUTE)
    assert await hand.later(11) == []
    assert await hand.later(1) == ASKED
    for _ in range(GIVEN_UP):
        await hand.claims.record_failure(URL, "503", hand.now)
    assert await hand.later(12) == []
    assert await hand.waiting() == []


async def test_what_is_named_again_keeps_its_turn(hand):
    again = PendingSighting(source="wire", listing="https://wire.example/other", tag=None, sighting=Sighting(url=URL))
    await hand.pending.add([again], NOW + timedelta(days=2))
    assert len(await hand.later(12)) == 1


async def test_a_page_of_a_source_that_is_off_waits_until_the_source_is_on_again(hand):
    hand.configure(wire=OFF)
    for _ in range(10):
        assert await hand.later(30) == []
    hand.configure(wire=WIRE)
    assert await hand.later(11) == ASKED


async def test_a_page_of_a_source_that_was_removed_is_dropped(hand):
    hand.configure(other=SourceSettings(listings=(ListingSettings(url="https://else.example/rss"),)))
    assert await hand.later(12) == []
    assert await hand.waiting() == []


async def test_a_page_that_a_killed_daemon_was_reading_is_read_by_the_next_one_at_its_start(redis):
    killed, pending, backlog = Claims(redis, "daemon"), PendingSightings(redis), Backlog(redis)
    named = PendingSighting(source="wire", listing=LISTING, tag=None, sighting=Sighting(url=URL))
    await pending.add([named], NOW + 11 * MINUTE)
    await killed.claim("key", [named.sighting], NOW)
    sweep = pending_sweep(Claims(redis, "daemon"), pending, PageDispatcher(lambda: NOW, backlog), lambda: NOW, SETTINGS)
    await sweep()
    assert [page.pending.sighting.url for page in await backlog.take("wire", 5, NOW)] == [URL]


async def test_a_page_that_a_worker_is_reading_is_left_to_it_at_the_start(redis):
    worker, pending, backlog = Claims(redis, ""), PendingSightings(redis), Backlog(redis)
    named = PendingSighting(source="wire", listing=LISTING, tag=None, sighting=Sighting(url=URL))
    await pending.add([named], NOW + 11 * MINUTE)
    await worker.claim("key", [named.sighting], NOW)
    sweep = pending_sweep(Claims(redis, "daemon"), pending, PageDispatcher(lambda: NOW, backlog), lambda: NOW, SETTINGS)
    await sweep()
    assert await backlog.take("wire", 5, NOW) == []

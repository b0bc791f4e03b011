"""A host that answers again is read completely soon: its other listings and failed pages do not wait out a backoff."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from config.address_policy import AddressPolicy
from config.settings import Settings
from config.source_settings import ListingSettings, SourceSettings
from crawler.http.address_guard import AddressGuard
from crawler.pages.dispatcher import PageDispatcher
from crawler.polling.interval import PollResult
from crawler.polling.poll_queue import PollQueue
from crawler.polling.recorder import PollRecorder
from crawler.progress import Progress
from crawler.services import Services
from stories.crawl_state.backlog import Backlog
from stories.crawl_state.claims import RETRIES, Claims, listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.model.sighting import PendingSighting, Poll, Sighting
from stories.model.timestamps import timestamp

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
INTERVAL = timedelta(minutes=5)
NEWS, TAGS, ELSEWHERE = "https://wire.example/news", "https://wire.example/tags", "https://other.example/news"
OUTAGE = timedelta(hours=6)


@dataclass
class Wire:
    """A source with two listings on one host and one on another, and its pages."""

    redis: Any
    now: datetime = START
    due: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self):
        listings = tuple(ListingSettings(url=url) for url in (NEWS, TAGS, ELSEWHERE))
        settings = Settings(catalog=False, sources={"wire": SourceSettings(listings=listings)})
        self.services = Services(
            settings=settings,
            polls=PollQueue(),
            claims=Claims(self.redis),
            stores=CrawlStores.from_redis(self.redis),
            reader=cast(Any, None),
            ingestor=cast(Any, None),
            address_guard=AddressGuard(AddressPolicy()),
            progress=Progress(),
            clock=lambda: self.now,
            schedule=lambda poll, at: self.due.__setitem__(poll.listing, at),
            dispatcher=PageDispatcher(lambda: self.now, Backlog(self.redis)),
        )
        self.books = PollRecorder(self.services)

    async def fails(self, listing, trouble="timeout"):
        poll, key = Poll(source="wire", listing=listing, asked_at=self.now), listing_key("wire", listing)
        await self.books.record_failure(poll, key, await self.services.stores.cursors.get(key), trouble, trouble, None)

    async def is_read(self, listing):
        poll, key = Poll(source="wire", listing=listing, asked_at=self.now), listing_key("wire", listing)
        await self.books.record_read(
            poll, key, await self.services.stores.cursors.get(key), PollResult(outcome="read"), self.now
        )

    async def page_fails(self, number, times=1):
        url = f"https://wire.example/{number}"
        pending = PendingSighting(source="wire", listing=NEWS, tag=None, sighting=Sighting(url=url))
        await self.services.stores.pending_sightings.add([pending], self.now)
        for _ in range(times):
            delay = await self.services.claims.record_failure(url, "timeout", self.now)
        await self.services.stores.pending_sightings.reschedule(url, self.now + delay)
        return url

    async def pages_due(self):
        """The pages that are taken up again now."""
        claims, stores = self.services.claims, self.services.stores
        found = {pending.sighting.url for pending in await stores.pending_sightings.due(self.now, 100)}
        return {url for url in found if (due := await claims.next_attempt_at(url, self.now)) and due <= self.now}


@pytest.fixture
def wire(redis):
    return Wire(redis)


async def outage(wire, *listings, trouble="timeout"):
    """Let listings fail until their backoff is longest, at the end of an outage."""
    for _ in range(12):
        wire.now += OUTAGE / 12
        for listing in listings:
            await wire.fails(listing, trouble)


@pytest.mark.parametrize("trouble", ["dns", "connect", "tls", "timeout", "status", "busy", "forbidden", "answer"])
async def test_the_other_listings_of_a_host_that_answers_again_are_polled_within_an_interval(wire, trouble):
    await outage(wire, NEWS, TAGS, ELSEWHERE, trouble=trouble)
    backoff = dict(wire.due)
    assert backoff[TAGS] > wire.now + 1.5 * INTERVAL
    await wire.is_read(NEWS)
    assert wire.due[TAGS] <= wire.now + INTERVAL
    assert wire.due[ELSEWHERE] == backoff[ELSEWHERE], "another host, of which nothing new is known"


async def test_a_listing_is_never_polled_again_before_its_interval_is_over(wire):
    await outage(wire, NEWS, TAGS)
    for _ in range(5):
        await wire.is_read(NEWS)
        assert wire.due[TAGS] >= wire.now + INTERVAL - timedelta(seconds=1)
        await wire.fails(NEWS)


@pytest.mark.parametrize("trouble", ["robots", "parse", "other"])
async def test_a_fault_of_the_listing_itself_brings_nothing_forward(wire, trouble):
    await outage(wire, NEWS, TAGS, trouble=trouble)
    backoff, url = wire.due[TAGS], await wire.page_fails(1, times=4)
    wire.now += timedelta(minutes=10)
    await wire.is_read(NEWS)
    assert wire.due[TAGS] == backoff
    assert url not in await wire.pages_due()


async def test_pages_that_failed_while_their_host_was_away_are_read_when_it_is_back(wire):
    url = await wire.page_fails(1, times=5)
    await outage(wire, NEWS)
    late = await wire.page_fails(2)
    old = await wire.services.claims.record_failure(url, "timeout", wire.now)
    assert old == RETRIES[-1], "it would be read half a day later"
    await wire.services.stores.pending_sightings.reschedule(url, wire.now + old)
    wire.now += RETRIES[0]
    await wire.is_read(NEWS)
    assert await wire.pages_due() == {url, late}


async def test_a_page_that_failed_before_its_host_was_away_keeps_its_backoff(wire):
    await wire.page_fails(1, times=5)
    wire.now += timedelta(hours=1)
    await wire.fails(NEWS)
    wire.now += INTERVAL
    await wire.is_read(NEWS)
    assert await wire.pages_due() == set()


async def test_a_flapping_host_is_not_asked_for_a_page_sooner_than_after_its_first_retry(wire):
    await wire.fails(NEWS)
    url = await wire.page_fails(1, times=3)
    for _ in range(3):
        await wire.is_read(NEWS)
        assert url not in await wire.pages_due()
        await wire.fails(NEWS)
    wire.now += RETRIES[0]
    assert url in await wire.pages_due()


async def test_a_page_that_is_read_again_brings_forward_the_others_that_failed_on_its_host(wire):
    recovery, poll = wire.books.recovery, Poll(source="wire", listing=ELSEWHERE, asked_at=wire.now)
    url = await wire.page_fails(1, times=4)
    recovery.page_failed(url)
    wire.now += timedelta(minutes=10)
    await recovery.page_read(poll, "https://other.example/7")
    assert await wire.pages_due() == set(), "another host"
    await recovery.page_read(poll, "https://wire.example/7")
    assert await wire.pages_due() == {url}


async def test_failures_while_the_host_was_away_do_not_give_a_page_up(wire):
    url = await wire.page_fails(1, times=6)
    for _ in range(10):
        await wire.fails(NEWS)
        wire.now += RETRIES[0]
        await wire.is_read(NEWS)
        assert url in await wire.pages_due()
        delay = await wire.services.claims.record_failure(url, "timeout", wire.now)
        await wire.services.stores.pending_sightings.reschedule(url, wire.now + delay)
    assert await wire.services.claims.next_attempt_at(url, wire.now) is not None, timestamp(wire.now)

"""The sweep: a push leads to a poll soon, a flood of them to no more than one in a quarter of the interval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.source_settings import ListingSettings
from crawler.polling.polls import Listing
from scheduler.sweeps.websub import WebSubSweep
from stories.crawl_state.claims import listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.websub_subscriptions import POLLS_PER_PUSH, Subscription, WebSubStore, pushed
from stories.model.sighting import Cursor
from stories.model.timestamps import timestamp

START = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
FEED = "https://wire.example/rss"
KEY = listing_key("wire", FEED)
INTERVAL = timedelta(minutes=4)


class Desks:
    """A daemon's sweep of one listing, at a time that the test moves."""

    def __init__(self, redis):
        self.now, self.asked = START, []
        self.pushes, self.stores = WebSubStore(redis), CrawlStores.from_redis(redis)
        listing = Listing(source="wire", url=FEED, tag=None, settings=ListingSettings(url=FEED), interval=INTERVAL)
        self.sweeps = WebSubSweep(self.pushes, self.stores.cursors, [listing], self.asked.append, lambda: self.now)

    async def push(self):
        known = await self.pushes.get(KEY)
        await self.pushes.change(KEY, "token", pushed(known, self.now), self.now)

    async def found(self, at):
        await self.pushes.change(KEY, "token", {"found_at": timestamp(at)}, self.now)

    async def sweep_for(self, span, *, flood=False):
        for _ in range(span // timedelta(seconds=10)):
            if flood:
                await self.push()
            await self.sweeps.sweep()
            self.now += timedelta(seconds=10)


@pytest.fixture
async def desks(redis):
    found = Desks(redis)
    known = Subscription(
        source="wire", listing=FEED, hub="https://hub.example/", topic=FEED, callback="https://watch.example",
        token="token", secret="secret", asked_at=timestamp(START),
    )  # fmt: skip
    await found.pushes.put(KEY, known)
    return found


async def test_a_push_is_followed_by_a_poll_until_something_new_was_found(desks):
    await desks.push()
    await desks.sweeps.sweep()
    (poll,) = desks.asked
    assert (poll.source, poll.listing, poll.reason, poll.asked_at) == ("wire", FEED, "push", START)
    await desks.found(poll.asked_at)
    await desks.sweep_for(10 * INTERVAL)
    assert len(desks.asked) == 1
    assert await desks.pushes.due(desks.now, 10) == []


async def test_a_poll_that_was_under_way_when_the_push_came_is_not_its_answer(desks):
    await desks.push()
    await desks.found(START - timedelta(seconds=1))
    await desks.sweep_for(10 * INTERVAL)
    assert [poll.asked_at - START for poll in desks.asked] == pytest.approx(
        [number * INTERVAL / 4 for number in range(POLLS_PER_PUSH)], abs=timedelta(seconds=25)
    )
    assert await desks.pushes.due(desks.now, 10) == []


async def test_a_flood_of_pushes_is_a_poll_in_a_quarter_of_the_interval(desks):
    await desks.sweep_for(10 * INTERVAL, flood=True)
    assert 35 <= len(desks.asked) <= 40
    apart = [after.asked_at - before.asked_at for before, after in zip(desks.asked, desks.asked[1:], strict=False)]
    assert min(apart) >= INTERVAL / 4


async def test_a_listing_that_fails_is_left_to_its_own_pace(desks):
    await desks.stores.cursors.put(KEY, Cursor(failures=2))
    await desks.push()
    await desks.sweep_for(INTERVAL)
    assert desks.asked == []
    assert await desks.pushes.due(desks.now, 10) == []


async def test_what_is_no_longer_configured_is_forgotten(desks):
    sweeps = WebSubSweep(desks.pushes, desks.stores.cursors, [], desks.asked.append, lambda: desks.now)
    await desks.push()
    await sweeps.sweep()
    assert desks.asked == []
    assert await desks.pushes.due(desks.now, 10) == []

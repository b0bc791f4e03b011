"""The clock puts polls in the queue: spread, without a pile after a sleep, and anew when the system's clock jumps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from config.source_settings import ListingSettings
from crawler.polling.polls import Listing
from scheduler.sweeps import clock as clock_module
from scheduler.sweeps.clock import Clock


def listing(number=1, interval=timedelta(hours=1)):
    url = f"https://wire.example/{number}"
    return Listing(source="wire", url=url, tag=None, settings=ListingSettings(url=url), interval=interval)


@pytest.fixture
async def clocks():
    made = []

    def make(*listings, now=lambda: datetime.now(UTC), is_leader=lambda: True):
        asked = []
        clock = Clock(listings, asked.append, now, is_leader=is_leader)
        made.append(clock)
        return clock, asked

    yield make
    for clock in made:
        clock.stop()


async def test_every_listing_is_asked_at_once_at_the_start_and_then_waits_for_its_interval(clocks, until):
    clock, asked = clocks(listing(1), listing(2), listing(3))
    clock.start()
    await until(lambda: len(asked) == 3)
    assert {poll.listing for poll in asked} == {f"https://wire.example/{number}" for number in (1, 2, 3)}
    assert {poll.reason for poll in asked} == {"clock"}
    waits = [job.next_run_time - datetime.now(UTC) for job in clock._scheduler.get_jobs()]
    assert all(timedelta(minutes=50) < wait < timedelta(minutes=70) for wait in waits)


async def test_a_listing_is_asked_again_and_again(clocks, until):
    clock, asked = clocks(listing(interval=timedelta(seconds=1)))
    clock.start()
    await until(lambda: len(asked) == 3)


async def test_a_listing_is_moved_to_when_it_is_due_and_one_that_is_not_polled_is_nobodys(clocks, until):
    clock, asked = clocks(listing(1), listing(2))
    clock.start()
    await until(lambda: len(asked) == 2)
    clock.reschedule(listing(1).poll(datetime.now(UTC)), datetime.now(UTC) + timedelta(milliseconds=20))
    clock.reschedule(listing(3).poll(datetime.now(UTC)), datetime.now(UTC))
    await until(lambda: len(asked) == 3)
    assert asked[2].listing == "https://wire.example/1"


async def test_after_a_sleep_a_listing_is_asked_once_however_often_it_was_missed(clocks, until):
    asleep = timedelta(hours=10)
    clock, asked = clocks(listing(), now=lambda: datetime.now(UTC) - asleep)  # due ten hours ago, and each hour since
    clock.start()
    await until(lambda: asked)
    (job,) = clock._scheduler.get_jobs()
    await until(lambda: job.next_run_time > datetime.now(UTC))
    assert len(asked) == 1


@pytest.mark.parametrize("jump", [-7200.0, 7200.0], ids=["back", "forward"])
async def test_when_the_systems_clock_jumps_the_listings_are_asked_at_once_and_by_the_new_time(
    clocks, until, monkeypatch, jump
):
    clock, asked = clocks(listing())
    clock.start()
    await until(lambda: len(asked) == 1)
    monkeypatch.setattr(clock_module, "CHECK_SECONDS", 0.01)
    shift = [0.0]
    monkeypatch.setattr(clock_module, "time", lambda: 1_000_000.0 + clock_module.monotonic() + shift[0])
    watching = asyncio.create_task(clock.watch())
    await asyncio.sleep(0)
    shift[0] = jump
    await until(lambda: len(asked) == 2)
    watching.cancel()


async def test_a_clock_that_was_stopped_asks_for_nothing(clocks, until):
    clock, asked = clocks(listing(interval=timedelta(seconds=1)))
    clock.start()
    clock.stop()
    another, later = clocks(listing(interval=timedelta(seconds=1)))
    another.start()
    await until(lambda: len(later) == 2)
    assert asked == []


async def test_work_that_is_cut_off_at_the_end_is_no_failure(clocks, until, caplog):
    begun = []
    cut = asyncio.Event()

    async def work():
        begun.append(1)
        try:
            await asyncio.sleep(60)
        finally:
            cut.set()

    clock, _ = clocks()
    clock.start()
    clock.every(60, work, "long work")
    await until(lambda: begun)
    clock.stop()
    await cut.wait()
    await asyncio.sleep(0)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_while_another_has_the_clock_nothing_is_asked_and_no_small_work_is_done(clocks, until):
    ours, looked, done = [False], [], []

    def is_leader():
        looked.append(ours[0])
        return ours[0]

    async def work():
        done.append(ours[0])

    clock, asked = clocks(listing(), is_leader=is_leader)
    clock.every(0.01, work, "small work")
    clock.start()
    await until(lambda: len(looked) > 5)
    assert (asked, done) == ([], [])
    ours[0] = True
    await until(lambda: done)
    assert set(done) == {True}

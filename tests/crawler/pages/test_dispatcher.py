"""Which page is requested next."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from crawler.pages.dispatcher import (
    FIRST_BACKLOG_TOTAL,
    HEAVY_BYTES,
    HEAVY_SECONDS,
    MAX_BACKLOG_IN_FLIGHT,
    MAX_BACKLOG_TOTAL,
    MAX_IN_FLIGHT,
    MIN_BACKLOG_TOTAL,
    PageDispatcher,
    Priority,
)
from crawler.pages.source_budget import PAGES_BURST, READER_BURST
from stories.crawl_state.backlog import MAX_PAGES, Backlog
from stories.model.sighting import PendingSighting, Sighting

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


class Time:
    """A monotonic clock that moves when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def dispatcher(time):
    return PageDispatcher(lambda: NOW, monotonic_clock=time)


def pages(source, *numbers):
    return [
        PendingSighting(
            source=source, listing="rss", tag=None, sighting=Sighting(url=f"https://{source}.example/{number}")
        )
        for number in numbers
    ]


def test_a_source_has_a_bounded_number_of_pages_in_flight_and_the_rest_follows_as_they_end(dispatcher):
    sent = []
    for _ in range(20):
        dispatcher.submit("wire", Priority.BY_HAND, sent.append)
    assert len(sent) == MAX_IN_FLIGHT
    for slot in list(sent):
        slot.release()
        slot.release()
    assert len(sent) == 2 * MAX_IN_FLIGHT


def test_one_source_takes_nothing_from_another(dispatcher):
    for _ in range(500):
        dispatcher.submit("loud", Priority.BY_HAND, lambda slot: None)
    assert dispatcher.free("quiet", Priority.NEW) == MAX_IN_FLIGHT


def test_older_pages_leave_room_for_new_ones_of_their_source_and_of_all_others(dispatcher):
    sent = []
    for number in range(100):
        dispatcher.submit(f"site{number}", Priority.REVISIT, sent.append)
        dispatcher.submit(f"site{number}", Priority.REVISIT, sent.append)
        dispatcher.submit(f"site{number}", Priority.REVISIT, sent.append)
    assert len(sent) == FIRST_BACKLOG_TOTAL
    assert dispatcher.free("site0", Priority.BACKLOG) == 0
    assert dispatcher.free("site0", Priority.NEW) == MAX_IN_FLIGHT - MAX_BACKLOG_IN_FLIGHT
    sent[0].release()
    assert len(sent) == FIRST_BACKLOG_TOTAL + 1


def test_older_pages_use_what_a_busy_machine_leaves_and_more_on_an_idle_one(dispatcher):
    sent = []
    for number in range(300):
        dispatcher.submit(f"site{number}", Priority.REVISIT, sent.append)
    for _ in range(100):
        dispatcher.adapt_to_lag(0.3)
    for slot in sent[:FIRST_BACKLOG_TOTAL]:
        slot.release()
    assert len(sent) - FIRST_BACKLOG_TOTAL == MIN_BACKLOG_TOTAL
    assert dispatcher.free("new", Priority.NEW) == MAX_IN_FLIGHT
    released, most = FIRST_BACKLOG_TOTAL, 0
    for _ in range(150):
        dispatcher.adapt_to_lag(0.0)
        sent[released].release()
        released += 1
        most = max(most, sum(status.total for _, status in dispatcher.statuses()))
    assert MIN_BACKLOG_TOTAL < most <= MAX_BACKLOG_TOTAL


def test_what_a_person_asked_for_goes_before_what_is_read_again(dispatcher):
    order, slots = [], []
    for _ in range(MAX_IN_FLIGHT):
        dispatcher.submit("wire", Priority.BY_HAND, slots.append)
    for name, priority in (("again", Priority.REVISIT), ("asked", Priority.BY_HAND)):
        dispatcher.submit("wire", priority, lambda slot, name=name: order.append(name))
    slots[0].release()
    slots[1].release()
    assert order == ["asked", "again"]


def test_after_a_heavy_page_a_source_has_one_page_in_flight_for_a_while(dispatcher, time):
    dispatcher.charge_bytes("wire", HEAVY_BYTES)
    assert dispatcher.free("wire", Priority.NEW) == 1
    time.now += HEAVY_SECONDS + 1
    assert dispatcher.free("wire", Priority.NEW) == MAX_IN_FLIGHT


def test_a_source_over_its_budget_waits_and_the_time_is_counted(dispatcher, time):
    for _ in range(int(PAGES_BURST)):
        dispatcher.acquire("flood", Priority.NEW).release()
    assert dispatcher.free("flood", Priority.NEW) == 0
    assert dispatcher.free("flood", Priority.BY_HAND) == MAX_IN_FLIGHT  # a person waits for it
    ((name, status),) = dispatcher.statuses()
    time.now += 1.5
    assert (name, dispatcher.throttled_seconds(status)) == ("flood", 1.5)


def test_a_source_whose_pages_hold_up_the_event_loop_has_one_in_flight_and_soon_waits(dispatcher, time):
    dispatcher.charge_ingest("wire", 0.5)
    assert dispatcher.free("wire", Priority.NEW) == 1
    for _ in range(25):
        dispatcher.charge_ingest("wire", 0.5)
    assert dispatcher.free("wire", Priority.NEW) == 0
    assert dispatcher.free("other", Priority.NEW) == MAX_IN_FLIGHT


def test_listings_wait_for_a_source_that_used_up_its_reading_or_whose_backlog_is_full(dispatcher):
    assert not dispatcher.listing_wait("wire")
    dispatcher.charge_reader("wire", READER_BURST + 18)
    assert dispatcher.listing_wait("wire").total_seconds() > 300
    dispatcher.count_added("other", MAX_PAGES, new=True)
    assert dispatcher.listing_wait("other")


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(list(Priority)), st.booleans()), max_size=120)
)
def test_slots_are_never_over_their_bounds_and_all_that_was_submitted_is_sent_in_the_end(steps):
    dispatcher, flight, sent, submitted = (
        PageDispatcher(lambda: NOW, monotonic_clock=lambda: 0.0),
        deque(),
        Counter(),
        0,
    )

    def send(slot):
        flight.append(slot)
        sent[slot.source] += 1

    def check():
        by_source = Counter(slot.source for slot in flight)
        older = Counter(slot.source for slot in flight if slot.priority >= Priority.BACKLOG)
        assert all(count <= MAX_IN_FLIGHT for count in by_source.values())
        assert all(count <= MAX_BACKLOG_IN_FLIGHT for count in older.values())

    for source, priority, release in steps:
        dispatcher.submit(source, priority, send)
        submitted += 1
        if release and flight:
            flight.popleft().release()
        check()
    while flight:
        flight.popleft().release()
        check()
    assert sum(sent.values()) == submitted


async def test_pages_that_wait_in_redis_are_brought_forward_fairly_and_new_ones_first(redis: Redis):
    backlog, order, slots = Backlog(redis), [], deque()
    await backlog.add("loud", pages("loud", *range(60)), NOW, first_poll=True)
    await backlog.add("quiet", pages("quiet", 1, 2), NOW)
    dispatcher = PageDispatcher(lambda: NOW, backlog)

    async def send_waiting(source, waiting, free):
        for page in waiting:
            order.append(page.pending.sighting.url)
            slots.append(free.pop())

    dispatcher.send_waiting = send_waiting
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(20):
        while len(order) < 62:
            await asyncio.sleep(0.01)
            assert sum(slot.source == "loud" for slot in slots) <= MAX_BACKLOG_IN_FLIGHT
            while slots:
                slots.popleft().release()
    running.cancel()
    assert order[:2] == ["https://quiet.example/1", "https://quiet.example/2"]
    assert sorted(order) == sorted({*order})


async def test_the_pages_of_a_source_that_may_not_be_requested_keep_their_place(redis: Redis, until):
    backlog, order = Backlog(redis), []
    await backlog.add("off", pages("off", 1), NOW)
    await backlog.add("on", pages("on", 1), NOW)
    dispatcher = PageDispatcher(lambda: NOW, backlog)

    async def send_waiting(source, waiting, free):
        order.append(source)

    dispatcher.send_waiting = send_waiting
    dispatcher.is_enabled = lambda source: source != "off"
    running = asyncio.create_task(dispatcher.run())
    await until(lambda: order)
    running.cancel()
    assert order == ["on"]
    assert await backlog.sizes() == {"off": (1, 1)}

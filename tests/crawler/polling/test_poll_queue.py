"""A listing waits in the queue of polls once."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.polling.poll_queue import PollQueue
from crawler.progress import Progress
from stories.model.sighting import Poll

NOW = datetime(2026, 2, 11, 9, tzinfo=UTC)


def poll(listing="https://wire.example/rss", **more):
    return Poll(source="wire", listing=listing, asked_at=NOW, **more)


async def test_polls_come_in_the_order_they_were_asked_for_until_the_end():
    queue = PollQueue()
    queue.put(poll("https://wire.example/1"))
    queue.put(poll("https://wire.example/2"))
    queue.close()
    assert [(await queue.get()).listing[-1], (await queue.get()).listing[-1]] == ["1", "2"]
    assert await queue.get() is None


async def test_a_listing_that_waits_is_not_queued_again_until_it_was_taken():
    queue = PollQueue()
    assert [queue.put(poll()), queue.put(poll()), len(queue)] == [True, False, 1]
    await queue.get()
    assert queue.put(poll())


async def test_a_crawl_that_somebody_follows_is_not_the_clocks():
    queue = PollQueue()
    assert [queue.put(poll()), queue.put(poll(crawl_id="crl_1")), queue.put(poll(crawl_id="crl_2"))] == [True] * 3


async def test_a_crawl_is_done_when_all_that_was_opened_is_closed():
    said = []
    progress = Progress(lambda tally: said.append((tally.listings, tally.pages, len(tally.errors))))
    tally = progress.follow("crl_1")
    progress.opened("crl_1")
    progress.opened("crl_1", 2)
    progress.listed("crl_1", 7)
    progress.closed("crl_1")
    progress.ingested("crl_1", ())
    progress.closed("crl_1")
    assert not tally.done.is_set()
    progress.failed("crl_1", "wire https://wire.example/1: 404 Not Found")
    progress.closed("crl_1")
    assert tally.done.is_set()
    assert (tally.listings, tally.sightings, tally.pages, len(tally.errors)) == (1, 7, 1, 1)
    assert said[-1] == (1, 1, 1)


async def test_polls_of_the_clock_are_counted_for_nobody():
    progress = Progress(lambda tally: 1 / 0)
    progress.opened(None)
    progress.listed(None, 3)
    progress.closed(None)

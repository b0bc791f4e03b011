"""A daemon and the workers that it finds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from config.source import ListingSettings
from crawler.polls import Listing
from scheduler.colleagues import Colleagues, due_at
from scheduler.sharing import SharedQueue
from stories.claims import listing_key
from stories.crew import Crew
from stories.desk import Desk
from stories.moments import timestamp
from stories.sighting import Cursor


async def test_a_daemon_that_lacks_the_extra_for_workers_goes_on_alone_when_one_comes(redis, redis_url, monkeypatch):
    monkeypatch.setitem(sys.modules, "docket", None)
    await Crew(redis).beat("worker/")
    newsroom, lease = SimpleNamespace(redis=redis, url=redis_url), SimpleNamespace(term=0, holds=True)
    services, queue = SimpleNamespace(claims=SimpleNamespace(run="daemon/")), SharedQueue()
    colleagues = Colleagues(cast(Any, newsroom), cast(Any, lease))
    running = asyncio.create_task(colleagues.run(cast(Any, services), queue))
    looked = asyncio.create_task(colleagues.looked.wait())
    await asyncio.wait([running, looked], return_when=asyncio.FIRST_COMPLETED, timeout=60)
    assert looked.done()
    assert not running.done()
    assert queue.hand_out is None
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_who_takes_over_polls_when_a_listing_is_due_and_now_where_the_clock_was_set_back_meanwhile(redis):
    now, urls = datetime(2026, 3, 10, 9, tzinfo=UTC), ["https://wire.example/1", "https://wire.example/2"]
    listings = [
        Listing(source="wire", url=url, tag=None, settings=ListingSettings(url=url), interval=timedelta(minutes=5))
        for url in urls
    ]
    for url, polled in zip(urls, (now - timedelta(minutes=1), now + timedelta(days=3)), strict=True):
        cursor = Cursor(polled_at=timestamp(polled), next_at=timestamp(polled + timedelta(minutes=5)))
        await Desk(redis).put_cursor(listing_key("wire", url), cursor)
    assert await due_at(Desk(redis), listings, now) == {("wire", urls[0]): now + timedelta(minutes=4)}

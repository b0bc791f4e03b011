"""A daemon and the workers that it finds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from config.source_settings import ListingSettings
from crawler.polling.polls import Listing
from scheduler.leader.docket_queue import SharedQueue
from scheduler.leader.worker_coordinator import WorkerCoordinator, due_times
from scheduler.leader.worker_key import REGISTRY_PURPOSE, Signer
from stories.crawl_state.claims import listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.cursors import Cursors
from stories.crawl_state.workers import WorkerRegistry
from stories.model.sighting import Cursor, Poll
from stories.model.timestamps import timestamp


def events(logged):
    """What the log says, without the reasons."""
    return [record["event"] for record in logged]


@pytest.mark.parametrize("signed", [None, Signer(b"another key"), Signer(b"")], ids=["not", "otherwise", "without one"])
async def test_a_forged_entry_in_the_worker_registry_shares_nothing_and_is_logged_once(redis, redis_url, signed, until):
    sign = partial(signed.sign, REGISTRY_PURPOSE) if signed else lambda name: ""
    await WorkerRegistry(redis, sign=sign).heartbeat("forged/")
    app = SimpleNamespace(redis=redis, redis_url=redis_url, signer=Signer(b"a key"))
    lease, queue = SimpleNamespace(term=0, is_held=True), SharedQueue()
    coordinator = WorkerCoordinator(cast(Any, app), cast(Any, lease))
    services = SimpleNamespace(claims=SimpleNamespace(process_name="daemon/"))
    before = await redis.keys("*docket*")
    with capture_logs() as logged:
        running = asyncio.create_task(coordinator.run(cast(Any, services), queue))
        try:
            await asyncio.wait_for(coordinator.checked.wait(), 60)
            await until(lambda: "worker_refused" in events(logged))
            assert queue.dispatch is None
            assert not coordinator.dispatch(Poll(source="wire", asked_at=datetime(2026, 3, 10, tzinfo=UTC)))
            assert await redis.keys("*docket*") == before
            assert events(logged).count("worker_refused") == 1
            assert not running.done()
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def test_a_daemon_that_lacks_the_extra_for_workers_goes_on_alone_when_one_comes(redis, redis_url, monkeypatch):
    monkeypatch.setitem(sys.modules, "docket", None)
    signer = Signer(b"a key")
    await WorkerRegistry(redis, sign=partial(signer.sign, REGISTRY_PURPOSE)).heartbeat("worker/")
    stores = CrawlStores.from_redis(redis)
    app = SimpleNamespace(redis=redis, redis_url=redis_url, signer=signer, stores=stores)
    lease = SimpleNamespace(term=0, is_held=True)
    services, queue = SimpleNamespace(claims=SimpleNamespace(process_name="daemon/")), SharedQueue()
    coordinator = WorkerCoordinator(cast(Any, app), cast(Any, lease))
    running = asyncio.create_task(coordinator.run(cast(Any, services), queue))
    looked = asyncio.create_task(coordinator.checked.wait())
    await asyncio.wait([running, looked], return_when=asyncio.FIRST_COMPLETED, timeout=60)
    assert looked.done()
    assert not running.done()
    assert queue.dispatch is None
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
        await Cursors(redis).put(listing_key("wire", url), cursor)
    assert await due_times(Cursors(redis), listings, now) == {("wire", urls[0]): now + timedelta(minutes=4)}

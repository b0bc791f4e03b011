"""What holds up the process that keeps it is counted, and set aside after a few times."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from crawler.services import Services
from pipelines.crash_guard import CrashGuardedIngestor
from stories.crawl_state.quarantine import MAX_CRASHES, Quarantine, QuarantinedError, set_aside
from stories.model.page_result import PageResult
from stories.model.release import Release
from stories.model.sighting import Poll

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
URL = "https://wire.example/news/1"
RELEASE = Release(url=URL, headline="Trams")


class Memory:
    """Keeps what it is given, and holds up the loop with it."""

    def __init__(self):
        self.seconds = 0.0

    async def ingest(self, reading, *, may_wait=False):
        await asyncio.sleep(0)
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            pass
        return "kept"


@pytest.fixture(autouse=True)
def short(monkeypatch):
    for module in ("pipelines.crash_guard", "crawler.services"):
        monkeypatch.setattr(f"{module}.FREEZE_SECONDS", 0.05)


def reading(crawl_id=None):
    return PageResult(url=URL, source="wire", release=RELEASE, is_requested=bool(crawl_id), crawl_id=crawl_id)


async def test_a_release_that_holds_up_the_loop_again_and_again_is_set_aside(redis):
    memory = Memory()
    keeper = CrashGuardedIngestor(memory, Quarantine(redis, "run/"), lambda: NOW)
    memory.seconds = 0.1
    for _ in range(MAX_CRASHES):
        assert await keeper.ingest(reading()) == "kept"

    with pytest.raises(QuarantinedError, match="held up the daemon or worker"):
        await keeper.ingest(reading())
    (item,) = await set_aside(redis)
    assert (item.kind, item.url) == ("page", URL)

    memory.seconds = 0.0
    assert await keeper.ingest(reading(crawl_id="crawl 1")) == "kept"
    assert await set_aside(redis) == []


async def test_one_that_does_so_now_and_then_is_not(redis):
    memory = Memory()
    keeper = CrashGuardedIngestor(memory, Quarantine(redis, "run/"), lambda: NOW)
    for number in range(3 * MAX_CRASHES):
        memory.seconds = 0.1 if number % MAX_CRASHES else 0.0
        assert await keeper.ingest(reading()) == "kept"

    assert await set_aside(redis) == []


async def test_a_listing_that_holds_up_the_loop_again_and_again_is_set_aside(redis):
    services = services_of(redis)
    poll = Poll(source="wire", listing="https://wire.example/rss", asked_at=NOW)
    for _ in range(MAX_CRASHES - 1):
        await services.count_freeze(poll, 1.0)
    await services.count_freeze(poll, 0.01)
    for _ in range(MAX_CRASHES - 1):
        await services.count_freeze(poll, 1.0)
    assert await set_aside(redis) == []

    await services.count_freeze(poll, 1.0)

    (item,) = await set_aside(redis)
    assert (item.kind, item.url) == ("listing", poll.listing)
    with pytest.raises(QuarantinedError):
        async with services.read_attempt(poll, is_requested=False):
            pass


def services_of(redis):
    rest = dict.fromkeys(
        ("settings", "polls", "claims", "stores", "reader", "ingestor", "address_guard", "progress", "dispatcher"),
        SimpleNamespace(),
    )
    return Services(**rest, clock=lambda: NOW, quarantine=Quarantine(redis, "run/"))

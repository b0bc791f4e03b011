"""What processes that share the polls know of each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stories.crawl_state.claims import Claims
from stories.crawl_state.pending_sightings import PendingSightings
from stories.crawl_state.workers import WorkerRegistry
from stories.model.sighting import PendingSighting, Sighting
from stories.model.urls import url_digest

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


async def test_what_a_dead_reader_claimed_is_free_and_what_a_living_one_claimed_is_not(redis):
    crew, dead, living = WorkerRegistry(redis), Claims(redis), Claims(redis)
    sightings = [Sighting(url=f"https://wire.example/news/{number}") for number in (1, 2)]
    taken = (
        PendingSighting(source="wire", listing="https://wire.example/", tag=None, sighting=sighting)
        for sighting in sightings
    )
    await PendingSightings(redis).add(taken, NOW + timedelta(minutes=11))
    await dead.claim("listing", sightings[:1], NOW)
    await living.claim("listing", sightings[1:], NOW)
    await crew.heartbeat(living.process_name)
    assert await crew.list_workers() == ([living.process_name], [])
    assert await crew.reap(dead.process_name) == [(url_digest(sightings[0].url), 1)]
    again = await living.claim("listing", sightings, NOW)
    assert [claim.sighting for claim in again.claims] == sightings[:1]

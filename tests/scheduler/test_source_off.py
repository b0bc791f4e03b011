"""A source that is turned off or removed is not requested at all; turned on again it goes on where it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from daemon import running

from scheduler.demo import stories
from stories.crawl_state.crawl_stores import CrawlStores
from stories.model.ids import crawl_id
from stories.model.sighting import PendingSighting, Poll, Sighting
from stories.model.urls import canonical_url


def told(receiver):
    """How often each page was told of as new."""
    return Counter(event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new")


def requested(newswire, since=0):
    """How often each site was requested, robots.txt included."""
    return Counter(request.site for request in newswire.requests[since:])


async def ended(stores, poll):
    """The state of a crawl that came to its end; None before."""
    state = await stores.crawl_requests.state(poll.crawl_id)
    return state if state and state.state in ("done", "failed") else None


async def test_sources_that_are_off_or_removed_are_left_alone_and_go_on_when_they_are_on_again(
    table, newswire, receiver, redis, until, tmp_path
):
    early = [
        newswire.publish(stories.TRAM_BATTERIES, "meridian"),
        newswire.publish(stories.BRIDGE_SENSORS, "pressline"),
        newswire.publish(stories.NIGHT_MARKET, "harbourline"),
    ]
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: set(told(receiver)) == {canonical_url(url) for url in early}, 20)
        assert await daemon.stop() == 0

    sources = table["sources"]
    off = {**sources, "meridian": {**sources["meridian"], "enabled": False, "reason": "a test"}}
    del off["pressline"]
    watches = {name: watch for name, watch in table["watches"].items() if "sources" not in watch}
    missed = newswire.publish(stories.QUARTER, "meridian")
    waits = replace(Sighting(url=missed), headline="It waits")
    seen = PendingSighting(
        source="meridian", listing=sources["meridian"]["listings"][0]["url"], tag=None, sighting=waits
    )
    stores, before = CrawlStores.from_redis(redis), len(newswire.requests)
    now = datetime.now(UTC)
    await stores.pending_sightings.add([seen], now - timedelta(minutes=1))
    by_source = Poll(source="meridian", reason="trigger", crawl_id=crawl_id(), asked_at=now)
    by_page = Poll(source="meridian", urls=(missed,), reason="trigger", crawl_id=crawl_id(), asked_at=now)
    async with running({**table, "sources": off, "watches": watches}, tmp_path) as daemon:
        await daemon.ready(lambda: requested(newswire, before)["harbourline"] > 10, 20)
        for poll in (by_source, by_page):
            await stores.crawl_requests.submit(poll)
            state = await until(lambda poll=poll: ended(stores, poll), 20)
            assert state.state == "failed"
            assert "source 'meridian' is off (a test)" in state.errors[0]
        assert await daemon.stop() == 0
    since = requested(newswire, before)
    assert {"meridian", "pressline"}.isdisjoint(since), daemon.tail()
    assert canonical_url(missed) not in told(receiver)
    assert "revisits_put_off" in daemon.log.read_text()
    assert "revisits_ended" in daemon.log.read_text()

    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: told(receiver)[canonical_url(missed)], 20)
    assert set(told(receiver).values()) == {1}

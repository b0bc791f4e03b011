"""Revisiting: pages that are due are asked for, spread out, and given up for a while when they do not come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import press_office as office
import pytest
from bureau import START, Bureau, TestClock, settings
from redis.asyncio import Redis

import scheduler.sweeps.revisits
from config.settings import PollingSettings, Settings
from scheduler.sweeps.revisits import LEASE, MAX_PENDING_PER_HOST, RevisitSweep
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.page_observations import PageObservations
from stories.model.ids import release_id
from stories.model.page_result import Validators
from stories.model.sighting import Poll
from stories.model.urls import url_digest
from stories.store.archive import Archive


def source(host: str, **more: Any) -> dict[str, Any]:
    return {"listings": [{"url": f"https://{host}/rss"}], **more}


SOURCES = {"harbour-wire": source("harbour-wire.example"), "crowd": source("crowd.example")}


class Sweeping:
    """Sweeps over an empty Redis with a clock of their own; ``asked`` are the polls."""

    def __init__(self, redis: Redis, ladder: Sequence[str] = PollingSettings().revisit) -> None:
        self.bureau = Bureau(redis)
        self.clock: TestClock = self.bureau.clock
        self.asked: list[Poll] = []
        self.stores = CrawlStores.from_redis(redis)
        self.looks = PageObservations(redis)
        self.configure(settings(polling={"revisit": list(ladder)}, sources=SOURCES))

    def configure(self, configuration: Settings) -> None:
        """Begin anew with another configuration, as a daemon does that is started again."""
        archive = Archive(self.bureau.redis)
        self.revisits = RevisitSweep(
            archive, self.stores.revisit_queue, self.looks, configuration, self.asked.append, self.clock
        )

    async def sweep(self, **later: float) -> list[Poll]:
        self.clock.forward(**later)
        self.asked.clear()
        await self.revisits.sweep()
        return list(self.asked)


@pytest.fixture
def sweeping(redis: Redis) -> Sweeping:
    return Sweeping(redis)


def own_id(url: str | None) -> str:
    return release_id(url_digest(url or ""))


async def test_a_page_is_asked_for_when_it_is_due_with_what_it_can_be_asked_by(sweeping: Sweeping) -> None:
    url = office.release().url or ""
    known = Validators(url=url, etag='"7"')
    await sweeping.bureau.read(office.release(), validators=known)
    assert await sweeping.sweep(minutes=14) == []
    (poll,) = await sweeping.sweep(minutes=3)
    assert (poll.urls, poll.reason) == ((url,), "revisit")
    assert poll.validators is not None
    assert poll.validators.etag == '"7"'
    assert await sweeping.sweep() == [], "it is on its way"


async def test_validators_of_another_state_than_the_kept_one_are_not_asked_by(sweeping: Sweeping) -> None:
    url = office.release().url or ""
    await sweeping.bureau.read(office.release())
    await sweeping.looks.put_validators(own_id(url), Validators(url=url, etag='"7"', revision=2))
    (poll,) = await sweeping.sweep(minutes=17)
    assert poll.validators is None


async def test_a_page_that_never_comes_is_asked_for_once_more_and_then_at_its_next_step(sweeping: Sweeping) -> None:
    await sweeping.bureau.read(office.release())
    asked = []
    for minute in range(70):
        asked += [minute] * len(await sweeping.sweep(minutes=1))
    assert len(asked) == 4, "two tries, and two more at its next step"
    assert asked[1] - asked[0] == LEASE // timedelta(minutes=1)
    assert asked[2] - asked[1] > 15


async def test_on_a_short_ladder_a_page_that_did_not_come_is_asked_for_again_soon(redis: Redis) -> None:
    sweeping = Sweeping(redis, ("5s for 5m",))
    await sweeping.bureau.read(office.release())
    await sweeping.stores.revisit_queue.schedule(own_id(office.release().url), START)
    assert await sweeping.sweep()
    assert await sweeping.sweep(seconds=19) == [], "it is on its way"
    assert await sweeping.sweep(seconds=2)


async def test_a_page_that_is_gone_near_the_end_of_a_short_ladder_is_looked_at_until_that_is_told(redis: Redis) -> None:
    ladder = ("5s for 20s",)
    sweeping = Sweeping(redis, ladder)
    bureau = sweeping.bureau = Bureau(redis, settings(polling={"revisit": list(ladder)}))
    sweeping.clock.at = bureau.clock.at
    await bureau.read(office.release())
    for second in range(60):
        asked = await sweeping.sweep(seconds=1)
        bureau.clock.at = sweeping.clock.at
        for _ in asked:
            await (bureau.gone(office.release(), "not found") if second > 12 else bureau.read(office.release()))
    assert await bureau.types() == ["new", "withdrawn"]


async def test_of_a_crowded_host_a_few_pages_are_on_their_way_and_other_hosts_do_not_wait(sweeping: Sweeping) -> None:
    for number in range(40):
        await sweeping.bureau.read(office.copy(0, url=f"https://crowd.example/news/{number}"))
    await sweeping.bureau.read(office.release(1))
    first = await sweeping.sweep(minutes=17)
    hosts = Counter(urlsplit(poll.urls[0]).hostname for poll in first)
    assert hosts == {"crowd.example": MAX_PENDING_PER_HOST, "harbour-wire.example": 1}
    assert await sweeping.sweep(minutes=1) == [], "none has come back"
    for poll in first:
        await sweeping.stores.revisit_queue.schedule(own_id(poll.urls[0]), START + timedelta(days=2))
    second = await sweeping.sweep(seconds=30)
    assert len(second) == MAX_PENDING_PER_HOST
    assert not {poll.urls for poll in first} & {poll.urls for poll in second}


async def test_a_page_that_is_older_than_the_ladder_is_left_alone(sweeping: Sweeping) -> None:
    await sweeping.bureau.read(office.release())
    assert await sweeping.sweep(days=40) == []
    assert await sweeping.stores.revisit_queue.due(sweeping.clock() + timedelta(days=99), 10) == []


async def test_a_source_that_is_off_is_not_read_again_and_goes_on_spread_out_when_it_is_on_again(
    sweeping: Sweeping,
) -> None:
    for number in range(30):
        await sweeping.bureau.read(office.copy(0, url=f"https://crowd.example/news/{number}"))
    await sweeping.bureau.read(office.release(1))
    off = {**SOURCES, "crowd": source("crowd.example", enabled=False)}
    sweeping.configure(settings(sources=off))
    asked = [poll for _ in range(36) for poll in await sweeping.sweep(minutes=5)]
    assert {poll.source for poll in asked} == {"harbour-wire"}
    sweeping.configure(settings(sources=SOURCES))
    again = [await sweeping.sweep(minutes=2) for _ in range(45)]
    crowd = [sum(poll.source == "crowd" for poll in polls) for polls in again]
    assert sum(crowd) >= 30, "each at its next step"
    assert max(crowd) <= MAX_PENDING_PER_HOST
    assert crowd[0] == 0


async def test_pages_of_a_source_that_was_removed_are_not_read_again_and_stay_stored(sweeping: Sweeping) -> None:
    await sweeping.bureau.read(office.release())
    sweeping.configure(settings(sources={"crowd": SOURCES["crowd"]}))
    assert await sweeping.sweep(minutes=17) == []
    assert await sweeping.stores.revisit_queue.due(sweeping.clock() + timedelta(days=99), 10) == []
    assert (await Archive(sweeping.bureau.redis).releases_by_id([own_id(office.release().url)]))[0].release.headline


async def test_pages_of_a_renamed_source_are_read_again_as_the_new_one_where_its_pattern_has_them(
    sweeping: Sweeping,
) -> None:
    await sweeping.bureau.read(office.release())
    renamed = source("harbour-wire.example", release={"url": r"/news/\S+"})
    sweeping.configure(settings(sources={"harbour": renamed}))
    (poll,) = await sweeping.sweep(minutes=17)
    assert poll.source == "harbour"


async def test_many_pages_of_a_source_that_is_off_do_not_hold_up_those_of_others(
    sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler.sweeps.revisits, "SWEEP_BATCH", 5)
    for number in range(20):
        await sweeping.bureau.read(office.copy(0, url=f"https://crowd.example/news/{number}"))
    await sweeping.bureau.read(office.release(1))
    sweeping.configure(settings(sources={**SOURCES, "crowd": source("crowd.example", enabled=False)}))
    assert [poll.source for poll in await sweeping.sweep(minutes=18)] == ["harbour-wire"]

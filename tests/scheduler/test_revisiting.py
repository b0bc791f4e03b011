"""Revisiting: pages that are due are asked for, spread out, and given up for a while when they do not come."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit

import press_office as office
import pytest
from bureau import START, Bureau, TestClock, settings
from redis.asyncio import Redis

from config.settings import PollingSettings
from pipelines.revisits import Ladder
from scheduler.revisiting import LEASE, OF_A_HOST, Revisits
from stories.archive import Archive
from stories.desk import Desk
from stories.ids import release_id
from stories.looks import Looks
from stories.reading import Validators
from stories.sighting import Poll
from stories.urls import url_digest

LADDER = PollingSettings().ladder


class Sweeping:
    """Sweeps over an empty Redis with a clock of their own; ``asked`` are the polls."""

    def __init__(self, redis: Redis, ladder: Ladder = LADDER) -> None:
        self.bureau = Bureau(redis)
        self.clock: TestClock = self.bureau.clock
        self.asked: list[Poll] = []
        self.desk = Desk(redis)
        self.looks = Looks(redis)
        self.revisits = Revisits(Archive(redis), self.desk, self.looks, ladder, self.asked.append, self.clock)

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
    sweeping = Sweeping(redis, PollingSettings(revisit=("5s for 5m",)).ladder)
    await sweeping.bureau.read(office.release())
    await sweeping.desk.put_revisit(own_id(office.release().url), START)
    assert await sweeping.sweep()
    assert await sweeping.sweep(seconds=19) == [], "it is on its way"
    assert await sweeping.sweep(seconds=2)


async def test_a_page_that_is_gone_near_the_end_of_a_short_ladder_is_looked_at_until_that_is_told(redis: Redis) -> None:
    ladder = ("5s for 20s",)
    sweeping = Sweeping(redis, PollingSettings(revisit=ladder).ladder)
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
    assert hosts == {"crowd.example": OF_A_HOST, "harbour-wire.example": 1}
    assert await sweeping.sweep(minutes=1) == [], "none has come back"
    for poll in first:
        await sweeping.desk.put_revisit(own_id(poll.urls[0]), START + timedelta(days=2))
    second = await sweeping.sweep(seconds=30)
    assert len(second) == OF_A_HOST
    assert not {poll.urls for poll in first} & {poll.urls for poll in second}


async def test_a_page_that_is_older_than_the_ladder_is_left_alone(sweeping: Sweeping) -> None:
    await sweeping.bureau.read(office.release())
    assert await sweeping.sweep(days=40) == []
    assert await sweeping.desk.due_revisits(sweeping.clock() + timedelta(days=99), 10) == []

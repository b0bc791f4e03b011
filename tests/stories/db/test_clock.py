"""The time of a process: that of Redis, whatever the machine's clock does; and what the sites' clocks say of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from stories.db.clock import DATE_LIFETIME, MAX_HOSTS, Timekeeper, consensus

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
SPANS = [timedelta(seconds=120), timedelta(seconds=-120), timedelta(days=3), timedelta(days=-3)]


class World:
    """A machine and a Redis server with clocks that a test sets; true time passes by ``later``."""

    def __init__(self, redis_ahead: timedelta = timedelta()) -> None:
        self.passed = 0.0
        self.machine_ahead, self.redis_ahead = timedelta(), redis_ahead
        self.way, self.back = 0.0005, 0.0005
        self.keeper = Timekeeper(lambda: self.true + self.machine_ahead, lambda: 1000.0 + self.passed)

    @property
    def true(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def later(self, seconds: float) -> None:
        self.passed += seconds

    async def time(self) -> tuple[int, int]:
        """Answer as Redis does, after the way there and before the way back."""
        self.later(self.way)
        moment = self.true + self.redis_ahead
        self.later(self.back)
        return int(moment.timestamp()), moment.microsecond

    async def measure(self, samples: int = 1) -> Any:
        return await self.keeper.measure(self, samples)  # type: ignore[arg-type]

    def off(self) -> float:
        """By how many seconds the process's time differs from that of Redis."""
        return abs((self.keeper.now() - self.true - self.redis_ahead).total_seconds())


def test_before_it_was_measured_it_is_the_machines() -> None:
    assert World().keeper.now() == START


@pytest.mark.parametrize("ahead", SPANS)
async def test_it_follows_redis_and_says_how_far_the_machine_is_off_once(ahead: timedelta) -> None:
    world = World(ahead)
    with capture_logs() as said:
        for _ in range(5):
            measured = await world.measure()
            world.later(2)
            assert world.off() < 0.01
    assert abs(measured.skew + ahead) < timedelta(seconds=0.01)
    assert [line["event"] for line in said] == ["clock_skew"]
    words = "behind" if ahead > timedelta() else "ahead of"
    assert f"{abs(ahead.total_seconds()):.0f} s {words} that of the Redis server" in (world.keeper.warning() or "")


@pytest.mark.parametrize("jump", SPANS)
async def test_a_jump_of_the_machines_clock_changes_nothing(jump: timedelta) -> None:
    world = World()
    await world.measure()
    world.machine_ahead = jump
    assert world.off() < 0.01
    assert (await world.measure()).jumped == timedelta()
    assert world.off() < 0.01


@pytest.mark.parametrize("jump", SPANS)
async def test_a_jump_of_the_servers_clock_is_followed_and_reported_once(jump: timedelta) -> None:
    world = World()
    await world.measure()
    world.redis_ahead = jump
    assert abs((await world.measure()).jumped - jump) < timedelta(seconds=0.01)
    assert world.off() < 0.01
    assert (await world.measure()).jumped == timedelta()


async def test_a_slow_answer_moves_nothing_and_is_no_jump() -> None:
    world = World()
    await world.measure()
    world.back = 30.0
    assert (await world.measure()).jumped == timedelta()
    assert world.off() < 0.01


async def test_the_first_measurement_goes_by_its_quickest_answer() -> None:
    world, ways = World(), iter([8.0, 0.001, 3.0])
    answer = world.time

    async def time() -> tuple[int, int]:
        world.back = next(ways)
        return await answer()

    world.time = time  # type: ignore[method-assign]
    await world.measure(samples=3)
    assert world.off() < 0.01


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        pytest.param([], None, id="no host"),
        pytest.param([-259_200.0], -259_200.0, id="one host"),
        pytest.param([-259_200.0, 1.0], 1.0, id="two that disagree"),
        pytest.param([0.0, 1.0, -259_200.0], 0.0, id="one of three is wrong"),
        pytest.param([-259_200.0, -259_199.0, 5.0, -259_201.0], -259_199.5, id="most agree"),
    ],
)
def test_several_hosts_agree_on_what_most_of_them_say(offsets: list[float], expected: float | None) -> None:
    assert consensus(offsets) == expected


@pytest.mark.parametrize("ahead", [timedelta(days=3), timedelta(days=-3), timedelta(minutes=10)])
async def test_an_own_time_that_the_sites_contradict_is_told_once_and_until_it_is_right(ahead: timedelta) -> None:
    world = World(ahead)
    world.machine_ahead = ahead
    await world.measure()
    with capture_logs() as said:
        for host in ("a.example", "b.example", "c.example"):
            world.keeper.record_date(host, world.true)
    assert abs(world.keeper.error - ahead) < timedelta(seconds=1)
    assert [line["event"] for line in said] == ["clock_wrong"]
    assert "the clocks of the sites" in (world.keeper.warning() or "")
    world.redis_ahead = world.machine_ahead = timedelta()
    await world.measure()
    assert world.keeper.error == timedelta()
    assert world.keeper.warning() is None


async def test_answers_of_caches_and_of_few_wrong_hosts_are_no_contradiction() -> None:
    world = World()
    await world.measure()
    for number in range(3):
        world.keeper.record_date(f"{number}.example", world.true - timedelta(minutes=4))
    world.keeper.record_date("wrong.example", world.true - timedelta(days=400))
    assert world.keeper.error == timedelta()


async def test_what_a_site_said_long_ago_no_longer_counts_and_the_memory_of_hosts_is_bounded() -> None:
    world = World()
    await world.measure()
    world.keeper.record_date("a.example", world.true - timedelta(days=3))
    assert world.keeper.error
    world.later(DATE_LIFETIME + 1)
    assert world.keeper.error == timedelta()
    for number in range(2 * MAX_HOSTS):
        world.keeper.record_date(f"{number}.example", world.true)
    assert len(world.keeper._sites) == MAX_HOSTS

"""A part that fails or hangs is restarted; one that fails again and again ends the process with the reason."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from scheduler.process.cancellation import cancel_and_wait
from scheduler.process.supervisor import GiveUp, PartFailedError, Restart, RestartPolicy, Supervisor, next_step
from stories.runtime.heartbeats import beat, beating_as

POLICY = RestartPolicy(faults=5, window=300, first_backoff=0.5, longest_backoff=30)
QUICK = RestartPolicy(faults=5, window=300, first_backoff=0.001, longest_backoff=0.01)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ((1000,), Restart(backoff=0.0)),
        ((990, 1000), Restart(backoff=0.5)),
        ((980, 990, 1000), Restart(backoff=1.0)),
        ((970, 980, 990, 1000), Restart(backoff=2.0)),
        ((960, 970, 980, 990, 1000), GiveUp(faults=5)),
        ((600, 610, 620, 690, 1000), Restart(backoff=0.0)),
        ((600, 610, 620, 700, 1000), Restart(backoff=0.5)),
    ],
)
def test_the_first_fault_restarts_immediately_further_ones_back_off_and_the_fifth_in_five_minutes_gives_up(
    faults, expected
):
    assert next_step(faults, 1000, POLICY) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1e6))
def test_a_backoff_is_never_longer_than_the_longest(faults, later):
    step = next_step(faults, max(faults) + later, RestartPolicy(faults=10_000))
    assert isinstance(step, Restart)
    assert 0 <= step.backoff <= 30


class Flaky:
    """A part that fails in a given way so many times, and then runs."""

    def __init__(self, times: int, how: str) -> None:
        self.times = times
        self.how = how
        self.runs = 0
        self.well = asyncio.Event()

    async def run(self) -> None:
        self.runs += 1
        if self.runs > self.times:
            self.well.set()
            await asyncio.Event().wait()
        match self.how:
            case "raises":
                raise OSError("the cable")
            case "raises in a group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(Flaky(1, "raises").run())
            case "is cancelled":
                raise asyncio.CancelledError
            case "hangs":
                beat()
                await asyncio.Event().wait()
            case "hangs in one of its loops":
                async with asyncio.TaskGroup() as group:
                    with beating_as("desk"):
                        group.create_task(Flaky(1, "hangs").run())
                    while True:
                        beat()
                        await asyncio.sleep(0.01)
        # "ends": like this


@pytest.mark.parametrize(
    "how", ["raises", "raises in a group", "is cancelled", "ends", "hangs", "hangs in one of its loops"]
)
async def test_a_part_is_restarted_whatever_way_it_fails_while_the_others_go_on(how, until, monkeypatch):
    monkeypatch.setattr("scheduler.process.supervisor.CHECK_SECONDS", 0.01)
    counted: list[str] = []
    supervisor = Supervisor(restarted=counted.append, policy=QUICK, hang_seconds=0.2)
    part, other = Flaky(2, how), Flaky(0, "")
    supervisor.start("delivery", part.run)
    supervisor.start("index", other.run)
    with capture_logs() as lines:
        await asyncio.wait_for(part.well.wait(), 30)
    assert part.runs == 3
    assert other.runs == 1
    assert counted == ["delivery", "delivery"]
    assert [(line["event"], line["part"]) for line in lines] == [("part_restarted", "delivery")] * 2
    if how.startswith("hangs"):
        loop = "desk" if "loops" in how else "delivery"
        assert lines[0]["reason"].startswith(f"PartHangsError: no turn of {loop} for ")
    if how.startswith("raises"):
        assert lines[0]["reason"] == "OSError: the cable"
    await cancel_and_wait(supervisor.tasks)
    assert all(task.cancelled() for task in supervisor.tasks)


async def test_a_part_that_waits_for_its_restart_is_named(until):
    supervisor = Supervisor(policy=RestartPolicy(first_backoff=60, longest_backoff=60))
    supervisor.start("delivery", Flaky(2, "raises").run)
    await until(lambda: supervisor.waiting() == {"delivery": "OSError: the cable"})
    await cancel_and_wait(supervisor.tasks)


async def test_a_part_that_fails_again_and_again_ends_the_process_with_a_reason():
    supervisor = Supervisor(policy=QUICK)
    part = Flaky(99, "raises")
    supervisor.start("delivery", part.run)
    error = await supervisor.until(asyncio.Event())
    assert isinstance(error, PartFailedError)
    assert str(error) == (
        "delivery failed 5 times within 300 s, the last time with OSError: the cable; start wirewatch again"
    )
    assert part.runs == 5


async def test_a_part_that_cannot_be_restarted_ends_the_process_at_its_first_fault():
    supervisor = Supervisor(policy=QUICK)
    part = Flaky(99, "raises")
    supervisor.start("crawl", part.run, restartable=False)
    assert isinstance(await supervisor.until(asyncio.Event()), PartFailedError)
    assert part.runs == 1


async def test_a_fatal_error_is_passed_on_as_it_is():
    supervisor = Supervisor(policy=QUICK, fatal=(OSError,))
    part = Flaky(99, "raises")
    supervisor.start("redis", part.run)
    assert isinstance(await supervisor.until(asyncio.Event()), OSError)
    assert part.runs == 1


async def test_what_ends_because_the_process_stops_is_not_restarted():
    supervisor, stop, asked = Supervisor(policy=QUICK), asyncio.Event(), asyncio.Event()
    runs: list[Any] = []

    async def serve() -> None:
        runs.append(None)
        await asked.wait()

    task = supervisor.start("web", serve)
    stop.set()
    assert await supervisor.until(stop) is None
    supervisor.finish()
    asked.set()
    await asyncio.wait_for(task, 30)
    assert len(runs) == 1


async def test_a_loop_that_ended_is_not_waited_for(until, monkeypatch):
    monkeypatch.setattr("scheduler.process.supervisor.CHECK_SECONDS", 0.01)
    supervisor, runs, turns = Supervisor(policy=QUICK, hang_seconds=0.1), [], []

    async def deliver() -> None:
        runs.append(None)
        with beating_as("channels that are missing"):
            beat()
        while True:
            turns.append(None)
            await asyncio.sleep(0.05)

    supervisor.start("delivery", deliver)
    await until(lambda: len(turns) > 8)
    assert len(runs) == 1
    await cancel_and_wait(supervisor.tasks)


async def test_a_process_that_stood_still_as_a_whole_blames_no_part(until, monkeypatch):
    at = [0.0]
    clock = SimpleNamespace(monotonic=lambda: at[0])
    monkeypatch.setattr("scheduler.process.supervisor.CHECK_SECONDS", 0.01)
    monkeypatch.setattr("scheduler.process.supervisor.time", clock)
    monkeypatch.setattr("stories.runtime.heartbeats.time", clock)
    supervisor, part = Supervisor(policy=QUICK, hang_seconds=120), Flaky(1, "hangs")
    supervisor.start("requests", part.run)
    await asyncio.sleep(0.1)
    at[0] = 400.0  # as after SIGSTOP and SIGCONT
    await asyncio.sleep(0.1)
    assert part.runs == 1
    for _ in range(12):  # but from here on it is the part that stands
        at[0] += 9.0
        await asyncio.sleep(0.05)
    assert part.runs == 1
    for _ in range(3):
        at[0] += 9.0
        await asyncio.sleep(0.05)
    await until(lambda: part.runs == 2)
    await cancel_and_wait(supervisor.tasks)

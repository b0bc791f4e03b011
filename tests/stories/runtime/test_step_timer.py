"""How long something holds up the event loop is measured, and nothing else."""

from __future__ import annotations

import asyncio
import time

import pytest

from stories.runtime.step_timer import StepTimer


def busy(seconds):
    """Use CPU time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


async def test_the_longest_time_between_two_waits_is_known():
    async def work():
        busy(0.02)
        await asyncio.sleep(0.3)
        busy(0.1)
        await asyncio.sleep(0)
        busy(0.02)
        return "done"

    timer = StepTimer(work())

    assert await timer == "done"
    assert 0.1 <= timer.longest < 0.14


async def test_what_others_take_meanwhile_does_not_count():
    async def other():
        busy(0.2)

    async def work():
        await asyncio.gather(other(), asyncio.sleep(0.05))

    timer = StepTimer(work())
    await timer

    assert timer.longest < 0.1


async def test_a_failure_and_how_long_it_took_are_known():
    async def work():
        await asyncio.sleep(0)
        busy(0.05)
        raise ValueError("no")

    timer = StepTimer(work())
    with pytest.raises(ValueError, match="no"):
        await timer

    assert timer.longest >= 0.05


async def test_work_that_is_cancelled_hears_of_it():
    heard = []

    async def work():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard.append("cancelled")
            await asyncio.sleep(0)
            raise

    async def wait():
        await StepTimer(work())

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert heard == ["cancelled"]

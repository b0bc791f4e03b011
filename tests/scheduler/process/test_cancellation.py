"""The daemon's parts end when they are told to, also one that loses the word."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from scheduler.process.cancellation import cancel_and_wait


async def deaf(times: int) -> None:
    """Go on after being told to end, so many times."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            times -= 1
            if times < 0:
                raise


async def group(times: int) -> None:
    """A part with a child that is deaf."""
    async with asyncio.TaskGroup() as children:
        children.create_task(deaf(times))
        await asyncio.sleep(60)


def begun(*parts) -> list[asyncio.Task[None]]:
    """The parts as tasks that run."""
    return [asyncio.create_task(part, name=f"part {number}") for number, part in enumerate(parts)]


async def test_a_part_that_loses_the_first_word_is_told_again_and_ends():
    tasks = begun(deaf(0), deaf(1), group(1))
    await asyncio.sleep(0)
    with capture_logs() as said:
        await cancel_and_wait(tasks, grace=0.05, second_grace=30)
    assert all(task.cancelled() for task in tasks)
    assert said == []


async def test_a_part_that_never_ends_is_named_and_left_behind():
    tasks = begun(deaf(0), deaf(2))
    await asyncio.sleep(0)
    with capture_logs() as said:
        await cancel_and_wait(tasks, grace=0.05, second_grace=0.05)
    assert [line["part"] for line in said] == ["part 1"]
    tasks[1].cancel()


async def test_a_part_that_ended_by_itself_is_no_hindrance():
    tasks = begun(asyncio.sleep(0), deaf(0))
    await tasks[0]
    await cancel_and_wait(tasks, grace=30, second_grace=30)
    assert tasks[1].cancelled()

"""The courier: what several tasks ask at one moment goes together, and each gets its own answer or its own fault."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

from stories.db.script_batcher import MAX_BATCH, ScriptBatcher


@pytest.fixture
def add(redis: Redis) -> AsyncScript:
    return redis.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
def courier(redis: Redis) -> ScriptBatcher:
    return ScriptBatcher(redis)


async def test_each_that_asks_gets_its_own_answer(courier: ScriptBatcher, add: AsyncScript, redis: Redis) -> None:
    answers = await asyncio.gather(*(courier.run(add, [f"n{number}"], [number]) for number in range(3 * MAX_BATCH + 1)))
    assert answers == list(range(3 * MAX_BATCH + 1))
    await redis.flushall()


async def test_what_is_asked_for_meanwhile_goes_together(
    courier: ScriptBatcher, add: AsyncScript, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, sizes = courier._send, []

    async def counted(letters):
        sizes.append(len(letters))
        return await send(letters)

    await courier.run(add, ["n"], [1])
    monkeypatch.setattr(courier, "_send", counted)
    await asyncio.gather(*(courier.run(add, ["n"], [1]) for _ in range(2 * MAX_BATCH + 3)))
    assert sizes == [MAX_BATCH, MAX_BATCH, 3], "and Redis serves others in between"
    await redis.flushall()


async def test_a_script_that_fails_is_the_fault_of_whoever_asked_for_it(
    courier: ScriptBatcher, add: AsyncScript, redis: Redis
) -> None:
    await redis.lpush("list", "x")
    asked = [courier.run(add, [name], [5]) for name in ("one", "list", "two")]
    first, wrong, second = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, second) == (5, 5)
    assert isinstance(wrong, ResponseError)
    assert "WRONGTYPE" in str(wrong)
    await redis.flushall()


async def test_a_server_that_forgot_the_scripts_gets_them_again_and_runs_each_once(
    courier: ScriptBatcher, add: AsyncScript, redis: Redis
) -> None:
    await courier.run(add, ["n"], [1])
    await redis.script_flush()
    assert await asyncio.gather(*(courier.run(add, ["n"], [1]) for _ in range(3))) == [2, 3, 4]
    await redis.flushall()


async def test_who_gives_up_waiting_leaves_the_others_their_answers(
    courier: ScriptBatcher, add: AsyncScript, redis: Redis
) -> None:
    tasks = [asyncio.create_task(courier.run(add, [f"n{number}"], [7])) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, asyncio.CancelledError)] == [7, 7, 7]
    assert await courier.run(add, ["n0"], [1]) == 8, "and the courier goes on"
    await redis.flushall()


async def test_a_server_that_is_away_is_told_to_all_who_asked_and_asked_again_later(
    courier: ScriptBatcher, add: AsyncScript, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True
    send = courier._send

    async def fail(letters):
        if away:
            raise Disconnected("gone")
        return await send(letters)

    monkeypatch.setattr(courier, "_send", fail)
    answers = await asyncio.gather(*(courier.run(add, ["n"], [1]) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Disconnected] * 3
    away = False
    assert await courier.run(add, ["n"], [1]) == 1
    await redis.flushall()

"""Batches script calls of concurrent tasks into one pipeline: the round trip is the main cost of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

MAX_BATCH = 16  # scripts in one pipeline: Redis serves no other client meanwhile, some 3 ms


@dataclass(frozen=True, slots=True)
class _PendingCall:
    script: AsyncScript
    keys: Sequence[str]
    args: Sequence[Any]
    answer: asyncio.Future[Any]


class ScriptBatcher:
    """Runs scripts. Calls that arrive during a round trip wait and are sent together in the next one."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[_PendingCall] = []
        self._sender: asyncio.Task[None] | None = None

    async def run(self, script: AsyncScript, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Return a script's reply, or raise its error."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_PendingCall(script, keys, args, answer))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_batches(), name="script_batcher")
        return await answer

    async def _send_batches(self) -> None:
        while self._waiting:
            calls, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                answers = await self._run_batch(calls)
            except BaseException as error:
                for call in calls:
                    if not call.answer.done():
                        call.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for call, answer in zip(calls, answers, strict=True):
                if call.answer.done():  # the caller was cancelled
                    continue
                if isinstance(answer, BaseException):
                    call.answer.set_exception(answer)
                else:
                    call.answer.set_result(answer)

    async def _run_batch(self, calls: Sequence[_PendingCall]) -> list[Any]:
        answers = await self._send(calls)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:  # the server restarted or flushed its scripts
            for text in {calls[place].script.script for place in unknown}:
                await self._redis.script_load(text)
            again = await self._send([calls[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        return answers

    async def _send(self, calls: Sequence[_PendingCall]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for call in calls:
                pipeline.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
            return await pipeline.execute(raise_on_error=False)

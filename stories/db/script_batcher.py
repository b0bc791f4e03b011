"""Carries what several tasks ask of Redis at one moment in one exchange: for one, an exchange costs most of all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

TOGETHER = 16  # scripts in one exchange: Redis serves nobody else meanwhile, some 3 ms


@dataclass(frozen=True, slots=True)
class _PendingCall:
    script: AsyncScript
    keys: Sequence[str]
    args: Sequence[Any]
    answer: asyncio.Future[Any]


class ScriptBatcher:
    """Runs scripts. While one exchange is under way, what is asked for waits, and goes with the next."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[_PendingCall] = []
        self._rounds: asyncio.Task[None] | None = None

    async def run(self, script: AsyncScript, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Return what a script answers, or raise what it fails with."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_PendingCall(script, keys, args, answer))
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._carry(), name="courier")
        return await answer

    async def _carry(self) -> None:
        while self._waiting:
            letters, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            try:
                answers = await self._exchange(letters)
            except BaseException as error:
                for letter in letters:
                    if not letter.answer.done():
                        letter.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for letter, answer in zip(letters, answers, strict=True):
                if letter.answer.done():  # whoever asked was cancelled
                    continue
                if isinstance(answer, BaseException):
                    letter.answer.set_exception(answer)
                else:
                    letter.answer.set_result(answer)

    async def _exchange(self, letters: Sequence[_PendingCall]) -> list[Any]:
        answers = await self._send(letters)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:  # the server is new, or forgot them
            for text in {letters[place].script.script for place in unknown}:
                await self._redis.script_load(text)
            again = await self._send([letters[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        return answers

    async def _send(self, letters: Sequence[_PendingCall]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for letter in letters:
                pipeline.evalsha(letter.script.sha, len(letter.keys), *letter.keys, *letter.args)
            return await pipeline.execute(raise_on_error=False)

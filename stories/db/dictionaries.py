"""The dictionaries that releases are packed with: trained once on this memory's own releases, kept in Redis with it.

A release packed with what 1,000 others say takes a quarter less room. A dictionary stays as long as the memory: what
was packed with it cannot be read without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import cast

import structlog
import zstandard
from redis.asyncio import Redis

from stories.db import keys
from stories.db.codec import PHRASES, dictionary_of, knows, learn, packed_of, train, unpack, unpack_kept
from stories.db.replies import texts
from stories.db.unreadable_records import ERRORS, skip
from stories.model.release import Release

log = structlog.get_logger(__name__)

SAMPLES = 1_000  # releases to train on, 0.6 s; half as many cost a release 3 %, twice as many save nothing
LOOK = 100  # keeps between two looks whether there are so many
_NEWEST = "newest"


class DictionaryLostError(RuntimeError):
    """Releases in Redis were packed with a dictionary that is no longer there."""


class Dictionaries:
    """The dictionaries of one memory."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._newest = PHRASES
        self._looks = 0
        self._training = asyncio.Lock()

    async def ready(self, packed: Iterable[bytes]) -> None:
        """Make sure that all of these can be unpacked."""
        for number in {dictionary_of(one) for one in packed}:
            if not knows(number):
                await self._load(number)

    async def readable(self, values: Sequence[bytes]) -> list[bytes]:
        """Return those of these kept releases whose dictionary is there; the others are counted and logged."""
        found = []
        for value in values:
            try:
                await self.ready([packed_of(value)])
            except (*ERRORS, DictionaryLostError) as error:
                skip("release", f"{keys.release('').name}… ({value[:60]!r})", error)
            else:
                found.append(value)
        return found

    async def unpacked(self, packed: Sequence[bytes], key: str) -> list[Release]:
        """Return the releases that can be unpacked; the others are counted and logged by their key."""
        found = []
        for one in packed:
            try:
                await self.ready([one])
                found.append(unpack(one))
            except (*ERRORS, DictionaryLostError) as error:
                skip("revision", key, error)
        return found

    async def newest(self) -> int:
        """Return the number of the dictionary to pack with; trains one when there are releases enough."""
        if self._newest == PHRASES:
            if self._looks % LOOK == 0 and not self._training.locked():
                async with self._training:
                    await self._look()
            self._looks += 1
        return self._newest

    async def _load(self, number: int) -> None:
        found = await cast(Awaitable[bytes | None], self._redis.hget(keys.dictionaries().name, str(number)))
        if found is None:
            raise DictionaryLostError(
                f"the dictionary {number} is not in {keys.dictionaries().name}: restore a backup that has it"
            )
        learn(found)

    async def _look(self) -> None:
        found = await cast(Awaitable[bytes | None], self._redis.hget(keys.dictionaries().name, _NEWEST))
        if found is None and await self._redis.zcard(keys.releases().name) >= SAMPLES:
            found = await self._train()
        if found is not None:
            number = int(found)
            if not knows(number):
                await self._load(number)
            self._newest = number

    async def _train(self) -> bytes | None:
        """Train a dictionary on the newest releases and keep it; return the number of the one that is kept."""
        ids = texts(await self._redis.zrevrange(keys.releases().name, 0, SAMPLES - 1))
        values = cast(list[bytes | None], await self._redis.mget([keys.release(one).name for one in ids]))
        kept = [value for value in values if value is not None]
        await self.ready(packed_of(value) for value in kept)
        try:
            dictionary = await asyncio.to_thread(train, [unpack_kept(value).release for value in kept])
        except zstandard.ZstdError as error:  # a handful of words each: nothing to learn from yet
            log.debug("no dictionary yet", why=str(error))
            return None
        number = learn(dictionary)
        name = keys.dictionaries().name
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hsetnx(name, str(number), cast(str, dictionary))
            pipeline.hsetnx(name, _NEWEST, str(number))
            pipeline.hget(name, _NEWEST)
            *_, newest = await pipeline.execute()
        log.info("trained a dictionary", releases=len(kept), bytes=len(dictionary))
        return cast(bytes, newest)

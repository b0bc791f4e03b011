"""The zstd dictionaries that releases are packed with: trained once on the stored releases, and stored in Redis.

A dictionary of 1,000 releases makes a release a quarter smaller. A dictionary is never deleted: data packed with it
cannot be unpacked without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import cast

import structlog
import zstandard
from redis.asyncio import Redis

from stories.db import keys
from stories.db.codec import (
    PHRASES_DICTIONARY,
    dictionary_of,
    has_dictionary,
    packed_of,
    register_dictionary,
    train_dictionary,
    unpack,
    unpack_kept,
)
from stories.db.replies import texts
from stories.db.unreadable_records import ERRORS, skip
from stories.model.release import Release

log = structlog.get_logger(__name__)

SAMPLES = 1_000  # releases to train on, 0.6 s; half as many cost a release 3 %, twice as many save nothing
CHECK_EVERY = 100  # packed releases between two checks for enough samples
_NEWEST = "newest"


class DictionaryLostError(RuntimeError):
    """Releases in Redis were packed with a dictionary that is no longer there."""


class Dictionaries:
    """The dictionaries of one Redis database."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._newest = PHRASES_DICTIONARY
        self._packed = 0
        self._training = asyncio.Lock()

    async def ready(self, packed: Iterable[bytes]) -> None:
        """Load the dictionaries that are needed to unpack these data."""
        for number in {dictionary_of(data) for data in packed}:
            if not has_dictionary(number):
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
        for data in packed:
            try:
                await self.ready([data])
                found.append(unpack(data))
            except (*ERRORS, DictionaryLostError) as error:
                skip("revision", key, error)
        return found

    async def newest(self) -> int:
        """Return the number of the dictionary to pack with; train one when there are enough releases."""
        if self._newest == PHRASES_DICTIONARY:
            if self._packed % CHECK_EVERY == 0 and not self._training.locked():
                async with self._training:
                    await self._check()
            self._packed += 1
        return self._newest

    async def _load(self, number: int) -> None:
        found = await cast(Awaitable[bytes | None], self._redis.hget(keys.dictionaries().name, str(number)))
        if found is None:
            raise DictionaryLostError(
                f"the dictionary {number} is not in {keys.dictionaries().name}: restore a backup that has it"
            )
        register_dictionary(found)

    async def _check(self) -> None:
        found = await cast(Awaitable[bytes | None], self._redis.hget(keys.dictionaries().name, _NEWEST))
        if found is None and await self._redis.zcard(keys.releases().name) >= SAMPLES:
            found = await self._train()
        if found is not None:
            number = int(found)
            if not has_dictionary(number):
                await self._load(number)
            self._newest = number

    async def _train(self) -> bytes | None:
        """Train a dictionary on the newest releases; return the stored one's number (another process may be first)."""
        ids = texts(await self._redis.zrevrange(keys.releases().name, 0, SAMPLES - 1))
        values = cast(list[bytes | None], await self._redis.mget([keys.release(release_id).name for release_id in ids]))
        kept = [value for value in values if value is not None]
        await self.ready(packed_of(value) for value in kept)
        try:
            dictionary = await asyncio.to_thread(train_dictionary, [unpack_kept(value).release for value in kept])
        except zstandard.ZstdError as error:  # too little text to train on
            log.debug("dictionary_not_trained", reason=str(error), next="tried again with more releases")
            return None
        number = register_dictionary(dictionary)
        name = keys.dictionaries().name
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hsetnx(name, str(number), cast(str, dictionary))
            pipeline.hsetnx(name, _NEWEST, str(number))
            pipeline.hget(name, _NEWEST)
            *_, newest = await pipeline.execute()
        log.info("dictionary_trained", releases=len(kept), bytes=len(dictionary))
        return cast(bytes, newest)

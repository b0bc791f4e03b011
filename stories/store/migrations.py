"""The layout number of the data in Redis: an older layout is migrated at the start, a newer one is refused.

Layout 1 is that of all versions up to the first tagged one, also of data without a number. A change that an older
wirewatch would misread raises ``LAYOUT`` and adds a migration step.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from stories.db import keys
from stories.db.codec import PHRASES_DICTIONARY, dictionary_of, packed_of, phrases_digest, unpack_kept
from stories.db.replies import text, texts
from stories.db.unreadable_records import ERRORS
from stories.store.record_formats import formats_digest, is_readable

log = structlog.get_logger(__name__)

LAYOUT = 1
"""The layout that this version reads and writes."""

Step = Callable[[Redis], Awaitable[None]]
"""Migrates data to the next layout. It may be killed at any point and run again, with the same result."""

STEPS: Mapping[int, Step] = {}
"""By the layout from which each step starts."""

SAMPLE_RELEASES = 20  # newest releases that are decoded as a test if no digest is stored
CHECK_SECONDS = 0.2  # seconds between two checks whether another process has finished its migration


class LayoutError(Exception):
    """The data cannot be used; the message gives the reason and the remedy."""


async def settle_layout(redis: Redis, *, layout: int = LAYOUT, steps: Mapping[int, Step] = STEPS) -> int:
    """Return the layout that the data had, after migrating them if necessary, by one process at a time.

    Raises ``LayoutError`` if a newer version wrote the data, or a running older version still needs them.
    """
    await _check_packing(redis)
    found = await _found(redis, layout)
    if found == layout:
        await _settle_digests(redis)
        return found
    if found > layout:
        raise LayoutError(
            f"the data in Redis has layout {found}, written by a newer wirewatch; this one reads layouts up to "
            f"{layout}, and changed nothing. Install that version again, or restore a backup that was made before it "
            "(docs/operations.md, Upgrade)"
        )
    token = secrets.token_hex(8)
    while not await redis.set(keys.migrating().name, token, nx=True, ex=keys.migrating().seconds):  # noqa: ASYNC110
        await asyncio.sleep(CHECK_SECONDS)
    try:
        await _carry(redis, layout, steps)
        await redis.set(keys.formats_digest().name, formats_digest())
    finally:
        if text(await redis.get(keys.migrating().name) or "") == token:
            await redis.delete(keys.migrating().name)
    return found


async def _settle_digests(redis: Redis) -> None:
    """Store the digest of the record formats; raise ``LayoutError`` if the data of another version cannot be read."""
    stored = await redis.get(keys.formats_digest().name)
    if stored is not None and not is_readable(text(stored)):
        raise LayoutError(
            "the data in Redis was written by a wirewatch with other records: its format digest is "
            f"{text(stored)[:40]}, this version's is {formats_digest()}; nothing was changed. Start the version that "
            "wrote it and export there (wirewatch export), or restore a backup of this version, or set another Redis "
            "database or data_dir "
            "(docs/operations.md, Upgrade)"
        )
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.set(keys.phrases_digest().name, phrases_digest(), nx=True)
        pipeline.set(keys.formats_digest().name, formats_digest())
        await pipeline.execute()


async def _check_packing(redis: Redis) -> None:
    """Raise ``LayoutError``, without writing, if stored releases were compressed with another list of phrases.

    If no digest is stored, the newest releases are decoded as a test.
    """
    stored = await redis.get(keys.phrases_digest().name)
    if stored is not None:
        if text(stored) == phrases_digest():
            return
        reason = f"its packing digest is {text(stored)[:40]}, this version's is {phrases_digest()}"
    else:
        try:
            newest = texts(await redis.zrevrange(keys.releases().name, 0, SAMPLE_RELEASES - 1))
        except ResponseError:  # another type of value under our key: the code that needs it reports it
            return
        values = (
            cast(list[bytes | None], await redis.mget([keys.release(release_id).name for release_id in newest]))
            if newest
            else []
        )
        kept = [value for value in values if value is not None]
        unreadable = sum(not _is_readable(value) for value in kept)
        if not kept or unreadable < len(kept):
            return
        reason = f"none of its newest {len(kept)} releases can be read"
    raise LayoutError(
        f"the data in Redis was written by a wirewatch with another packing dictionary: {reason}; nothing was changed. "
        "Start the version that wrote it and export there (wirewatch export), or set another Redis database or "
        "data_dir for this version (docs/operations.md, Upgrade)"
    )


def _is_readable(value: bytes) -> bool:
    """Return whether a stored release can be read; one with a trained dictionary is not tried."""
    try:
        if dictionary_of(packed_of(value)) != PHRASES_DICTIONARY:
            return True
        unpack_kept(value)
    except ERRORS:
        return False
    return True


async def _carry(redis: Redis, layout: int, steps: Mapping[int, Step]) -> None:
    number = await _found(redis, layout)
    if number < layout and (holder := await redis.get(keys.leader_lease().name)):
        raise LayoutError(
            f"the data in Redis has layout {number} and is to be carried to {layout}, but a wirewatch of the older "
            f"version runs on it ({text(holder)}); end it first (docs/operations.md, Upgrade)"
        )
    while number < layout:
        log.info("layout_migration_started", layout=number, to=number + 1)
        async with _held(redis):
            await steps[number](redis)
        number += 1
        await redis.set(keys.layout().name, number)


@contextlib.asynccontextmanager
async def _held(redis: Redis) -> AsyncIterator[None]:
    """Renew the lease of the migration until the block ends."""
    done = asyncio.Event()

    async def renew() -> None:
        while not done.is_set():
            await redis.expire(keys.migrating().name, keys.migrating().seconds)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), keys.migrating().seconds / 3)

    renewing = asyncio.create_task(renew(), name="carrying forward")
    try:
        yield
    finally:
        done.set()
        await renewing


async def _found(redis: Redis, layout: int) -> int:
    """Return the layout of the data; an empty Redis gets the current one, and data without a number have layout 1."""
    found = await redis.get(keys.layout().name)
    if found is None:
        lasting = (keys.releases(), keys.events(), keys.history(), keys.memory_id(), keys.changes(), keys.pending_due())
        holds = await redis.exists(*(key.name for key in lasting))
        await redis.set(keys.layout().name, 1 if holds else layout, nx=True)
        found = await redis.get(keys.layout().name)
    if not text(found).isdecimal():
        raise LayoutError(
            f"the layout number of the data in Redis ({keys.layout().name}) cannot be read: {text(found)[:40]!r}; "
            "nothing was changed. Restore a backup (docs/operations.md, Upgrade)"
        )
    return int(text(found))

"""Where the index of a data set is stored, and how far it follows the stream of changes."""

from __future__ import annotations

from pathlib import Path

from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text

EntryId = tuple[int, int]
"""The id of an entry in the stream of changes: milliseconds and a sequence number."""


def index_path(folder: Path, memory_id: str) -> Path:
    """Return the path of the index of a data set; each data set has its own file."""
    return folder / f"index-{memory_id}.sqlite"


async def last_change(redis: Redis) -> EntryId:
    """Return the newest entry of the stream of changes; (0, 0) when the stream is empty."""
    newest = await redis.xrevrange(keys.changes().name, count=1)
    return parse_entry_id(newest[0][0]) if newest else (0, 0)


def parse_entry_id(stored: bytes | str | None) -> EntryId:
    """Return the parsed id of an entry; (0, 0) for None."""
    moment, _, number = (text(stored) if isinstance(stored, bytes) else stored or "0-0").partition("-")
    return int(moment), int(number)


def entry_id_text(entry: EntryId) -> str:
    """Return the id of an entry as Redis writes it."""
    return f"{entry[0]}-{entry[1]}"

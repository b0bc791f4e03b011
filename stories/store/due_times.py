"""Corrects due times in Redis after the server's clock was set back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from redis.asyncio import Redis

from stories.db import keys
from stories.db.fencing import fenced
from stories.db.replies import text

MILLISECOND = timedelta(milliseconds=1)
MAX_FIRST_DELAY = timedelta(minutes=10)  # the longest first delay of a page that failed or is revisited soon


async def shift_due(
    redis: Redis, jump: timedelta, channels: Iterable[str], term: int = 0, *, only_late: bool = False
) -> int:
    """Move due alerts, revisits, sightings and pushes by a backward jump of the clock; return how many were moved.

    Args:
        jump: the movement of the server's clock; if it is not negative, nothing is changed, since nothing waits then.
        channels: the configured channels; other channels with waiting alerts are found as well.
        term: the fencing token of the leader.
        only_late: for passes after the first: move only what is due within ``MAX_FIRST_DELAY`` of the old time. Tasks
            that were in flight during the jump wrote it by the old clock. Other records become due early, which does no
            harm.
    """
    if jump >= timedelta():
        return 0
    prefix = keys.outbox("").name
    found = {text(key).removeprefix(prefix) async for key in redis.scan_iter(match=f"{prefix}*", count=1_000)}
    marker = keys.clock_shift()
    names = [marker.name, keys.revisits_due().name, keys.pending_due().name, keys.websub_due().name]
    for channel in sorted(found | set(channels)):
        names += [keys.outbox(channel).name, keys.channel(channel).name, keys.sent_at(channel).name]
    script = redis.register_script(fenced("shift_due.lua"))
    milliseconds = round(jump / MILLISECOND)
    arguments: list[str | int] = [secrets.token_hex(8), marker.seconds, milliseconds]
    arguments += [
        keys.alert("").name,
        keys.leader_term().name,
        term,
        round(MAX_FIRST_DELAY / MILLISECOND) if only_late else 0,
    ]
    return int(await script(keys=names, args=arguments))

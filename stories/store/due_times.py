"""The moments in Redis at which something is due, after the server's clock was set back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from redis.asyncio import Redis

from stories.db import keys
from stories.db.fencing import fenced
from stories.db.replies import text

MILLISECOND = timedelta(milliseconds=1)
LATE = timedelta(minutes=10)  # the longest first delay of a page that failed or is visited again soon


async def shift_due(
    redis: Redis, jump: timedelta, channels: Iterable[str], term: int = 0, *, only_late: bool = False
) -> int:
    """Move alerts, revisits, sightings and pushes that are due by a jump back of the clock; return how many were moved.

    Args:
        jump: By how much the server's clock moved; one that is not negative changes nothing, since nothing waits then.
        channels: Of the configuration; those that alerts wait for are found as well.
        term: Of the clock, for who has it.
        only_late: In a pass after the first, move what is due within ``LATE`` of the old time alone. Work that was in
            flight during the jump wrote it by the old clock; what else is due then comes early, which does no harm.
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
    arguments += [keys.alert("").name, keys.leader_term().name, term, round(LATE / MILLISECOND) if only_late else 0]
    return int(await script(keys=names, args=arguments))

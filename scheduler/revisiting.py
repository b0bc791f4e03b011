"""Puts pages that are due to be read again in the queue of polls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError

from stories.archive import Archive
from stories.desk import Desk
from stories.sighting import Poll

log = structlog.get_logger(__name__)

AT_ONCE = 200  # pages of one sweep
LEASE = timedelta(minutes=10)  # until a page that was asked for and never came back is asked for again


def revisits(
    archive: Archive, desk: Desk, ask: Callable[[Poll], None], now: Callable[[], datetime]
) -> Callable[[], Awaitable[None]]:
    """Return a sweep: each call asks for the pages that are due."""

    async def sweep() -> None:
        try:
            for release_id in await desk.due_revisits(now(), AT_ONCE):
                stored = await archive.release(release_id)
                if stored is None or stored.release.url is None:
                    await desk.put_revisit(release_id, None)
                    continue
                await desk.put_revisit(release_id, now() + LEASE)
                ask(Poll(source=stored.release.source or "", urls=(stored.release.url,), asked_at=now()))
        except RedisError as error:
            log.warning("revisits put off", why=f"Redis: {error}")

    return sweep

"""Looks after the sightings that were taken in hand: what was not read to its end is read again.

Normally a page is read seconds after its listing named it, and the look some minutes later only forgets it. It is read
here when its process died, its host asked for patience, or its page failed and the listing names it no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from crawler.dispatch import PageDispatcher
from stories.claims import Claims
from stories.desk import Desk

log = structlog.get_logger(__name__)

AT_ONCE = 200  # sightings of one sweep


def in_hand(
    claims: Claims, desk: Desk, dispatcher: PageDispatcher, now: Callable[[], datetime]
) -> Callable[[], Awaitable[None]]:
    """Return a sweep: each call puts the pages that were named and not read in the backlog of their source."""

    async def sweep() -> None:
        try:
            for one in await desk.in_hand(now(), AT_ONCE):
                due = await claims.standing(one.sighting.url, now())
                if due is not None and due <= now():
                    log.info("taken up again", source=one.source, url=one.sighting.url)
                    await dispatcher.put_back(one, now())
                else:
                    await desk.put_in_hand(one.sighting.url, due)
        except RedisError as error:
            log.warning("sightings in hand not looked after", why=f"Redis: {error}")

    return sweep

"""The sweep of pending sightings: pages that were claimed and not stored are read again.

Normally a page is read seconds after its listing named it, and the sweep some minutes later only removes the record.
The sweep resumes a page when its process crashed, its host sent ``Retry-After``, or reading failed and the listing does
not name the page any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError

from config.settings import Settings
from crawler.pages.dispatcher import PageDispatcher
from crawler.pages.source_eligibility import is_off, owner
from crawler.stores import ClaimStore
from stories.crawl_state.pending_sightings import PendingSightings

log = structlog.get_logger(__name__)

STARTUP_HORIZON = timedelta(minutes=11)  # covers the leases of pages claimed just before the previous process ended
STARTUP_BATCH = 5_000  # sightings of the first sweep
SWEEP_BATCH = 200  # sightings of one sweep
DISABLED_SOURCE_DELAY = timedelta(minutes=10)  # between two checks of a page whose source is disabled


def pending_sweep(
    claims: ClaimStore,
    pending: PendingSightings,
    dispatcher: PageDispatcher,
    now: Callable[[], datetime],
    settings: Settings,
) -> Callable[[], Awaitable[None]]:
    """Return a sweep; each call puts the due pending pages in the backlog of their source.

    Pages of a disabled source wait until it is enabled again; those of a removed source are dropped.
    """

    is_first = True

    async def sweep() -> None:
        nonlocal is_first
        try:
            # The first sweep checks all pending pages, because the leases of the previous process are void.
            horizon, is_first = (STARTUP_HORIZON if is_first else timedelta()), False
            for page in await pending.due(now() + horizon, SWEEP_BATCH if not horizon else STARTUP_BATCH):
                due = await claims.next_attempt_at(page.sighting.url, now())
                if due is not None and due <= now():
                    source = owner(settings, page.source, page.sighting.url)
                    if source is not None:
                        log.info("sighting_resumed", source=source, url=page.sighting.url)
                        await dispatcher.put_back(replace(page, source=source), now())
                        continue
                    if is_off(settings, page.source):
                        due = now() + DISABLED_SOURCE_DELAY
                    else:
                        reason = "the configuration has no such source"
                        log.info("sighting_dropped", source=page.source, url=page.sighting.url, reason=reason)
                        due = None
                await pending.reschedule(page.sighting.url, due)
        except RedisError as error:
            log.warning("pending_sweep_failed", reason=f"Redis: {error}", next="the next sweep checks them")

    return sweep

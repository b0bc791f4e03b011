"""The sweep of WebSub pushes: polls the listings whose hub sent a push, within the rate limit of their host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError

from crawler.polling.interval import FASTEST
from crawler.polling.polls import Listing
from crawler.stores import CursorStore
from crawler.websub.policy import next_poll_for_push
from stories.crawl_state.claims import listing_key
from stories.crawl_state.websub_subscriptions import Changes, Subscription, WebSubStore
from stories.model.sighting import Poll
from stories.model.timestamps import timestamp

log = structlog.get_logger(__name__)

SWEEP_BATCH = 100  # listings of one sweep
MILLISECOND = timedelta(milliseconds=1)  # the resolution of times in Redis


class WebSubSweep:
    """Polls the listings that are due because of a push at each call of :meth:`sweep`."""

    def __init__(
        self,
        pushes: WebSubStore,
        cursors: CursorStore,
        listings: Iterable[Listing],
        ask: Callable[[Poll], None],
        now: Callable[[], datetime],
    ) -> None:
        self._pushes = pushes
        self._cursors = cursors
        self._listings = {listing_key(listing.source, listing.url): listing for listing in listings}
        self._ask = ask
        self._now = now

    async def sweep(self) -> None:
        """Poll the due listings; if Redis is unreachable, the next sweep does."""
        try:
            for key in await self._pushes.due(self._now(), SWEEP_BATCH):
                await self._check(key)
        except RedisError as error:
            log.warning("websub_sweep_failed", reason=f"Redis: {error}", next="the next sweep polls them")

    async def _check(self, key: str) -> None:
        listing, known, now = self._listings.get(key), await self._pushes.get(key), self._now()
        if listing is None or known is None:
            await self._pushes.clear_due(key, known.wanted_at if known else None)
            return
        at = next_poll_for_push(known, await self._cursors.get(key), now, listing.interval)
        if at is None:
            await self._pushes.clear_due(key, known.wanted_at)
        elif at > now:
            await self._pushes.put_due(key, at + MILLISECOND)
        else:
            await self._poll(key, listing, known, now)

    async def _poll(self, key: str, listing: Listing, known: Subscription, now: datetime) -> None:
        # Scheduled again before the poll: so a poll that finds nothing, or was in progress already, is repeated.
        await self._pushes.put_due(key, now + listing.interval / FASTEST + MILLISECOND)
        looks: Changes = {"looks": known.looks + 1, "looked_at": timestamp(now)}
        if await self._pushes.change(key, known.token, looks, now):
            log.info("polled_for_push", source=listing.source, listing=listing.url, attempt=known.looks + 1)
            self._ask(listing.poll(now, "push"))

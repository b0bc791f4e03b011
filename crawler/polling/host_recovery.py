"""Retries earlier when a host answers again: its other listings, and the pages that failed.

Backoff spares a host that is away. It grows to hours, so without this a host that was away for an hour in the morning
would be read completely only in the evening. Nothing is requested more often than without failures: a listing not
before its interval is over, a page not before its first retry, and each at the pace of its host.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError

from crawler.polling.polls import all_listings
from crawler.services import Services
from stories.crawl_state.claims import listing_key
from stories.model.sighting import Cursor, Poll, Trouble
from stories.model.timestamps import parse_timestamp

log = structlog.get_logger(__name__)

HOST_TROUBLES: frozenset[Trouble] = frozenset(
    {"dns", "connect", "tls", "timeout", "status", "busy", "forbidden", "answer"}
)
"""Faults of a host, which end for all of its listings and pages at the same time."""
AWAY_STATUSES = frozenset({401, 403, 408, 429, *range(500, 600)})
"""Of a page: the host, and not the page, is at fault."""
POLL_SPACING = timedelta(seconds=2)  # between two listings of the host that are polled earlier
FAILURE_MARGIN = timedelta(minutes=2)  # by which pages may have failed before the listing did: it is polled less often
MAX_PENDING_PAGES = 5_000  # pending pages that are looked at; more than a source's backlog holds
RETRY_PERIOD = timedelta(minutes=5)  # between two times that the pages of a host are retried earlier since one was read
MAX_HOSTS = 10_000  # that are known to have failed; beyond, their pages keep to their backoff


class HostRecovery:
    """Notices that a host answers again, and brings its retries forward."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._failed_hosts: dict[str, datetime] = {}
        """Hosts on which pages failed, with the first moment."""
        self._retried_at: dict[str, datetime] = {}

    async def listing_read(self, poll: Poll, cursor: Cursor, now: datetime) -> None:
        """Bring the retries of a host forward. ``cursor``: of its listing, with the failures before this reading."""
        since = parse_timestamp(cursor.failing_since)
        if not cursor.failures or cursor.trouble not in HOST_TROUBLES or since is None:
            return
        try:
            listings = await self._poll_others(poll, now)
            pages = await self._retry_pages(poll.source, since - FAILURE_MARGIN, now)
        except RedisError as error:  # they keep to their backoff
            log.warning("retries_not_brought_forward", source=poll.source, reason=f"Redis: {error}")
            return
        log.info("host_recovered", source=poll.source, listing=poll.listing, listings=listings, pages=pages)

    def page_failed(self, url: str) -> None:
        """Remember that a page could not be fetched through a fault of its host."""
        if len(self._failed_hosts) < MAX_HOSTS:
            self._failed_hosts.setdefault(_host(url), self._services.clock())

    async def page_read(self, poll: Poll, url: str) -> None:
        """Bring the retries of a host's pages forward, if some failed lately and one was read now."""
        host, now = _host(url), self._services.clock()
        since = self._failed_hosts.get(host)
        if since is None or now - self._retried_at.get(host, now - RETRY_PERIOD) < RETRY_PERIOD:
            return
        del self._failed_hosts[host]
        self._retried_at = {known: at for known, at in self._retried_at.items() if now - at < RETRY_PERIOD} | {
            host: now
        }
        try:
            pages = await self._retry_pages(poll.source, since, now)
        except RedisError as error:
            log.warning("retries_not_brought_forward", source=poll.source, reason=f"Redis: {error}")
            return
        if pages:
            log.info("host_recovered", source=poll.source, host=host, pages=pages)

    async def _poll_others(self, poll: Poll, now: datetime) -> int:
        """Poll the other listings of a host earlier that failed too; return how many."""
        host, services = _host(poll.listing or ""), self._services
        others = [
            listing
            for listing in all_listings(services.settings)
            if _host(listing.url) == host and (listing.source, listing.url) != (poll.source, poll.listing)
        ]
        cursors = await services.stores.cursors.get_many(
            [listing_key(listing.source, listing.url) for listing in others]
        )
        moved = 0
        for listing, cursor in zip(others, cursors, strict=True):
            polled_at = parse_timestamp(cursor.polled_at)
            if not cursor.failures or cursor.trouble not in HOST_TROUBLES or polled_at is None:
                continue
            due = max(now + (moved + 1) * POLL_SPACING, polled_at + listing.interval)
            if due < (parse_timestamp(cursor.next_at) or due):
                services.schedule(listing.poll(now), due)
                moved += 1
        return moved

    async def _retry_pages(self, source: str, since: datetime, now: datetime) -> int:
        urls = await self._services.stores.pending_sightings.later(source, now, MAX_PENDING_PAGES)
        return await self._services.claims.pull_forward(urls, since, now) if urls else 0


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""

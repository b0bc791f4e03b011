"""Ends the claim on a page that was not read: after a failure, or because its host is busy."""

from __future__ import annotations

from datetime import datetime

import structlog
from redis.exceptions import RedisError

from crawler.services import Services
from stories.model.sighting import Poll

log = structlog.get_logger(__name__)


class PageOutcomes:
    """Records why pages were not read, and when each is requested again."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def failed(self, poll: Poll, url: str, reason: str) -> None:
        """Record a failure of the page at ``url``: it is retried with backoff."""
        services = self._services
        services.count_failed_page(poll.source)
        try:
            delay = await services.claims.record_failure(url, reason, services.clock())
            await services.stores.pending_sightings.reschedule(url, services.clock() + delay)
            log.warning("page_not_read", source=poll.source, url=url, reason=reason, retry_in=str(delay))
        except RedisError as error:  # the claim's lease expires
            put_off(services, poll, url, error)
        else:
            services.claimed_urls.discard(url)
        finally:
            self._close(poll, f"{poll.source} {url}: {reason}")

    async def postponed(self, poll: Poll, url: str, reason: str, until: datetime) -> None:
        """Release the claim on the page at ``url`` until its host may be requested again; no failure is counted."""
        services = self._services
        try:
            await services.claims.return_lease(url)
            await services.stores.pending_sightings.reschedule(url, until)
        except RedisError as error:  # the claim's lease expires
            put_off(services, poll, url, error)
        else:
            services.claimed_urls.discard(url)
        finally:
            self._close(poll, f"{poll.source} {url}: {reason}")

    def left_to_next_start(self, poll: Poll, url: str, error: str | None) -> None:
        """Leave the page at ``url`` to the next start, because this process ends; ``error``: why, if it failed."""
        log.info("page_left_to_next_start", source=poll.source, url=url)
        self._close(poll, None if error is None else f"{poll.source} {url}: {error}")

    def _close(self, poll: Poll, error: str | None) -> None:
        if error is not None:
            self._services.progress.failed(poll.crawl_id, error)
        self._services.progress.closed(poll.crawl_id)


def put_off(services: Services, poll: Poll, url: str, error: RedisError) -> None:
    """Report that Redis did not store the result of a request; the next poll requests it again."""
    log.warning("put_off", source=poll.source, url=url, reason=f"Redis: {error}", next="the next poll")
    services.progress.failed(poll.crawl_id, f"{poll.source} {url}: put off, Redis: {error}")

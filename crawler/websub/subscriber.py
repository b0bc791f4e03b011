"""Sends WebSub subscription requests to hubs, under the same rules as every other request.

What to ask for is decided elsewhere (``crawler.websub.policy``); whether the hub agrees is heard by the web page.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode, urlsplit

import structlog
from redis.exceptions import RedisError
from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.http.address_guard import SOURCE_META
from crawler.http.errors import HostBusyError, describe_error, describe_status
from crawler.http.response_headers import retry_after
from crawler.services import Services
from crawler.websub.discovery import HubLinks
from crawler.websub.policy import REQUESTED_LEASE, Leave, next_step, subscription_failed
from stories.crawl_state.websub_subscriptions import Changes, Subscription, callback_path
from stories.model.sighting import Poll

log = structlog.get_logger(__name__)

MAX_RESPONSE_BYTES = 64 << 10  # bytes of a hub's answer, of which only the status is looked at
HANDLED_STATUSES = [300, 301, 302, 303, 304, *range(400, 600)]
"""That are ours to judge: a redirect that makes a GET of what was sent asks for nothing."""


class Subscriber:
    """Subscribes to the listings that the spider reads, where ``[web] public_url`` says how hubs reach us."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def request(self, poll: Poll, key: str) -> Request | None:
        """Return the request to a listing's hub after a poll of the listing; None without a hub."""
        services, websub, callback = self._services, self._services.websub, self._services.settings.web.public_url
        if websub is None or callback is None or poll.listing is None or poll.reason == "crawl":
            return None
        now = services.clock()
        try:
            cursor, known = await services.stores.cursors.get(key), await websub.get(key)
            if cursor.read_at is None:
                return None
            step = next_step(known, HubLinks(hubs=cursor.hubs, topic=cursor.topic), poll, callback, now)
            if isinstance(step, Leave):
                await websub.delete(key)
                log.info("websub_unsubscribed", source=poll.source, listing=poll.listing)
            if not isinstance(step, Subscription):
                return None
            # Before the request: the hub may verify the intent before it answers.
            if known is not None and step.token == known.token:
                again: Changes = {"asked_at": step.asked_at, "tries": step.tries, "retry_at": step.retry_at}
                await websub.change(key, step.token, again, now)  # and no more: it may have said something meanwhile
            else:
                await websub.put(key, step)
        except RedisError as error:
            log.warning("websub_request_postponed", source=poll.source, listing=poll.listing, reason=f"Redis: {error}")
            return None
        log.info("websub_request_sent", source=poll.source, listing=poll.listing, hub=step.hub, tries=step.tries)
        return self._request(step, key)

    def _request(self, subscription: Subscription, key: str) -> Request:
        form = {
            "hub.mode": "subscribe",
            "hub.topic": subscription.topic,
            "hub.callback": f"{subscription.callback}{callback_path(key, subscription.token)}",
            "hub.lease_seconds": str(int(REQUESTED_LEASE.total_seconds())),
            # On plain HTTP too, where others may read it: a push is only a reason to poll, and that not often.
            "hub.secret": subscription.secret,
        }
        return Request(
            subscription.hub,
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form),
            callback=self.response_received,
            errback=self.request_failed,
            cb_kwargs={"subscription": subscription, "key": key},
            meta={
                "handle_httpstatus_list": HANDLED_STATUSES,
                "download_maxsize": MAX_RESPONSE_BYTES,
                SOURCE_META: subscription.source,
            },
            dont_filter=True,
        )

    async def response_received(self, response: Response, subscription: Subscription, key: str) -> None:
        """The hub answered: 202 and the like say that it will make sure, all else that it will not."""
        if response.status < 300:
            log.info(
                "websub_request_accepted",
                source=subscription.source,
                listing=subscription.listing,
                hub=subscription.hub,
            )
            return
        now = self._services.clock()
        changes = subscription_failed(
            subscription, f"{describe_status(response.status)} from the hub", retry_after(response, now), now
        )
        await self._record_failure(subscription, key, changes)

    async def request_failed(self, failure: Failure) -> None:
        """The request to the hub failed."""
        request: Request = failure.request  # type: ignore[attr-defined]
        subscription, key, error = (
            request.cb_kwargs["subscription"],
            request.cb_kwargs["key"],
            cast(BaseException, failure.value),
        )
        why = describe_error(error, urlsplit(request.url).hostname or "", self._services.address_guard)
        now = self._services.clock()
        patience = error.until - now if isinstance(error, HostBusyError) else None
        await self._record_failure(subscription, key, subscription_failed(subscription, why, patience, now))

    async def _record_failure(self, subscription: Subscription, key: str, changes: Changes) -> None:
        log.warning(
            "websub_request_failed", source=subscription.source, listing=subscription.listing, hub=subscription.hub,
            reason=changes["why"], retry_at=changes["retry_at"],
        )  # fmt: skip
        if self._services.websub is None:
            return
        try:
            await self._services.websub.change(key, subscription.token, changes, self._services.clock())
        except RedisError as error:  # the request is repeated when it is due
            log.warning("websub_response_not_stored", source=subscription.source, reason=f"Redis: {error}")

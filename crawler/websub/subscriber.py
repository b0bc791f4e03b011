"""Asks the hubs that listings name to tell when something is new: a request like all others, guarded and paced.

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

from crawler.http.address_guard import SOURCE
from crawler.http.errors import HostBusyError, fault, status_fault
from crawler.http.response_headers import retry_after
from crawler.services import Services
from crawler.websub.discovery import HubLinks
from crawler.websub.policy import LEASE, Leave, failed, next_step
from stories.crawl_state.websub import Changes, Subscription, callback_path
from stories.model.sighting import Poll

log = structlog.get_logger(__name__)

ANSWER = 64 << 10  # bytes of a hub's answer, of which only the status is looked at
STATUSES = [300, 301, 302, 303, 304, *range(400, 600)]
"""That are ours to judge: a redirect that makes a GET of what was sent asks for nothing."""


class Subscriber:
    """Subscribes to the listings that the spider reads, where ``[web] public_url`` says how hubs reach us."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def ask(self, poll: Poll, key: str) -> Request | None:
        """Return what a listing's hub is asked for after a poll of the listing; None when there is nothing to ask."""
        services, pushes, callback = self._services, self._services.pushes, self._services.settings.web.public_url
        if pushes is None or callback is None or poll.listing is None or poll.reason == "crawl":
            return None
        now = services.clock()
        try:
            cursor, known = await services.stores.cursors.get(key), await pushes.get(key)
            if cursor.read_at is None:
                return None
            step = next_step(known, HubLinks(hubs=cursor.hubs, topic=cursor.topic), poll, callback, now)
            if isinstance(step, Leave):
                await pushes.forget(key)
                log.info("hub left", source=poll.source, listing=poll.listing)
            if not isinstance(step, Subscription):
                return None
            # Before it is asked: it may make sure that it was us before it answers.
            if known is not None and step.token == known.token:
                again: Changes = {"asked_at": step.asked_at, "tries": step.tries, "retry_at": step.retry_at}
                await pushes.change(key, step.token, again, now)  # and no more: it may have said something meanwhile
            else:
                await pushes.put(key, step)
        except RedisError as error:
            log.warning("hub not asked yet", source=poll.source, listing=poll.listing, why=f"Redis: {error}")
            return None
        log.info("asking the hub", source=poll.source, listing=poll.listing, hub=step.hub, tries=step.tries)
        return self._request(step, key)

    def _request(self, wanted: Subscription, key: str) -> Request:
        form = {
            "hub.mode": "subscribe",
            "hub.topic": wanted.topic,
            "hub.callback": f"{wanted.callback}{callback_path(key, wanted.token)}",
            "hub.lease_seconds": str(int(LEASE.total_seconds())),
            # On plain HTTP too, where others may read it: a push is only a reason to poll, and that not often.
            "hub.secret": wanted.secret,
        }
        return Request(
            wanted.hub,
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form),
            callback=self.answered,
            errback=self.failed,
            cb_kwargs={"wanted": wanted, "key": key},
            meta={"handle_httpstatus_list": STATUSES, "download_maxsize": ANSWER, SOURCE: wanted.source},
            dont_filter=True,
        )

    async def answered(self, response: Response, wanted: Subscription, key: str) -> None:
        """The hub answered: 202 and the like say that it will make sure, all else that it will not."""
        if response.status < 300:
            log.info("hub asked", source=wanted.source, listing=wanted.listing, hub=wanted.hub)
            return
        now = self._services.clock()
        changes = failed(wanted, f"{status_fault(response.status)} from the hub", retry_after(response, now), now)
        await self._not_asked(wanted, key, changes)

    async def failed(self, failure: Failure) -> None:
        """The hub could not be asked at all."""
        request: Request = failure.request  # type: ignore[attr-defined]
        wanted, key, error = request.cb_kwargs["wanted"], request.cb_kwargs["key"], cast(BaseException, failure.value)
        why = fault(error, urlsplit(request.url).hostname or "", self._services.guard)
        now = self._services.clock()
        patience = error.until - now if isinstance(error, HostBusyError) else None
        await self._not_asked(wanted, key, failed(wanted, why, patience, now))

    async def _not_asked(self, wanted: Subscription, key: str, changes: Changes) -> None:
        log.warning(
            "hub not asked", source=wanted.source, listing=wanted.listing, hub=wanted.hub,
            why=changes["why"], again_at=changes["retry_at"],
        )  # fmt: skip
        if self._services.pushes is None:
            return
        try:
            await self._services.pushes.change(key, wanted.token, changes, self._services.clock())
        except RedisError as error:  # it is asked again when its time has come
            log.warning("hub's answer not noted", source=wanted.source, why=f"Redis: {error}")

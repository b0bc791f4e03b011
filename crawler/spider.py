"""The resident spider: takes polls from the queue and yields page results, for as long as the process runs.

Its ``start`` awaits a queue: a poll costs a request and no crawl of its own (docs/decisions/0003-resident-spider.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Self, cast
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from config.observability.sentry import report
from config.source_settings import ReleaseHints
from crawler.http.address_guard import SOURCE_META
from crawler.http.errors import HostBusyError, describe_error
from crawler.http.size_limits import ResponseLimitError
from crawler.pages.conditional_get import conditional_headers
from crawler.pages.dispatcher import MAX_RESPONSE_BYTES, Priority, Slot
from crawler.pages.page_outcomes import PageOutcomes
from crawler.pages.reader_flow import Accepted, Failed, FetchAgain, FetchedPage, ReaderClosed, ReaderFlow
from crawler.pages.source_eligibility import refusal
from crawler.polling.poller import HANDLED_STATUSES, ListingPoller
from crawler.services import Services
from stories.crawl_state.backlog import WaitingPage
from stories.crawl_state.claims import Claim
from stories.model.page_result import FetchRecord, PageResult
from stories.model.sighting import Poll, Sighting
from stories.model.timestamps import parse_timestamp
from stories.model.urls import canonical_url
from stories.runtime.failpoints import failpoint

log = structlog.get_logger(__name__)

REVISIT_PRIORITY = -100  # below every page of the same host that may be new
PAGE_PRIORITY = {Priority.BY_HAND: 100, Priority.NEW: 100, Priority.BACKLOG: 0, Priority.REVISIT: REVISIT_PRIORITY}
MAX_CONCURRENT_POLLS = 16  # that are prepared together; each waits for Redis twice
SLOT_META = "slot"
"""The key in a request's ``meta`` of the place that its page has among those in flight."""


class WireSpider(Spider):
    """Polls listings, claims the releases that they name, and reads the pages."""

    name = "wire"

    def __init__(self, services: Services, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.services = services
        self._listing_poller = ListingPoller(services, self._request_claimed_page, self._submit_by_hand)
        self._reader_flow = ReaderFlow(services)
        self._page_outcomes = PageOutcomes(services)
        self._storing: dict[str, Slot] = {}
        """Slots of the pages that were read and are not stored yet, by URL."""
        services.dispatcher.send_waiting = self._send_waiting
        services.reader.on_used = services.dispatcher.charge_reader

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Return the spider, connected to the signals that end an item: stored, dropped or failed."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            crawler.signals.connect(spider.item_settled, signal=signal)
        return spider

    def item_settled(self, item: PageResult, response: Response | None = None) -> None:
        """Forget the claim and free the slot of a page that the pipelines stored or dropped."""
        self.services.claimed_urls.discard(item.url)
        self._storing.pop(item.url, None)
        _release_slot(response.request if response is not None else None)

    def release_slot(self, url: str) -> None:
        """Free the slot of a page that was read and waits before it is stored."""
        if (slot := self._storing.pop(url, None)) is not None:
            slot.release()

    async def start(self) -> AsyncIterator[Any]:
        """Start the polls from the queue until it is closed; their requests go to the engine directly.

        Several polls are prepared concurrently: each waits for Redis, and hundreds that are due together would wait for
        each other.
        """
        free = asyncio.Semaphore(MAX_CONCURRENT_POLLS)
        taking: set[asyncio.Task[None]] = set()
        while (poll := await self.services.polls.get()) is not None:
            await free.acquire()
            task = asyncio.create_task(self._start_poll(poll), name="poll")
            taking.add(task)
            task.add_done_callback(taking.discard)
            task.add_done_callback(lambda _: free.release())
        if taking:
            await asyncio.wait(taking)
        return
        yield  # Scrapy wants an asynchronous generator

    async def _start_poll(self, poll: Poll) -> None:
        """Send the requests of a poll."""
        try:
            for request in await self._requests(poll):
                self._send(request)
        except (RedisError, ValueError) as error:
            why = f"Redis: {error}" if isinstance(error, RedisError) else str(error)
            log.warning("poll_put_off", source=poll.source, reason=why)
            self.services.progress.failed(poll.crawl_id, f"{poll.source}: {why}")
        except Exception as error:  # a fault of ours; the next poll goes on
            report(error, source=poll.source, stop="poll")
            log.error(
                "poll_failed", source=poll.source, listing=poll.listing, reason=f"{type(error).__name__}: {error}"
            )
            self.services.progress.failed(poll.crawl_id, f"{poll.source}: {type(error).__name__}")
        finally:
            self.services.progress.closed(poll.crawl_id)

    async def _requests(self, poll: Poll) -> list[Request]:
        """Return the listing request of a poll; none while another poll of the listing is open.

        Pages that it names are sent by the dispatcher, as soon as their source may have them.
        """
        if (why := refusal(self.services.settings, poll)) is not None:
            log.info("poll_refused", source=poll.source, listing=poll.listing, reason=why)
            self.services.progress.failed(poll.crawl_id, why)
            return []
        self.services.progress.opened(poll.crawl_id, len(poll.urls))
        for url in poll.urls:
            priority = Priority.REVISIT if poll.reason == "revisit" else Priority.BY_HAND
            self._submit(self._page(poll, Sighting(url=url), priority), poll.source, priority)
        request = await self._listing_poller.start(poll) if poll.listing is not None else None
        self.services.progress.opened(poll.crawl_id, 1 if request else 0)
        return [request] if request else []

    def _submit(self, request: Request, source: str, priority: Priority) -> None:
        def send(slot: Slot) -> None:
            request.meta[SLOT_META] = slot
            self._send(request)

        self.services.dispatcher.submit(source, priority, send)

    def _send(self, request: Request) -> None:
        engine: Any = self.crawler.engine
        engine.crawl(request)

    async def _send_waiting(self, source: str, pages: Sequence[WaitingPage], slots: list[Slot]) -> None:
        """Claim pages of a source's backlog, and send the requests for them, each with one of the slots."""
        for page, claim, poll in await self._listing_poller.claimer.claim_waiting(source, pages):
            priority = Priority.BACKLOG if page.first_poll else Priority.NEW
            began = parse_timestamp(page.pending.listed_at) or self.services.clock()
            request = self._page(poll, claim.sighting, priority, claim, FetchRecord(listed_at=began))
            slot = slots.pop()
            self.services.dispatcher.charge_page(slot)
            request.meta[SLOT_META] = slot
            self._send(request)

    def _request_claimed_page(self, poll: Poll, claim: Claim, fetch_record: FetchRecord, priority: Priority) -> Request:
        """Return the request for a page that was claimed at its listing, with its slot if it may be sent now."""
        request = self._page(poll, claim.sighting, priority, claim, fetch_record)
        if priority is not Priority.BY_HAND:
            request.meta[SLOT_META] = self.services.dispatcher.acquire(poll.source, priority)
        return request

    def _submit_by_hand(self, request: Request, source: str) -> None:
        self._submit(request, source, Priority.BY_HAND)

    def _page(
        self,
        poll: Poll,
        sighting: Sighting,
        priority: Priority,
        claim: Claim | None = None,
        fetch_record: FetchRecord | None = None,
    ) -> Request:
        return Request(
            sighting.url,
            headers=conditional_headers(poll.validators),
            callback=self.parse_page,
            errback=self.page_failed,
            cb_kwargs={
                "poll": poll,
                "requested_url": canonical_url(sighting.url),
                "claim": claim,
                "fetch_record": fetch_record,
            },
            meta={
                "handle_httpstatus_list": HANDLED_STATUSES,
                "render": self._hints(poll).render,
                SOURCE_META: poll.source,
            },
            priority=PAGE_PRIORITY[priority],
            dont_filter=True,
        )

    async def parse_page(
        self, response: Response, poll: Poll, requested_url: str, claim: Claim | None, fetch_record: FetchRecord | None
    ) -> AsyncIterator[PageResult | Request]:
        """Read a release page; the pipelines store what is yielded."""
        failpoint("fetched")
        slot: Slot | None = response.request.meta.get(SLOT_META) if response.request else None
        if slot is not None:
            slot.charge_bytes(len(response.body))
        page = FetchedPage(
            response=response,
            poll=poll,
            url=requested_url,
            claim=claim,
            fetch_record=replace(fetch_record or FetchRecord(), fetched_at=self.services.clock()),
            priority=slot.priority if slot is not None else None,
        )
        is_passed_on = False
        try:
            match await self._reader_flow.outcome(page):
                case Accepted(result, is_page):
                    is_passed_on = True
                    if slot is not None:
                        self._storing[requested_url] = slot
                    yield result
                    if is_page:
                        await self._listing_poller.recovery.page_read(poll, response.url)
                case FetchAgain(again, sighting):
                    is_passed_on = True
                    priority = slot.priority if slot is not None else Priority.NEW
                    request = self._page(again, sighting, priority, claim, fetch_record)
                    request.meta[SLOT_META] = slot
                    yield request
                case Failed(reason, is_host_fault, error):
                    if is_host_fault:
                        self._listing_poller.recovery.page_failed(response.url)
                    await self._page_outcomes.failed(poll, requested_url, reason)
                    if error is not None:
                        raise error
                case ReaderClosed(failure):
                    self._page_outcomes.left_to_next_start(poll, requested_url, failure)
        finally:
            if not is_passed_on:
                _release_slot(response.request)

    async def page_failed(self, failure: Failure) -> None:
        """A page could not be fetched at all."""
        request: Request = failure.request  # type: ignore[attr-defined]
        poll, requested_url, error = (
            request.cb_kwargs["poll"],
            request.cb_kwargs["requested_url"],
            cast(BaseException, failure.value),
        )
        reason = describe_error(error, urlsplit(request.url).hostname or "", self.services.address_guard)
        if isinstance(error, ResponseLimitError):
            self.services.count_refused(poll.source, error.reason)
        if isinstance(error, DownloadCancelledError):  # it was received up to the limit
            self.services.dispatcher.charge_bytes(poll.source, MAX_RESPONSE_BYTES)
        try:
            if isinstance(error, HostBusyError):  # no fault of the page's
                await self._page_outcomes.postponed(poll, requested_url, reason, error.until)
            else:
                if not isinstance(error, (IgnoreRequest, ResponseLimitError, DownloadCancelledError)):
                    self._listing_poller.recovery.page_failed(request.url)
                await self._page_outcomes.failed(poll, requested_url, reason)
        finally:
            _release_slot(request)

    def _hints(self, poll: Poll) -> ReleaseHints:
        source = self.services.settings.sources.get(poll.source)
        return source.hints if source else ReleaseHints()


def _release_slot(request: Request | None) -> None:
    slot: Slot | None = request.meta.get(SLOT_META) if request is not None else None
    if slot is not None:
        slot.release()

"""Stops 2 to 6: the resident spider. Polls in, readings out; it lives as long as the daemon.

Its ``start`` awaits a queue: a poll costs a request and no crawl of its own (docs/decisions/0003-resident-spider.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self, cast
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from config.observability.sentry import report, traced
from config.source_settings import ReleaseHints
from crawler.extraction.field_limits import reached
from crawler.http.address_guard import SOURCE_META
from crawler.http.errors import HostBusyError, describe_error, describe_status
from crawler.http.response_headers import charset
from crawler.http.size_limits import ResponseLimitError
from crawler.pages.again import (
    REVISIT_PRIORITY,
    conditional_headers,
    is_site_down,
    removed_by_content,
    removed_by_headline,
    removed_by_response,
    validators,
    visible_text,
)
from crawler.pages.dispatcher import MAX_RESPONSE_BYTES, Priority, Slot
from crawler.pages.feed_content import entry_hints, feed_entry_of, synthetic_response, with_feed_entry
from crawler.pages.source_eligibility import refusal
from crawler.polling.host_recovery import AWAY_STATUSES
from crawler.polling.poller import HANDLED_STATUSES, ListingPoller
from crawler.readers.pool import ReaderClosedError, ReaderFailedError, ReadPriority
from crawler.services import Services
from stories.crawl_state.backlog import WaitingPage
from stories.crawl_state.claims import Claim, listing_key
from stories.crawl_state.feed_entries import FeedEntryRecord
from stories.crawl_state.quarantine import QuarantinedError
from stories.crawl_state.site_boilerplate import KnownBoilerplate, ShownLines
from stories.model.ids import release_id
from stories.model.page_result import FetchRecord, PageResult
from stories.model.release import NotARelease, Release
from stories.model.sighting import BY_HAND, Poll, Sighting
from stories.model.timestamps import parse_timestamp
from stories.model.urls import canonical_url, url_digest
from stories.runtime.failpoints import failpoint

log = structlog.get_logger(__name__)

READER_ENDING_REASONS = ("took too long", "reader crashed")
"""Refusals of pages that ended the process which read them."""
PAGE_PRIORITY = {Priority.BY_HAND: 100, Priority.NEW: 100, Priority.BACKLOG: 0, Priority.REVISIT: REVISIT_PRIORITY}
MAX_CONCURRENT_POLLS = 16  # that are prepared together; each waits for Redis twice
SLOT_META = "slot"
"""The key in a request's ``meta`` of the place that its page has among those in flight."""


class WireSpider(Spider):
    """Asks listings, claims what they name, reads the pages."""

    name = "wire"

    def __init__(self, services: Services, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.services = services
        self._listing_poller = ListingPoller(services, self._request_claimed_page, self._submit_by_hand)
        self._storing: dict[str, Slot] = {}
        """Slots of the pages that were read and are not stored yet, by URL."""
        services.dispatcher.send_waiting = self._send_waiting
        services.reader.on_used = services.dispatcher.charge_reader

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Return the spider, told of every reading that has gone through the pipelines, well or not."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            crawler.signals.connect(spider.item_settled, signal=signal)
        return spider

    def item_settled(self, item: PageResult, response: Response | None = None) -> None:
        """A reading is kept, or given up with its claim."""
        self.services.claimed_urls.discard(item.url)
        self._storing.pop(item.url, None)
        _release_slot(response.request if response is not None else None)

    def release_slot(self, url: str) -> None:
        """Free the slot of a page that was read and waits before it is stored."""
        if (slot := self._storing.pop(url, None)) is not None:
            slot.release()

    async def start(self) -> AsyncIterator[Any]:
        """Take up the polls that are put in the queue, until None is; their requests go to the engine directly.

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
            log.warning("poll put off", source=poll.source, why=why)
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
        """Return what one poll asks for; nothing when the same listing is still being asked.

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
        asked = await self._listing_poller.start(poll) if poll.listing is not None else None
        self.services.progress.opened(poll.crawl_id, 1 if asked else 0)
        return [asked] if asked else []

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
        for page, claim, poll in await self._listing_poller.claim_waiting(source, pages):
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
                "asked": canonical_url(sighting.url),
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
        self, response: Response, poll: Poll, asked: str, claim: Claim | None, fetch_record: FetchRecord | None
    ) -> AsyncIterator[PageResult | Request]:
        """Stops 5 and 6: read a release page; what becomes of it is the pipelines' work."""
        slot: Slot | None = response.request.meta.get(SLOT_META) if response.request else None
        if slot is not None:
            slot.charge_bytes(len(response.body))
        passed_on = False
        try:
            async for result in self._read_page(response, poll, asked, claim, fetch_record):
                if isinstance(result, Request):
                    result.meta[SLOT_META] = slot
                elif slot is not None:
                    self._storing[asked] = slot
                passed_on = True
                yield result
        finally:
            if not passed_on:
                _release_slot(response.request)

    async def _read_page(
        self, response: Response, poll: Poll, asked: str, claim: Claim | None, fetch_record: FetchRecord | None
    ) -> AsyncIterator[PageResult | Request]:
        failpoint("fetched")
        now = self.services.clock()
        stamps = replace(fetch_record or FetchRecord(), fetched_at=now)
        reading = PageResult(
            url=asked,
            source=poll.source,
            listing=listing_key(poll.source, poll.listing) if claim and poll.listing else None,
            listed_headline=claim.sighting.headline if claim else None,
            silent=claim.silent if claim else False,
            asked=poll.reason == "crawl" and claim is None,
            crawl_id=poll.crawl_id,
            journey=stamps,
            clock_error=self.services.timekeeper.error if self.services.timekeeper else timedelta(),
            validators=None if self._hints(poll).render else validators(response),
        )
        if (how := removed_by_response(asked, response, self._listings(poll))) and await self._is_known(poll, asked):
            yield replace(reading, gone=how)
            return
        if response.status == 304:
            was = poll.validators
            if was is not None and response.url == was.url:
                yield replace(reading, unchanged=True, validators=replace(was, trusted=was.trusted + 1))
            else:  # of another page than the one that was asked for: this one is read whole
                yield self._page_again(
                    response, replace(poll, validators=None), Sighting(url=asked), claim, fetch_record
                )
            return
        if response.status >= 400:
            if response.status in AWAY_STATUSES:
                self._listing_poller.recovery.page_failed(response.url)
            await self._not_read(poll, asked, describe_status(response.status))
            return
        if claim is None and (entry := await self._read_from_feed(asked)) is not None:
            if entry.page is None:  # its page may say the same in other words: it is there, and that is all it tells
                yield replace(reading, unchanged=True)
                return
            request = with_feed_entry(cast(Request, response.request), entry)
            response, reading = synthetic_response(request) or response, replace(reading, validators=None)
        from_feed = feed_entry_of(response)
        known_site = (
            await self.services.site_boilerplate.known(asked)
            if self.services.site_boilerplate and not from_feed
            else KnownBoilerplate()
        )
        try:
            release, shown = await self._read(response, poll, asked, known_site, claim)
        except QuarantinedError as left:
            await self._not_read(poll, asked, str(left))
            return
        except NotARelease as refusal:
            if from_feed is not None and claim is not None:  # the feed begins it, or the entry is none
                yield self._page_again(response, poll, claim.sighting, claim, fetch_record)
                return
            if (how := removed_by_content(refusal, asked, response)) and await self._is_known(poll, asked):
                yield replace(reading, gone=how, page_text=visible_text(response))
                return
            await self._not_read(poll, asked, str(refusal))
            return
        except ReaderClosedError as closed:  # this process ends; nothing counts against the page
            log.info("left to the next start", source=poll.source, url=asked)
            if isinstance(closed, ReaderFailedError):
                self.services.progress.failed(poll.crawl_id, f"{poll.source} {asked}: {closed}")
            self.services.progress.closed(poll.crawl_id)
            return
        except Exception as error:
            report(error, source=poll.source, stop="extract", release=asked)
            await self._not_read(poll, asked, f"{type(error).__name__} while it was read")
            raise
        if (how := removed_by_headline(release.headline or "", response)) and await self._is_known(poll, asked):
            yield replace(reading, gone=how, release=release)  # memory knows whether its text is still the release's
            return
        if is_site_down(release.headline or "", response):
            await self._not_read(poll, asked, f'no release, but "{release.headline}"')
            return
        for reason in reached(release):
            self.services.count_refused(poll.source, reason)
            log.warning("release_cut", source=poll.source, url=asked, limit=reason)
        failpoint("extracted")
        if poll.reason != "revisit":
            read_as, listed_as = (release_id(url_digest(url)) for url in (release.url or asked, asked))
            also = {} if read_as == listed_as else {"listed_as": listed_as}
            log.info("read", source=poll.source, release=read_as, url=asked, **also)
        if self.services.site_boilerplate and not from_feed:
            await self.services.site_boilerplate.learn(asked, shown, known_site, self.services.clock())
        if release.published_at is None and claim is not None and claim.sighting.published_at is not None:
            release = replace(release, published_at=claim.sighting.published_at)
        if claim is not None:
            await self._note_feed(poll, asked, from_feed, edited_entries=claim.changed)
        yield replace(reading, release=release, journey=replace(stamps, read_at=self.services.clock()))
        if from_feed is None:
            await self._listing_poller.recovery.page_read(poll, response.url)

    def _page_again(
        self, response: Response, poll: Poll, sighting: Sighting, claim: Claim | None, fetch_record: FetchRecord | None
    ) -> Request:
        """Return the request for a page once more, in the same slot."""
        slot: Slot | None = response.request.meta.get(SLOT_META) if response.request else None
        return self._page(poll, sighting, slot.priority if slot else Priority.NEW, claim, fetch_record)

    async def _read_from_feed(self, asked: str) -> FeedEntryRecord | None:
        """Return the entry that a release was read from, if it was not read from its page."""
        try:
            return (
                (await self.services.feed_entries.several([asked])).get(asked) if self.services.feed_entries else None
            )
        except RedisError as error:  # nor is it kept then, what is read
            log.warning("not known whether it was read from a feed", url=asked, why=f"Redis: {error}")
            return None

    async def _note_feed(self, poll: Poll, asked: str, entry: FeedEntryRecord | None, *, edited_entries: bool) -> None:
        """Remember whether a release was read from its feed; of an edited entry also its text, for a second look."""
        entries = self.services.feed_entries
        if entries is None or not self._hints(poll).full_text:
            return
        try:
            if entry is None:
                await entries.forget(asked)
            else:
                await entries.put(asked, entry if edited_entries else replace(entry, page=None))
        except RedisError as error:
            log.warning("not noted whether it was read from a feed", url=asked, why=f"Redis: {error}")

    async def _read(
        self, response: Response, poll: Poll, asked: str, known_site: KnownBoilerplate, claim: Claim | None
    ) -> tuple[Release, ShownLines]:
        """Return what the reader makes of a page; ``QuarantinedError`` when too many died of it."""
        with traced("read", release_id(url_digest(asked)), source=poll.source):
            return await self._extract(response, poll, asked, known_site, claim)

    async def _extract(
        self, response: Response, poll: Poll, asked: str, known_site: KnownBoilerplate, claim: Claim | None
    ) -> tuple[Release, ShownLines]:
        slot: Slot | None = response.request.meta.get(SLOT_META) if response.request is not None else None
        is_backlog = slot.priority >= Priority.BACKLOG if slot is not None else poll.reason == "revisit"
        priority = ReadPriority.BACKLOG if is_backlog else ReadPriority.NEW
        async with self.services.read_attempt(
            poll, asked, is_requested=claim is None and poll.reason in BY_HAND
        ) as attempt:
            failpoint("extracting", asked)
            try:
                return await self.services.reader.read_page(
                    response.body,
                    response.url,
                    self._hints_for(response, poll),
                    charset(response),
                    known_site,
                    source=poll.source,
                    priority=priority,
                )
            except NotARelease as refusal:
                if refusal.reason in READER_ENDING_REASONS:
                    attempt.died = str(refusal)
                raise

    def _listings(self, poll: Poll) -> list[str]:
        source = self.services.settings.sources.get(poll.source)
        return [listing.url for listing in source.listings] if source else []

    async def _is_known(self, poll: Poll, url: str) -> bool:
        """Return whether a release was kept of this page; what was never there cannot be gone."""
        try:
            return await self.services.claims.release_id(url) is not None
        except RedisError as error:
            log.warning("not known whether it is gone", source=poll.source, url=url, why=f"Redis: {error}")
            return False

    async def page_failed(self, failure: Failure) -> None:
        """A page could not be fetched at all."""
        request: Request = failure.request  # type: ignore[attr-defined]
        poll, asked, error = request.cb_kwargs["poll"], request.cb_kwargs["asked"], cast(BaseException, failure.value)
        why = describe_error(error, urlsplit(request.url).hostname or "", self.services.address_guard)
        if isinstance(error, ResponseLimitError):
            self.services.count_refused(poll.source, error.reason)
        if isinstance(error, DownloadCancelledError):  # it was received up to the limit
            self.services.dispatcher.charge_bytes(poll.source, MAX_RESPONSE_BYTES)
        try:
            if isinstance(error, HostBusyError):  # no fault of the page's
                await self._listing_poller.give_back(poll, asked, why, error.until)
            else:
                if not isinstance(error, (IgnoreRequest, ResponseLimitError, DownloadCancelledError)):
                    self._listing_poller.recovery.page_failed(request.url)
                await self._not_read(poll, asked, why)
        finally:
            _release_slot(request)

    async def _not_read(self, poll: Poll, url: str, why: str) -> None:
        self.services.count_failed_page(poll.source)
        try:
            delay = await self.services.claims.failed(url, why, self.services.clock())
            await self.services.stores.pending_sightings.reschedule(url, self.services.clock() + delay)
            log.warning("page not read", source=poll.source, url=url, why=why, again_in=str(delay))
        except RedisError as error:  # its claim ends by itself
            self._listing_poller.put_off(poll, url, error)
        else:
            self.services.claimed_urls.discard(url)
        finally:
            self.services.progress.failed(poll.crawl_id, f"{poll.source} {url}: {why}")
            self.services.progress.closed(poll.crawl_id)

    def _hints_for(self, response: Response, poll: Poll) -> ReleaseHints:
        hints = self._hints(poll)
        return entry_hints(hints) if feed_entry_of(response) else hints

    def _hints(self, poll: Poll) -> ReleaseHints:
        source = self.services.settings.sources.get(poll.source)
        return source.hints if source else ReleaseHints()


def _release_slot(request: Request | None) -> None:
    slot: Slot | None = request.meta.get(SLOT_META) if request is not None else None
    if slot is not None:
        slot.release()

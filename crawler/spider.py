"""Stops 2 to 6: the resident spider. Polls in, readings out; it lives as long as the daemon.

Its ``start`` awaits a queue: a poll costs a request and no crawl of its own (docs/decisions/0003-resident-spider.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any, Self, cast
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from config.source import ReleaseHints, SourceSettings
from config.telemetry import report
from crawler.faults import fault, status_fault
from crawler.listings import ListingPage, ListingUnreadable, read_listing
from crawler.polls import listing_settings
from crawler.services import Services
from stories.claims import Claim, listing_key
from stories.failpoints import failpoint
from stories.moments import timestamp
from stories.reading import Gone, Journey, Reading
from stories.release import NotARelease
from stories.sighting import Cursor, Poll, Sighting
from stories.urls import canonical_url

log = structlog.get_logger(__name__)

PAGES_FIRST = 100  # priority of release pages: a release that was listed is read before the next listing is asked for
BIG = 100_000  # bytes; a larger listing is read in a thread, since it would hold up the loop
CHILDREN = 3  # newest sitemaps of a sitemap index that are read at a poll
STATUSES = [304, *range(400, 600)]  # that are ours to judge; redirects are Scrapy's
GONE: dict[int, Gone] = {404: "not found", 410: "gone"}


class WireSpider(Spider):
    """Asks listings, claims what they name, reads the pages."""

    name = "wire"

    def __init__(self, services: Services, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.services = services
        self._asking: set[tuple[str, str | None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Return the spider, told of every reading that has gone through the pipelines, well or not."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            crawler.signals.connect(spider.settled, signal=signal)
        return spider

    def settled(self, item: Reading) -> None:
        """A reading is kept, or given up with its claim."""
        self.services.claimed.discard(item.url)

    async def start(self) -> AsyncIterator[Any]:
        """Yield the requests of the polls that are put in the queue, until None is."""
        while (poll := await self.services.polls.get()) is not None:
            try:
                requests = await self._requests(poll)
            except (RedisError, ValueError) as error:  # an exception here would end the spider
                why = f"Redis: {error}" if isinstance(error, RedisError) else str(error)
                log.warning("poll put off", source=poll.source, why=why)
                self.services.progress.failed(poll.crawl_id, f"{poll.source}: {why}")
                requests = []
            for request in requests:
                yield request
            self.services.progress.closed(poll.crawl_id)

    async def _requests(self, poll: Poll) -> list[Request]:
        """Return what one poll asks for; nothing when the same listing is still being asked."""
        requests = [self._page(poll, Sighting(url=url)) for url in poll.urls]
        if poll.listing is not None:
            key = (poll.listing, poll.crawl_id)
            if key in self._asking:
                log.info("still asking", source=poll.source, listing=poll.listing)
                return requests
            cursor = await self.services.desk.cursor(listing_key(poll.source, poll.listing))
            self._asking.add(key)
            requests.append(self._listing(poll, cursor, poll.listing, page=1))
        self.services.progress.opened(poll.crawl_id, len(requests))
        return requests

    def _listing(self, poll: Poll, cursor: Cursor, url: str, *, page: int) -> Request:
        headers = {}
        # A one-off crawl asks for the whole listing: a person waits to see what stands in it.
        if page == 1 and poll.reason == "clock":
            headers = {"If-None-Match": cursor.etag, "If-Modified-Since": cursor.last_modified}
        return Request(
            url,
            headers={name: value for name, value in headers.items() if value},
            callback=self.parse_listing,
            errback=self.listing_failed,
            cb_kwargs={"poll": poll, "cursor": cursor, "page": page},
            meta={"handle_httpstatus_list": STATUSES},
            dont_filter=True,
        )

    def _page(
        self, poll: Poll, sighting: Sighting, claim: Claim | None = None, journey: Journey | None = None
    ) -> Request:
        return Request(
            sighting.url,
            callback=self.parse_page,
            errback=self.page_failed,
            cb_kwargs={"poll": poll, "asked": canonical_url(sighting.url), "claim": claim, "journey": journey},
            meta={"handle_httpstatus_list": STATUSES, "render": self._hints(poll).render},
            priority=PAGES_FIRST if claim else 0,
            dont_filter=True,
        )

    async def parse_listing(self, response: Response, poll: Poll, cursor: Cursor, page: int) -> AsyncIterator[Request]:
        """Stops 3 and 4: read a listing, claim what it names, and ask for those pages."""
        now = self.services.clock()
        try:
            if response.status == 304:
                if (stored := await self._stored(poll, cursor)) is not None:
                    stored = replace(stored, polled_at=timestamp(now), read_at=timestamp(now))
                    await self._listed(poll, stored, sightings=0)
                return
            if response.status >= 400:
                await self._not_listed(poll, cursor, status_fault(response.status))
                return
            try:
                listed = await self._read_listing(response, poll)
            except ListingUnreadable as unreadable:
                await self._not_listed(poll, cursor, str(unreadable))
                return
            async for request in self._claim(listed, response, poll, cursor, page):
                yield request
        except RedisError as error:  # nothing was settled: the next poll reads the listing again
            self._put_off(poll, poll.listing or response.url, error)
        except Exception as error:
            await self._not_listed(poll, cursor, f"{type(error).__name__} while it was read")
            report(error, source=poll.source, stop="list")
            raise
        finally:
            self._ended(poll)

    async def _read_listing(self, response: Response, poll: Poll) -> ListingPage:
        source = self._source(poll)
        settings = listing_settings(source, poll.listing or response.url)
        content_type = _header(response, "Content-Type")
        read = partial(read_listing, response.body, response.url, settings, source.hints, content_type)
        return await asyncio.to_thread(read) if len(response.body) > BIG else read()

    async def _claim(
        self, listed: ListingPage, response: Response, poll: Poll, cursor: Cursor, page: int
    ) -> AsyncIterator[Request]:
        services, now = self.services, self.services.clock()
        key = listing_key(poll.source, poll.listing or response.url)
        seeding = cursor.read_at is None and services.settings.alerts.first_poll == "seed"
        failpoint("listed")
        claimed = await services.claims.claim(
            key, listed.sightings, now, seeding=seeding, poll=timestamp(poll.asked_at)
        )
        if claimed.claims:
            failpoint("claimed")
        log.info(
            "claimed", source=poll.source, listing=response.url, seen=len(listed.sightings), new=len(claimed.claims)
        )
        # Listings name the newest first; read as they were published, an original comes before its correction.
        requests = [self._page(poll, one.sighting, one, Journey(listed_at=now)) for one in reversed(claimed.claims)]
        services.claimed.update(request.cb_kwargs["asked"] for request in requests)
        older = self._older(listed, poll, cursor, page, overlap=len(claimed.claims) < len(listed.sightings))
        services.progress.opened(poll.crawl_id, len(requests) + len(older))
        # Before anything else is written: what is claimed and not asked for would wait until the lease ends.
        for request in (*requests, *older):
            yield request
        if page == 1:
            # Validators are kept only once all that the listing names is known for good: a listing that answers 304
            # names nothing, and a page that failed or whose reader died would wait until the listing changes.
            if requests:
                failpoint("asked")
            settled = claimed.settled and not older
            read = Cursor(
                etag=_header(response, "ETag") if settled else None,
                last_modified=_header(response, "Last-Modified") if settled else None,
                polled_at=timestamp(now),
                read_at=timestamp(now),
                sightings=len(listed.sightings),
            )
            await self._listed(poll, read, sightings=len(listed.sightings))
            if requests:
                failpoint("noted")

    def _older(self, listed: ListingPage, poll: Poll, cursor: Cursor, page: int, *, overlap: bool) -> list[Request]:
        """Return the requests for what lies behind this page, as long as nothing on it was known."""
        if listed.children and page <= 2:
            return [self._listing(poll, cursor, url, page=page + 1) for url in listed.children[:CHILDREN]]
        pages = listing_settings(self._source(poll), poll.listing or "").pages if poll.listing else 1
        if listed.next_url and page < pages and listed.sightings and not overlap:
            return [self._listing(poll, cursor, listed.next_url, page=page + 1)]
        return []

    async def parse_page(
        self, response: Response, poll: Poll, asked: str, claim: Claim | None, journey: Journey | None
    ) -> AsyncIterator[Reading]:
        """Stops 5 and 6: read a release page; what becomes of it is the pipelines' work."""
        failpoint("fetched")
        now = self.services.clock()
        stamps = replace(journey or Journey(), fetched_at=now)
        reading = Reading(
            url=asked,
            source=poll.source,
            listing=listing_key(poll.source, poll.listing) if claim and poll.listing else None,
            listed_headline=claim.sighting.headline if claim else None,
            silent=claim.silent if claim else False,
            asked=poll.reason == "crawl" and claim is None,
            crawl_id=poll.crawl_id,
            journey=stamps,
        )
        gone = GONE.get(response.status) or _moved_to_front(asked, response.url)
        try:
            known = bool(gone and await self.services.claims.release_id(asked))
        except RedisError as error:
            await self._not_read(poll, asked, f"Redis: {error}")
            return
        if known:
            yield replace(reading, gone=gone)
            return
        if response.status >= 400:
            await self._not_read(poll, asked, status_fault(response.status))
            return
        try:
            release = await self.services.reader.read(
                response.body, response.url, self._hints(poll), header_charset=_charset(response)
            )
        except NotARelease as refusal:
            await self._not_read(poll, asked, str(refusal))
            return
        except Exception as error:
            report(error, source=poll.source, stop="extract", release=asked)
            await self._not_read(poll, asked, f"{type(error).__name__} while it was read")
            raise
        failpoint("extracted")
        if release.published_at is None and claim is not None and claim.sighting.published_at is not None:
            release = replace(release, published_at=claim.sighting.published_at)
        yield replace(reading, release=release, journey=replace(stamps, read_at=self.services.clock()))

    async def listing_failed(self, failure: Failure) -> None:
        """A listing could not be fetched at all."""
        request: Request = failure.request  # type: ignore[attr-defined]
        poll: Poll = request.cb_kwargs["poll"]
        why = fault(cast(BaseException, failure.value), urlsplit(request.url).hostname or "", self.services.guard)
        try:
            await self._not_listed(poll, request.cb_kwargs["cursor"], why)
        except RedisError as error:
            self._put_off(poll, request.url, error)
        finally:
            self._ended(poll)

    async def page_failed(self, failure: Failure) -> None:
        """A page could not be fetched at all."""
        request: Request = failure.request  # type: ignore[attr-defined]
        why = fault(cast(BaseException, failure.value), urlsplit(request.url).hostname or "", self.services.guard)
        await self._not_read(request.cb_kwargs["poll"], request.cb_kwargs["asked"], why)

    async def _listed(self, poll: Poll, cursor: Cursor, *, sightings: int) -> None:
        cursor = replace(cursor, failures=0, error=None)
        await self.services.desk.put_cursor(listing_key(poll.source, poll.listing or ""), cursor)
        await self.services.desk.polled(poll.source, cursor)
        self.services.progress.listed(poll.crawl_id, sightings)

    async def _not_listed(self, poll: Poll, cursor: Cursor, why: str) -> None:
        now = self.services.clock()
        cursor = await self._stored(poll, cursor) or replace(cursor, etag=None, last_modified=None)
        failed = replace(cursor, polled_at=timestamp(now), failures=cursor.failures + 1, error=why)
        await self.services.desk.put_cursor(listing_key(poll.source, poll.listing or ""), failed)
        await self.services.desk.polled(poll.source, failed)
        log.warning("listing not read", source=poll.source, listing=poll.listing, why=why, failures=failed.failures)
        self.services.progress.failed(poll.crawl_id, f"{poll.source} {poll.listing}: {why}")

    async def _stored(self, poll: Poll, asked: Cursor) -> Cursor | None:
        """Return the cursor as it stands now, if its validators are those that were asked with.

        A Redis that came back from an older state no longer knows the releases that those validators stand for.
        """
        stored = await self.services.desk.cursor(listing_key(poll.source, poll.listing or ""))
        same = (stored.etag, stored.last_modified) == (asked.etag, asked.last_modified)
        return stored if same else None

    async def _not_read(self, poll: Poll, url: str, why: str) -> None:
        try:
            delay = await self.services.claims.failed(url, why, self.services.clock())
            log.warning("page not read", source=poll.source, url=url, why=why, again_in=str(delay))
        except RedisError as error:  # its claim ends by itself
            self._put_off(poll, url, error)
        else:
            self.services.claimed.discard(url)
        finally:
            self.services.progress.failed(poll.crawl_id, f"{poll.source} {url}: {why}")
            self.services.progress.closed(poll.crawl_id)

    def _put_off(self, poll: Poll, url: str, error: RedisError) -> None:
        log.warning("put off", source=poll.source, url=url, why=f"Redis: {error}")
        self.services.progress.failed(poll.crawl_id, f"{poll.source} {url}: put off, Redis: {error}")

    def _ended(self, poll: Poll) -> None:
        if poll.listing is not None:
            self._asking.discard((poll.listing, poll.crawl_id))
        self.services.progress.closed(poll.crawl_id)

    def _source(self, poll: Poll) -> SourceSettings:
        source = self.services.settings.sources.get(poll.source)
        if source is None:
            raise KeyError(f"there is no source {poll.source!r}")
        return source

    def _hints(self, poll: Poll) -> ReleaseHints:
        source = self.services.settings.sources.get(poll.source)
        return source.hints if source else ReleaseHints()


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def _charset(response: Response) -> str | None:
    content_type = _header(response, "Content-Type") or ""
    _, found, charset = content_type.lower().partition("charset=")
    return charset.split(";")[0].strip(" \"'") or None if found else None


def _moved_to_front(asked: str, got: str) -> Gone | None:
    before, after = urlsplit(asked), urlsplit(got)
    if before.path.strip("/") and not after.path.strip("/") and not after.query:
        return "moved to the front page"
    return None

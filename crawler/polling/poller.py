"""Polls a listing: requests it, reads it back to the previous poll, and records the result.

The decisions are pure and in other modules: ``crawler.polling.overlap``, ``interval`` and ``listing_health``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response
from twisted.python.failure import Failure

from config.observability.sentry import report
from config.source_settings import SourceSettings
from crawler.http.address_guard import SOURCE_META
from crawler.http.errors import HostBusyError, describe_error, describe_status, error_kind, status_kind
from crawler.http.response_headers import fresh_for, header, headers, retry_after, validator
from crawler.http.size_limits import ResponseLimitError
from crawler.listings import ListingPage, ListingUnreadableError
from crawler.listings.entry_tags import with_page_tag
from crawler.pages.dispatcher import MAX_RESPONSE_BYTES
from crawler.pages.page_outcomes import put_off
from crawler.polling import overlap
from crawler.polling.claiming import MakePageRequest, PageClaimer
from crawler.polling.hourly_rate import learn_rates
from crawler.polling.interval import PollResult
from crawler.polling.polls import listing_settings
from crawler.polling.recorder import AUTOMATIC_REASONS, PollRecorder
from crawler.polling.run import ListingRun, average_latency, count_reading
from crawler.readers.pool import ListingCrashedError, ReaderClosedError, ReaderFailedError
from crawler.services import Services
from crawler.websub.discovery import HubLinks, hub_links
from crawler.websub.subscriber import Subscriber
from stories.crawl_state.claims import listing_key
from stories.crawl_state.quarantine import QuarantinedError
from stories.model.sighting import BY_HAND, Cursor, Poll, Trouble
from stories.model.timestamps import timestamp
from stories.runtime.failpoints import failpoint
from stories.runtime.step_timer import StepTimer

log = structlog.get_logger(__name__)

MAX_CHILD_SITEMAPS = 3  # newest sitemaps of a sitemap index that are read at a poll
MAX_PAGES_BACK = 25  # pages that are read back to find the thread of the one before: 500 releases between two polls
MAX_GAP_PAGES = 50  # pages that are read back to fill a gap, when a person asks or another listing lost its thread
MAX_TRUSTED = 320  # consecutive responses 304 between two unconditional requests: a day, at an interval of 5 minutes
HANDLED_STATUSES = [304, *range(400, 600)]  # that are ours to judge; redirects are Scrapy's
LISTING_PRIORITY = 200  # in their host's queue: new releases are noticed while older pages wait

SubmitPage = Callable[[Request, str], None]
"""Sends the request for a page of a source that a person waits for, as soon as a slot is free."""


class ListingPoller:
    """Reads listings for the spider."""

    def __init__(self, services: Services, make_page_request: MakePageRequest, submit_page: SubmitPage) -> None:
        self._services = services
        self._submit_page = submit_page
        self._recorder = PollRecorder(services)
        self.recovery = self._recorder.recovery
        self._subscriber = Subscriber(services)
        self.claimer = PageClaimer(services, make_page_request)
        self._open_polls: set[tuple[str, str | None]] = set()

    async def start(self, poll: Poll) -> Request | None:
        """Return the first request of a poll of a listing; None while another poll of it is open."""
        if poll.listing is None or (poll.listing, poll.crawl_id) in self._open_polls:
            log.info("poll_already_open", source=poll.source, listing=poll.listing)
            return None
        if poll.reason in AUTOMATIC_REASONS and (wait := self._services.dispatcher.listing_wait(poll.source)):
            self._services.schedule(poll, self._services.clock() + wait)
            return None
        key = listing_key(poll.source, poll.listing)
        cursor = await self._services.stores.cursors.get(key)
        targets: tuple[tuple[str, ...], ...] = ()
        if poll.reason not in AUTOMATIC_REASONS:
            targets = tuple(gap.before for gap in await self._services.stores.source_status.gaps(poll.source))
        self._open_polls.add((poll.listing, poll.crawl_id))
        # A requested crawl reads the whole listing, unconditionally: a person waits for its content.
        run = ListingRun(
            poll=poll, key=key, cursor=cursor, is_conditional=poll.reason in AUTOMATIC_REASONS, gap_targets=targets
        )
        return self._request(run, poll.listing)

    def _request(self, run: ListingRun, url: str) -> Request:
        headers = {}
        if run.is_conditional and not run.pages and run.cursor.not_modified < run.cursor.trusted:
            headers = {"If-None-Match": run.cursor.etag, "If-Modified-Since": run.cursor.last_modified}
        run.requested_urls.add(url)
        return Request(
            url,
            headers={name: value for name, value in headers.items() if value},
            callback=self.read,
            errback=self.failed,
            cb_kwargs={"run": run},
            meta={"handle_httpstatus_list": HANDLED_STATUSES, SOURCE_META: run.poll.source},
            priority=LISTING_PRIORITY,
            dont_filter=True,
        )

    async def read(self, response: Response, run: ListingRun) -> AsyncIterator[Request]:
        """Read a page of a listing, claim what it names, and yield the requests for those pages and the one behind.

        The last request is the one to its hub, if any.
        """
        requests, longest = self._read(response, run), 0.0

        async def following() -> Request | None:
            return await anext(requests, None)

        try:
            while True:
                timer = StepTimer(following())
                try:
                    request = await timer
                finally:
                    longest = max(longest, timer.longest)
                if request is None:
                    break
                yield request
        finally:
            await self._services.count_freeze(run.poll, longest)
        if (subscribing := await self._subscriber.request(run.poll, run.key)) is not None:
            yield subscribing

    async def _read(self, response: Response, run: ListingRun) -> AsyncIterator[Request]:
        poll, now = run.poll, self._services.clock()
        self._services.dispatcher.charge_bytes(poll.source, len(response.body))
        older: Request | None = None
        try:
            if response.status == 304:
                await self._unchanged(run, response, now)
                return
            if response.status >= 400:
                why, word = describe_status(response.status), status_kind(response.status)
                await self._not_read(run, why, word, retry_after(response, now) if word == "busy" else None)
                return
            if self._same_bytes(run, response) and await self._unchanged(run, response, now):
                return
            try:
                async with self._services.read_attempt(poll, is_requested=poll.reason in BY_HAND) as attempt:
                    failpoint("parsing", poll.listing or response.url)
                    try:
                        listed = await self._parse(response, poll)
                    except ListingCrashedError as crashed:
                        attempt.died = str(crashed)
                        raise
            except (ListingUnreadableError, QuarantinedError) as unreadable:
                await self._not_read(run, str(unreadable), "parse")
                return
            self._count_refused(poll, listed)
            self._services.progress.advise(poll.crawl_id, listed.advice)
            hubs = hub_links(headers(response, "Link"), listed.hubs, listed.topic, response.url)
            if self._same_sightings(run, listed, hubs) and await self._unchanged(run, response, now):
                return
            self._store(run, response, listed, hubs, now)
            requests = await self.claimer.claim(run, listed, response.url, now)
            older = self._older(run, listed)
            self._services.progress.opened(poll.crawl_id, len(requests) + (older is not None))
            # Before anything else is written: a claimed page without a request would wait until its lease ends.
            for request in requests:
                if poll.reason in BY_HAND:  # nothing else brings these forward when a slot is free
                    self._submit_page(request, poll.source)
                else:
                    yield request
            if older is not None:
                yield older
            else:
                if requests:
                    failpoint("asked")
                await self._finish(run, now)
                if requests:
                    failpoint("noted")
        except RedisError as error:  # nothing was settled: the next poll reads the listing again
            put_off(self._services, poll, poll.listing or response.url, error)
        except (
            ReaderClosedError
        ) as closed:  # this process ends, and nothing is known of the listing: the next one reads it
            log.info("listing_left_to_next_start", source=poll.source, listing=poll.listing)
            if isinstance(closed, ReaderFailedError):
                self._services.progress.failed(poll.crawl_id, f"{poll.source} {poll.listing}: {closed}")
        except Exception as error:
            await self._not_read(run, f"{type(error).__name__} while it was read", "other")
            report(error, source=poll.source, stop="list")
            raise
        finally:
            self._close_request(run, more=older is not None)

    async def failed(self, failure: Failure) -> None:
        """A page of a listing could not be fetched at all."""
        request: Request = failure.request  # type: ignore[attr-defined]
        run: ListingRun = request.cb_kwargs["run"]
        error, host = cast(BaseException, failure.value), urlsplit(request.url).hostname or ""
        if isinstance(error, DownloadCancelledError):  # it was received up to the limit
            self._services.dispatcher.charge_bytes(run.poll.source, MAX_RESPONSE_BYTES)
        guard = self._services.address_guard
        if isinstance(error, ResponseLimitError):
            self._services.count_refused(run.poll.source, error.reason)
        try:
            patience = error.until - self._services.clock() if isinstance(error, HostBusyError) else None
            await self._not_read(run, describe_error(error, host, guard), error_kind(error, host, guard), patience)
        except RedisError as away:
            put_off(self._services, run.poll, request.url, away)
        finally:
            self._close_request(run)

    def _count_refused(self, poll: Poll, listed: ListingPage) -> None:
        """Count and log what a page of a listing held over a limit."""
        for reason, number in listed.refused.items():
            self._services.count_refused(poll.source, reason, number)
        if listed.refused:
            log.warning("listing_over_limits", source=poll.source, listing=poll.listing, left_out=dict(listed.refused))

    def _same_bytes(self, run: ListingRun, response: Response) -> bool:
        known = run.cursor.digest is not None and not run.pages and run.is_conditional
        return known and run.cursor.body == overlap.body_digest(response.body)

    def _same_sightings(self, run: ListingRun, listed: ListingPage, hubs: HubLinks) -> bool:
        if run.pages or not run.is_conditional or listed.children or listed.contents or not listed.sightings:
            return False
        same_hubs = (run.cursor.hubs, run.cursor.topic) == (hubs.hubs, hubs.topic)
        return same_hubs and run.cursor.digest == overlap.sightings_digest(listed.sightings)

    async def _parse(self, response: Response, poll: Poll) -> ListingPage:
        source = self._source(poll)
        settings = listing_settings(source, poll.listing or response.url)
        listed = await self._services.reader.read_listing(
            response.body,
            response.url,
            settings,
            source.hints,
            header(response, "Content-Type"),
            source=poll.source,
        )
        return with_page_tag(listed, settings.url, poll.tag, response.url)

    def _store(self, run: ListingRun, response: Response, listed: ListingPage, hubs: HubLinks, now: datetime) -> None:
        """Remember of the first page what its answer leaves to remember."""
        run.pages += 1
        if run.pages == 1:
            run.is_index = bool(listed.children)
            run.window = len(listed.sightings)
            run.fresh_for = max(fresh_for(response, now), listed.ttl or timedelta())
            run.first_response = Cursor(
                etag=validator(response, "ETag"),
                last_modified=validator(response, "Last-Modified"),
                digest=None if run.is_index else overlap.sightings_digest(listed.sightings),
                body=None if run.is_index else overlap.body_digest(response.body),
                seconds=average_latency(run.cursor, response),
                hubs=hubs.hubs,
                topic=hubs.topic,
            )
        run.unread_sitemaps.extend(url for url in listed.children if url not in run.requested_urls)
        run.sightings.extend(listed.sightings)

    def _older(self, run: ListingRun, listed: ListingPage) -> Request | None:
        """Return the request for what lies behind, as long as the thread is not found and there is more to read."""
        enough = run.has_overlap and not self._has_unfilled_gap(run)
        if run.is_index:
            if run.unread_sitemaps and (
                run.pages <= MAX_CHILD_SITEMAPS or (not enough and run.pages <= self._max_pages(run))
            ):
                return self._request(run, run.unread_sitemaps.pop(0))
            return None
        url = listed.next_url
        if (
            url
            and url not in run.requested_urls
            and listed.sightings
            and not enough
            and run.pages < self._max_pages(run)
        ):
            return self._request(run, url)
        return None

    def _max_pages(self, run: ListingRun) -> int:
        poll = run.poll
        pages = listing_settings(self._source(poll), poll.listing or "").pages
        if run.gap_targets:
            return max(pages, MAX_GAP_PAGES)
        # At a first poll there is no thread to find: as much is read as the configuration says.
        return max(pages, MAX_PAGES_BACK) if run.cursor.window else pages

    def _has_unfilled_gap(self, run: ListingRun) -> bool:
        seen = {overlap.mark(sighting) for sighting in run.sightings}
        return any(not any(edge_mark in seen for edge_mark in target) for target in run.gap_targets)

    async def _unchanged(self, run: ListingRun, response: Response, now: datetime) -> bool:
        """Settle a poll that showed what was seen before, and return whether it is still known what that was."""
        stored = await self._stored(run)
        if stored is None:
            return False
        learnt = replace(
            learn_rates(stored, 0, now),
            etag=validator(response, "ETag") or stored.etag,
            last_modified=validator(response, "Last-Modified") or stored.last_modified,
            seconds=average_latency(stored, response),
            fresh_for=fresh_for(response, now).total_seconds() or stored.fresh_for,
        )
        learnt = _trust_unchanged(learnt, response)
        shown = stored.sightings > 0 or not stored.window
        learnt = count_reading(learnt, now, has_sightings=shown, is_complete=shown)
        reply = PollResult(outcome="unchanged", window=stored.sightings, fresh_for=timedelta(seconds=learnt.fresh_for))
        await self._recorder.record_read(run.poll, run.key, learnt, reply, now)
        return True

    async def _finish(self, run: ListingRun, now: datetime) -> None:
        """Settle a poll that read the listing as far as it was to be read."""
        cursor, shown = run.cursor, overlap.window_of(run.sightings)
        lost = bool(cursor.window and shown and not run.has_overlap)
        if run.sightings:
            await self._recorder.update_gaps(run.poll, cursor, run.sightings, now, lost=lost)
        fresh = overlap.count_unseen(run.sightings[: run.window], cursor.window) if cursor.window else 0
        settled = run.is_settled and not run.unread_sitemaps
        rhythm = learn_rates(cursor, run.new_count if cursor.window else 0, now)
        learnt = replace(
            count_reading(rhythm, now, has_sightings=bool(shown), is_complete=bool(shown) and not lost),
            # Validators are kept only once all that the listing names is known for good: a listing that answers 304
            # names nothing, and a page that failed or whose reader died would wait until the listing changes.
            etag=run.first_response.etag if settled else None,
            last_modified=run.first_response.last_modified if settled else None,
            digest=run.first_response.digest if settled and shown else None,
            body=run.first_response.body if settled and shown else None,
            seconds=run.first_response.seconds,
            not_modified=0,
            trusted=0 if _is_untrue_304(cursor, run) else cursor.trusted,
            fresh_for=run.fresh_for.total_seconds(),
            hubs=run.first_response.hubs,
            topic=run.first_response.topic,
            sightings=run.window or len(run.sightings),
            window=shown or cursor.window,
            newest_at=overlap.newest_time(run.sightings) if shown else cursor.newest_at,
            news_at=timestamp(now) if run.new_count or not cursor.news_at else cursor.news_at,
        )
        reply = PollResult(outcome="read", news=fresh, window=run.window, fresh_for=run.fresh_for)
        await self._recorder.record_read(run.poll, run.key, learnt, reply, now, sightings=len(run.sightings))

    async def _not_read(self, run: ListingRun, why: str, word: Trouble, patience: timedelta | None = None) -> None:
        # What was read so far is claimed, but the window stays: the next poll must read back to it again, through the
        # page that failed now.
        stored = await self._stored(run) or replace(run.cursor, etag=None, last_modified=None, digest=None)
        if run.pages:
            stored = replace(stored, etag=None, last_modified=None, digest=None)
            why = f"page {run.pages + 1}: {why}"
        await self._recorder.record_failure(run.poll, run.key, stored, why, word, patience)

    async def _stored(self, run: ListingRun) -> Cursor | None:
        """Return the stored cursor, if it still has the validators that this poll sent.

        A Redis that came back from an older state no longer knows the releases that those validators stand for.
        """
        stored, requested = await self._services.stores.cursors.get(run.key), run.cursor
        same = (stored.etag, stored.last_modified, stored.digest) == (
            requested.etag,
            requested.last_modified,
            requested.digest,
        )
        return stored if same else None

    def _close_request(self, run: ListingRun, *, more: bool = False) -> None:
        if not more and run.poll.listing is not None:
            self._open_polls.discard((run.poll.listing, run.poll.crawl_id))
        self._services.progress.closed(run.poll.crawl_id)

    def _source(self, poll: Poll) -> SourceSettings:
        source = self._services.settings.sources.get(poll.source)
        if source is None:
            raise KeyError(f"there is no source {poll.source!r}")
        return source


def _trust_unchanged(cursor: Cursor, response: Response) -> Cursor:
    """Return the cursor of an unchanged listing: after some 304s in a row, a whole response proves them true."""
    if response.status == 304:
        return replace(cursor, not_modified=cursor.not_modified + 1)
    if cursor.trusted and cursor.not_modified >= cursor.trusted:
        cursor = replace(cursor, trusted=min(2 * cursor.trusted, MAX_TRUSTED))
    return replace(cursor, not_modified=0)


def _is_untrue_304(cursor: Cursor, run: ListingRun) -> bool:
    """Return whether a listing changed under the same validators: then its 304s mean nothing."""
    if not cursor.trusted:
        return True
    was_forced = cursor.not_modified >= cursor.trusted
    response, has_changed = run.first_response, run.first_response.digest != cursor.digest
    same = (response.etag, response.last_modified) == (cursor.etag, cursor.last_modified)
    return was_forced and has_changed and same and cursor.digest is not None

"""The steps from the response for a release page to its outcome: stored, requested once more, or failed.

Each step returns an outcome, or None (or what it read) when the next step decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

import structlog
from redis.exceptions import RedisError
from scrapy import Request
from scrapy.http import Response

from config.observability.sentry import report, traced
from config.source_settings import ReleaseHints
from crawler.extraction.field_limits import reached
from crawler.http.errors import describe_status
from crawler.http.response_headers import charset
from crawler.pages.conditional_get import validators
from crawler.pages.dispatcher import Priority
from crawler.pages.feed_content import entry_hints, feed_entry_of, synthetic_response, with_feed_entry
from crawler.pages.removed_pages import (
    is_site_down,
    removed_by_content,
    removed_by_headline,
    removed_by_response,
    visible_text,
)
from crawler.polling.host_recovery import AWAY_STATUSES
from crawler.readers.pool import ReaderClosedError, ReaderFailedError, ReadPriority
from crawler.services import Services
from stories.crawl_state.claims import Claim, listing_key, tags_among
from stories.crawl_state.feed_entries import FeedEntryRecord
from stories.crawl_state.quarantine import QuarantinedError
from stories.crawl_state.site_boilerplate import KnownBoilerplate, ShownLines
from stories.model.ids import release_id
from stories.model.listed_fields import with_listed
from stories.model.page_result import FetchRecord, PageResult
from stories.model.publication_dates import with_listing_date
from stories.model.release import NotARelease, Release
from stories.model.sighting import BY_HAND, Poll, Sighting
from stories.model.urls import url_digest
from stories.runtime.failpoints import failpoint
from stories.text.index_words import tag_word

log = structlog.get_logger(__name__)

READER_ENDING_REASONS = ("took too long", "reader crashed")
"""Reasons of ``NotARelease`` for pages that ended the worker process which read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """A response for a release page, and why the page was requested."""

    response: Response
    poll: Poll
    url: str
    """Canonical, as it was requested."""
    claim: Claim | None
    """The claim on a page that a listing named; None for a page that a person named or that is read again."""
    fetch_record: FetchRecord
    """With the time of this response."""
    priority: Priority | None
    """Of its slot; None for a page without one."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The page was read or is unchanged or gone; the pipelines store the result."""

    result: PageResult
    is_page: bool = False
    """Whether the release was read from its page, so that the page's host answers."""


@dataclass(frozen=True, slots=True)
class FetchAgain:
    """The page must be requested once more."""

    poll: Poll
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class Failed:
    """The page was not read."""

    reason: str
    is_host_fault: bool = False
    error: Exception | None = None
    """A fault of the program, raised again after it is recorded."""


@dataclass(frozen=True, slots=True)
class ReaderClosed:
    """This process ends; nothing is known of the page."""

    error: str | None
    """Why the reader failed; None for an ordinary end."""


Outcome = Accepted | FetchAgain | Failed | ReaderClosed


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What the reader returned for a page."""

    page: FetchedPage
    entry: FeedEntryRecord | None
    """The feed entry that was read in place of the page."""
    known: KnownBoilerplate
    release: Release
    shown: ShownLines


class ReaderFlow:
    """Decides what a response for a release page means."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def outcome(self, page: FetchedPage) -> Outcome:
        """Return the outcome of a response."""
        if (removed := await self.removed_by_status(page)) is not None:
            return removed
        if (unchanged := self.not_modified(page)) is not None:
            return unchanged
        if (failed := self.http_error(page)) is not None:
            return failed
        source = await self.from_feed(page)
        if not isinstance(source, FetchedPage):
            return source
        read = await self.read(source)
        if not isinstance(read, ReadPage):
            return read
        if (removed := await self.removed_after_read(read)) is not None:
            return removed
        if (failed := self.site_down(read)) is not None:
            return failed
        return await self.accepted(read)

    async def removed_by_status(self, page: FetchedPage) -> Accepted | None:
        """Return that a stored release is gone, by the response's status or the address that it redirects to."""
        removed = removed_by_response(page.url, page.response, self._listings(page.poll))
        if removed and await self._is_stored(page):
            return Accepted(replace(self._result(page), gone=removed))
        return None

    def not_modified(self, page: FetchedPage) -> Accepted | FetchAgain | None:
        """Return the outcome of status 304 (RFC 9110, 15.4.5)."""
        if page.response.status != 304:
            return None
        sent = page.poll.validators
        if sent is not None and page.response.url == sent.url:
            trusted = replace(sent, trusted=sent.trusted + 1)
            return Accepted(replace(self._result(page), unchanged=True, validators=trusted))
        # The 304 came from another address than the validators: the page is requested without them.
        return FetchAgain(replace(page.poll, validators=None), Sighting(url=page.url))

    def http_error(self, page: FetchedPage) -> Failed | None:
        """Return the failure of a response with an error status."""
        status = page.response.status
        if status < 400:
            return None
        return Failed(describe_status(status), is_host_fault=status in AWAY_STATUSES)

    async def from_feed(self, page: FetchedPage) -> Accepted | FetchedPage:
        """Return the page that is read: the stored feed entry of a release that was read from a feed before."""
        entry = await self._stored_entry(page.url) if page.claim is None else None
        if entry is None:
            return page
        if entry.page is None:  # the page may word the release differently: it only proves that the release exists
            return Accepted(replace(self._result(page), unchanged=True))
        request = with_feed_entry(cast(Request, page.response.request), entry)
        return replace(page, response=synthetic_response(request) or page.response)

    async def read(self, page: FetchedPage) -> Outcome | ReadPage:
        """Return the release that a reader process extracts from the page, or the reason why it has no release."""
        entry, boilerplate = feed_entry_of(page.response), self._services.site_boilerplate
        known = await boilerplate.known(page.url) if boilerplate and not entry else KnownBoilerplate()
        try:
            with traced("read", release_id(url_digest(page.url)), source=page.poll.source):
                release, shown = await self._extract(page, known)
        except QuarantinedError as quarantined:
            return Failed(str(quarantined))
        except NotARelease as refusal:
            return await self._refused(page, entry, refusal)
        except ReaderClosedError as closed:  # nothing counts against the page
            return ReaderClosed(str(closed) if isinstance(closed, ReaderFailedError) else None)
        except Exception as error:
            report(error, source=page.poll.source, stop="extract", release=page.url)
            return Failed(f"{type(error).__name__} while it was read", error=error)
        return ReadPage(page, entry, known, release, shown)

    async def removed_after_read(self, read: ReadPage) -> Accepted | None:
        """Return that a stored release is gone, because the page's headline says so."""
        removed = removed_by_headline(read.release.headline or "", read.page.response)
        if removed and await self._is_stored(read.page):
            # Ingest compares the text with the stored release, and decides whether it is gone.
            return Accepted(replace(self._result(read.page), gone=removed, release=read.release))
        return None

    def site_down(self, read: ReadPage) -> Failed | None:
        """Return the failure of a page that announces an outage or maintenance of its site."""
        if is_site_down(read.release.headline or "", read.page.response):
            return Failed(f'no release, but "{read.release.headline}"')
        return None

    async def accepted(self, read: ReadPage) -> Accepted:
        """Return the release for the pipelines, after the site's boilerplate and the feed entry were stored."""
        page, release, services = read.page, read.release, self._services
        for limit in reached(release):
            services.count_refused(page.poll.source, limit)
            log.warning("release_cut", source=page.poll.source, url=page.url, limit=limit)
        failpoint("extracted")
        self._log_read(page, release)
        if services.site_boilerplate and not read.entry:
            await services.site_boilerplate.learn(page.url, read.shown, read.known, services.clock())
        listed_date = page.claim.sighting.published_at if page.claim else None
        release = with_listing_date(release, listed_date, services.clock())
        if page.claim is not None:
            release = with_listed(release, page.claim.sighting.tags, page.claim.sighting.tickers)
            await self._store_entry(page, read.entry, is_edited=page.claim.changed)
        fetch_record = replace(page.fetch_record, read_at=services.clock())
        return Accepted(replace(self._result(page), release=release, journey=fetch_record), is_page=read.entry is None)

    def _result(self, page: FetchedPage) -> PageResult:
        poll, claim, services = page.poll, page.claim, self._services
        is_rendered = self._hints(poll).render
        has_validators = not is_rendered and feed_entry_of(page.response) is None
        return PageResult(
            url=page.url,
            source=poll.source,
            listing=listing_key(poll.source, poll.listing) if claim and poll.listing else None,
            listed_headline=claim.sighting.headline if claim else None,
            listed_version=claim.sighting.version if claim else None,
            listed_tags=self._watched_tags(claim) if claim else (),
            silent=claim.silent if claim else False,
            is_requested=poll.reason == "crawl" and claim is None,
            crawl_id=poll.crawl_id,
            journey=page.fetch_record,
            clock_error=services.timekeeper.error if services.timekeeper else timedelta(),
            validators=validators(page.response) if has_validators else None,
        )

    async def _refused(self, page: FetchedPage, entry: FeedEntryRecord | None, refusal: NotARelease) -> Outcome:
        """Return the outcome of a page that is no release."""
        if entry is not None and page.claim is not None:  # the entry holds only the beginning, or no release
            return FetchAgain(page.poll, page.claim.sighting)
        removed = removed_by_content(refusal, page.url, page.response)
        if removed and await self._is_stored(page):
            return Accepted(replace(self._result(page), gone=removed, page_text=visible_text(page.response)))
        return Failed(str(refusal))

    async def _extract(self, page: FetchedPage, known: KnownBoilerplate) -> tuple[Release, ShownLines]:
        poll, response = page.poll, page.response
        is_backlog = page.priority >= Priority.BACKLOG if page.priority is not None else poll.reason == "revisit"
        hints = self._hints(poll)
        is_requested = page.claim is None and poll.reason in BY_HAND
        async with self._services.read_attempt(poll, page.url, is_requested=is_requested) as attempt:
            failpoint("extracting", page.url)
            try:
                return await self._services.reader.read_page(
                    response.body,
                    response.url,
                    entry_hints(hints) if feed_entry_of(response) else hints,
                    charset(response),
                    known,
                    source=poll.source,
                    priority=ReadPriority.BACKLOG if is_backlog else ReadPriority.NEW,
                )
            except NotARelease as refusal:
                if refusal.reason in READER_ENDING_REASONS:
                    attempt.died = str(refusal)
                raise

    def _log_read(self, page: FetchedPage, release: Release) -> None:
        if page.poll.reason == "revisit":
            return
        read_as, listed_as = (release_id(url_digest(url)) for url in (release.url or page.url, page.url))
        also = {} if read_as == listed_as else {"listed_as": listed_as}
        log.info("read", source=page.poll.source, release=read_as, url=page.url, **also)

    async def _is_stored(self, page: FetchedPage) -> bool:
        """Return whether a release of this page is stored; a page that was never read cannot be gone."""
        try:
            return await self._services.claims.release_id(page.url) is not None
        except RedisError as error:
            log.warning("removed_page_not_checked", source=page.poll.source, url=page.url, reason=f"Redis: {error}")
            return False

    async def _stored_entry(self, url: str) -> FeedEntryRecord | None:
        """Return the feed entry that the release at ``url`` was read from; None if it was read from its page."""
        entries = self._services.feed_entries
        try:
            return (await entries.get_many([url])).get(url) if entries else None
        except RedisError as error:  # then the release is not stored either
            log.warning("feed_entry_not_read", url=url, reason=f"Redis: {error}")
            return None

    async def _store_entry(self, page: FetchedPage, entry: FeedEntryRecord | None, *, is_edited: bool) -> None:
        """Store whether a release was read from a feed entry; with the text of an edited entry, to read it again."""
        entries = self._services.feed_entries
        if entries is None or not self._hints(page.poll).full_text:
            return
        try:
            if entry is None:
                await entries.delete(page.url)
            else:
                await entries.put(page.url, entry if is_edited else replace(entry, page=None))
        except RedisError as error:
            log.warning("feed_entry_not_stored", url=page.url, reason=f"Redis: {error}")

    def _watched_tags(self, claim: Claim) -> tuple[str, ...]:
        return tags_among(claim.sighting.tags, {tag_word(tag) for tag in self._services.settings.watched_tags()})

    def _listings(self, poll: Poll) -> list[str]:
        source = self._services.settings.sources.get(poll.source)
        return [listing.url for listing in source.listings] if source else []

    def _hints(self, poll: Poll) -> ReleaseHints:
        source = self._services.settings.sources.get(poll.source)
        return source.hints if source else ReleaseHints()

"""Claims the releases that a listing names, stores those that wait, and makes the requests for their pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from scrapy import Request

from config.observability.sentry import traced
from crawler.listings import ListingPage
from crawler.pages.dispatcher import Priority
from crawler.pages.feed_content import FeedContent
from crawler.polling import overlap
from crawler.polling.run import ListingRun
from crawler.services import Services
from stories.crawl_state.backlog import WaitingPage
from stories.crawl_state.claims import Claim, listing_key
from stories.model.ids import release_id
from stories.model.page_result import FetchRecord
from stories.model.sighting import BY_HAND, PendingSighting, Poll, Sighting
from stories.model.timestamps import timestamp
from stories.model.urls import canonical_url, url_digest
from stories.runtime.failpoints import failpoint

log = structlog.get_logger(__name__)

PENDING_CHECK_DELAY = timedelta(minutes=11)  # a page is read by then, or the lease of its claim has expired
MAX_LOGGED_RELEASES = 100  # in one log line
MAX_FULL_TEXT_ENTRIES = 100  # feed entries that are read without a request, beyond the free slots

MakePageRequest = Callable[[Poll, Claim, FetchRecord, Priority], Request]
"""Makes the request for the page of a claimed sighting."""


class PageClaimer:
    """Claims releases for the spider."""

    def __init__(self, services: Services, make_page_request: MakePageRequest) -> None:
        self._services = services
        self._make_page_request = make_page_request
        self._full_text = FeedContent(services)

    async def claim_waiting(
        self, source: str, pages: Sequence[WaitingPage]
    ) -> Sequence[tuple[WaitingPage, Claim, Poll]]:
        """Claim pages of a source's backlog, in the order in which they are to be read."""
        now, claimed = self._services.clock(), []
        watched = self._services.settings.watched_tags()
        by_listing: dict[tuple[str, str | None], dict[str, WaitingPage]] = {}
        for page in reversed(pages):  # the newest first; an original comes before its correction
            pending = page.pending
            by_listing.setdefault((pending.listing, pending.tag), {})[pending.sighting.url] = page
        for (listing, tag), waiting in by_listing.items():
            poll = Poll(source=source, listing=listing, tag=tag, asked_at=now)
            sightings = [page.pending.sighting for page in waiting.values()]
            found = await self._services.claims.claim(
                listing_key(source, listing), sightings, now, watched_tags=watched
            )
            claimed += [(waiting[claim.sighting.url], claim, poll) for claim in found.claims]
        self._services.claimed_urls.update(canonical_url(claim.sighting.url) for _, claim, _ in claimed)
        return claimed

    async def claim(self, run: ListingRun, listed: ListingPage, url: str, now: datetime) -> Sequence[Request]:
        services, poll, cursor = self._services, run.poll, run.cursor
        seeding = cursor.read_at is None and services.settings.alerts.first_poll == "seed"
        failpoint("listed")
        fresh = overlap.unseen(listed.sightings, cursor.window)
        if fresh:
            # Before they are leased: whatever ends this process, or slides off the listing, they are read in the end.
            taken = (
                PendingSighting(source=poll.source, listing=poll.listing or url, tag=poll.tag, sighting=sighting)
                for sighting in fresh
            )
            await services.stores.pending_sightings.add(taken, now + PENDING_CHECK_DELAY)
        priority = self._priority(run)
        claimed = await services.claims.claim(
            run.key,
            overlap.newest_first(listed.sightings),
            now,
            seeding=seeding,
            poll=timestamp(poll.asked_at),
            limit=self._limit(poll, listed, priority),
            source=poll.source,
            watched_tags=services.settings.watched_tags(),
        )
        if claimed.claims:
            failpoint("claimed")
        await self._make_pending(poll, url, claimed.claims, fresh, now)
        await self._defer(run, claimed.deferred, url, now)
        ids = [release_id(url_digest(claim.sighting.url)) for claim in claimed.claims]
        hub_links = {"releases": ids[:MAX_LOGGED_RELEASES]} if ids else {}
        waiting = {"waiting": len(claimed.deferred)} if claimed.deferred else {}
        log.info(
            "claimed", source=poll.source, listing=url, seen=len(listed.sightings), new=len(ids), **waiting, **hub_links
        )
        for new_id in ids:
            with traced("list", new_id, source=poll.source, began=now):
                pass
        run.new_count += sum(not claim.changed for claim in claimed.claims) + len(claimed.deferred)
        run.has_known |= len(claimed.claims) + len(claimed.deferred) < len(listed.sightings)
        run.is_settled &= claimed.settled
        run.update_overlap()
        # Listings name the newest first; read as they were published, an original comes before its correction.
        journey, edited_entries = (
            FetchRecord(listed_at=now),
            await self._full_text.edited_entries(listed, claimed.claims),
        )
        requests = [
            self._full_text.with_content(
                self._make_page_request(poll, claim, journey, priority), claim.sighting, listed
            )
            for claim in reversed([*claimed.claims, *edited_entries])
        ]
        services.claimed_urls.update(request.cb_kwargs["requested_url"] for request in requests)
        return requests

    def _priority(self, run: ListingRun) -> Priority:
        if run.poll.reason in BY_HAND:
            return Priority.BY_HAND
        return Priority.BACKLOG if run.cursor.read_at is None else Priority.NEW

    def _limit(self, poll: Poll, listed: ListingPage, priority: Priority) -> int | None:
        """Return how many pages may be claimed now; None for all, since a person waits for them."""
        if priority is Priority.BY_HAND:
            return None
        free = self._services.dispatcher.free(poll.source, priority)
        # An entry that carries its release's text costs no request, and would cost one if it waited.
        return max(free, min(len(listed.contents), MAX_FULL_TEXT_ENTRIES))

    async def _make_pending(
        self, poll: Poll, url: str, claims: Sequence[Claim], fresh: Sequence[Sighting], now: datetime
    ) -> None:
        """Make pages pending that were claimed and are not among the newest: the listing may answer 304 from now on."""
        done = {sighting.url for sighting in fresh}
        further = (
            PendingSighting(source=poll.source, listing=poll.listing or url, tag=poll.tag, sighting=claim.sighting)
            for claim in claims
            if not claim.changed and claim.sighting.url not in done
        )
        await self._services.stores.pending_sightings.add(further, now + PENDING_CHECK_DELAY)

    async def _defer(self, run: ListingRun, deferred: Sequence[Sighting], url: str, now: datetime) -> None:
        """Leave pages to the backlog of their source."""
        dispatcher, poll = self._services.dispatcher, run.poll
        if not deferred or dispatcher.backlog is None:
            return
        first_poll = self._priority(run) is Priority.BACKLOG
        pending = [
            PendingSighting(
                source=poll.source,
                listing=poll.listing or url,
                tag=poll.tag,
                sighting=sighting,
                listed_at=timestamp(now),
            )
            for sighting in deferred
        ]
        await dispatcher.backlog.add(poll.source, pending, now, first_poll=first_poll)
        dispatcher.count_added(poll.source, len(pending), new=not first_poll)

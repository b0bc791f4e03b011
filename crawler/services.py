"""The objects that the resident spider uses, as one argument: Scrapy would deep-copy its settings."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from config.settings import Settings
from crawler.http.address_guard import AddressGuard
from crawler.http.size_limits import RefusalCounter, ignore_refusals
from crawler.pages.dispatcher import PageDispatcher
from crawler.polling.poll_queue import PollQueue
from crawler.progress import Progress
from crawler.readers.pool import ReaderPool
from crawler.stores import ClaimStore, SpiderStores
from stories.crawl_state.feed_entries import FeedEntries
from stories.crawl_state.host_limits import HostLimits
from stories.crawl_state.quarantine import FREEZE_SECONDS, Quarantine, ReadAttempt, ReadTarget
from stories.crawl_state.site_boilerplate import SiteBoilerplateStore
from stories.crawl_state.websub_subscriptions import WebSubStore
from stories.db.clock import Timekeeper
from stories.model.event import MonitorEventType
from stories.model.interfaces import Ingestor, NotifyMonitor
from stories.model.sighting import Poll

log = structlog.get_logger(__name__)


async def ignore_monitor_event(
    kind: MonitorEventType,
    subject: str,
    *,
    began: str,
    detail: str,
    about: Mapping[str, str | None] | None = None,
) -> None:
    """Do nothing and return None: for crawls that store nothing."""


def ignore_schedule(poll: Poll, at: datetime) -> None:
    """Do nothing: for one-off crawls."""


def read_target(poll: Poll, url: str | None = None) -> ReadTarget:
    """Return the quarantine's name of a poll's listing, or of the page at ``url``."""
    return ReadTarget(kind="page" if url else "listing", source=poll.source, url=url or poll.listing or "")


def ignore_failed_page(source: str) -> None:
    """Do nothing: for processes without metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the spider uses, as one argument."""

    settings: Settings
    polls: PollQueue
    claims: ClaimStore
    stores: SpiderStores
    reader: ReaderPool
    ingestor: Ingestor
    address_guard: AddressGuard
    progress: Progress
    clock: Callable[[], datetime]
    dispatcher: PageDispatcher
    """Chooses the next page request: slots and budgets by source."""
    notify: NotifyMonitor = ignore_monitor_event
    schedule: Callable[[Poll, datetime], None] = ignore_schedule
    """Called after each poll of a listing with the time of its next poll."""
    host_limits: HostLimits | None = None
    """Limits of hosts, shared by all processes on this Redis; None: this process uses only its own."""
    feed_entries: FeedEntries | None = None
    """Releases that were read from feed entries; None for a crawl that stores nothing."""
    websub: WebSubStore | None = None
    """WebSub subscriptions of listings; None where hubs cannot reach this server."""
    lost_sources: dict[str, bool] = field(default_factory=dict)
    """Whether each source that was checked since the start is lost: none of its listings can be read."""
    site_boilerplate: SiteBoilerplateStore | None = None
    """Text that sites repeat on their pages; None for a crawl that stores nothing."""
    claimed_urls: set[str] = field(default_factory=set)
    """URLs that this process claimed and that are neither stored nor given up yet."""
    count_refused: RefusalCounter = ignore_refusals
    """Counts content over a limit, for the metrics."""
    timekeeper: Timekeeper | None = None
    """Compares this machine's clock with the ``Date`` headers of sites; None: no comparison."""
    count_failed_page: Callable[[str], None] = ignore_failed_page
    """Called with the source of each page that could not be fetched or read, for the metrics."""
    quarantine: Quarantine | None = None
    """Pages and listings that crashed their readers; None for a crawl that stores nothing."""
    frozen_listings: set[str] = field(default_factory=set)
    """Listings that blocked the event loop when they were last read, by ``ReadTarget.id``."""

    def read_attempt(
        self, poll: Poll, url: str | None = None, *, is_requested: bool
    ) -> contextlib.AbstractAsyncContextManager[ReadAttempt]:
        """Return the context in which a poll's listing, or the page at ``url``, is read (see ``Quarantine.attempt``).

        Args:
            is_requested: A person requested this listing or page.
        """
        if self.quarantine is None:
            return contextlib.nullcontext(ReadAttempt())
        target = read_target(poll, url)
        return self.quarantine.attempt(target, self.clock(), requested_by=poll.crawl_id if is_requested else None)

    async def count_freeze(self, poll: Poll, seconds: float) -> None:
        """Count a listing that blocked the event loop for longer than ``FREEZE_SECONDS``.

        Args:
            seconds: The longest time between two iterations of the event loop.
        """
        if self.quarantine is None:
            return
        target = read_target(poll)
        if seconds > FREEZE_SECONDS:
            log.warning("event_loop_held_up", source=poll.source, listing=poll.listing, seconds=seconds)
            self.frozen_listings.add(target.id)
            await self.quarantine.record_freeze(target, seconds, self.clock())
        elif target.id in self.frozen_listings:
            self.frozen_listings.discard(target.id)
            await self.quarantine.clear_freezes(target)

    def enqueue(self, poll: Poll) -> None:
        """Put a poll in the queue, and count it for the crawl that it belongs to."""
        if self.polls.put(poll):
            self.progress.opened(poll.crawl_id)

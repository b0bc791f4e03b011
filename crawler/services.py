"""What the resident spider works with; handed to it as an argument, since Scrapy copies its settings deeply."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from config.settings import Settings
from crawler.http.address_guard import AddressGuard
from crawler.http.size_limits import CountsRefusals, uncounted
from crawler.pages.dispatcher import PageDispatcher
from crawler.pages.site_boilerplate import SiteBoilerplate
from crawler.polling.poll_queue import PollQueue
from crawler.progress import Progress
from crawler.readers.pool import ReaderPool
from crawler.stores import ClaimStore, SpiderStores
from stories.crawl_state.feed_entries import FeedEntries
from stories.crawl_state.host_limits import HostLimits
from stories.crawl_state.quarantine import FREEZE_SECONDS, Quarantine, ReadAttempt, ReadTarget
from stories.crawl_state.websub import WebSubStore
from stories.db.clock import Timekeeper
from stories.model.event import Event, MonitorEventType
from stories.model.page_result import PageResult
from stories.model.sighting import Poll

log = structlog.get_logger(__name__)


class Outcome(Protocol):
    """What became of a reading."""

    @property
    def events(self) -> Sequence[Event]: ...

    @property
    def awaits_original(self) -> bool: ...


class Ingests(Protocol):
    """The room that keeps releases, as this one sees it."""

    async def ingest(self, reading: PageResult, *, may_wait: bool = False) -> Outcome: ...


class Notifies(Protocol):
    """Who tells the watches that ask for it what happened to a source."""

    async def __call__(
        self,
        kind: MonitorEventType,
        subject: str,
        *,
        began: str,
        detail: str,
        about: Mapping[str, str | None] | None = None,
    ) -> Event | None:
        """Keep and tell that ``kind`` happened to the source ``subject``; None when it was told before.

        ``kind``, ``subject`` and ``began`` (ISO 8601, or any words that name this one happening) are what it is known
        by: telling it again changes nothing, so tell first and remember that it was told afterwards. ``detail`` is a
        sentence for people; ``about`` holds further keys of the event's ``data`` (a gap's ``listing``, ``from`` and
        ``to``). Raises ``RedisError`` when Redis does not take it.
        """


async def silence(
    kind: MonitorEventType,
    subject: str,
    *,
    began: str,
    detail: str,
    about: Mapping[str, str | None] | None = None,
) -> None:
    """Tell nobody: for crawls that remember nothing."""


def unscheduled(poll: Poll, at: datetime) -> None:
    """Keep no time: for crawls that happen once."""


def subject_of(poll: Poll, url: str | None = None) -> ReadTarget:
    """Return what is quarantined when reading a poll's listing, or one of its pages, goes wrong again and again."""
    return ReadTarget(kind="page" if url else "listing", source=poll.source, url=url or poll.listing or "")


def page_failed_uncounted(source: str) -> None:
    """Count nothing: for processes without metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The spider's colleagues."""

    settings: Settings
    polls: PollQueue
    claims: ClaimStore
    stores: SpiderStores
    reader: ReaderPool
    memory: Ingests
    guard: AddressGuard
    progress: Progress
    clock: Callable[[], datetime]
    dispatcher: PageDispatcher
    """Which page is requested next: slots and budgets by source."""
    tell: Notifies = silence
    due: Callable[[Poll, datetime], None] = unscheduled
    """Is told after a poll of a listing when that is to be asked again."""
    manners: HostLimits | None = None
    """What hosts asked for, of whichever process; None: this one knows of no others."""
    entries: FeedEntries | None = None
    """What was read from feeds and not from pages; a try remembers nothing."""
    pushes: WebSubStore | None = None
    """How listings stand with their hubs; None where no hub can reach us."""
    lost: dict[str, bool] = field(default_factory=dict)
    """Sources that were looked at since the start: whether nothing more is learnt from them."""
    sites: SiteBoilerplate | None = None
    """What is known of the pages' sites; a try remembers nothing."""
    claimed: set[str] = field(default_factory=set)
    """URLs whose claim is ours and whose page is not settled yet."""
    refused: CountsRefusals = uncounted
    """Counts what was refused because it is over a limit."""
    timekeeper: Timekeeper | None = None
    """What the clocks of the sites say; None: nothing is known of them."""
    page_failed: Callable[[str], None] = page_failed_uncounted
    """Is told the source of each page that could not be fetched or read, for the metrics."""
    aside: Quarantine | None = None
    """What is set aside because reading it ended process after process; a try reads all the same."""

    frozen: set[str] = field(default_factory=set)
    """Listings that held up the event loop when they were last read, by the id of their ``Subject``."""

    def reading(
        self, poll: Poll, url: str | None = None, *, asked: bool
    ) -> contextlib.AbstractAsyncContextManager[ReadAttempt]:
        """Read a poll's listing, or one of its pages, as ``Aside.reading`` has it; ``asked``: a person named it."""
        if self.aside is None:
            return contextlib.nullcontext(ReadAttempt())
        subject = subject_of(poll, url)
        return self.aside.reading(subject, self.clock(), asked=poll.crawl_id if asked else None)

    async def count_freeze(self, poll: Poll, seconds: float) -> None:
        """Count whether a poll's listing held up the event loop for too long: the longest time without a turn of it."""
        if self.aside is None:
            return
        listing = subject_of(poll)
        if seconds > FREEZE_SECONDS:
            log.warning("event_loop_held_up", source=poll.source, listing=poll.listing, seconds=seconds)
            self.frozen.add(listing.id)
            await self.aside.froze(listing, seconds, self.clock())
        elif listing.id in self.frozen:
            self.frozen.discard(listing.id)
            await self.aside.thawed(listing)

    def ask(self, poll: Poll) -> None:
        """Put a poll in the queue, and count it for whoever follows its crawl."""
        if self.polls.put(poll):
            self.progress.opened(poll.crawl_id)

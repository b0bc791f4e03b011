"""Chooses the next page request: a bound on in-flight pages for each source, and an hourly budget.

Every page request holds a slot from the moment it is put in the queue until its release is stored or given up. A page
without a free slot waits: pages that a listing named in Redis (``stories.crawl_state.backlog``), pages that a person
named and revisits in this process. A freed slot takes the next page, new releases before the backlog of a first poll.
No source can therefore use up what the others need, and nothing is lost when the process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from time import monotonic

import structlog
from redis.exceptions import RedisError

from crawler.pages.source_budget import Resource, SourceBudget
from stories.crawl_state.backlog import MAX_PAGES, Backlog, WaitingPage
from stories.model.sighting import PendingSighting
from stories.model.timestamps import parse_timestamp
from stories.runtime.heartbeats import beat

log = structlog.get_logger(__name__)

MAX_IN_FLIGHT = 8  # pages of one source; a host answers two at a time, and the reader is never idle with eight
MAX_BACKLOG_IN_FLIGHT = 2  # the same of its older pages: new ones must not wait behind them
MAX_BACKLOG_TOTAL = 64  # older pages of all sources: they share the reader and this process with new ones
FIRST_BACKLOG_TOTAL = 8  # the same at the start, before it is known how busy the machine is
MIN_BACKLOG_TOTAL = 2  # the same on a machine that is busy all the time: even then they come to their end
MAX_CONCURRENT_TAKES = 8  # sources whose waiting pages are taken together
LAG_SECONDS = 0.1  # between two looks at how late the event loop is
MAX_LAG = 0.025  # seconds; a later loop delays polls and new pages noticeably
ORIGINAL_WAIT_SECONDS = 30.0  # that a notice waits for its original among the pages of its source
OTHER_SOURCE_WAIT_SECONDS = 5.0  # the same among those of others: most are not about it
HEAVY_BYTES = 2_000_000  # a source with a page of this size has one page in flight; an ordinary one has 0.1 MB
MAX_RESPONSE_BYTES = 8 << 20  # a larger answer is broken off; a 948-byte Brotli body may unfold to 600 MB
INGEST_WEIGHT = 10.0  # reader seconds for one of the event loop: readers are several, and the loop is one
SLOW_INGEST_SECONDS = 0.2  # from which a page counts as heavy; an ordinary one takes 0.003
HEAVY_SECONDS = 900.0  # after its last heavy page
SWEEP_SECONDS = 0.5  # between two looks at sources that wait for their budget
COUNT_SECONDS = 10.0  # between two counts of the backlogs in Redis, which other processes fill too
CHECK_AFTER = timedelta(minutes=11)  # what was taken from a backlog is read by then, or its lease has ended
FULL_BACKLOG_WAIT = timedelta(minutes=10)  # until the listings of a source with a full backlog are read again
WARN_SECONDS = 600.0  # between two log lines about a source that stays over its budget
IDLE_SECONDS = 3600.0  # after which a source that asks for nothing is forgotten; its budget is full again by then
RETRY_SECONDS = 1.0  # while Redis is away


class Priority(IntEnum):
    """The class of a page request; lower goes first."""

    BY_HAND = 0
    """A user requested the page, or the crawl that found it."""
    NEW = 1
    """A listing named it after its first poll."""
    BACKLOG = 2
    """A first poll named it: it is older than the monitor."""
    REVISIT = 3
    """A known page that is read again."""


BUDGETED = (Priority.NEW, Priority.BACKLOG)
"""Classes that use up pages: a person's are few, and the ladder of revisits has bounds of its own."""


class Slot:
    """The place of one page in flight. Give it back once, by ``release``; further calls do nothing."""

    __slots__ = ("_dispatcher", "_released", "priority", "source")

    def __init__(self, dispatcher: PageDispatcher, source: str, priority: Priority) -> None:
        self._dispatcher = dispatcher
        self._released = False
        self.source = source
        self.priority = priority

    def charge_bytes(self, size: int) -> None:
        """Count the bytes of the page."""
        self._dispatcher.charge_bytes(self.source, size)

    def release(self) -> None:
        """Free the slot: the page is stored, or given up."""
        if not self._released:
            self._released = True
            self._dispatcher.released(self)


SendRequest = Callable[[Slot], None]
"""Puts the request of a page in the queue, with the slot that it holds."""


@dataclass(slots=True)
class SourceStatus:
    """What a source has in flight, and what it waits for."""

    in_flight: Counter[Priority] = field(default_factory=Counter)
    local: dict[Priority, deque[SendRequest]] = field(
        default_factory=lambda: {priority: deque() for priority in Priority}
    )
    """Pages that wait in this process, by class."""
    waiting: int = 0
    """Pages that wait in Redis."""
    waiting_new: int = 0
    """Those of them that are no first poll's."""
    budget: SourceBudget = field(default_factory=SourceBudget)
    heavy_until: float = 0.0
    throttled_since: float | None = None
    throttled_seconds: float = 0.0
    """In all, without the present time over budget."""
    warned_at: float = float("-inf")
    used_at: float = 0.0

    @property
    def total(self) -> int:
        """Pages in flight."""
        return sum(self.in_flight.values())

    @property
    def queued(self) -> int:
        """Pages that wait in this process."""
        return sum(map(len, self.local.values()))


def free_slots(status: SourceStatus, priority: Priority, backlog_free: int, now: float) -> int:
    """Return how many further pages of a class a source may have in flight now, its budget aside.

    ``backlog_free``: how many further older pages all sources together may have.
    """
    limit = 1 if now < status.heavy_until else MAX_IN_FLIGHT
    free = limit - status.total
    if priority >= Priority.BACKLOG:
        older = status.in_flight[Priority.BACKLOG] + status.in_flight[Priority.REVISIT]
        free = min(free, min(limit, MAX_BACKLOG_IN_FLIGHT) - older, backlog_free)
    return max(0, free)


class PageDispatcher:
    """The slots of one process, and what waits for them."""

    def __init__(
        self,
        now: Callable[[], datetime],
        backlog: Backlog | None = None,
        monotonic_clock: Callable[[], float] = monotonic,
    ) -> None:
        """``backlog``: None for a crawl that stores nothing; then everything waits in this process."""
        self.backlog = backlog
        self._now = now
        self._clock = monotonic_clock
        self._sources: dict[str, SourceStatus] = {}
        self._wake = asyncio.Event()
        self._backlog_total = 0
        self._backlog_limit = float(FIRST_BACKLOG_TOTAL)
        self._counted_at = float("-inf")
        self.send_waiting: Callable[[str, Sequence[WaitingPage], list[Slot]], Awaitable[None]] | None = None
        """Set by the spider: claims waiting pages of a source, and puts the requests for them in the queue, each with a
        slot that it removes from the list."""
        self.is_enabled: Callable[[str], bool] = lambda source: True
        """Whether a source may be requested at all; the waiting pages of one that may not keep their place."""

    def free(self, source: str, priority: Priority) -> int:
        """Return how many pages of a source may be put in the queue now; 0 while it is over its budget."""
        now, status = self._clock(), self._status(source)
        if priority in BUDGETED:
            wait, resource = status.budget.page_wait(now)
            if resource is not None:
                self._note_throttled(source, status, resource, wait, now)
                return 0
        return free_slots(status, priority, int(self._backlog_limit) - self._backlog_total, now)

    def acquire(self, source: str, priority: Priority) -> Slot:
        """Return a slot for a page that is requested; the caller has looked whether one is free."""
        slot = self._reserve(source, priority)
        self.charge_page(slot)
        return slot

    def charge_page(self, slot: Slot) -> None:
        """Count a page that is requested in a slot."""
        if slot.priority in BUDGETED:
            self._status(slot.source).budget.charge("pages", 1.0, self._clock())

    def _reserve(self, source: str, priority: Priority) -> Slot:
        self._status(source).in_flight[priority] += 1
        self._backlog_total += priority >= Priority.BACKLOG
        return Slot(self, source, priority)

    def submit(self, source: str, priority: Priority, send: SendRequest) -> None:
        """Call ``send`` with a slot, now or as soon as one is free; what waits is kept in this process."""
        status = self._status(source)
        status.local[priority].append(send)
        self._send_local(source, status)

    def released(self, slot: Slot) -> None:
        """Take back a slot, and let what waits have it."""
        status = self._status(slot.source)
        status.in_flight[slot.priority] -= 1
        self._send_local(slot.source, status)
        if slot.priority >= Priority.BACKLOG:
            self._backlog_total -= 1
            if self._backlog_total < int(self._backlog_limit):  # a place for any source's older pages
                for source, other in self._sources.items():
                    if other.queued:
                        self._send_local(source, other)
                self._wake.set()
        if status.waiting:
            self._wake.set()

    def charge_bytes(self, source: str, size: int) -> None:
        """Count bytes of a source; after a heavy page it has one page in flight for a while."""
        now, status = self._clock(), self._status(source)
        status.budget.charge("bytes", size, now)
        if size >= HEAVY_BYTES:
            status.heavy_until = now + HEAVY_SECONDS

    def charge_reader(self, source: str, seconds: float) -> None:
        """Count reader seconds of a source."""
        self._status(source).budget.charge("reader", seconds, self._clock())

    def charge_ingest(self, source: str, seconds: float) -> None:
        """Count seconds for which a page of a source held up the event loop: everything else waited for it."""
        now, status = self._clock(), self._status(source)
        status.budget.charge("reader", seconds * INGEST_WEIGHT, now)
        if seconds >= SLOW_INGEST_SECONDS:
            status.heavy_until = now + HEAVY_SECONDS

    def listing_wait(self, source: str) -> timedelta:
        """Return how long a source must wait before its listings are read: it is over its budget, or its backlog is
        full."""
        now, status = self._clock(), self._status(source)
        if status.waiting >= MAX_PAGES:
            return FULL_BACKLOG_WAIT
        wait, resource = status.budget.listing_wait(now)
        if resource is not None:
            self._note_throttled(source, status, resource, wait, now)
        return timedelta(seconds=wait)

    def count_added(self, source: str, pages: int, *, new: bool) -> None:
        """Count pages that were put in a source's backlog."""
        status = self._status(source)
        status.waiting += pages
        status.waiting_new += pages if new else 0
        self._wake.set()

    def recount(self) -> None:
        """Count the backlogs in Redis now: another part of the process filled them."""
        self._counted_at = float("-inf")
        self._wake.set()

    def may_hold_original(self, source: str, waited: float, own: int) -> bool:
        """Return whether pages that are being read may hold what a notice of a source is about.

        Args:
            source: where the notice came from.
            waited: seconds that it has waited already.
            own: slots of its source that the notice itself holds.
        """
        status = self._sources.get(source)
        if (
            status is not None
            and waited < ORIGINAL_WAIT_SECONDS
            and (status.total > own or status.queued or status.waiting)
        ):
            return True
        others = (other.in_flight[Priority.NEW] for name, other in self._sources.items() if name != source)
        return waited < OTHER_SOURCE_WAIT_SECONDS and any(others)

    async def put_back(self, pending: PendingSighting, now: datetime) -> None:
        """Put a page that was named and not read in the backlog of its source."""
        if self.backlog is not None:
            listed_at = parse_timestamp(pending.listed_at) or now
            await self.backlog.add(pending.source, [pending], listed_at)
            self.count_added(pending.source, 1, new=True)

    def adapt_to_lag(self, seconds: float) -> None:
        """Adapt how many older pages are in flight to how late the event loop is, once a ``LAG_SECONDS``.

        Additive increase, multiplicative decrease: older pages use what polls, new pages and alerts leave.
        """
        if seconds > MAX_LAG:
            self._backlog_limit = max(MIN_BACKLOG_TOTAL, self._backlog_limit * 0.7)
        elif self._backlog_total >= int(self._backlog_limit):
            self._backlog_limit = min(MAX_BACKLOG_TOTAL, self._backlog_limit + 0.5)

    async def run(self) -> None:
        """Bring waiting pages forward as slots and budgets allow, until cancelled."""
        sampling = asyncio.create_task(self._sample_lag(), name="loop lag of the dispatcher")
        try:
            await self._dispatch()
        finally:
            sampling.cancel()

    async def _sample_lag(self) -> None:
        while True:
            began = self._clock()
            await asyncio.sleep(LAG_SECONDS)
            self.adapt_to_lag(self._clock() - began - LAG_SECONDS)

    async def _dispatch(self) -> None:
        while True:
            beat()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            self._sweep()
            if self.backlog is None:
                continue
            try:
                await self._count(self.backlog)
                await self._take_waiting(self.backlog, new=True)
                await self._take_waiting(self.backlog, new=False)
            except RedisError as error:
                log.warning("backlog_not_read", reason=f"Redis: {error}", retry_in=RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)

    def statuses(self) -> list[tuple[str, SourceStatus]]:
        """Return the sources that used something lately, with what they have in flight and wait for."""
        return list(self._sources.items())

    def throttled_seconds(self, status: SourceStatus) -> float:
        """Return for how long a source was over its budget, since the start."""
        since = status.throttled_since
        return status.throttled_seconds + (self._clock() - since if since is not None else 0.0)

    def _send_local(self, source: str, status: SourceStatus) -> None:
        for priority, queue in status.local.items():
            while queue and self.free(source, priority):
                queue.popleft()(self.acquire(source, priority))

    def _sweep(self) -> None:
        """Send what waited for a budget, and forget the sources that ask for nothing any more."""
        now = self._clock()
        for source, status in list(self._sources.items()):
            if status.queued:
                self._send_local(source, status)
            if status.throttled_since is not None and status.budget.has_recovered(now):
                status.throttled_seconds += now - status.throttled_since
                status.throttled_since = None
            if not (status.total or status.queued or status.waiting) and now - status.used_at > IDLE_SECONDS:
                del self._sources[source]

    async def _count(self, backlog: Backlog) -> None:
        """Count the backlogs now and then: other processes fill and empty them too."""
        now = self._clock()
        if now - self._counted_at < COUNT_SECONDS:
            return
        sizes = await backlog.sizes()
        self._counted_at = now
        for source in {*self._sources, *sizes}:
            status = self._sources.get(source) or self._status(source)
            status.waiting, status.waiting_new = sizes.get(source, (0, 0))

    async def _take_waiting(self, backlog: Backlog, *, new: bool) -> None:
        """Give each source with waiting pages its free slots, the one with the fewest in flight first."""
        priority = Priority.NEW if new else Priority.BACKLOG
        waiting = [
            (status.total, source)
            for source, status in self._sources.items()
            if (status.waiting_new if new else status.waiting - status.waiting_new) and self.is_enabled(source)
        ]
        ordered = [source for _, source in sorted(waiting)]
        for begin in range(0, len(ordered), MAX_CONCURRENT_TAKES):
            takes = (self._take(backlog, source, priority) for source in ordered[begin : begin + MAX_CONCURRENT_TAKES])
            await asyncio.gather(*takes)

    async def _take(self, backlog: Backlog, source: str, priority: Priority) -> None:
        new = priority is Priority.NEW
        if not (free := self.free(source, priority)):
            return
        slots = [self._reserve(source, priority) for _ in range(free)]  # before others of this batch see them free
        try:
            await self._send_taken(backlog, source, slots, new=new)
        finally:
            for slot in slots:
                slot.release()

    async def _send_taken(self, backlog: Backlog, source: str, slots: list[Slot], *, new: bool) -> None:
        """Send pages of a backlog in these slots; what is left in the list was not used."""
        free = len(slots)
        pages = await backlog.take(source, free, self._now() + CHECK_AFTER, new_only=new)
        status, taken_new = self._status(source), sum(not page.first_poll for page in pages)
        if len(pages) < free:  # nothing more of this class waits
            status.waiting, status.waiting_new = (status.waiting - status.waiting_new, 0) if new else (0, 0)
        else:
            status.waiting -= len(pages)
            status.waiting_new = max(0, status.waiting_new - taken_new)
        if pages and self.send_waiting is not None:
            await self.send_waiting(source, pages, slots)

    def _status(self, source: str) -> SourceStatus:
        status = self._sources.get(source)
        if status is None:
            status = self._sources[source] = SourceStatus()
        status.used_at = self._clock()
        return status

    def _note_throttled(self, source: str, status: SourceStatus, resource: Resource, wait: float, now: float) -> None:
        if status.throttled_since is None:
            status.throttled_since = now
        if now - status.warned_at > WARN_SECONDS:
            status.warned_at = now
            log.warning(
                "source_throttled",
                source=source,
                reason=f"it used up its budget of {resource}; what it lists waits and is read later",
                next_in=round(wait, 1),
                waiting=status.waiting + status.queued,
            )

"""The stores of the crawl's state between two polls, opened together."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from stories.crawl_state.clock_ticks import ClockTicks
from stories.crawl_state.crawl_requests import CrawlRequests
from stories.crawl_state.cursors import Cursors
from stories.crawl_state.pending_sightings import PendingSightings
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.crawl_state.source_status import SourceStatusStore
from stories.db.fencing import MemoryMark


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlStores:
    """The stores of the crawl's state."""

    cursors: Cursors
    source_status: SourceStatusStore
    pending_sightings: PendingSightings
    crawl_requests: CrawlRequests
    revisit_queue: RevisitQueue
    clock_ticks: ClockTicks

    @classmethod
    def from_redis(cls, redis: Redis, term: int = 0, memory: MemoryMark | None = None) -> CrawlStores:
        """Open all stores on one client.

        Args:
            redis: the client.
            term: the fencing token of the leader, 0 for other processes.
            memory: the mark of the data set; writes to another data set are refused (``stories.db.fencing``).
        """
        return cls(
            cursors=Cursors(redis, term, memory),
            source_status=SourceStatusStore(redis, memory),
            pending_sightings=PendingSightings(redis, memory),
            crawl_requests=CrawlRequests(redis),
            revisit_queue=RevisitQueue(redis),
            clock_ticks=ClockTicks(redis),
        )

"""Schedules the polls of all listings with APScheduler.

Jobs only put polls in the queue. So a tick is cheap, and a shutdown, which cancels running jobs, cancels no work. Each
listing has a job with its interval. After each poll, the job is moved to the time that the poll result determines
(``crawler.polling.interval``). A poll without a result is repeated after the interval.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic, time
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from crawler.polling.polls import Listing
from stories.model.sighting import Poll
from stories.runtime.heartbeats import beat

log = structlog.get_logger(__name__)

JITTER_FRACTION = 0.1  # of the interval, so that listings with the same interval are spread
FIRST_POLL_SPACING = timedelta(milliseconds=20)  # between two first polls: a thousand in 20 s, which one core handles
CHECK_SECONDS = 1.0  # between two comparisons of both clocks
HANG_SECONDS = 300.0  # for one job; a sweep of many pages with a slow Redis takes some seconds
MAX_DRIFT_SECONDS = 2.0  # between wall clock and monotonic clock before all jobs are rescheduled


class Clock:
    """The scheduler of one daemon."""

    def __init__(
        self,
        listings: Sequence[Listing],
        ask: Callable[[Poll], None],
        now: Callable[[], datetime],
        *,
        is_leader: Callable[[], bool] = lambda: True,
        first_due: Mapping[tuple[str, str], datetime] | None = None,
    ) -> None:
        """
        Args:
            listings: All listings to poll.
            ask: Puts a poll in the queue.
            now: The present moment, aware.
            is_leader: Returns whether this process holds the leader lease.
            first_due: When listings are due first, by source and URL; left out: now.
        """
        self._is_leader = is_leader
        self._first_due = first_due or {}
        self._listings = listings
        self._ask = ask
        self._now = now
        # A late job runs once, however often it was missed: after a suspend, jobs do not accumulate.
        self._scheduler: Any = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Add one job for each listing, and start."""
        for number, listing in enumerate(self._listings):
            seconds = listing.interval.total_seconds()
            self._scheduler.add_job(
                self._tick,
                IntervalTrigger(seconds=seconds, jitter=seconds * JITTER_FRACTION, timezone="UTC"),
                args=[listing],
                id=_job(listing.source, listing.url),
                next_run_time=self._system_time(
                    max(
                        self._now() + number * FIRST_POLL_SPACING,
                        self._first_due.get((listing.source, listing.url), self._now()),
                    )
                ),
            )
        self._scheduler.start()

    def every(
        self, seconds: float, work: Callable[[], Awaitable[None]], name: str, *, needs_lease: bool = True
    ) -> None:
        """Run a short job at an interval; it must not raise. A run is cancelled after ``HANG_SECONDS``.

        Args:
            seconds: The interval.
            work: The job.
            name: Its unique name, for the log.
            needs_lease: False for a job that also runs while this process is not the leader.
        """

        async def run() -> None:
            if needs_lease and not self._is_leader():
                return
            with contextlib.suppress(asyncio.CancelledError):  # stop() cancels running jobs
                try:
                    async with asyncio.timeout(HANG_SECONDS):
                        await work()
                except TimeoutError:
                    log.error("clock_job_hangs", job=name, ended_after=HANG_SECONDS, retry_in=seconds)

        self._scheduler.add_job(
            run,
            IntervalTrigger(seconds=seconds, timezone="UTC"),
            id=name,
            next_run_time=self._system_time(self._now()),
        )

    def reschedule(self, poll: Poll, at: datetime) -> None:
        """Schedule the next poll of a listing."""
        job = self._scheduler.get_job(_job(poll.source, poll.listing or ""))
        if job is not None:
            job.modify(next_run_time=self._system_time(at))

    def _system_time(self, at: datetime) -> datetime:
        """Convert a time of the Redis clock to the system clock, which APScheduler uses."""
        return datetime.now(UTC) + (at - self._now())

    def poll_all(self) -> None:
        """Poll every listing now, ``FIRST_POLL_SPACING`` apart."""
        if self._scheduler.running:
            for number, listing in enumerate(self._listings):
                job = self._scheduler.get_job(_job(listing.source, listing.url))
                if job is not None:
                    job.modify(next_run_time=self._now() + number * FIRST_POLL_SPACING)

    def stop(self) -> None:
        """Stop polling."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def watch(self) -> None:
        """Reschedule all jobs when the system clock jumps; else APScheduler would wait as long as it was set back."""
        offset = time() - monotonic()
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                beat()
                await asyncio.sleep(CHECK_SECONDS)
                if abs(time() - monotonic() - offset) > MAX_DRIFT_SECONDS:
                    log.warning("clock_jumped", seconds=round(time() - monotonic() - offset, 1))
                    offset = time() - monotonic()
                    for number, job in enumerate(self._scheduler.get_jobs()):
                        job.modify(next_run_time=self._system_time(self._now() + number * FIRST_POLL_SPACING))

    async def _tick(self, listing: Listing) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # as above
            if self._is_leader():
                self._ask(listing.poll(self._now()))
            else:  # the lease expired: soon it is renewed, or the daemon ends
                self.reschedule(listing.poll(self._now()), self._now() + timedelta(seconds=MAX_DRIFT_SECONDS))


def _job(source: str, url: str) -> str:
    return f"{source} {url}"

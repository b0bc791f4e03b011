"""Stop 1, tick: APScheduler says when each listing is asked. Its jobs only put polls in the queue, so a tick costs
nothing, and a shutdown, which cancels running jobs, cancels no work.

Every listing has a job with its interval; after each poll the job is moved to when the listing is due by what it
answered (``crawler.polling.interval``). A poll that never comes back is asked again after the interval."""

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

JITTER_FRACTION = 0.1  # of the interval, so that listings with one interval spread
FIRST_POLL_SPACING = timedelta(
    milliseconds=20
)  # between two first polls: a thousand in 20 s, which one core does with ease
CHECK_SECONDS = 1.0  # seconds between two looks at both clocks
HANG_SECONDS = 300.0  # for one piece of work; a sweep of many pages with a slow Redis takes some seconds
MAX_DRIFT_SECONDS = 2.0  # seconds by which wall clock and monotonic clock may part before the jobs are set anew


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
        """``may`` says whether the clock is ours; ``first`` when listings, by source and URL, are due (else: now)."""
        self._is_leader = is_leader
        self._first_due = first_due or {}
        self._listings = listings
        self._ask = ask
        self._now = now
        # A job that was late is run once, however often it was missed: after a sleep nothing piles up.
        self._scheduler: Any = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Set one job a listing and begin."""
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
        """Run a small piece of work at an interval while the clock is ours; it must not raise.

        A piece that hangs is ended after ``HANG_SECONDS``: else it would never run again. ``leased``: False for work
        that is done whoever has the clock.
        """

        async def run() -> None:
            if needs_lease and not self._is_leader():
                return
            with contextlib.suppress(asyncio.CancelledError):  # stop() cuts off what runs, and that is no failure
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
        """Ask the listing of a poll again at a moment."""
        job = self._scheduler.get_job(_job(poll.source, poll.listing or ""))
        if job is not None:
            job.modify(next_run_time=self._system_time(at))

    def _system_time(self, at: datetime) -> datetime:
        """Return a moment of the process's time by the system's clock, which APScheduler goes by."""
        return datetime.now(UTC) + (at - self._now())

    def poll_all(self) -> None:
        """Poll every listing now, spread a little."""
        if self._scheduler.running:
            for number, listing in enumerate(self._listings):
                job = self._scheduler.get_job(_job(listing.source, listing.url))
                if job is not None:
                    job.modify(next_run_time=self._now() + number * FIRST_POLL_SPACING)

    def stop(self) -> None:
        """Ask for nothing more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def watch(self) -> None:
        """Set the jobs anew when the system's clock jumps: APScheduler would wait for as long as it was set back."""
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
            else:  # held up or cut off for longer than the clock is ours; either it is again soon, or the daemon ends
                self.reschedule(listing.poll(self._now()), self._now() + timedelta(seconds=MAX_DRIFT_SECONDS))


def _job(source: str, url: str) -> str:
    return f"{source} {url}"

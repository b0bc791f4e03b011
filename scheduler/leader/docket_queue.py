"""The task queue of polls shared among processes: docket tasks with leases, redelivered when a worker crashed.

Without workers it is not used: the polls of the daemon go through its own queue
(docs/decisions/0011-workers.md has alternatives and measurements).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from crawler.polling.poll_queue import PollQueue
from crawler.polling.polls import interval_of
from crawler.services import Services
from scheduler.leader.docket_serialization import REFUSED, TASK, refused, without_pickle
from scheduler.leader.worker_key import Signer
from scheduler.sweeps.crawl_requests import run_crawl
from scheduler.wiring import StartError
from stories.crawl_state.claims import listing_key
from stories.crawl_state.crawl_requests import CrawlRequests
from stories.crawl_state.workers import WorkerRegistry
from stories.db import keys
from stories.model.sighting import Cursor, Poll
from stories.model.timestamps import parse_timestamp
from stories.model.urls import url_digest

log = structlog.get_logger(__name__)

MAX_CONCURRENT_POLLS = 48  # in one process: enough that slow hosts do not delay others, few enough to spread the work
LEASE = timedelta(seconds=15)  # without a renewal, until another process gets the poll; ten times the longest stall
MAX_ATTEMPTS = 5  # of a poll that is requeued or fails
RETRY_SECONDS = 1.0  # to the next attempt while Redis does not accept a poll
HEARTBEAT_SECONDS = 2.0  # between two heartbeats, a fifth of their lifetime
MAX_CRASHES = 3  # of processes that were reading the same page, until reading it counts as failed
MAX_CLOCK_SKEW = timedelta(seconds=5)  # between two processes
DUPLICATE_FRACTION = 8  # a listing polled within this fraction (1/8) of its interval is not polled again by the clock


class RequeuedError(Exception):
    """This process ends or is paused; another one runs the poll."""

    expected = True


class SharedQueue(PollQueue):
    """The queue of polls of a process that dispatches them to workers while there are any."""

    def __init__(self) -> None:
        super().__init__()
        self.dispatch: Callable[[Poll], bool] | None = None

    def put(self, poll: Poll) -> bool:
        """Queue a poll here or dispatch it to workers, and return whether it was accepted."""
        if self.dispatch is not None and poll.crawl_id is None:
            return self.dispatch(poll)
        return super().put(poll)

    def put_local(self, poll: Poll) -> bool:
        """Queue a poll for the spider of this process."""
        return super().put(poll)


def task_key(poll: Poll) -> str:
    """Return the idempotency key of a poll: while one waits or runs, docket refuses another with the same key."""
    if poll.crawl_id is not None:
        return f"crawl:{poll.crawl_id}"
    if poll.listing is not None:
        return f"poll:{listing_key(poll.source, poll.listing)}"
    return f"page:{url_digest(chr(10).join(poll.urls))}"


def is_duplicate(poll: Poll, cursor: Cursor, interval: timedelta, term: int, now: datetime) -> bool:
    """Return whether a poll of the clock is a duplicate, because the listing was polled just before.

    A poll of a deposed leader (its term is lower than ``term``) runs only if the listing is due by its cursor.

    Args:
        poll: The dispatched poll.
        cursor: The cursor of its listing.
        interval: The configured interval of the listing.
        term: The term of the current leader.
        now: The present moment.
    """
    if poll.reason != "clock":
        return False
    polled = parse_timestamp(cursor.polled_at)
    if polled is not None and polled > now + MAX_CLOCK_SKEW:  # before the clock was set back
        return False
    if poll.term < term and (due := parse_timestamp(cursor.next_at)) is not None and due > now:
        return True
    return polled is not None and polled > poll.asked_at - interval / DUPLICATE_FRACTION


class DocketQueue:
    """The part of one process in the task queue: it sends its polls, and runs those that it gets."""

    def __init__(
        self,
        services: Services,
        requests: CrawlRequests,
        url: str,
        signer: Signer,
        *,
        term: int = 0,
        is_leader: Callable[[], bool] = lambda: True,
    ) -> None:
        """
        Args:
            services: The services of the crawl.
            requests: The requested crawls.
            url: Of Redis.
            signer: Signs tasks and checks their signatures.
            term: The fencing token of the leader; 0 for a worker.
            is_leader: Returns whether polls may be sent now.
        """
        self._services = services
        self._requests = requests
        self._signer = signer
        self._term = term
        self._is_leader = is_leader
        self._unsent: asyncio.Queue[Poll] = asyncio.Queue()
        self._unsent_keys: set[str] = set()
        self._stopping = asyncio.Event()
        self._paused, self._resumed = asyncio.Event(), asyncio.Event()
        self._resumed.set()
        self._open = _engine(url)

    def enqueue(self, poll: Poll) -> bool:
        """Send a poll, and return whether it was accepted; a poll that waits here already is refused."""
        key = task_key(poll)
        if key in self._unsent_keys or not self._is_leader():
            return False
        self._unsent_keys.add(key)
        self._unsent.put_nowait(poll)
        return True

    def take_unsent(self) -> list[Poll]:
        """Return the polls that were not sent yet, and remove them."""
        polls = []
        while not self._unsent.empty():
            polls.append(self._unsent.get_nowait())
        self._unsent_keys.clear()
        return polls

    def stop(self) -> None:
        """Take no more polls, and requeue those in progress for other processes."""
        self._stopping.set()

    def set_paused(self, is_paused: bool) -> None:
        """Pause: take no more polls, and requeue those in progress; False: resume."""
        set_now, cleared = (self._paused, self._resumed) if is_paused else (self._resumed, self._paused)
        cleared.clear()
        set_now.set()
        if is_paused:
            log.warning("work_paused", reason="this process cannot read pages", next="other processes take its polls")
        else:
            log.info("work_resumed")

    async def run(self) -> None:
        """Send and run polls until cancelled."""
        while not self._stopping.is_set():
            await self._resumed.wait()
            try:
                async with self._open() as (docket, worker):
                    docket.register(self._task(), names=[TASK])
                    docket.register(refused, names=[REFUSED])
                    sending = asyncio.create_task(self._send_all(docket), name="sending")
                    try:
                        await self._run_worker(worker)
                    finally:
                        sending.cancel()
            except (RedisError, OSError) as away:
                log.warning("task_queue_unavailable", reason=str(away), retry_in=RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)

    async def _run_worker(self, worker: Any) -> None:
        """Run polls until this process is paused."""
        working = asyncio.create_task(worker.run_forever(), name="docket worker")
        held = asyncio.create_task(self._paused.wait())
        try:
            await asyncio.wait([working, held], return_when=asyncio.FIRST_COMPLETED)
        finally:
            held.cancel()
            working.cancel()  # then the docket worker ends its tasks and returns
            await asyncio.wait([working])
        if not working.cancelled() and (error := working.exception()) is not None:
            raise error

    async def _send_all(self, docket: Any) -> None:
        while True:
            poll = await self._unsent.get()
            key = task_key(poll)
            while self._is_leader():
                try:
                    packed = msgspec.json.encode(replace(poll, term=self._term)).decode()
                    await docket.add(TASK, key=key)(self._signer.seal(TASK, packed))
                    break
                except RedisError as error:
                    log.warning("poll_not_sent", source=poll.source, reason=f"Redis: {error}", retry_in=RETRY_SECONDS)
                    await asyncio.sleep(RETRY_SECONDS)
            self._unsent_keys.discard(key)

    def _task(self) -> Callable[..., Awaitable[None]]:
        from docket import Retry

        async def poll(sealed: str, retry: Retry = Retry(attempts=MAX_ATTEMPTS)) -> None:  # noqa: B008 (docket's API)
            packed = self._signer.open(TASK, sealed)
            if packed is None:
                log.warning("task_refused", reason="not signed with our key", next="it is not run")
                return
            await self._run_task(msgspec.json.decode(packed, type=Poll))

        return poll

    async def _run_task(self, poll: Poll) -> None:
        if self._stopping.is_set():
            raise RequeuedError
        running = asyncio.create_task(self._run_poll(poll) if poll.crawl_id is None else self._run_crawl(poll))
        ending, held = asyncio.create_task(self._stopping.wait()), asyncio.create_task(self._paused.wait())
        try:
            await asyncio.wait([running, ending, held], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise RequeuedError
            await running
        finally:
            running.cancel()
            ending.cancel()
            held.cancel()

    async def _run_crawl(self, poll: Poll) -> None:
        await run_crawl(poll, self._services, self._requests)

    async def _run_poll(self, poll: Poll) -> None:
        """Run a poll, and return when it and the pages that it named are finished."""
        services = self._services
        if poll.listing is not None:
            cursor, term = await services.stores.cursors.get_with_term(listing_key(poll.source, poll.listing))
            interval = interval_of(services.settings, poll.source, poll.listing)
            if is_duplicate(poll, cursor, interval, term, services.clock()):
                log.info(
                    "duplicate_poll_skipped",
                    source=poll.source,
                    listing=poll.listing,
                    term=poll.term,
                    current_term=term,
                )
                if (at := parse_timestamp(cursor.next_at)) is not None:
                    services.schedule(poll, at)
                return
        name = f"poll {secrets.token_hex(6)}"
        tally = services.progress.follow(name)
        try:
            services.progress.opened(name)
            if isinstance(services.polls, SharedQueue):
                services.polls.put_local(replace(poll, crawl_id=name))
            await tally.done.wait()
        finally:
            services.progress.forget(name)


async def requeue_pages_of_crashed(registry: WorkerRegistry, services: Services, name: str) -> None:
    """Requeue the pages of a crashed process; a page of many crashed processes is delayed with backoff."""
    now, crashes = services.clock(), dict(await registry.reap(name))
    log.warning("process_crashed", process=name, pages=len(crashes), next="other processes read its pages")
    for digest, pending in (await registry.pending_sightings(list(crashes))).items():
        url, count = pending.sighting.url, crashes[digest]
        if count >= MAX_CRASHES:
            why = f"{count} processes crashed while they read it"
            delay = await services.claims.record_failure(url, why, now)
            log.error("page_retry_delayed", source=pending.source, url=url, reason=why, retry_in=str(delay))
        else:
            await services.stores.pending_sightings.reschedule(url, now)


async def send_heartbeats(registry: WorkerRegistry, name: str) -> None:
    """Renew the heartbeat of this process until cancelled."""
    while True:
        with contextlib.suppress(RedisError):  # other parts report it
            await registry.heartbeat(name)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _engine(url: str) -> Callable[[], contextlib.AbstractAsyncContextManager[tuple[Any, Any]]]:
    try:
        from docket import Docket, Worker
    except ImportError as error:
        raise StartError(
            "sharing polls with workers needs docket, which is not installed: pip install 'wirewatch[workers]'"
        ) from error
    without_pickle()
    logging.getLogger("docket").setLevel(logging.WARNING)  # it logs every task

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[tuple[Any, Any]]:
        # Without results and execution records, which would be a key for every poll.
        async with (
            Docket(name=keys.docket("").name.rstrip(":"), url=url, execution_ttl=timedelta()) as docket,
            Worker(docket, concurrency=MAX_CONCURRENT_POLLS, redelivery_timeout=LEASE) as worker,
        ):
            yield docket, worker

    return opened

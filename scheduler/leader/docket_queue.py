"""Polls shared among processes: docket carries them as tasks, with leases, and takes up what a dead worker left.

Without a worker nothing of this is in use: the daemon's polls go through its own queue
(docs/decisions/0011-workers.md has what was tried and measured)."""

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

MAX_CONCURRENT_POLLS = (
    48  # polls in the hands of one process: enough that slow hosts hold up no others, few enough to spread
)
LEASE = timedelta(seconds=15)  # without a sign of life, until another takes up a poll; ten times the worst stall
MAX_ATTEMPTS = 5  # of a poll that is handed back or fails
RETRY_SECONDS = 1.0  # seconds to the next try while Redis does not take a poll
HEARTBEAT_SECONDS = 2.0  # seconds between two signs of life, a fifth of what they last
MAX_CRASHES = 3  # of readers with the same page in their hands, until it counts as a page that cannot be read
MAX_CLOCK_SKEW = timedelta(seconds=5)  # by which the clocks of two processes may differ
DUPLICATE_FRACTION = 8  # a listing that was polled within this part of its interval is not polled again by the clock


class RequeuedError(Exception):
    """This process ends; another one does the poll."""

    expected = True


class SharedQueue(PollQueue):
    """A process's own polls; what somebody else may do as well is handed out while there is somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.dispatch: Callable[[Poll], bool] | None = None

    def put(self, poll: Poll) -> bool:
        """Queue a poll here or for everybody, and return whether it was."""
        if self.dispatch is not None and poll.crawl_id is None:
            return self.dispatch(poll)
        return super().put(poll)

    def put_local(self, poll: Poll) -> bool:
        """Queue a poll for this process's own spider."""
        return super().put(poll)


def task_key(poll: Poll) -> str:
    """Return what a poll is known by: as long as one waits or is done, another of the same is not taken."""
    if poll.crawl_id is not None:
        return f"crawl:{poll.crawl_id}"
    if poll.listing is not None:
        return f"poll:{listing_key(poll.source, poll.listing)}"
    return f"page:{url_digest(chr(10).join(poll.urls))}"


def is_duplicate(poll: Poll, cursor: Cursor, interval: timedelta, term: int, now: datetime) -> bool:
    """Return whether the clock asks for a listing that was only just polled: another asked for it too.

    Under the ``term`` that stands that is told by when it was polled; a clock that was deposed since it handed the
    poll out is believed only where the listing is due by its cursor.
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
    """One process's part in the polls that are shared: it hands out its own, and does those that it gets."""

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
        """``may`` says whether polls may be handed out now; ``term`` is the clock's, for who has it."""
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
        """Hand a poll out, and return whether it was; one that waits here already is not handed out again."""
        key = task_key(poll)
        if key in self._unsent_keys or not self._is_leader():
            return False
        self._unsent_keys.add(key)
        self._unsent.put_nowait(poll)
        return True

    def take_unsent(self) -> list[Poll]:
        """Return the polls that were given and not handed out, and forget them."""
        polls = []
        while not self._unsent.empty():
            polls.append(self._unsent.get_nowait())
        self._unsent_keys.clear()
        return polls

    def stop(self) -> None:
        """Take no more; what is under way is handed back, for others."""
        self._stopping.set()

    def set_paused(self, is_paused: bool) -> None:
        """Take no more while this process cannot do it, and hand back what is in flight; False: take again."""
        set_now, cleared = (self._paused, self._resumed) if is_paused else (self._resumed, self._paused)
        cleared.clear()
        set_now.set()
        if is_paused:
            log.warning("work_held", reason="this process cannot read pages", next="other processes take its polls")
        else:
            log.info("work_resumed")

    async def run(self) -> None:
        """Hand out, and do what comes, until cancelled."""
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
        """Do what comes, until this process is held."""
        working = asyncio.create_task(worker.run_forever(), name="polls of others")
        held = asyncio.create_task(self._paused.wait())
        try:
            await asyncio.wait([working, held], return_when=asyncio.FIRST_COMPLETED)
        finally:
            held.cancel()
            working.cancel()  # then it ends what it does, and returns
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

        async def poll(sealed: str, retry: Retry = Retry(attempts=MAX_ATTEMPTS)) -> None:  # noqa: B008 (docket's way)
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
        """Return when a poll and the pages that it named have come to their end."""
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
    """Let what a dead process had in hand be read by others, later and later a page that many of them had in hand."""
    now, died_of = services.clock(), dict(await registry.reap(name))
    log.warning("process_crashed", process=name, pages=len(died_of), next="other processes read its pages")
    for digest, one in (await registry.pending_sightings(list(died_of))).items():
        url, died = one.sighting.url, died_of[digest]
        if died >= MAX_CRASHES:
            why = f"the process that read it died, {died} times"
            delay = await services.claims.record_failure(url, why, now)
            log.error("page_retry_delayed", source=one.source, url=url, reason=why, retry_in=str(delay))
        else:
            await services.stores.pending_sightings.reschedule(url, now)


async def send_heartbeats(registry: WorkerRegistry, name: str) -> None:
    """Say that this process lives, until cancelled."""
    while True:
        with contextlib.suppress(RedisError):  # whoever else needs Redis tells of it
            await registry.heartbeat(name)
        await asyncio.sleep(HEARTBEAT_SECONDS)


def _engine(url: str) -> Callable[[], contextlib.AbstractAsyncContextManager[tuple[Any, Any]]]:
    try:
        from docket import Docket, Worker
    except ImportError as error:
        raise StartError(
            "sharing polls with workers needs docket; install it: pip install 'wirewatch[workers]'"
        ) from error
    without_pickle()
    logging.getLogger("docket").setLevel(logging.WARNING)  # a line for each task

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[tuple[Any, Any]]:
        # No results and no record of what was done: they would be a key for every poll.
        async with (
            Docket(name=keys.docket("").name.rstrip(":"), url=url, execution_ttl=timedelta()) as docket,
            Worker(docket, concurrency=MAX_CONCURRENT_POLLS, redelivery_timeout=LEASE) as worker,
        ):
            yield docket, worker

    return opened

"""Shares the polls of the leader with workers while there are any; else the leader runs all polls itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from redis.exceptions import RedisError

from crawler.polling.polls import Listing
from crawler.services import Services
from scheduler.leader.docket_queue import (
    MAX_CLOCK_SKEW,
    DocketQueue,
    SharedQueue,
    requeue_pages_of_crashed,
    send_heartbeats,
)
from scheduler.leader.lease import Lease
from scheduler.leader.worker_key import REGISTRY_PURPOSE
from scheduler.wiring import AppContext, StartError
from stories.crawl_state.claims import listing_key
from stories.crawl_state.cursors import Cursors
from stories.crawl_state.workers import WorkerRegistry
from stories.db.fencing import is_deposed
from stories.model.sighting import Poll
from stories.model.timestamps import parse_timestamp
from stories.runtime import heartbeats

log = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0  # between two reads of the worker registry and of published next polls
DUE_BATCH = 500  # listings of one reply


async def due_times(cursors: Cursors, listings: Sequence[Listing], now: datetime) -> dict[tuple[str, str], datetime]:
    """Return when listings are due by their cursors, by source and URL; without listings that were never polled."""
    due: dict[tuple[str, str], datetime] = {}
    for begin in range(0, len(listings), DUE_BATCH):
        some = listings[begin : begin + DUE_BATCH]
        found = await cursors.get_many([listing_key(listing.source, listing.url) for listing in some])
        for listing, cursor in zip(some, found, strict=True):
            polled, at = parse_timestamp(cursor.polled_at), parse_timestamp(cursor.next_at)
            if at is not None and (polled is None or polled <= now + MAX_CLOCK_SKEW):  # else the clock was set back
                due[listing.source, listing.url] = at
    return due


class WorkerCoordinator:
    """Finds workers, dispatches polls to them, and requeues the pages of crashed ones."""

    def __init__(self, app: AppContext, lease: Lease) -> None:
        self._app = app
        self._lease = lease
        self._signer = app.signer
        self._registry = WorkerRegistry(app.redis, lease.term, sign=partial(self._signer.sign, REGISTRY_PURPOSE))
        self._task_queue: DocketQueue | None = None
        self._workers: list[str] = []
        self._is_docket_missing = False
        """docket is not installed, so polls cannot be shared."""
        self.checked = asyncio.Event()
        """Set after the first read of the worker registry."""

    def dispatch(self, poll: Poll) -> bool:
        """Send a poll to the workers, and return whether it was accepted."""
        return bool(self._task_queue is not None and self._workers and self._task_queue.enqueue(poll))

    def stop(self) -> None:
        """Take no more polls from the task queue."""
        if self._task_queue is not None:
            self._task_queue.stop()

    async def run(self, services: Services, queue: SharedQueue) -> None:
        """Find workers, share polls with them, and requeue the pages of crashed ones, until cancelled."""
        name = services.claims.process_name
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    heartbeats.beat()
                    try:
                        await self._update_workers(services, queue, tasks, name)
                    except RedisError as error:
                        if not is_deposed(error):  # the next renewal of the lease ends this daemon
                            log.warning("workers_not_read", reason=f"Redis: {error}", retry_in=CHECK_SECONDS)
                    self.checked.set()
                    await asyncio.sleep(CHECK_SECONDS)
        finally:
            self.checked.set()  # a fault at the first read must not block the start
            task_queue, self._task_queue, queue.dispatch = self._task_queue, None, None
            if task_queue is not None:
                for poll in task_queue.take_unsent():
                    queue.put_local(poll)
                with contextlib.suppress(RedisError):
                    await self._registry.deregister(name)

    async def _update_workers(
        self, services: Services, queue: SharedQueue, tasks: asyncio.TaskGroup, name: str
    ) -> None:
        alive, crashed = await self._registry.list_workers()
        for worker in crashed:
            if worker != name:
                await requeue_pages_of_crashed(self._registry, services, worker)
        workers = [worker for worker in alive if worker != name]
        if len(workers) != len(self._workers):
            log.info("workers_found" if workers else "workers_gone", workers=len(workers))
        self._workers = workers
        if workers and self._task_queue is None and not self._is_docket_missing:
            self._start_sharing(services, tasks, name)
        queue.dispatch = self._task_queue.enqueue if workers and self._task_queue else None
        while published := await self._registry.take_next_polls(DUE_BATCH):
            for due in published:
                services.schedule(Poll(source=due.source, listing=due.listing, asked_at=due.at), due.at)
            if len(published) < DUE_BATCH:
                break

    def _start_sharing(self, services: Services, tasks: asyncio.TaskGroup, name: str) -> None:
        url, lease = self._app.redis_url, self._lease
        if not self._signer.is_authenticated:
            log.warning(
                "workers_not_authenticated",
                reason="redis_url has no password, so every client of this Redis can register as a worker",
                next="set [workers] secret for the daemon and its workers",
            )
        try:
            self._task_queue = DocketQueue(
                services,
                self._app.stores.crawl_requests,
                url,
                self._signer,
                term=lease.term,
                is_leader=lambda: lease.is_held,
            )
        except StartError as missing:  # the daemon can run all polls itself
            self._is_docket_missing = True
            log.error("workers_not_used", reason=str(missing), next="this daemon does all polls")
            return
        tasks.create_task(self._task_queue.run(), name="task queue")
        tasks.create_task(send_heartbeats(self._registry, name), name="heartbeat")

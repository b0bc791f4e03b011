"""The daemon and its workers: while there are any, polls are shared with them; without them it does all itself."""

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
from scheduler.leader.docket_queue import CLOCKS_APART, DocketQueue, SharedQueue, beat, bury
from scheduler.leader.lease import Lease
from scheduler.leader.worker_key import MEMBER
from scheduler.wiring import AppContext, StartError
from stories.crawl_state.claims import listing_key
from stories.crawl_state.cursors import Cursors
from stories.crawl_state.workers import WorkerRegistry
from stories.db.fencing import is_deposed
from stories.model.sighting import Poll
from stories.model.timestamps import parse_timestamp
from stories.runtime import heartbeats

log = structlog.get_logger(__name__)

LOOK = 1.0  # seconds between two looks for workers, and for what they polled
DUE = 500  # listings of one answer


async def due_at(cursors: Cursors, listings: Sequence[Listing], now: datetime) -> dict[tuple[str, str], datetime]:
    """Return when listings are due by what was remembered of them, by source and URL; not those never polled."""
    due: dict[tuple[str, str], datetime] = {}
    for begin in range(0, len(listings), DUE):
        some = listings[begin : begin + DUE]
        found = await cursors.several([listing_key(one.source, one.url) for one in some])
        for one, cursor in zip(some, found, strict=True):
            polled, at = parse_timestamp(cursor.polled_at), parse_timestamp(cursor.next_at)
            if at is not None and (polled is None or polled <= now + CLOCKS_APART):  # else the clock was set back
                due[one.source, one.url] = at
    return due


class WorkerCoordinator:
    """Who else there is, as the daemon sees it."""

    def __init__(self, newsroom: AppContext, lease: Lease) -> None:
        self._newsroom = newsroom
        self._lease = lease
        self._signer = newsroom.signer
        self._crew = WorkerRegistry(newsroom.redis, lease.term, sign=partial(self._signer.sign, MEMBER))
        self._sharing: DocketQueue | None = None
        self._workers: list[str] = []
        self._alone = False
        """Nothing can be shared here, whoever is there."""
        self.looked = asyncio.Event()
        """Whether it is known if there are any."""

    def give(self, poll: Poll) -> bool:
        """Hand a poll out to the workers, and return whether there are any to take it."""
        return bool(self._sharing is not None and self._workers and self._sharing.give(poll))

    def end(self) -> None:
        """Take nothing more from what is shared."""
        if self._sharing is not None:
            self._sharing.end()

    async def run(self, services: Services, queue: SharedQueue) -> None:
        """Look for workers, share the polls with them, and look after what dead ones left, until cancelled."""
        name = services.claims.run
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    heartbeats.beat()
                    try:
                        await self._look(services, queue, tasks, name)
                    except RedisError as error:
                        if not is_deposed(error):  # the next look at the lease ends this daemon
                            log.warning("workers not known", why=f"Redis: {error}")
                    self.looked.set()
                    await asyncio.sleep(LOOK)
        finally:
            self.looked.set()  # a fault at the first look is told, and not waited for
            sharing, self._sharing, queue.hand_out = self._sharing, None, None
            if sharing is not None:
                for poll in sharing.left():
                    queue.put_here(poll)
                with contextlib.suppress(RedisError):
                    await self._crew.leave(name)

    async def _look(self, services: Services, queue: SharedQueue, tasks: asyncio.TaskGroup, name: str) -> None:
        living, dead = await self._crew.members()
        for one in dead:
            if one != name:
                await bury(self._crew, services, one)
        workers = [one for one in living if one != name]
        if len(workers) != len(self._workers):
            log.info("polls are shared" if workers else "no worker is there, polls are done here", workers=len(workers))
        self._workers = workers
        if workers and self._sharing is None and not self._alone:
            self._share(services, tasks, name)
        queue.hand_out = self._sharing.give if workers and self._sharing else None
        while told := await self._crew.told_due(DUE):
            for due in told:
                services.due(Poll(source=due.source, listing=due.listing, asked_at=due.at), due.at)
            if len(told) < DUE:
                break

    def _share(self, services: Services, tasks: asyncio.TaskGroup, name: str) -> None:
        url, lease = self._newsroom.url, self._lease
        if not self._signer.proves:
            log.warning(
                "workers_not_authenticated",
                reason="redis_url holds no password, so anyone who reaches this Redis can register as a worker; "
                "set [workers] secret for the daemon and its workers",
            )
        try:
            self._sharing = DocketQueue(
                services,
                self._newsroom.stores.crawl_requests,
                url,
                self._signer,
                term=lease.term,
                may=lambda: lease.holds,
            )
        except StartError as missing:  # a worker that came must not end a daemon that can do it all itself
            self._alone = True
            log.error("workers are there and get nothing; polls are done here", why=str(missing))
            return
        tasks.create_task(self._sharing.run(), name="sharing")
        tasks.create_task(beat(self._crew, name), name="sign of life")

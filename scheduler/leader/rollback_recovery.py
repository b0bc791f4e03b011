"""Recovery after Redis lost data: every listing is read completely once, and ``redis.recovered`` is alerted."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from config.observability.expected_errors import is_expected
from crawler.polling.polls import all_listings
from pipelines.monitor_notifier import MonitorNotifier
from scheduler.leader.redis_mirror import Loss, Mirror, memory_file
from scheduler.wiring import AppContext
from stories.crawl_state.claims import listing_key
from stories.crawl_state.cursors import UNREADABLE_AT
from stories.db import keys
from stories.db.connection import address
from stories.db.fencing import UNKNOWN_MARK, is_forgotten
from stories.db.replies import text
from stories.db.rollback import RollbackCheck, RollbackDetector
from stories.db.unreadable_records import decode
from stories.model.sighting import Cursor
from stories.model.timestamps import timestamp

log = structlog.get_logger(__name__)

MIRROR_SHARE = 0.03  # of the time; with thousands of pages in the backlog, one read of the mirror takes long
LAST_READ_SECONDS = 0.5  # at the end; Redis may be unreachable
SAVE_SECONDS = 30.0  # between two writes of the mirror to data_dir
MARK_CHECK_SECONDS = 1.0  # between two checks of the memory mark
STANDBY_SECONDS = 5.0  # between two reads of a standby; older data lead to a repeated alert, never to a lost one
RESTORE_SECONDS = 10.0  # that a daemon needs at most to restore an emptied Redis
CURSOR_BATCH = 500  # cursors read and written in one round trip


def mirror_of(app: AppContext) -> Mirror:
    """Return the mirror of the Redis of an app, with its file in ``data_dir``."""
    settings = app.settings
    where = "embedded" if app.server else address(app.redis)
    return Mirror(app.redis, all_listings(settings), settings.channels, memory_file(settings.data_dir, where))


async def follow_memory_mark(app: AppContext) -> None:
    """Follow the memory mark that the leader sets, until cancelled."""
    while True:
        with contextlib.suppress(RedisError):  # the other parts of the process report it
            await app.memory_mark.refresh(app.redis)
        await asyncio.sleep(MARK_CHECK_SECONDS)


async def follow_as_standby(app: AppContext, mirror: Mirror, now: Callable[[], datetime]) -> None:
    """Keep the mirror of a standby up to date, until cancelled: Redis may be emptied during a change of the leader.

    A Redis without a mark is not read: the leader restores it, or this process once it is the leader.
    """
    while True:
        with contextlib.suppress(RedisError, OSError):  # the wait for the lease reports it
            if mark := text(await app.redis.get(keys.memory_mark().name) or ""):
                await mirror.read(mark, now())
                if app.memory_mark.name != mark:
                    log.info("standby_mirrors_redis", releases=len(mirror.known.releases))
                app.memory_mark.name = mark
        await asyncio.sleep(STANDBY_SECONDS)


async def prepare_one_off_crawl(app: AppContext, now: Callable[[], datetime]) -> None:
    """Let a one-off crawl check the memory mark of its writes; restore an emptied Redis if no daemon runs."""
    redis, memory = app.redis, app.memory_mark
    memory.follows = True
    deadline = time.monotonic() + RESTORE_SECONDS
    while not await redis.exists(keys.memory_mark().name) and await redis.exists(keys.leader_lease().name):
        if time.monotonic() > deadline:
            return  # the daemon is of a version without marks
        await asyncio.sleep(MARK_CHECK_SECONDS / 4)
    await memory.refresh(redis)
    if memory.name or await redis.exists(keys.epoch().name, keys.releases().name):
        return
    mirror = mirror_of(app)
    if await asyncio.to_thread(mirror.load):
        mark = secrets.token_hex(8)
        loss = await mirror.restore(mark, now())
        memory.name = mark
        _log_loss(loss, len(mirror.known.cursors))


class RollbackRecovery:
    """Checks on the leader whether Redis lost data, and recovers from it."""

    def __init__(
        self,
        app: AppContext,
        monitor: MonitorNotifier,
        now: Callable[[], datetime],
        poll_all: Callable[[], None] = lambda: None,
        *,
        mirror: Mirror | None = None,
        took_over: bool = False,
    ) -> None:
        """
        Args:
            app: The open Redis and the configuration.
            monitor: Stores and alerts ``redis.recovered``.
            now: The present moment, aware.
            poll_all: Polls every listing now, before lost releases drop off their listings.
            mirror: The mirror that a standby kept up to date.
            took_over: The lease was taken from another daemon, so there was data.
        """
        self._took_over = took_over
        self._redis = app.redis
        self._memory = app.memory_mark
        self._poll_all = poll_all
        self.checked = asyncio.Event()
        """Set after the first check; nothing is polled before."""
        listings = all_listings(app.settings)
        self._mirror = mirror or mirror_of(app)
        self._saved = 0.0
        self._save_failed = False
        self._mirror_failed = False
        self._unreported_loss: Loss | None = None
        # The embedded server syncs every acknowledged write to disk, so its restart loses nothing.
        self._trusted = app.server is not None
        self._mirror_due = 0.0
        self._monitor = monitor
        self._now = now
        self._listings = tuple(listing_key(listing.source, listing.url) for listing in listings)
        self._detector = RollbackDetector(app.redis, app.settings.data_dir, self._listings)

    async def check(self) -> RollbackCheck:
        """Check once, and start the recovery of lost data; ``RedisError`` when Redis is unreachable."""
        emptied = await self._compare_mark()
        found = await self._detector.check(self._now())
        if emptied:
            found = replace(
                found, change="emptied", since=self._unreported_loss.since if self._unreported_loss else None
            )
        elif found.change == "another server" and not self._trusted:
            await drop_validators(self._redis, self._listings)
            log.info("redis_server_changed", epoch=found.epoch, next="every listing is read completely once")
        elif found.change == "went back":
            polled = set(found.polled)
            await drop_validators(self._redis, self._listings)
            await mark_as_polled_before(
                self._redis,
                [listing for listing in self._listings if listing in polled],
                found.since or timestamp(self._now()),
            )
            log.warning(
                "redis_went_back", epoch=found.epoch, since=found.since, next="every listing is read completely once"
            )
            await self._notify_rollback(found)
        self._trusted = False
        if self._unreported_loss is not None:
            await self._notify_loss(self._unreported_loss)
            self._unreported_loss = None
        if time.monotonic() >= self._mirror_due:
            began = time.monotonic()
            await self._mirror_now()
            await self._save()
            now = time.monotonic()
            self._mirror_due = now + (now - began) / MIRROR_SHARE
        self.checked.set()
        return found

    async def _compare_mark(self) -> bool:
        """Compare the memory mark in Redis with the one of this process, and return whether Redis was emptied.

        An emptied Redis gets a new mark in one transaction with the mirrored data. Until then scripts refuse writes, so
        nothing is stored as in a first start.
        """
        found = await self._redis.get(keys.memory_mark().name)
        mark = text(found) if found else ""
        first = self._memory.name in ("", UNKNOWN_MARK)
        # At the start, a different mark was set by the previous leader, which restored its mirror.
        if mark and (first or mark == self._memory.name or not self.checked.is_set()):
            self._memory.name = mark
            return False
        new = secrets.token_hex(8)
        if first:
            had_data = await self._redis.exists(keys.epoch().name, keys.releases().name)
            if had_data or not (await asyncio.to_thread(self._mirror.load) or self._took_over):
                await self._redis.set(keys.memory_mark().name, new, nx=True)
                self._memory.name = text(await self._redis.get(keys.memory_mark().name) or "")
                return False
        self._unreported_loss = await self._mirror.restore(new, self._now())
        self._memory.name = new
        _log_loss(self._unreported_loss, len(self._mirror.known.cursors))
        self._poll_all()
        return True

    async def _mirror_now(self) -> None:
        try:
            await self._mirror.read(self._memory.name, self._now())
            self._mirror_failed = False
        except ResponseError as error:  # a key of the wrong type must not stop polling and alerts
            if is_forgotten(error) or is_expected(error):
                raise
            if not self._mirror_failed:
                log.error(
                    "mirror_not_read", reason=str(error), next="delete the key of the wrong type that the reason names"
                )
            self._mirror_failed = True

    async def close(self) -> None:
        """Write the mirror to ``data_dir`` at a clean shutdown, so that a later start repeats no alert."""
        if not self.checked.is_set():
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(LAST_READ_SECONDS):
                await self._mirror.read(self._memory.name, self._now())
        self._saved = 0.0
        await self._save()

    async def _save(self) -> None:
        if time.monotonic() - self._saved < SAVE_SECONDS and self._saved:
            return
        self._saved = time.monotonic()
        try:
            await self._mirror.save()
            self._save_failed = False
        except OSError as error:
            if not self._save_failed:
                log.warning("memory_file_not_written", reason=str(error), next="free space in data_dir")
            self._save_failed = True

    async def _notify_loss(self, loss: Loss) -> None:
        await self._monitor.notify(
            "redis.recovered",
            "redis",
            began=f"emptied {self._memory.name}",
            detail=loss.words,
            about={
                "from": loss.since,
                "to": loss.found_at,
                "lost_releases": str(loss.releases),
                "lost_alerts": str(sum(loss.alerts.values())),
            },
        )

    async def _notify_rollback(self, found: RollbackCheck) -> None:
        await self._monitor.notify(
            "redis.recovered",
            "redis",
            began=f"epoch {found.epoch}",
            detail="Redis went back to an earlier state, by a backup or a failover; every listing is read completely, "
            "and lost releases are found again: alerts may repeat, with their previous ids",
            about={"epoch": str(found.epoch), "from": found.since, "to": timestamp(self._now())},
        )


def _log_loss(loss: Loss, listings: int) -> None:
    log.error(
        "redis_emptied",
        since=loss.since,
        releases_lost=loss.releases,
        alerts_lost=dict(loss.alerts),
        listings=listings,
        detail=loss.words,
    )


async def drop_validators(redis: Redis, listings: Sequence[str]) -> None:
    """Remove the validators of listings, so that their next poll reads them completely."""
    for begin in range(0, len(listings), CURSOR_BATCH):
        chunk = [keys.cursor(listing) for listing in listings[begin : begin + CURSOR_BATCH]]
        packed = await redis.mget([key.name for key in chunk])
        async with redis.pipeline(transaction=False) as pipeline:
            for key, known in zip(chunk, packed, strict=True):
                if known is not None:
                    cursor = decode(known, Cursor, "cursor", key.name) or Cursor(read_at=UNREADABLE_AT)
                    doubted = replace(cursor, etag=None, last_modified=None, digest=None, body=None)
                    pipeline.set(key.name, msgspec.json.encode(doubted), ex=key.seconds)
            await pipeline.execute()


async def mark_as_polled_before(redis: Redis, listings: Sequence[str], since: str) -> None:
    """Mark listings whose cursor Redis lost as polled before.

    A first poll stores releases silently. These listings had theirs, so releases since then must be alerted.
    """
    async with redis.pipeline(transaction=False) as pipeline:
        for listing in listings:
            key = keys.cursor(listing)
            pipeline.set(key.name, msgspec.json.encode(Cursor(read_at=since)), ex=key.seconds, nx=True)
        await pipeline.execute()

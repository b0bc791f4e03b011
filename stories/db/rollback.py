"""Rollback detection: a counter (``pulse``) in Redis, compared with its copy in ``data_dir``.

The counter of a Redis that was restored from a backup, or lost its last writes in a crash or failover, is lower than
the copy, or its server has another run id (docs/decisions/0010-epochs-and-one-hash-tag.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import structlog
from redis.asyncio import Redis

from stories.db import keys
from stories.db.memory_id import memory_id
from stories.model.timestamps import timestamp
from stories.runtime.private_files import private_folder

log = structlog.get_logger(__name__)

Change = Literal["same", "another server", "went back", "emptied"]
"""``another server``: its last writes may be missing; ``went back``: they are missing;
``emptied``: Redis is empty (``scheduler.leader.rollback_recovery``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The state of the counters at one check."""

    epoch: int
    """1, raised with each rollback."""
    pulse: int
    """Raised at each check of the daemon."""
    run: str
    """Names the server's process: Redis' ``run_id``."""
    at: str
    """When, ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackCheck:
    """The result of a check."""

    change: Change
    epoch: int
    since: str | None = None
    """The previous check, ISO 8601 in UTC; None for the first."""
    polled: tuple[str, ...] = ()
    """The keys of the listings polled until then; given only after a rollback."""


def compare(known: Mark | None, found: Mark) -> Change:
    """Return how Redis changed since the previous check; at the first check it is another server."""
    if known is None:
        return "another server"
    if found.epoch < known.epoch or found.pulse <= known.pulse:
        return "went back"
    return "same" if found.run == known.run else "another server"


class RollbackDetector:
    """Detects rollbacks for the daemon that polls."""

    def __init__(self, redis: Redis, folder: Path, listings: Iterable[str]) -> None:
        self._redis = redis
        self._folder = folder
        self._listings = tuple(sorted(listings))
        self._known: dict[str, Mark] = {}
        self._is_failure_logged = False

    async def check(self, now: datetime) -> RollbackCheck:
        """Raise the pulse, and return how Redis changed since the previous check, also across a restart.

        Data are identified by ``memory_id``, so new or emptied data are not a rollback.

        Raises:
            RedisError: Redis is not reachable.
        """
        name = await memory_id(self._redis)
        known = self._known.get(name) or self._read(name)
        found = await self._count(now)
        change = compare(known, found)
        polled: tuple[str, ...] = ()
        if change == "went back" and known is not None:
            polled = self._polled(name)
            found = await self._begin(replace(found, epoch=max(found.epoch, known.epoch) + 1, pulse=known.pulse + 1))
        self._write(name, found)
        return RollbackCheck(change=change, epoch=found.epoch, since=known.at if known else None, polled=polled)

    async def _count(self, now: datetime) -> Mark:
        key = keys.epoch().name
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hsetnx(key, "epoch", "1")
            pipeline.hincrby(key, "pulse", 1)
            pipeline.hget(key, "epoch")
            pipeline.info("server")
            _, pulse, epoch, about = await pipeline.execute()
        return Mark(epoch=int(epoch), pulse=pulse, run=str(about["run_id"]), at=timestamp(now))

    async def _begin(self, mark: Mark) -> Mark:
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(keys.epoch().name, mapping={"epoch": mark.epoch, "pulse": mark.pulse})
            await pipeline.execute()
        return mark

    def _read(self, name: str) -> Mark | None:
        try:
            return msgspec.json.decode(self._file(name).read_bytes(), type=Mark)
        except (OSError, msgspec.DecodeError):  # the first check, or a full disk lost the file
            return None

    def _polled(self, name: str) -> tuple[str, ...]:
        if name in self._known:
            return self._listings
        try:
            return tuple(self._file(name, "listings").read_text(encoding="ascii").split())
        except (OSError, UnicodeDecodeError):
            return ()

    def _write(self, name: str, mark: Mark) -> None:
        first = name not in self._known
        self._known = {name: mark}
        try:
            private_folder(self._folder)
            if first:
                _put(self._file(name, "listings"), "\n".join(self._listings).encode("ascii"))
            _put(self._file(name), msgspec.json.encode(mark))
        except OSError as error:
            if not self._is_failure_logged:
                log.warning(
                    "rollback_mark_not_written",
                    folder=str(self._folder),
                    reason=str(error),
                    next="make room on the disk; rollbacks across a restart are not detected meanwhile",
                )
            self._is_failure_logged = True

    def _file(self, name: str, kind: str = "json") -> Path:
        return self._folder / f"memory-{name}.{kind}"


def _put(file: Path, content: bytes) -> None:
    new_file = file.with_name(f"{file.name}.new")
    new_file.write_bytes(content)
    new_file.replace(file)

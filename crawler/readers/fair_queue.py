"""The fair queue before the reader processes: which waiting page or listing a free worker reads next.

:func:`choose` is a pure decision; :class:`FairQueue` and :class:`Usage` hold what it looks at. All times are seconds of
one monotonic clock and are arguments.

The rules, strongest first:

1. Listings come before new pages, new pages before the backlog. An item gains one class for each ``AGING`` seconds in
   which its source got no worker, so no class starves.
2. Within a class, the source that used the least reader time lately is first. A source gains credit for the time since
   it last got a worker, so no source starves.
3. Within a source and a class, items are read in the order of their arrival.
4. A source gets a second worker only while no other source waits, and never all workers.
5. Heavy items together never have all workers, and of each source one heavy item is read at a time. An item is heavy
   when it is large, or when its source used much reader time lately.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

USAGE_HALF_LIFE = 60.0  # seconds in which the weight of used reader time halves
HEAVY_SECONDS = 5.0  # of recent reader time; 100 ordinary pages within a minute stay below it
HEAVY_BYTES = 1_000_000  # reading it may take seconds; the largest 1 % of pages are larger
AGING_SECONDS = 60.0  # seconds without a worker that lift a source's oldest item by one class
IDLE_CREDIT = 0.1  # seconds of used reader time that are forgiven for each second without a worker
HOUR_BUCKET = 60.0  # seconds; the resolution of the usage of the last hour
HOUR = 3600.0


class ReadPriority(IntEnum):
    """The class of an item; the lowest is read first."""

    LISTING = 0
    NEW = 1
    """A page that a listing named as new."""
    BACKLOG = 2
    """A page of a first poll, or one that is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An item that waits for a worker."""

    id: int
    source: str
    priority: ReadPriority
    size: int
    """Bytes of its body."""
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An item that a worker reads."""

    source: str
    size: int
    started: float


class UsageView(Protocol):
    """What :func:`choose` needs to know of the reader time that sources used."""

    def recent(self, source: str, now: float) -> float:
        """Return the reader seconds of a source, weighted: those of ``HALF_LIFE`` ago count half."""

    def last_started(self, source: str) -> float | None:
        """Return when the source last got a worker; None when it is not known to have had one."""


@dataclass(slots=True)
class _Used:
    recent: float = 0.0
    at: float = 0.0
    started: float | None = None
    minutes: deque[tuple[float, float]] = field(default_factory=deque)
    """(start of a bucket, reader seconds in it), the oldest first."""


class Usage:
    """Counts the reader time that each source used; forgets a source an hour after its last item."""

    def __init__(self) -> None:
        self._used: dict[str, _Used] = {}

    def start(self, source: str, now: float) -> None:
        """Note that a source got a worker."""
        self._used.setdefault(source, _Used(at=now)).started = now

    def add(self, source: str, seconds: float, now: float) -> None:
        """Count reader seconds that ended now."""
        used = self._used.setdefault(source, _Used(at=now))
        used.recent = _decayed(used, now) + seconds
        used.at = now
        bucket = math.floor(now / HOUR_BUCKET) * HOUR_BUCKET
        if used.minutes and used.minutes[-1][0] == bucket:
            used.minutes[-1] = (bucket, used.minutes[-1][1] + seconds)
        else:
            used.minutes.append((bucket, seconds))
            self._forget(now)

    def recent(self, source: str, now: float) -> float:
        """Return the reader seconds of a source, weighted: those of ``HALF_LIFE`` ago count half."""
        used = self._used.get(source)
        return _decayed(used, now) if used else 0.0

    def last_started(self, source: str) -> float | None:
        """Return when the source last got a worker; None when it is not known to have had one."""
        used = self._used.get(source)
        return used.started if used else None

    def last_hour(self, source: str, now: float) -> float:
        """Return the reader seconds of a source in the last hour, to the minute."""
        used = self._used.get(source)
        return sum(seconds for start, seconds in used.minutes if start > now - HOUR) if used else 0.0

    def _forget(self, now: float) -> None:
        for source, used in tuple(self._used.items()):
            while used.minutes and used.minutes[0][0] <= now - HOUR:
                used.minutes.popleft()
            if not used.minutes and (used.started is None or used.started <= now - HOUR):
                del self._used[source]


def _decayed(used: _Used, now: float) -> float:
    return used.recent * math.pow(2.0, -max(0.0, now - used.at) / USAGE_HALF_LIFE)


def choose(
    waiting: Iterable[Waiting], running: Sequence[Running], usage: UsageView, now: float, workers: int
) -> Waiting | None:
    """Return the item that a free worker reads next; None when all that waits has to go on waiting.

    Args:
        waiting: the candidates; of each source and class only the oldest one can be chosen.
        running: what the busy workers read.
        usage: the reader time that sources used before ``now``, without that of ``running``.
        now: the current time.
        workers: the number of workers, busy and free.
    """
    if workers <= len(running):
        return None
    spent: dict[str, float] = {}
    for item in running:
        spent[item.source] = spent.get(item.source, 0.0) + max(0.0, now - item.started)

    def used(source: str) -> float:
        return usage.recent(source, now) + spent.get(source, 0.0)

    def is_heavy(item: Waiting | Running) -> bool:
        return item.size > HEAVY_BYTES or used(item.source) > HEAVY_SECONDS

    heavy = [item.source for item in running if is_heavy(item)]
    is_last = workers > 1 and workers - len(running) == 1

    def is_allowed(item: Waiting) -> bool:
        if is_last and spent.keys() == {item.source}:
            return False  # no source has all workers
        if not is_heavy(item):
            return True
        return item.source not in heavy and not (is_last and len(heavy) == len(running))

    def order(item: Waiting) -> tuple[int, float, float, int]:
        started = usage.last_started(item.source)
        without = max(0.0, now - (item.since if started is None else max(item.since, started)))
        rank = max(0, int(item.priority) - int(without / AGING_SECONDS))
        return rank, used(item.source) - IDLE_CREDIT * without, item.since, item.id

    candidates = list(waiting)
    others = [item for item in candidates if item.source not in spent]
    return min((item for item in others or candidates if is_allowed(item)), key=order, default=None)


class FairQueue:
    """The items that wait, each source and class a queue of its own."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, ReadPriority], deque[Waiting]] = {}
        self._ids: set[int] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, item: Waiting, *, first: bool = False) -> None:
        """Add an item; ``first``: before all others of its source and class, since a worker was lost that had it."""
        queue = self._queues.setdefault((item.source, item.priority), deque())
        if first:
            queue.appendleft(item)
        else:
            queue.append(item)
        self._ids.add(item.id)

    def remove(self, item: Waiting) -> bool:
        """Remove an item; return whether it was waiting."""
        if item.id not in self._ids:
            return False
        self._ids.remove(item.id)
        key = item.source, item.priority
        queue = self._queues[key]
        queue.remove(item)
        if not queue:
            del self._queues[key]
        return True

    def heads(self) -> Iterator[Waiting]:
        """Yield the oldest item of each source and class: the only ones that can be next."""
        for queue in self._queues.values():
            yield queue[0]

"""The monitor's own events about sources, channels and Redis: stored and alerted once, as releases are.

The id is made from what happened and when it began, so whoever tells after a crash of what was told before changes
nothing: tell first, remember that it was told afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.db import keys
from stories.db.fencing import MemoryMark, fence_argument, fenced
from stories.model.event import Event, MonitorEventType, event_json
from stories.model.ids import monitor_event_id
from stories.model.timestamps import milliseconds, timestamp
from stories.store.event_log import LIVE


def happening(
    kind: MonitorEventType,
    subject: str,
    began: str,
    detail: str,
    now: datetime,
    about: Mapping[str, str | None] | None = None,
) -> Event:
    """Return the event of what happened to a source, a channel or Redis, with nobody named who hears of it.

    ``began`` (a moment, or any words that are the same when the same happening is found again) makes the id with
    ``kind`` and ``subject``. ``about`` holds further keys for the event's ``data``.
    """
    family = kind.partition(".")[0]
    return Event(
        id=monitor_event_id(kind, subject, began),
        type=kind,
        timestamp=timestamp(now),
        source=subject if family == "source" else None,
        channel=subject if family == "channel" else None,
        detail=detail,
        about=dict(about or {}),
    )


class MonitorEventStore:
    """Keeps events of the monitor, with one outbox entry for every channel that hears of them."""

    def __init__(self, redis: Redis, memory: MemoryMark | None = None) -> None:
        """``memory``: nothing is stored in a Redis that lost its data (``stories.db.fencing``)."""
        self._redis = redis
        self._memory = memory

    @cached_property
    def _tell(self) -> AsyncScript:
        return self._redis.register_script(fenced("tell.lua"))

    async def record(self, event: Event, channels: Iterable[str], now: datetime) -> bool:
        """Store an event and its alerts in one script; False when the event was stored before."""
        plan: dict[str, Any] = {
            "now": milliseconds(now),
            "id": event.id,
            "type": event.type,
            "line": _line(event),
            "live": LIVE,
            "alerts": [
                {"id": alert, "key": keys.alert(alert).name, "channel": channel, "outbox": keys.outbox(channel).name}
                for channel in sorted(channels)
                for alert in [f"{event.id}:{channel}"]
            ],
            "ttl": {
                "events": keys.event("").seconds,
                "receipts": keys.alert("").seconds,
            },
        }
        answer = await self._tell(
            keys=[keys.events().name, keys.event(event.id).name, keys.alerts().name, keys.history().name],
            args=[
                msgspec.json.encode(plan),
                event_json(event),
                keys.leader_term().name,
                fence_argument(0, self._memory),
            ],
        )
        return bool(answer)


def _line(event: Event) -> str:
    """Return what stands for the story: a source's recovery never overtakes the news that it is dead."""
    return f"{event.type.partition('.')[0]}:{event.source or event.channel or ''}"

"""Stores the monitor's own events about sources, channels and Redis; each is stored and alerted once.

An event's id is derived from its kind, subject and beginning, so storing it again after a crash changes nothing. Store
the event first, and record that it was stored afterwards.
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
from stories.store.event_log import STREAM_LENGTH


def monitor_event(
    kind: MonitorEventType,
    subject: str,
    began: str,
    detail: str,
    now: datetime,
    about: Mapping[str, str | None] | None = None,
) -> Event:
    """Return the event of a source, a channel or Redis, without its audience.

    Args:
        kind: the type of the event.
        subject: the name of the source or channel.
        began: identifies the event together with ``kind`` and ``subject``: a time, or any text that is the same when
            the same incident is detected again.
        detail: a sentence for users.
        now: the current time.
        about: further keys of the event's ``data``.
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
    """Stores events of the monitor, with one outbox entry for each channel that receives them."""

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
            "live": STREAM_LENGTH,
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
    """Return the key of the event's delivery order: a source's recovery is never delivered before its failure."""
    return f"{event.type.partition('.')[0]}:{event.source or event.channel or ''}"

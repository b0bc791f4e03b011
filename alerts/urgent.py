"""Which alerts pass while a channel is quiet or gathers: those of watches that say ``urgent = true``, and tests.

It is read from what an event names and from the present configuration, so a watch that is made urgent in the night is
heard in the night. An alert that passes takes those of its story with it that were held before it: order stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from alerts.outbox import TEST_EVENT_PREFIX, Outbox
from config.settings import WatchSettings


class _Story(msgspec.Struct):
    id: str | None = None


class _Data(msgspec.Struct):
    watches: tuple[str, ...] = ()
    story: _Story | None = None


class _Event(msgspec.Struct):
    """What of an event says whether it is urgent, and what goes with it."""

    data: _Data


_DECODER = msgspec.json.Decoder(_Event)


@dataclass(slots=True)
class UrgentBypass:
    """What one channel's lane has seen of the alerts that are held."""

    watches: frozenset[str]
    """Those that are urgent and alert this channel."""
    _seen: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Alert to its story and whether it is urgent: each event is read once."""

    async def due(self, outbox: Outbox, channel: str) -> list[str]:
        """Return the alerts that are due and pass, what was due first first."""
        due = await outbox.due(channel)
        self._seen = {alert: self._seen.get(alert) or await self._read(outbox, alert) for alert in due}
        last = {story: place for place, (story, urgent) in enumerate(self._seen.values()) if urgent}
        return [alert for place, (alert, (story, _)) in enumerate(self._seen.items()) if place <= last.get(story, -1)]

    async def _read(self, outbox: Outbox, alert: str) -> tuple[str, bool]:
        if alert.startswith(TEST_EVENT_PREFIX):
            return alert, True  # a person waits for it
        body = await outbox.event_of(alert) if self.watches else None
        if body is None:
            return alert, False
        data = _DECODER.decode(body).data
        return (data.story and data.story.id) or alert, not self.watches.isdisjoint(data.watches)


def urgent_watches(watches: Mapping[str, WatchSettings], channel: str) -> frozenset[str]:
    """Return the names of the watches that are urgent and alert a channel; one that names no channels alerts all."""
    return frozenset(
        name
        for name, watch in watches.items()
        if watch.urgent and (watch.channels is None or channel in watch.channels)
    )

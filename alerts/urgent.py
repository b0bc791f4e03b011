"""Urgent alerts bypass quiet hours and digests: those of watches with ``urgent = true``, and test alerts.

The watches of the event and the current configuration decide, so a watch that becomes urgent during quiet hours is
urgent immediately. An urgent alert is sent together with earlier held alerts of its story, so the order is kept.
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
    """The fields of an event that decide whether it is urgent."""

    data: _Data


_DECODER = msgspec.json.Decoder(_Event)


@dataclass(slots=True)
class UrgentBypass:
    """Finds the urgent alerts among the held alerts of one channel."""

    watches: frozenset[str]
    """The urgent watches that alert this channel."""
    _seen: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Story and urgency of each alert, so that each event is read once."""

    async def due(self, outbox: Outbox, channel: str) -> list[str]:
        """Return the ids of due alerts that bypass the hold, earliest due first."""
        due = await outbox.due(channel)
        self._seen = {alert: self._seen.get(alert) or await self._read(outbox, alert) for alert in due}
        last = {story: place for place, (story, urgent) in enumerate(self._seen.values()) if urgent}
        return [alert for place, (alert, (story, _)) in enumerate(self._seen.items()) if place <= last.get(story, -1)]

    async def _read(self, outbox: Outbox, alert: str) -> tuple[str, bool]:
        if alert.startswith(TEST_EVENT_PREFIX):
            return alert, True  # a person waits for the result
        body = await outbox.event_of(alert) if self.watches else None
        if body is None:
            return alert, False
        data = _DECODER.decode(body).data
        return (data.story and data.story.id) or alert, not self.watches.isdisjoint(data.watches)


def urgent_watches(watches: Mapping[str, WatchSettings], channel: str) -> frozenset[str]:
    """Return the names of the urgent watches that alert a channel. A watch without channels alerts all channels."""
    return frozenset(
        name
        for name, watch in watches.items()
        if watch.urgent and (watch.channels is None or channel in watch.channels)
    )

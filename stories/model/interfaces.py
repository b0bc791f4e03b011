"""Interfaces between packages that may not import each other: the crawler calls, the pipelines implement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from stories.model.event import Event, MonitorEventType
from stories.model.page_result import PageResult


class IngestOutcome(Protocol):
    """The outcome of storing a page."""

    @property
    def events(self) -> Sequence[Event]:
        """The events that the page caused."""

    @property
    def awaits_original(self) -> bool:
        """Whether the page holds a notice whose original may still be among the pages being read."""


class Ingestor(Protocol):
    """Stores what was read from a page and decides on its events."""

    async def ingest(self, reading: PageResult, *, may_wait: bool = False) -> IngestOutcome:
        """Store a page, and return the outcome.

        Args:
            may_wait: If the page holds a notice without its original, store nothing and return ``awaits_original``.

        Raises:
            RedisError: Nothing was stored.
        """


class NotifyMonitor(Protocol):
    """Stores an event of the monitor itself (a source that is lost, a gap) and alerts the watches that follow them."""

    async def __call__(
        self,
        kind: MonitorEventType,
        subject: str,
        *,
        began: str,
        detail: str,
        about: Mapping[str, str | None] | None = None,
    ) -> Event | None:
        """Store the event and queue its alerts.

        ``kind``, ``subject`` and ``began`` identify the event, so a repeated call changes nothing. Call this first and
        record the notification afterwards.

        Args:
            subject: The source or channel.
            began: ISO 8601 time, or any text that identifies this occurrence.
            detail: One sentence for people.
            about: Further keys of the event's ``data``, such as a gap's ``listing``, ``from`` and ``to``.

        Returns:
            The event; None when it was stored before.

        Raises:
            RedisError: The event was not stored.
        """

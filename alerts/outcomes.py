"""What a channel is, and what it answers: worked, try again, or give up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from alerts.settings import DeliverySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingAlert:
    """One alert on its way out."""

    event_id: str
    """Goes along with every try: the receiver drops repeats by it."""
    event: bytes
    """The event's JSON, the bytes that every face of wirewatch shows."""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has it; ``detail`` is what it said, for the receipt."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; ``after`` is the shortest wait that the receiver asked for."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Never in this form; with ``off`` the channel takes no further alerts until a person turns it on."""

    reason: str
    off: bool = False


Outcome = Sent | Later | Refused


class Channel(Protocol):
    """Where alerts go. ``send`` answers and does not raise; retrying is not its work."""

    name: str
    settings: DeliverySettings
    concurrency: int
    """How many alerts may be under way at once."""
    timeout: timedelta
    """The longest that one ``send`` may take; it is cancelled then and tried again."""

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Deliver one alert."""

    async def aclose(self) -> None:
        """Let go of connections and files."""


@runtime_checkable
class DigestChannel(Channel, Protocol):
    """A channel that can put several alerts into one message."""

    async def send_digest(self, alerts: Sequence[OutgoingAlert]) -> Outcome:
        """Deliver them as one; the answer holds for each."""

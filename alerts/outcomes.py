"""The channel interface, and the outcomes of a send: sent, try again later, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from alerts.settings import DeliverySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingAlert:
    """One alert to send."""

    event_id: str
    """The idempotency key: the same on every try, so the receiver can drop repeats."""
    event: bytes
    """The event's JSON, the same bytes as in the API and the event log."""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver accepted the alert; ``detail`` is its answer, for the receipt."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """The send failed and is retried; ``after`` is the minimum wait that the receiver requested."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The send failed and is not retried. ``off`` switches the channel off until a person switches it on."""

    reason: str
    off: bool = False


Outcome = Sent | Later | Refused


class Channel(Protocol):
    """A destination of alerts. ``send`` returns an outcome and does not raise. It does not retry."""

    name: str
    settings: DeliverySettings
    concurrency: int
    """Maximum number of concurrent sends."""
    timeout: timedelta
    """Time limit of one ``send``; after it the send is cancelled and retried."""

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Deliver one alert."""

    async def aclose(self) -> None:
        """Close connections and files."""


@runtime_checkable
class DigestChannel(Channel, Protocol):
    """A channel that can put several alerts into one message."""

    async def send_digest(self, alerts: Sequence[OutgoingAlert]) -> Sequence[Outcome]:
        """Deliver several alerts as one message, or as several where one is too small; return each alert's outcome."""

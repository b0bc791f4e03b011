"""Console channel: prints alerts for people on standard output."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Literal, TextIO

from alerts.message import compose, read_event
from alerts.message_context import MessageContext
from alerts.outcomes import Later, Outcome, OutgoingAlert, Sent
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy


class Settings(DeliverySettings):
    """``[channels.NAME]`` of ``type = "console"``."""

    is_local = True
    type: Literal["console"]
    details: bool = True
    """Print issuer, time, link and changes under the headline; false: one line per alert."""


class ConsoleChannel:
    """Prints each alert."""

    concurrency = 1
    timeout = timedelta(seconds=10)  # for a pipe whose reader has stopped reading

    def __init__(
        self,
        name: str,
        settings: Settings,
        stream: TextIO | None = None,
        context: MessageContext = MessageContext(),  # noqa: B008 (immutable)
    ) -> None:
        self.name = name
        self._context = context
        self.settings = settings
        self._stream = stream

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Print the alert. A closed output is retried later."""
        message = compose(read_event(alert.event), self._context)
        lines = [message.title, *(f"  {line}" for line in message.lines)] if self.settings.details else [message.short]
        try:
            await asyncio.to_thread(self._print, "\n".join(lines) + "\n")
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            return Later(f"standard output: {error}")
        return Sent("standard output")

    def _print(self, text: str) -> None:
        stream = self._stream or sys.stdout
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()

    async def aclose(self) -> None:
        """Do nothing: standard output stays open."""


def open_channel(
    name: str, settings: Settings, policy: AddressPolicy, api: str, context: MessageContext
) -> ConsoleChannel:
    """Return the channel; it opens no connection."""
    return ConsoleChannel(name, settings, context=context)

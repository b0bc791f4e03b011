"""Connections to the page: how many there may be, and how long one may take to say what it wants.

uvicorn ends a connection that is idle between two requests, but waits for ever for the end of a request's headers
("slowloris"): whoever opens enough of them leaves the daemon no file to open, for Redis and the crawl neither.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_PATIENCE = 10.0  # seconds for a request's headers to arrive, from the first byte or the opening on
MOST = 800  # at once: the streams of events (web.api.events), and as many again; most systems allow 1,024 files


class Connection(H11Protocol):
    """One connection, which is closed when it does not say what it wants, or is one too many."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, for as long as that may take."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request; when its headers are whole, nothing is waited for."""
        super().data_received(data)
        if self._answering():
            self._wait_no_longer()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEADERS_PATIENCE, self._give_up)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self._answering() and not self.transport.is_closing():
            self.transport.close()

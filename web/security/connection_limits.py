"""Connections to the page: how many there may be, from one address and in all, and how long each may be idle.

uvicorn closes a connection that is idle between two requests, but waits without limit for the end of a request's
headers ("slowloris"), and for a client that does not read its answer. Each such connection is an open file, and Redis
and the crawler need open files too. When there are too many connections, the one that has been idle longest is closed,
so that idle connections never keep a new client or a health check out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from uvicorn.protocols.http.h11_impl import H11Protocol

from web.security.login_throttle import neighbourhood

HEADERS_TIMEOUT_SECONDS = 10.0  # for a request's headers to arrive, from the first byte or from the connection's start
CLIENT_READ_TIMEOUT_SECONDS = 30.0  # for a client to read while its connection's buffers are full
MAX_CONNECTIONS = 800  # concurrent connections: event streams, and as many others; most systems allow 1,024 open files
MAX_CONNECTIONS_PER_ADDRESS = 600  # the rest is left for other addresses, such as a probe on loopback


class Connection(H11Protocol):
    """One connection, which is closed when it stays idle too long, or when there are too many."""

    _waiting: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    idle_since = 0.0
    """When it began to wait for a request, on the loop's clock."""
    address = ""
    """The client's address; of IPv6 its first 64 bits."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room if there are too many connections, and wait for a request."""
        super().connection_made(transport)
        self.address = neighbourhood(self.client[0] if self.client else "")
        self.idle_since = self.loop.time()
        if not self._make_room():
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request; while a whole request is answered, no time limit holds."""
        super().data_received(data)
        if self.is_answering:
            self._wait_no_longer()
        else:
            self._wait()

    def on_response_complete(self) -> None:
        """Count the connection as idle from now on."""
        self.idle_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Limit the time for which a client may leave its answer unread."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """Go on: the client read what was waiting for it."""
        super().resume_writing()
        self._unset_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the timers."""
        self._wait_no_longer()
        self._unset_reading()
        super().connection_lost(exc)

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: any client can send such a request, as often as it likes. It is answered without the upgrade."""

    @property
    def is_answering(self) -> bool:
        """Whether a whole request has arrived and its answer is not complete."""
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> bool:
        """Close idle connections until the bounds hold; False when there is nothing idle to close."""
        others = [other for other in self.connections if isinstance(other, Connection) and other is not self]
        of_this_address = [other for other in others if other.address == self.address]
        for bound, those in ((MAX_CONNECTIONS_PER_ADDRESS, of_this_address), (MAX_CONNECTIONS, others)):
            if len(those) < bound:
                continue
            closed = longest_idle(those)
            if closed is None:
                return False
            closed.transport.abort()
            self.connections.discard(closed)  # the transport reports it only in the next iteration of the loop
            if closed in others:
                others.remove(closed)
        return True

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEADERS_TIMEOUT_SECONDS, self._give_up)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _unset_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.is_answering and not self.transport.is_closing():
            self.transport.close()

    def _expect_reading(self) -> None:
        self._unset_reading()
        unread = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(CLIENT_READ_TIMEOUT_SECONDS, self._check_reading, unread)

    def _check_reading(self, unread: int) -> None:
        """Close the connection of a client that read nothing; a slow one that reads goes on."""
        if self.transport.get_write_buffer_size() >= unread:
            self.transport.abort()
        else:
            self._expect_reading()


def longest_idle(connections: Iterable[Connection]) -> Connection | None:
    """Return the connection that has waited longest for a request; None when all are answering."""
    idle = (connection for connection in connections if not connection.is_answering)
    return min(idle, key=lambda connection: connection.idle_since, default=None)

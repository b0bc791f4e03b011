"""A loopback webhook receiver that keeps what it is sent, and fails when it is told to."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

SECRET = "whsec_" + "d2lyZXdhdGNoIHRlc3RzIHNpZ24gd2l0aCB0aGlzIQ=="


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request that reached the receiver, and how it was answered."""

    at: float
    """``time.time()`` when its body had arrived."""
    path: str
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes
    status: int
    """0: the connection was closed without an answer."""

    @property
    def id(self) -> str | None:
        """The ``webhook-id``: the same on every try of an alert."""
        return self.headers.get("webhook-id")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def type(self) -> str:
        """The event's type: ``release.new``."""
        return str(self.json["type"])

    @property
    def signed(self) -> bool:
        """Whether the signature is that of ``SECRET`` (Standard Webhooks 1.0.0)."""
        try:
            Webhook(SECRET).verify(self.body, dict(self.headers))
        except Exception:  # the library raises its own error for each way of being wrong
            return False
        return True


@dataclass(slots=True, kw_only=True)
class _Failure:
    status: int
    headers: dict[str, str]
    times: int | None
    delay: float
    processed: bool


@dataclass(slots=True, kw_only=True)
class Receiver:
    """Every path of it is a webhook; ``url`` is one."""

    base: str = ""
    deliveries: list[Delivery] = field(default_factory=list)
    """Every request, refused ones too, in order."""
    secret: str = SECRET
    _failures: list[_Failure] = field(default_factory=list)
    _server: web.Server[web.BaseRequest] | None = None

    @property
    def url(self) -> str:
        """A webhook's URL."""
        return f"{self.base}/hook"

    @property
    def accepted(self) -> list[Delivery]:
        """The deliveries that were answered with 2xx."""
        return [delivery for delivery in self.deliveries if 200 <= delivery.status < 300]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that were accepted, each once, in order of arrival."""
        return list({delivery.id or index: delivery.json for index, delivery in enumerate(self.accepted)}.values())

    @property
    def types(self) -> Counter[str]:
        """How many accepted events there are of each type."""
        return Counter(str(event["type"]) for event in self.events)

    def fail(
        self,
        status: int = 503,
        *,
        times: int | None = None,
        retry_after: str | None = None,
        delay: float = 0.0,
        processed: bool = False,
    ) -> None:
        """Answer the next ``times`` requests (None: all, until ``recover``) with ``status``, after ``delay`` seconds.

        ``status=0`` closes the connection without an answer. ``processed`` counts the event as accepted all the
        same: the answer was lost, not the delivery.
        """
        headers = {"Retry-After": retry_after} if retry_after is not None else {}
        self._failures.append(_Failure(status=status, headers=headers, times=times, delay=delay, processed=processed))

    def drop_connections(self) -> int:
        """Abort every connection that a sender keeps open, and return how many there were."""
        transports = [connection.transport for connection in self._server.connections] if self._server else []
        for transport in transports:
            if transport is not None:
                transport.abort()
        return len(transports)

    def recover(self) -> None:
        """Answer everything with 204 again."""
        self._failures.clear()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        failure = self._next_failure()
        status = failure.status if failure else 204
        self.deliveries.append(
            Delivery(
                at=time.time(),
                path=request.path,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body,
                status=204 if failure and failure.processed else status,
            )
        )
        if failure and failure.delay:
            await asyncio.sleep(failure.delay)
        if failure and status == 0 and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status or 503, headers=failure.headers if failure else None)

    def _next_failure(self) -> _Failure | None:
        while self._failures:
            failure = self._failures[0]
            if failure.times is None:
                return failure
            if failure.times > 0:
                failure.times -= 1
                return failure
            self._failures.pop(0)
        return None


@asynccontextmanager
async def serve_receiver() -> AsyncIterator[Receiver]:
    """Serve a receiver on a free loopback port until the block ends."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver._take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.base = f"http://{host}:{port}"
    receiver._server = runner.server
    try:
        yield receiver
    finally:
        await runner.cleanup()

"""A WebSub hub on loopback (https://www.w3.org/TR/websub/#hub), and a wire whose feed names it."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from window_site import WindowSite


@dataclass(slots=True, kw_only=True)
class Hub:
    """Verifies who subscribes, and pushes on demand."""

    address: str = ""
    proxy: tuple[str, str] = ("", "")
    """What subscribers are called from outside, and where they are."""
    lease: int = 86_400
    """Seconds, whatever is asked for."""
    answer: int = 202
    """The status of the answer to who subscribes."""
    verifies: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)
    """The forms of those who subscribed, in order."""
    verified: list[bool] = field(default_factory=list)
    """Whether the subscriber gave the challenge back, by verification."""

    verifying: list[asyncio.Task[object]] = field(default_factory=list)

    async def subscribe(self, request: web.Request) -> web.Response:
        """Take a subscription, and make sure of it a little later."""
        form = dict(parse_qsl((await request.read()).decode(), strict_parsing=True))
        self.asked.append(form)
        if self.answer < 300 and self.verifies:
            self.verifying.append(asyncio.create_task(self.verify(form)))
        return web.Response(status=self.answer)

    async def verify(self, form: dict[str, str], **changed: str) -> tuple[int, str, str]:
        """Ask a subscriber whether it was him; return status, media type and text of the answer."""
        challenge = "<b>challenge</b>&%n"
        query = {
            "hub.mode": "subscribe",
            "hub.topic": form["hub.topic"],
            "hub.challenge": challenge,
            "hub.lease_seconds": str(self.lease),
        }
        async with (
            aiohttp.ClientSession() as client,
            client.get(self._callback(form), params={**query, **changed}) as answer,
        ):
            text = await answer.text()
            self.verified.append(answer.status == 200 and text == challenge)
            return answer.status, answer.content_type, text

    def _callback(self, form: dict[str, str]) -> str:
        return form["hub.callback"].replace(*self.proxy, 1)

    async def push(self, body: bytes = b"<feed/>", *, secret: str | None = None, method: str = "sha256") -> int:
        """Push to the latest subscriber, signed with his secret or another, and return the status of his answer."""
        form = self.asked[-1]
        seal = hmac.new((secret or form["hub.secret"]).encode(), body, method).hexdigest()
        headers = {"X-Hub-Signature": f"{method}={seal}", "Content-Type": "application/atom+xml"}
        async with (
            aiohttp.ClientSession() as client,
            client.post(self._callback(form), data=body, headers=headers) as answer,
        ):
            return answer.status


@dataclass(slots=True, kw_only=True)
class HubbedSite(WindowSite):
    """A wire whose feed names a hub in its Link header."""

    hub: Hub = field(default_factory=Hub)
    others: dict[str, str] = field(default_factory=dict)
    """Other hubs, by the path of the feed that names them."""

    async def turn_away(self, request: web.Request) -> web.Response:
        """Answer who takes a page for a hub."""
        self.log.append((monotonic(), request.path_qs))
        if request.path == "/elsewhere":
            return web.Response(status=307, headers={"Location": request.query_string})
        return web.Response(status=405)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request; a feed with the hub, if it has one."""
        response = await WindowSite.answer(self, request)
        if request.path.endswith(".rss") and self.hub.address:
            topic = f"{self.base}{request.path}"
            hub = self.others.get(request.path, self.hub.address)
            response.headers["Link"] = f'<{hub}>; rel="hub", <{topic}>; rel=self'
        return response


@asynccontextmanager
async def hubbed_site() -> AsyncIterator[HubbedSite]:
    """Serve a wire and its hub until the block ends."""
    site = HubbedSite()
    application = web.Application()
    application.router.add_post("/hub", site.hub.subscribe)
    application.router.add_post("/{path:.*}", site.turn_away)
    application.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        site.hub.address = f"{site.base}/hub"
        yield site
    finally:
        await runner.cleanup()
        await asyncio.gather(*site.hub.verifying, return_exceptions=True)

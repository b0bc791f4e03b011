"""A newsroom on loopback whose pages are empty shells: a script puts the release in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

HEADLINE = "Gull Line Sails at Night From the First of May"
BODY = [
    f"Barge number {number} of the Gull Line carried salt, rope and two hundred letters up the river last night."
    for number in range(1, 6)
]
SHELL = """<!doctype html><html><head><title>Gull Line</title><link rel="stylesheet" href="/app.css"></head><body>
<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript><script src="/app.js"></script>
</body></html>"""
SCRIPT = """
const root = document.getElementById('root');
const reach = async (what) => { try { return await (await fetch(what)).text(); } catch (error) { return ''; } };
(async () => {
  const story = JSON.parse(await reach('/api' + location.pathname) || 'null');
  let got = '';
  for (const address of %(elsewhere)s) got += await reach(address);
  for (const address of %(elsewhere)s) {
    new Image().src = address;
    navigator.sendBeacon(address, 'x');
    const frame = document.createElement('iframe'); frame.src = address; document.body.append(frame);
    try { new WebSocket(address.replace('http', 'ws')); } catch (error) { }
  }
  if (!story) return;
  document.title = story.headline;
  root.innerHTML = '<h1>' + story.headline + '</h1><article>'
    + [...story.body, ...(got ? [got] : [])].map((text) => '<p>' + text + '</p>').join('') + '</article>';
})();
"""


@dataclass(slots=True)
class ShellSite:
    """What it serves, and what was asked of it."""

    url: str = ""
    elsewhere: list[str] = field(default_factory=list)
    """Addresses that its script tries to reach."""
    robots: str = "User-agent: *\nAllow: /\n"
    script: str = SCRIPT
    asked: list[str] = field(default_factory=list)
    pages: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Other pages that its listing names, by path, with their Content-Type."""

    @property
    def page(self) -> str:
        """The release's address."""
        return f"{self.url}/news/1-gull-line-sails-at-night"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        self.asked.append(request.path)
        match request.path:
            case "/robots.txt":
                return web.Response(text=self.robots)
            case "/app.js":
                text = self.script.replace("%(elsewhere)s", repr(self.elsewhere))
                return web.Response(text=text, content_type="text/javascript")
            case "/away":
                raise web.HTTPFound(self.elsewhere[0])
            case "/news":
                named = {self.page: HEADLINE} | {self.url + path: f"The page that is at {path}" for path in self.pages}
                links = "".join(f'<li><a href="{url}">{text}</a></li>' for url, text in named.items())
                return web.Response(text=f"<html><body><ul>{links}</ul></body></html>", content_type="text/html")
            case path if path in self.pages:
                body, content_type = self.pages[path]
                return web.Response(body=body, headers={"Content-Type": content_type})
            case path if path.startswith("/api/"):
                return web.json_response({"headline": HEADLINE, "body": BODY})
        return web.Response(text=SHELL, content_type="text/html")


@asynccontextmanager
async def serve_shells() -> AsyncIterator[ShellSite]:
    """Serve on 127.0.0.1 until the block ends."""
    site = ShellSite()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    serving = web.TCPSite(runner, "127.0.0.1", 0)
    await serving.start()
    host, port = runner.addresses[0][:2]
    site.url = f"http://{host}:{port}"
    try:
        yield site
    finally:
        await runner.cleanup()


@dataclass(slots=True)
class Trap:
    """An address that nobody may connect to."""

    url: str
    connections: int = 0


@asynccontextmanager
async def set_trap() -> AsyncIterator[Trap]:
    """Listen on 127.0.0.2, which a configuration that permits 127.0.0.1 does not permit."""
    trap = Trap(url="")

    async def caught(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.connections += 1
        await reader.read(100)
        answer = b"the secret of the private host, which is long enough to be read as a paragraph of a release."
        head = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(answer) + answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(caught, "127.0.0.2", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        trap.url = f"http://{host}:{port}/secret"
        yield trap

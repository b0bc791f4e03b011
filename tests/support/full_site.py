"""A wire on loopback whose feed carries whole releases; their pages say the same in other words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape

from aiohttp import web
from window_site import Issued, WindowSite


@dataclass(slots=True, kw_only=True)
class FullSite(WindowSite):
    """``/wire.rss`` with ``content:encoded``; what the feed says of a release is changed by hand."""

    says: dict[str, str] = field(default_factory=dict)
    """By URL: what stands in the feed instead of the release's own words."""
    gone: set[str] = field(default_factory=set)

    def words(self, issued: Issued) -> str:
        """Return a release as the feed has it."""
        own = "".join(f"<p>{paragraph}</p>" for paragraph in issued.body)
        return self.says.get(issued.url, f"{own}<p>The post <a href='{issued.url}'>A</a> appeared first on Wire.</p>")

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request, and write it down."""
        response = await WindowSite.answer(self, request)
        if request.path == "/wire.rss":
            items = "".join(
                f"<item><title>{item.headline}</title><link>{item.url}</link>"
                f"<description>{' '.join(item.body)[:90]}</description>"
                f"<content:encoded>{escape(self.words(item))}</content:encoded></item>"
                for item in reversed(self.columns["wire"])
            )
            text = f'<rss version="2.0" xmlns:content="{CONTENT}"><channel><title>News</title>{items}</channel></rss>'
            return web.Response(text=text, content_type="application/rss+xml")
        if f"{self.base}{request.path}" in self.gone:
            return web.Response(status=410)
        text = (response.text or "").replace("<p>", "<p>On this page alone: ")
        return web.Response(text=text, status=response.status, content_type="text/html")


CONTENT = "http://purl.org/rss/1.0/modules/content/"


@asynccontextmanager
async def full_site() -> AsyncIterator[FullSite]:
    """Serve the wire until the block ends."""
    site = FullSite()
    application = web.Application()
    application.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield site
    finally:
        await runner.cleanup()

"""Networks that the operator allows: a source of one is read, and another source is not led there by a link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from program import Program

LINK = '<li><a href="{url}">{headline}</a> <time datetime="2026-03-02T09:00:00Z">2 March 2026</time></li>'
LISTING = "<html><body><main><h1>News</h1><ul>{links}</ul></main></body></html>"
HEADLINES = ("Marlow Harbour opens a tidal battery plant", "Quillmark opens four reading clinics for adults",
             "Brannock reports a thick new vein of copper")  # fmt: skip


@asynccontextmanager
async def served(host: str, answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """Serve on a loopback address until the block ends."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(request)  # type: ignore[no-any-return]

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0).start()
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def listing(urls: list[str]) -> web.Response:
    links = "".join(LINK.format(url=url, headline=headline) for url, headline in zip(urls, HEADLINES, strict=False))
    return web.Response(text=LISTING.format(links=links), content_type="text/html")


async def test_a_site_leads_no_reader_into_a_network_that_another_source_is_on(table, tmp_path):
    inside: list[str] = []

    def intranet(request: web.Request) -> web.Response:
        inside.append(request.path)
        if request.path == "/robots.txt":
            return web.Response(status=404)
        if request.path == "/news":
            return listing([f"{intranet_base}/news/own-release-{number}" for number in range(3)])
        return web.Response(text=f"<html><body>secret {request.path}</body></html>", content_type="text/html")

    def site(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        if request.path == "/news":
            linked = f"{intranet_base}/news/linked-{HEADLINES[0].replace(' ', '-')}"
            return listing([linked, f"{base}/news/redirecting-to-a-page-inside", f"{base}/news/redirecting-again"])
        if request.path == "/moved":
            raise web.HTTPFound(f"{intranet_base}/news-by-redirect")
        raise web.HTTPFound(f"{intranet_base}/page-by-redirect")

    async with served("127.0.0.2", intranet) as intranet_base, served("127.0.0.1", site) as base:
        table["polling"]["private_addresses"] = ["127.0.0.1/32", "127.0.0.2/32"]
        hints = {"release": {"url": "/news/"}}
        table["sources"] = {
            "intranet": {"listings": [{"url": f"{intranet_base}/news"}], **hints},
            "outside": {"listings": [{"url": f"{base}/news"}], **hints},
            "moved": {"listings": [{"url": f"{base}/moved"}], **hints},
        }
        table["alerts"] = {"first_poll": "alert"}
        program = Program(folder=tmp_path, table=table, environment={})
        crawled = await program("crawl", "--format", "jsonl")
        by_hand = await program("crawl", "--url", f"{intranet_base}/news/asked-for-by-a-person")
    pages = [f"/news/own-release-{number}" for number in range(3)]
    own = {"/robots.txt", "/news", *pages, "/news/asked-for-by-a-person"}
    assert set(inside) == own, crawled.said
    assert "a link or redirect leads there only if a listing of the same source (outside) is on that network" in (
        crawled.err
    )
    assert "the same source (moved)" in crawled.err
    assert "refused" not in by_hand.err

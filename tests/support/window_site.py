"""A wire on loopback whose feeds are windows over its newest releases; it keeps a log of what it was asked."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from time import monotonic

from aiohttp import web

LETTERS = "abdefgiklmnoprstuvz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One release."""

    url: str
    headline: str
    body: tuple[str, ...]
    at: datetime


@dataclass(slots=True, kw_only=True)
class WindowSite:
    """``/NAME.rss`` shows the newest ``depth`` releases of a column, ``/NAME.rss?page=2`` what is behind."""

    base: str = ""
    depth: int = 20
    paged: frozenset[str] = frozenset()
    robots: str = ""
    columns: dict[str, list[Issued]] = field(default_factory=dict)
    log: list[tuple[float, str]] = field(default_factory=list)
    """When (by the monotonic clock) and which path was asked for."""
    refusals: dict[str, tuple[int, Mapping[str, str]]] = field(default_factory=dict)
    """Status and headers of the next answer to a path."""

    def publish(self, column: str, count: int = 1) -> list[Issued]:
        """Publish releases, each with words of its own."""
        known = self.columns.setdefault(column, [])
        for number in range(len(known), len(known) + count):
            draw = random.Random(f"{column} {number}")
            words = ["".join(draw.choice(LETTERS) for _ in range(draw.randint(4, 9))) for _ in range(120)]
            known.append(
                Issued(
                    url=f"{self.base}/{column}/news/{number}",
                    headline=" ".join(words[:8]).title(),
                    body=tuple(" ".join(words[start : start + 40]) + "." for start in (0, 40, 80)),
                    at=datetime.now(UTC).replace(microsecond=0),
                )
            )
        return known[-count:]

    def asked(self, path: str) -> list[float]:
        """Return when a path was asked for."""
        return [at for at, asked in self.log if asked == path]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request, and write it down."""
        self.log.append((monotonic(), request.path_qs))
        if refusal := self.refusals.pop(request.path_qs, None):
            return web.Response(status=refusal[0], headers=refusal[1])
        if request.path == "/robots.txt":
            return web.Response(text=self.robots)
        column, _, rest = request.path.strip("/").partition("/")
        if column.endswith(".rss"):
            return self._feed(column.removesuffix(".rss"), int(request.query.get("page", "1")))
        number = rest.removeprefix("news/")
        if not number.isdigit() or int(number) >= len(self.columns.get(column, ())):
            return web.Response(status=404)
        issued = self.columns[column][int(number)]
        text = "".join(f"<p>{paragraph}</p>" for paragraph in issued.body)
        page = (
            f"<html><head><title>{issued.headline}</title></head><body><article><h1>{issued.headline}</h1>"
            f'<time datetime="{issued.at.isoformat()}">{issued.at:%d %B %Y}</time>{text}</article></body></html>'
        )
        return web.Response(text=page, content_type="text/html")

    def _feed(self, column: str, page: int) -> web.Response:
        newest_first = self.columns.get(column, [])[::-1]
        shown, behind = newest_first[(page - 1) * self.depth : page * self.depth], newest_first[page * self.depth :]
        following = f'<a:link rel="next" href="{self.base}/{column}.rss?page={page + 1}"/>'
        items = "".join(
            f"<item><title>{release.headline}</title><link>{release.url}</link><pubDate>{format_datetime(release.at)}</pubDate></item>"
            for release in shown
        )
        body = (
            '<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel><title>News</title>'
            f"{following if behind and column in self.paged else ''}{items}</channel></rss>"
        )
        return web.Response(text=body, content_type="application/rss+xml")


@asynccontextmanager
async def serve_windows(**fields: object) -> AsyncIterator[WindowSite]:
    """Serve the site on a free port of 127.0.0.1 until the block ends."""
    site = WindowSite(**fields)  # type: ignore[arg-type]
    application = web.Application()
    application.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield site
    finally:
        await runner.cleanup()

"""The newswire and the webhook of the scale-out benchmarks: they log every request with its time."""

from __future__ import annotations

import json
import random
import socket
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from aiohttp import web

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
PORT, HOOK = 8000, 9000
LISTED = 40  # releases on a listing
SYLLABLES = ("ka", "lo", "mi", "ren", "tas", "vol", "ber", "din", "sho", "qua", "ne", "fir", "gam", "hul", "pre", "zan")


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request, as its server logged it."""

    at: float
    """Monotonic."""
    namespace: str
    host: str
    path: str


@dataclass(slots=True, kw_only=True)
class Wire:
    """Some listings on each host, and their releases: made-up words, no two alike."""

    listings: int
    """Of each host."""
    paragraphs: int = 6
    log: list[LoggedRequest] = field(default_factory=list)
    alerted: list[tuple[float, str, str]] = field(default_factory=list)
    """Time of the delivery, the event's id, the release's URL."""
    published: dict[str, float] = field(default_factory=dict)
    _on: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    _count: int = 0

    def paths(self) -> list[tuple[str, str]]:
        """Return all listings as host and path."""
        return [(host, f"/{number}.rss") for host in HOSTS for number in range(self.listings)]

    def publish(self, host: str, path: str) -> str:
        """Put a release on a listing, and return its URL."""
        self._count += 1
        self._on[host, path].insert(0, self._count)
        url = f"http://{host}:{PORT}/news/{self._count}"
        self.published[url] = time.monotonic()
        return url

    async def serve(self, namespace: str, sockets: list[socket.socket], hook: socket.socket) -> list[web.AppRunner]:
        """Serve a namespace on its own sockets."""

        async def answer(request: web.Request) -> web.Response:
            host = request.host.partition(":")[0]
            self.log.append(LoggedRequest(time.monotonic(), namespace, host, request.path))
            return self._answer(host, request)

        async def alerted(request: web.Request) -> web.Response:
            event = json.loads(await request.read())
            if event["type"] == "release.new":
                self.alerted.append((time.monotonic(), event["id"], event["data"]["release"]["url"]))
            return web.Response(status=204)

        runners = []
        for handler, listening in ((answer, sockets), (alerted, [hook])):
            application = web.Application()
            application.router.add_route("*", "/{path:.*}", handler)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
            await runner.setup()
            for listener in listening:
                await web.SockSite(runner, listener).start()
            runners.append(runner)
        return runners

    def _answer(self, host: str, request: web.Request) -> web.Response:
        path = request.path
        if path.startswith("/news/"):
            return web.Response(text=page(int(path.rpartition("/")[2]), self.paragraphs), content_type="text/html")
        if not path.endswith(".rss"):
            return web.Response(status=404)
        on = self._on[host, path][:LISTED]
        tag = f'"{on[0] if on else 0}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        items = "".join(
            f"<item><title>{headline(n)}</title><link>http://{host}:{PORT}/news/{n}</link></item>" for n in on
        )
        return web.Response(text=f'<rss version="2.0"><channel>{items}</channel></rss>', headers={"ETag": tag})


def headline(number: int) -> str:
    """Return a release's headline."""
    draw = random.Random(number)
    return f"{_words(draw, 2).title()} Announces {_words(draw, 3).title()} Number {number}"


def page(number: int, paragraphs: int) -> str:
    """Return a release's page."""
    draw = random.Random(-number)
    text = "".join(f"<p>{_words(draw, 45).capitalize()}.</p>" for _ in range(paragraphs))
    return (
        f'<!doctype html><html lang="en"><head><title>{headline(number)}</title></head><body><article>'
        f"<h1>{headline(number)}</h1><p>PORT ELLERY, March 10, 2026 -- {_words(draw, 30)}.</p>{text}"
        "</article></body></html>"
    )


def _words(draw: random.Random, count: int) -> str:
    return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(2, 4))) for _ in range(count))


def polls(wire: Wire, since: float) -> list[tuple[LoggedRequest, LoggedRequest]]:
    """Return each poll of a listing with the next one of the same, by whichever process."""
    found: dict[tuple[str, str], list[LoggedRequest]] = defaultdict(list)
    for request in wire.log:
        if request.at >= since and request.path.endswith(".rss"):
            found[request.host, request.path].append(request)
    return [pair for requests in found.values() for pair in pairwise(requests)]


def of_each_host(wire: Wire, since: float) -> dict[str, list[LoggedRequest]]:
    """Return the requests to each host, by whichever process, in order."""
    found: dict[str, list[LoggedRequest]] = defaultdict(list)
    for request in wire.log:
        if request.at >= since:
            found[request.host].append(request)
    return found


def most_in(seconds: float, requests: list[LoggedRequest]) -> int:
    """Return the largest number of requests in a window of so many seconds."""
    most = first = 0
    for last, request in enumerate(requests):
        while request.at - requests[first].at > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def alerts(wire: Wire) -> tuple[list[str], int, list[str]]:
    """Return the releases without an alert, the number of repeats (same id), and the releases with two ids."""
    ids: dict[str, Counter[str]] = defaultdict(Counter)
    for _, event, url in wire.alerted:
        ids[url][event] += 1
    lost = [url for url in wire.published if url not in ids]
    repeats = sum(sum(events.values()) - len(events) for events in ids.values())
    return lost, repeats, [url for url, events in ids.items() if len(events) > 1]

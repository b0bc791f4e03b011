"""Good and bad sites, each on its own loopback address, for ``benchmarks/isolation.py``."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise

from scaleout_wire import headline, page

GOOD_NETWORK, BAD_NETWORK = "127.3.1", "127.3.2"
PORT = 8080
LISTED = 20  # releases of a good site's listing
LINKS = 5000  # of a listing that names too much
BIG = 20_000_000  # bytes
PARAGRAPHS = 6  # of a release

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
Answer = AsyncIterator[bytes]


@dataclass(slots=True)
class Site(ABC):
    """A site that answers every path by ``answer``, and logs its requests."""

    name: str
    address: str
    hits: list[tuple[float, str]] = field(default_factory=list)
    """Monotonic time and path of each request."""
    _server: asyncio.Server | None = None

    @property
    def base(self) -> str:
        return f"http://{self.address}:{PORT}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.address, PORT)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    @abstractmethod
    def answer(self, path: str) -> Answer:
        """Return the parts of the answer to a request for a path."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode("latin-1")
            self.hits.append((time.monotonic(), path))
            async for part in self.answer(path):
                writer.write(part)
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            writer.close()


@dataclass(slots=True)
class GoodSite(Site):
    """An ordinary site with a feed."""

    published: dict[str, float] = field(default_factory=dict)
    """When each release was put on the listing, by URL (monotonic)."""
    listed: dict[str, float] = field(default_factory=dict)
    """When the listing first named it to a client."""
    _numbers: list[int] = field(default_factory=list)

    def publish(self, number: int) -> None:
        self._numbers.insert(0, number)
        self.published[f"{self.base}/news/{number}"] = time.monotonic()

    @property
    def polls(self) -> list[float]:
        """Times of the requests of the listing."""
        return [at for at, path in self.hits if path == "/rss.xml"]

    async def answer(self, path: str) -> Answer:
        if path == "/robots.txt":
            yield _whole(b"User-agent: *\nAllow: /\n", "text/plain")
        elif path == "/rss.xml":
            now = time.monotonic()
            for number in self._numbers[:LISTED]:
                self.listed.setdefault(f"{self.base}/news/{number}", now)
            items = "".join(
                f"<item><title>{headline(number)}</title><link>{self.base}/news/{number}</link></item>"
                for number in self._numbers[:LISTED]
            )
            yield _whole(f'<rss version="2.0"><channel>{items}</channel></rss>'.encode(), "application/rss+xml")
        else:
            yield _whole(page(int(path.rpartition("/")[2]), PARAGRAPHS).encode())


@dataclass(slots=True)
class BadSite(Site):
    """A site of one bad kind, until it is ``mended``."""

    kind: str = ""
    mended: bool = False
    _readings: int = 0
    """Of the listing, since it is mended."""

    async def answer(self, path: str) -> Answer:
        if self.mended:
            if path == "/robots.txt":
                yield _whole(b"", "text/plain")
            elif path == "/news":
                self._readings += 1
                # What the first reading of a listing names is stored silently (``first_poll``): the release that must
                # be alerted comes out afterwards.
                first = 10**6 + sum(self.address.encode())
                numbers = [first] if self._readings == 1 else [first + 1000, first]
                links = "".join(f'<li><a href="/news/{number}">{headline(number)}</a></li>' for number in numbers)
                yield _whole(f"<main><ul>{links}</ul></main>".encode())
            elif (number := path.rpartition("/")[2]).isdigit():
                yield _whole(page(int(number), PARAGRAPHS).encode())
            else:
                yield _whole(b"<title>Not found</title><h1>Not found</h1>")
            return
        async for part in KINDS[self.kind](path):
            yield part


def _whole(body: bytes, content_type: str = "text/html; charset=utf-8") -> bytes:
    return OK + f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _packed(body: bytes, content_type: str = "text/html; charset=utf-8") -> bytes:
    body = gzip.compress(body)
    head = f"Content-Type: {content_type}\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    return OK + head.encode() + body


def _listing(count: int = 12, begin: int = 0) -> bytes:
    links = "".join(
        f'<li><a href="/news/{number}/company-announces-thing">Company {number} Announces a Thing</a></li>'
        for number in range(begin, begin + count)
    )
    return f"<html><body><main><ul>{links}</ul></main></body></html>".encode()


def _stir() -> int:
    """Return a number that rises by ten each second: every poll sees other links."""
    return int(time.monotonic() * 10)


async def _plain(path: str, listing: bytes | None = None, page_body: bytes | None = None) -> Answer:
    if path == "/robots.txt":
        yield _whole(b"", "text/plain")
    elif path == "/news":
        yield _whole(listing if listing is not None else _listing())
    else:
        yield _whole(page_body if page_body is not None else b"<title>Not found</title><h1>Not found</h1>")


async def _drip(seconds: float) -> Answer:
    yield OK + b"Content-Type: text/html\r\n\r\n<html><body>"
    for _ in range(int(seconds * 2)):
        yield b" "
        await asyncio.sleep(0.5)


async def many_links(path: str) -> Answer:
    async for part in _plain(path, _listing(LINKS, _stir())):
        yield part


async def late_pages(path: str) -> Answer:
    if path.startswith("/news/"):
        await asyncio.sleep(25)
    async for part in _plain(path, _listing(60, _stir())):
        yield part


async def big_pages(path: str) -> Answer:
    if path.startswith("/news/"):
        yield OK + b"Content-Type: text/html\r\n\r\n<title>Big</title><h1>Big</h1>"
        for _ in range(BIG // 100_000):
            yield b"<p>The committee met again and adjourned the matter of the harbour dues.</p>" * 1300
    else:
        async for part in _plain(path, _listing(12, _stir())):
            yield part


async def slow_loris(path: str) -> Answer:
    if path == "/news":
        async for part in _drip(120):
            yield part
    else:
        async for part in _plain(path):
            yield part


async def endless_headers(path: str) -> Answer:
    if path == "/robots.txt":
        yield _whole(b"", "text/plain")
        return
    yield OK
    for number in range(2_000_000):
        yield b"X-%d: %s\r\n" % (number, b"a" * 1000)


async def robots_bomb(path: str) -> Answer:
    if path == "/robots.txt":
        rules = b"".join(b"Disallow: /*a*b%d*c$\n" % number for number in range(34_000))
        yield _packed(b"User-agent: *\n" + rules + b"Disallow: /news/\n", "text/plain")
    else:
        async for part in _plain(path, _listing(12, _stir())):
            yield part


async def regex_bombs(path: str) -> Answer:
    pumps = (b"." * 20_000, b" " * 200_000, b"a " * 50_000, b"1," * 30_000, b"#" * 40_000, b"<b>" * 8_000)
    body = b"<title>Pumps</title><h1>Company Pumps " + pumps[_stir() % len(pumps)][:4000] + b"</h1>"
    body += b"".join(b"<p>Company says " + pump + b" and no more.</p>" for pump in pumps)
    async for part in _plain(path, _listing(12, _stir()), body):
        yield part


async def spaces(path: str) -> Answer:
    if path == "/news":
        yield _packed(b"<html><body><a href='/news/1'>A" + b" " * 7_900_000 + b"</a></body></html>")
    else:
        async for part in _plain(path):
            yield part


async def xml_base(path: str) -> Answer:
    if path == "/news":
        base = "http://example.com/" + "x" * 100_000
        items = "".join(f"<entry><title>T{n}</title><link href='n/{n}'/></entry>" for n in range(1500))
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{base}">{items}</feed>'
        yield _packed(feed.encode(), "application/atom+xml")
    else:
        async for part in _plain(path):
            yield part


async def attributes(path: str) -> Answer:
    if path == "/news":
        yield _whole(b"<html><body><a " + b" ".join(b"a%d=1" % n for n in range(45_000)) + b" href='/news/1'>A</a>")
    else:
        async for part in _plain(path):
            yield part


async def always_busy(path: str) -> Answer:
    if path == "/robots.txt":
        yield _whole(b"", "text/plain")
    elif random.random() < 0.5:
        yield b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    else:
        yield b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def redirect_chain(path: str) -> Answer:
    if path == "/robots.txt":
        yield _whole(b"", "text/plain")
        return
    place, _, hop = path.partition("?hop=")
    following = f"{place}?hop={int(hop or 0) + 1}"
    yield f"HTTP/1.1 302 Found\r\nLocation: {following}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


async def late_answers(path: str) -> Answer:
    await asyncio.sleep(25)
    async for part in _plain(path):
        yield part


KINDS: dict[str, Callable[[str], Answer]] = {
    "many links": many_links,
    "late pages": late_pages,
    "big pages": big_pages,
    "slow loris": slow_loris,
    "endless headers": endless_headers,
    "robots bomb": robots_bomb,
    "regex bombs": regex_bombs,
    "xml:base": xml_base,
    "spaces": spaces,
    "attributes": attributes,
    "always busy": always_busy,
    "redirect chain": redirect_chain,
    "late answers": late_answers,
}
"""The bad kinds, the worst first."""


def good_sites(count: int) -> list[GoodSite]:
    """Return ordinary sites, not started."""
    return [GoodSite(f"good-{number}", f"{GOOD_NETWORK}.{number + 1}") for number in range(count)]


def bad_sites(count: int) -> list[BadSite]:
    """Return bad sites of as many kinds, each kind again where there are more, not started."""
    kinds = list(KINDS)
    return [
        BadSite(f"bad-{number}", f"{BAD_NETWORK}.{number + 1}", kind=kinds[number % len(kinds)])
        for number in range(count)
    ]


def gaps(polls: list[float]) -> list[float]:
    """Return the seconds between polls."""
    return [after - before for before, after in pairwise(polls)]


def by_prefix(hits: list[tuple[float, str]]) -> dict[str, int]:
    """Return the numbers of requests of a listing, its pages and its robots.txt."""
    counts: dict[str, int] = defaultdict(int)
    for _, path in hits:
        counts["robots" if path == "/robots.txt" else "pages" if path.startswith("/news/") else "listing"] += 1
    return dict(counts)

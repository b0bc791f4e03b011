"""What a server sends besides a body is bounded: the fetch fails within a second, says why, and memory stays flat."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from scrapy import Request

from crawler.http.address_guard import GuardMiddleware
from crawler.http.response_limits import CHUNKS_MAX, HEADER_LINE_MAX, HEADERS_MAX
from crawler.http.size_limits import ResponseLimitError
from stories.model.urls import URL_MAX

SUPPORT = Path(__file__).parents[2] / "support"
SENT_MAX = 256 << 20  # bytes that a test's server sends at most
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"


class Site:
    """A server on loopback that answers every connection in its own way."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.connections = 0
        self.sent = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/news"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            await self._answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has had enough
        finally:
            writer.close()


def endless(start: bytes, piece: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        block = piece * max(1, 65_536 // len(piece))
        for _ in range(SENT_MAX // len(block)):
            writer.write(block)
            await writer.drain()

    return answer


def once(data: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return answer


class Fetcher:
    """A process that fetches as the daemon does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    async def fetch(self, url: str) -> dict[str, Any]:
        return await asyncio.wait_for(asyncio.to_thread(self._fetch, url), 300)

    def _fetch(self, url: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{url}\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def fetcher() -> Iterator[Fetcher]:
    root = SUPPORT.parents[1]
    command, environment = [sys.executable, str(SUPPORT / "fetcher.py")], {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, cwd=root, env=environment, text=True) as process:
        try:
            yield Fetcher(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


HOSTILE = {
    "headers without end": (endless(OK, b"X-A: " + b"b" * 200 + b"\r\n"), "headers", "headers larger than 64 kB"),
    "empty headers without end": (endless(OK, b"a:\n"), "headers", "more than 1000 response header lines"),
    "one header without end": (endless(OK + b"X-A: ", b"b" * 1000), "header_line", "longer than 16 kB"),
    "a header of folded lines": (endless(OK + b"X-A: b\r\n", b" " + b"c" * 200 + b"\r\n"), "headers", "64 kB"),
    "a status line without end": (endless(b"HTTP/1.1 200 ", b"OK"), "header_line", "longer than 16 kB"),
    "a status line of nonsense": (endless(b"", b"SSH-2.0-server\r\n"), "status_line", "cannot be read"),
    "interim responses without end": (
        endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"), "headers", "1000 response header lines",
    ),
    "cookies without end": (endless(OK, b"Set-Cookie: a=" + b"b" * 4000 + b"\r\n"), "headers", "64 kB"),
    "a cookie of a megabyte": (once(OK + b"Set-Cookie: a=" + b"b" * 1_000_000 + b"\r\n\r\n"), "header_line", "16 kB"),
    "an address of a megabyte": (
        once(b"HTTP/1.1 302 Found\r\nLocation: /" + b"b" * 1_000_000 + b"\r\n\r\n"), "header_line", "16 kB",
    ),
    "a chunk extension without end": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"), "chunks", "chunks that cannot be read",
    ),
    "trailers without end": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n"), "chunks", "chunks that cannot be read",
    ),
    "chunks of a byte without end": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), "chunks", f"more than {CHUNKS_MAX} chunks",
    ),
    "chunks of extensions without end": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 900 + b"\r\nx\r\n"), "response_size", "MB",
    ),
}  # fmt: skip
CPU_SECONDS = {"chunks of a byte without end": 15.0, "chunks of extensions without end": 10.0}
"""Where the limit is reached only after megabytes; in pieces of a few milliseconds each. Memory is traced meanwhile."""


@pytest.mark.parametrize(("answer", "reason", "words"), HOSTILE.values(), ids=HOSTILE)
async def test_a_response_over_a_limit_is_refused_with_the_limit_named(fetcher, answer, reason, words, request) -> None:
    site = Site(answer)
    async with site.serving() as url:
        found = await fetcher.fetch(url)
    assert found["error"] == "ResponseLimitError", found
    assert words in found["fault"]
    assert (found["trouble"], found["reason"]) == ("answer", reason)
    assert site.connections == 1, "it is not asked again"
    assert found["peak"] < 12_000_000
    assert found["cpu"] < CPU_SECONDS.get(request.node.callspec.id, 1.0)


async def test_an_ordinary_response_is_read(fetcher) -> None:
    cookies = b"".join(b"Set-Cookie: c%d=%s\r\n" % (number, b"v" * 1_000) for number in range(40))
    chunks = b"".join(b"5;name=value\r\nhello\r\n" for _ in range(2_000)) + b"0\r\nX-Trailer: 1\r\n\r\n"
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    answer = once(interim + OK + cookies + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    async with Site(answer).serving() as url:
        found = await fetcher.fetch(url)
    assert (found["status"], found["body"]) == (200, "hello" * 2_000)


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n\r\nhello", b"Connection: close\r\n\r\nhello"])
async def test_bodies_of_known_and_unknown_length_are_read(fetcher, body) -> None:
    async with Site(once(OK + body)).serving() as url:
        assert (await fetcher.fetch(url))["body"] == "hello"


async def test_a_body_of_eight_megabytes_is_read_in_chunks_of_any_usual_size(fetcher) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    answer = once(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 8_000 + b"0\r\n\r\n")
    async with Site(answer).serving() as url:
        assert len((await fetcher.fetch(url))["body"]) == 8_192_000


async def test_headers_just_within_the_limits_are_read(fetcher) -> None:
    line = b"X-A: " + b"b" * (HEADER_LINE_MAX - 100) + b"\r\n"
    assert 3 * len(line) < HEADERS_MAX
    async with Site(once(OK + 3 * line + b"Content-Length: 2\r\n\r\nok")).serving() as url:
        assert (await fetcher.fetch(url))["body"] == "ok"


async def test_a_response_that_breaks_off_is_no_limit(fetcher) -> None:
    async with Site(once(OK + b"X-A: b\r\n")).serving() as url:
        assert (await fetcher.fetch(url))["error"] == "DownloadFailedError"


async def test_a_url_over_the_limit_is_not_fetched() -> None:
    with pytest.raises(ResponseLimitError, match="URL longer than 4 kB"):
        await GuardMiddleware().process_request(Request("https://wire.example/" + "a" * URL_MAX))
    await GuardMiddleware().process_request(Request("https://wire.example/" + "a" * 2_000))

"""Connections that do not say what they want, or are too many."""

from __future__ import annotations

import asyncio
import re
import resource
import socket
import time

import pytest
from archive_filler import ArchiveFiller

from web.security import connection_limits


async def opened(site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(site.base.rpartition(":")[2]))


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the end; a connection that was cut off has ended too."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_request_whose_headers_never_end_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(connection_limits, "HEADERS_TIMEOUT_SECONDS", 0.2)
    silent, slow, second = [await opened(site) for _ in range(3)]
    slow[1].write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
    second[1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await second[0].readline()).startswith(b"HTTP/1.1 200")
    second[1].write(b"GET /healthz HTTP/1.1\r\nX: ")
    for reader, writer in (silent, slow, second):
        await ended(reader)
        writer.close()


async def test_an_answer_may_take_longer_than_headers_may(site, archive: ArchiveFiller, monkeypatch):
    monkeypatch.setattr(connection_limits, "HEADERS_TIMEOUT_SECONDS", 0.1)
    async with site.http.get("/api/v1/events", headers={"Accept": "text/event-stream"}) as stream:
        await asyncio.sleep(0.3)  # that nothing ends is told by time alone
        await archive.publish("Plant Opens")
        while b"Plant Opens" not in await stream.content.readline():
            pass


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def is_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether a connection answers another request."""
    try:
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        await reader.readexactly(int(length[1]))
        return head.startswith(b"HTTP/1.1 200")
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


async def test_of_too_many_connections_the_longest_idle_is_closed_and_the_new_one_served(site, monkeypatch):
    monkeypatch.setattr(connection_limits, "MAX_CONNECTIONS", 3)
    kept = []
    for _ in range(3):
        kept.append(await opened(site))
        assert await is_open(*kept[-1])
    assert await is_open(*kept[0])  # now the second is idle for longest
    new = await opened(site)
    assert await is_open(*new)
    assert await ended(kept[1][0]) is not None
    assert [await is_open(*connection) for connection in (kept[0], kept[2], new)] == [True, True, True]


async def test_when_all_are_being_answered_one_more_is_refused_and_none_is_cut_off(site, archive, monkeypatch):
    monkeypatch.setattr(connection_limits, "MAX_CONNECTIONS", 2)
    headers = {"Accept": "text/event-stream"}
    async with (
        site.http.get("/api/v1/events", headers=headers) as stream,
        site.http.get("/api/v1/events", headers=headers),
    ):
        reader, writer = await opened(site)
        assert await ended(reader) == b""
        writer.close()
        await archive.publish("Plant Opens")
        while b"Plant Opens" not in await stream.content.readline():
            pass


async def test_a_thousand_idle_connections_keep_no_probe_and_no_client_out(serve):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4_000:
        pytest.skip("this machine does not allow 4,000 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4_000), hard))
    async with serve(web={"token": "correct horse battery"}) as site:
        idle = []
        try:
            for _ in range(1_000):
                idle.append(await opened(site))
            began = time.monotonic()
            assert await is_open(*await opened(site))
            async with site.http.get("/healthz") as reply:
                assert reply.status == 200
            async with site.http.get("/login") as reply:
                assert reply.status == 200
            assert time.monotonic() - began < 2
            assert len(site.server.server_state.connections) <= connection_limits.MAX_CONNECTIONS
        finally:
            for _, writer in idle:
                writer.transport.abort()


async def test_one_address_leaves_connections_for_others(site, monkeypatch):
    monkeypatch.setattr(connection_limits, "MAX_CONNECTIONS_PER_ADDRESS", 2)
    other = await asyncio.open_connection("127.0.0.1", int(site.base.rpartition(":")[2]), local_addr=("127.0.0.2", 0))
    own = [await opened(site) for _ in range(4)]
    assert await is_open(*other)
    assert [await is_open(*connection) for connection in own] == [False, False, True, True]
    other[1].close()


async def test_a_client_that_does_not_read_its_answer_is_not_waited_for(
    site, archive: ArchiveFiller, monkeypatch, until
):
    monkeypatch.setattr(connection_limits, "CLIENT_READ_TIMEOUT_SECONDS", 0.2)
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    small.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(small, ("127.0.0.1", int(site.base.rpartition(":")[2])))
    await loop.sock_sendall(
        small, b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
    )
    await until(lambda: len(site.server.server_state.connections) == 1)

    async def publish() -> None:
        while True:
            await archive.publish("Plant Opens", body=("x" * 60_000,) * 5)

    publishing = asyncio.create_task(publish())
    try:
        await until(lambda: not site.server.server_state.connections, timeout=30)
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        small.close()


async def test_a_client_that_wants_a_web_socket_is_answered_and_fills_no_log(site, caplog):
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    for _ in range(3):
        async with site.http.get("/healthz", headers=headers) as reply:
            assert reply.status == 200
    assert "upgrade" not in caplog.text.casefold()
    assert "WebSocket" not in caplog.text

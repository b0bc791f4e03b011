"""Connections that do not say what they want, or are too many."""

from __future__ import annotations

import asyncio

from archive_filler import ArchiveFiller

from web import connections


async def opened(site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(site.base.rpartition(":")[2]))


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came until the end; a connection that was cut off has ended too."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_request_whose_headers_never_end_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(connections, "HEADERS_PATIENCE", 0.2)
    silent, slow, second = [await opened(site) for _ in range(3)]
    slow[1].write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
    second[1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await second[0].readline()).startswith(b"HTTP/1.1 200")
    second[1].write(b"GET /healthz HTTP/1.1\r\nX: ")
    for reader, writer in (silent, slow, second):
        await ended(reader)
        writer.close()


async def test_an_answer_may_take_longer_than_headers_may(site, archive: ArchiveFiller, monkeypatch):
    monkeypatch.setattr(connections, "HEADERS_PATIENCE", 0.1)
    async with site.http.get("/api/v1/events", headers={"Accept": "text/event-stream"}) as stream:
        await asyncio.sleep(0.3)  # that nothing ends is told by time alone
        await archive.publish("Plant Opens")
        while b"Plant Opens" not in await stream.content.readline():
            pass


async def test_one_connection_too_many_is_closed_and_the_others_go_on(site, monkeypatch, until):
    kept = [await opened(site) for _ in range(3)]
    for reader, writer in kept:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    monkeypatch.setattr(connections, "MOST", 3)
    reader, writer = await opened(site)
    assert await ended(reader) == b""
    writer.close()
    kept[0][1].close()
    await until(lambda: len(site.server.server_state.connections) < 3)
    async with site.http.get("/healthz") as reply:
        assert reply.status == 200

"""The socket that the daemon listens on."""

from __future__ import annotations

import asyncio
import socket

from scheduler.roles.daemon import bind


async def test_an_answer_in_two_parts_is_sent_at_once() -> None:
    accepted: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with bind("127.0.0.1", 0) as bound:
        async with await asyncio.start_server(serve, sock=bound):
            reader, writer = await asyncio.open_connection(*bound.getsockname())
            await reader.read()
            writer.close()
    assert accepted
    assert all(accepted)

"""The stream of events: as pages, and as Server-Sent Events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from archive_filler import ArchiveFiller
from redis.asyncio import Redis

from web.api import events as events_api
from web.api.shapes import EventsShape

SOON = 8.0  # seconds; below the heartbeat, at which a follower looks by itself
STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a stream; ``said`` is a comment."""

    id: str | None = None
    event: dict | None = None
    said: str | None = None


async def messages(reply: aiohttp.ClientResponse) -> AsyncIterator[Message]:
    """Yield what a stream says, as the HTML standard reads it."""
    lines: list[str] = []
    async for raw in reply.content:
        line = raw.decode().rstrip("\n")
        if line:
            lines.append(line)
            continue
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        if "data" in fields:
            yield Message(id=fields["id"], event=json.loads(fields["data"]))
        else:
            yield Message(said=" ".join(line.lstrip(": ") for line in lines if line.startswith(":")))
        lines = []


async def headlines(reply: aiohttp.ClientResponse, count: int, *, calm: bool = True) -> list[str]:
    """Return the next headlines, which come at once; ``calm``: and nothing is said besides."""
    found: list[str] = []
    async with asyncio.timeout(SOON):
        async for message in messages(reply):
            if message.event:
                assert message.id == message.event["id"]
                found.append(message.event["data"]["release"]["headline"])
            elif calm:
                assert message.said == "wirewatch"
            if len(found) == count:
                break
    return found


async def read(site, **query):
    async with site.http.get("/api/v1/events", params=query) as reply:
        return await reply.json()


async def test_events_are_read_in_order_and_on_from_the_last_one(site, archive: ArchiveFiller):
    for number in range(5):
        await archive.publish(f"Number {number}")
    first = await read(site, limit=3)
    assert [event["data"]["release"]["headline"] for event in first["events"]] == ["Number 0", "Number 1", "Number 2"]
    assert first["next"] == first["events"][-1]["id"]
    EventsShape.model_validate(first)
    second = await read(site, limit=3, after=first["next"])
    assert [event["data"]["release"]["headline"] for event in second["events"]] == ["Number 3", "Number 4"]
    third = await read(site, after=second["next"])
    assert third == {"events": [], "next": second["next"]}


async def test_an_event_that_is_not_kept_is_a_404(site):
    async with site.http.get("/api/v1/events", params={"after": "evt_never"}) as reply:
        said = await reply.json(content_type=None)
    assert reply.status == 404
    assert "start again" in said["detail"]


async def test_a_stream_brings_what_happens_from_now_on(site, archive: ArchiveFiller):
    await archive.publish("Before")
    async with site.http.get("/api/v1/events", headers=STREAM) as reply:
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        await archive.publish("One")
        await archive.publish("Two")
        assert await headlines(reply, 2) == ["One", "Two"]


@pytest.mark.parametrize("how", ["Last-Event-ID", "after", "both"])
async def test_a_stream_goes_on_after_the_last_event_that_was_got(site, archive: ArchiveFiller, how):
    for number in range(4):
        await archive.publish(f"Number {number}")
    ids = [event["id"] for event in (await read(site))["events"]]
    headers = STREAM | ({} if how == "after" else {"Last-Event-ID": ids[1]})
    after = {"after": {"after": ids[1], "both": ids[0]}[how]} if how != "Last-Event-ID" else {}
    async with site.http.get("/api/v1/events", headers=headers, params=after) as reply:
        await archive.publish("Number 4")
        assert await headlines(reply, 3) == ["Number 2", "Number 3", "Number 4"]


async def test_a_backlog_longer_than_one_reading_comes_whole(site, archive: ArchiveFiller, monkeypatch):
    monkeypatch.setattr(events_api, "EVENTS_PER_READ", 3)
    for number in range(11):
        await archive.publish(f"Number {number}")
    first = (await read(site))["events"][0]["id"]
    async with site.http.get("/api/v1/events", headers=STREAM, params={"after": first}) as reply:
        assert await headlines(reply, 10) == [f"Number {number}" for number in range(1, 11)]


async def test_a_stream_after_a_forgotten_event_brings_all_that_is_kept(site, archive: ArchiveFiller):
    await archive.publish("Kept")
    async with site.http.get("/api/v1/events", headers=STREAM | {"Last-Event-ID": "evt_forgotten"}) as reply:
        assert await headlines(reply, 1) == ["Kept"]


async def test_a_silent_stream_says_that_it_is_still_there(site, monkeypatch):
    monkeypatch.setattr(events_api, "HEARTBEAT_SECONDS", 0.05)
    async with site.http.get("/api/v1/events", headers=STREAM) as reply:
        said = messages(reply)
        assert [(await anext(said)).said for _ in range(3)] == ["wirewatch", "heartbeat", "heartbeat"]


async def test_every_follower_gets_every_event_and_nothing_is_left_behind(site, archive: ArchiveFiller, until):
    many = 150  # more than the connections to Redis that one client opens
    notifier = site.server.config.app.state.event_notifier
    async with contextlib.AsyncExitStack() as stack:
        replies = [
            await stack.enter_async_context(site.http.get("/api/v1/events", headers=STREAM)) for _ in range(many)
        ]  # fmt: skip
        await until(lambda: notifier.followers == many)
        for number in range(5):
            await archive.publish(f"Number {number}")
        wanted = [f"Number {number}" for number in range(5)]
        assert await asyncio.gather(*(headlines(reply, 5) for reply in replies)) == [wanted] * many
    await until(lambda: notifier.followers == 0)
    assert not any(task.get_name() == "events" and not task.cancelling() for task in asyncio.all_tasks())


async def test_one_follower_too_many_is_told_to_wait(site, monkeypatch):
    monkeypatch.setattr(events_api, "MAX_FOLLOWERS", 1)
    async with site.http.get("/api/v1/events", headers=STREAM) as reply:
        await anext(messages(reply))
        async with site.http.get("/api/v1/events", headers=STREAM) as refused:
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("politely", "seconds"), [(True, 1.0), (False, 3.5)], ids=["streams ended", "streams forgotten"]
)
async def test_an_open_stream_does_not_hold_up_the_end(serve, politely, seconds):
    async with serve() as site, site.http.get("/api/v1/events", headers=STREAM) as reply:
        await anext(messages(reply))
        assert await site.stop(politely=politely) < seconds
        if politely:
            assert [message async for message in messages(reply)] == []


async def test_a_stream_outlives_a_redis_that_goes_and_comes(serve, redis_url, archive: ArchiveFiller, monkeypatch):
    monkeypatch.setattr(events_api, "HEARTBEAT_SECONDS", 0.05)
    socket = Path(urlsplit(redis_url).path)
    async with (
        Redis.from_url(redis_url, single_connection_client=True) as operator,
        serve() as site,
        site.http.get("/api/v1/events", headers=STREAM) as reply,
    ):
        said = messages(reply)
        await anext(said)
        socket.rename(socket.with_suffix(".away"))  # noqa: ASYNC240 (a rename does not wait)
        try:
            await operator.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            async for message in said:
                if message.said == "Redis does not answer":
                    break
        finally:
            socket.with_suffix(".away").rename(socket)
        await archive.publish("After the outage")
        assert await headlines(reply, 1, calm=False) == ["After the outage"]


async def test_followers_at_the_same_place_are_served_by_one_reading(site, archive: ArchiveFiller, monkeypatch):
    await archive.publish("Before")
    reads: list[str | None] = []
    read_events = site.dependencies.archive.events

    async def counted(*, after: str | None = None, limit: int = 100):
        reads.append(after)
        return await read_events(after=after, limit=limit)

    async with contextlib.AsyncExitStack() as streams:
        replies = [
            await streams.enter_async_context(site.http.get("/api/v1/events", headers=STREAM)) for _ in range(20)
        ]
        for headline in ("Zero", "One", "Two"):
            await archive.publish(headline)
            assert await asyncio.gather(*(headlines(reply, 1) for reply in replies)) == [[headline]] * 20
            monkeypatch.setattr(site.dependencies.archive, "events", counted)
    assert len(reads) < 40  # two for each event, if each read by itself: eighty

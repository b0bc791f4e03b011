"""``/api/v1/events``: events in order, as a page or as a stream of Server-Sent Events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, HTTPException, Query, Request
from fastapi.sse import format_sse_event
from redis.exceptions import RedisError
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from stories.store.archive import Archive, StreamedEvent
from web.api.shapes import NOT_MODIFIED, EventsShape, conditional_answer
from web.dependencies import dependencies_of, event_notifier
from web.event_notifier import EventNotifier
from web.problems import problem_response
from web.security.access_control import IS_HEAD_REQUEST

MAX_FOLLOWERS = 500  # concurrent; each costs a connection
HEARTBEAT_SECONDS = 15.0  # proxies close a connection that is silent for 30 to 60 s
EVENTS_PER_READ = 100  # for one follower
RETRY_MILLISECONDS = 2_000  # until a browser reconnects

router = APIRouter(tags=["events"])


class _Named(msgspec.Struct):
    """The id of an event."""

    id: str


def id_of(event: StreamedEvent) -> str:
    """Return an event's id."""
    return msgspec.json.decode(event.payload, type=_Named).id


class EventStream(StreamingResponse):
    """A streaming response that closes its source when it ends for any reason."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the follower disconnects or the server stops."""
        async with contextlib.aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().__call__(scope, receive, send)


@router.get(
    "/events", summary="Events", response_model=EventsShape,
    responses={
        **NOT_MODIFIED,
        200: {**NOT_MODIFIED[200], "content": {"text/event-stream": {"example": "data: {…}\nid: evt_…\n\n"}}},
        404: problem_response("`after` is not a stored event"),
    },
)  # fmt: skip
async def list_events(
    request: Request,
    after: Annotated[
        str | None,
        Query(
            description="Return events after the event with this id. Left out: from the oldest stored", max_length=40
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """Return events in order.

    With `Accept: text/event-stream` they come as a stream of Server-Sent Events: after
    `Last-Event-ID` or `after`, else from now on. Each message's `id` is the event's id and its `data` the event's
    JSON; messages have no `event` name, so `onmessage` receives all of them.
    """
    archive = dependencies_of(request).archive
    if "text/event-stream" in request.headers.get("accept", ""):
        return await _stream(request, last_event_id or after)
    try:
        events = await archive.events(after=after, limit=limit)
    except KeyError as error:
        raise HTTPException(404, f"no event {after!r} is stored; start again without `after`") from error
    return conditional_answer(
        request,
        {
            "events": [msgspec.Raw(event.payload) for event in events],
            "next": id_of(events[-1]) if events else after,
        },
    )


async def _stream(request: Request, after: str | None) -> Response:
    notifier, archive = event_notifier(request), dependencies_of(request).archive
    if notifier.ended or notifier.followers >= MAX_FOLLOWERS:
        why = "wirewatch is stopping" if notifier.ended else f"{MAX_FOLLOWERS} streams are open"
        raise HTTPException(503, f"no further stream: {why}", headers={"Retry-After": "10"})
    if after is None:
        after = next((id_of(event) for event in await archive.latest_events(1)), None)
    return EventStream(_nothing() if IS_HEAD_REQUEST in request.scope else follow(archive, notifier, after))


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield  # makes this an iterator


async def _messages(archive: Archive, after: str | None) -> list[tuple[str, bytes]]:
    """Return the next events after one, each with its id, as messages of a stream."""
    events = [(id_of(event), event.payload) for event in await archive.events(after=after, limit=EVENTS_PER_READ)]
    return [(own, format_sse_event(data_str=payload.decode(), id=own)) for own, payload in events]


async def follow(archive: Archive, notifier: EventNotifier, after: str | None) -> AsyncIterator[bytes]:
    """Yield the events after the one with this id as Server-Sent Events, with heartbeats, until the notifier ends.

    Each follower reads from its last event, so a slow one needs no buffer and misses nothing. If that event is no
    longer stored, all stored events came after it.
    """
    yield format_sse_event(retry=RETRY_MILLISECONDS, comment="wirewatch")
    async with notifier.following():
        while not notifier.ended:
            event = notifier.next_event()
            try:
                messages = await notifier.coalesced_read(event, after, partial(_messages, archive, after))
            except KeyError:
                after = None
                continue
            except RedisError:
                yield format_sse_event(comment="Redis does not answer")
                messages = []
            for own, message in messages:
                after = own
                yield message
            if messages:
                continue
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await event.wait()
            except TimeoutError:
                yield format_sse_event(comment="heartbeat")

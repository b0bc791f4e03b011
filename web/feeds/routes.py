"""``/feeds/{watch}.atom``, ``/feeds/{watch}.json``, and the list of feeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query, Request
from starlette.responses import Response

from config.index_query import watch_expression
from stories.db.memory_id import memory_id
from stories.search.filters import ReleaseFilter, page_of
from stories.store.archive import Archive
from web.api.releases import MAX_RELEASES_EXAMINED, release_filter
from web.api.shapes import NOT_MODIFIED, FeedsShape, conditional_answer
from web.dependencies import Dependencies, dependencies_of
from web.etag import conditional
from web.feeds.atom import atom
from web.feeds.entries import entry, event_ids
from web.feeds.feed import Feed
from web.feeds.jsonfeed import json_feed
from web.problems import COMMON, problem_response
from web.security.access_control import feed_key
from web.view_models.rows import watch_title

MAX_STORIES = 50  # of a feed
MAX_RELEASES_CONSIDERED = 2_000  # newest releases of a watch; a changed story among them appears again
MAX_CACHED_DOCUMENTS = 64  # until something changes, because many readers poll the same feed

router = APIRouter(tags=["feeds"], responses=COMMON)

Watch = Annotated[str, Path(description="The name of a watch", max_length=64)]
Key = Annotated[
    str | None, Query(description="The feed's own key, if a token is configured: `GET /api/v1/feeds`", max_length=64)
]


class Documents:
    """A cache of feed documents, valid until a new event is stored."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str, str], tuple[bytes, datetime]] = {}

    def get(self, key: tuple[str, str, str, str]) -> tuple[bytes, datetime] | None:
        """Return a document with the time of its last change."""
        return self._kept.get(key)

    def put(self, key: tuple[str, str, str, str], document: tuple[bytes, datetime]) -> None:
        """Store a document; the oldest is removed when there are too many."""
        self._kept[key] = document
        if len(self._kept) > MAX_CACHED_DOCUMENTS:
            del self._kept[next(iter(self._kept))]


_ANSWERS: dict[int | str, dict[str, Any]] = {**NOT_MODIFIED, 404: problem_response("There is no such watch")}


@router.get(
    "/feeds/{watch}.atom", summary="A watch as Atom",
    responses={**_ANSWERS, 200: {**NOT_MODIFIED[200], "content": {"application/atom+xml": {}}}},
    response_class=Response,
)  # fmt: skip
async def atom_feed(request: Request, watch: Watch, key: Key = None) -> Response:
    """Return the stories of a watch that changed last: an entry keeps its id through corrections, which it contains.

    `updated` changes with each; a withdrawn story is a tombstone (RFC 6721).
    """
    return await _answer(request, watch, "atom", atom, "application/atom+xml")


@router.get(
    "/feeds/{watch}.json", summary="A watch as JSON Feed",
    responses={**_ANSWERS, 200: {**NOT_MODIFIED[200], "content": {"application/feed+json": {}}}},
    response_class=Response,
)  # fmt: skip
async def json_feed_of(request: Request, watch: Watch, key: Key = None) -> Response:
    """Return the stories of a watch that changed last; a withdrawn one has no other content."""
    return await _answer(request, watch, "json", json_feed, "application/feed+json")


@router.get("/api/v1/feeds", summary="The feeds' addresses", response_model=FeedsShape, responses=NOT_MODIFIED)
async def list_feeds(request: Request) -> Response:
    """Return the addresses of every watch's feeds, with their keys, for a feed reader."""
    dependencies = dependencies_of(request)
    token, base = dependencies.settings.web.token, _base(request, dependencies)

    def address(watch: str, ending: str) -> str:
        key = f"?key={feed_key(token.get_secret_value(), watch)}" if token is not None else ""
        return f"{base}/feeds/{watch}.{ending}{key}"

    return conditional_answer(
        request,
        {
            "feeds": [
                {
                    "watch": watch,
                    "title": watch_title(dependencies.settings, watch),
                    "atom": address(watch, "atom"),
                    "json": address(watch, "json"),
                }
                for watch in dependencies.settings.watches
            ]
        },
    )


def _base(request: Request, dependencies: Dependencies) -> str:
    return dependencies.settings.web.public_url or str(request.base_url).rstrip("/")


async def _answer(
    request: Request, watch: str, ending: str, write: Callable[[Feed], bytes], media_type: str
) -> Response:
    dependencies = dependencies_of(request)
    if watch not in dependencies.settings.watches:
        raise HTTPException(404, f"there is no watch {watch!r}")
    base, documents = _base(request, dependencies), request.app.state.feed_documents
    stories = await _stories(dependencies, watch)
    # Events that are stored from here on may be in the document or not; they invalidate it.
    position = dependencies.finder.position if dependencies.finder is not None else ""
    key = (watch, ending, base, position)
    document = documents.get(key) if position else None
    if document is None:
        feed = await _feed(dependencies, watch, base, stories)
        document = (write(feed), feed.updated)
        if position:
            documents.put(key, document)
    return conditional(request, document[0], media_type, modified=document[1])


async def _stories(dependencies: Dependencies, watch: str) -> list[str]:
    """Return the stories of a watch, those that changed last first."""
    if dependencies.finder is not None:
        expression = watch_expression(dependencies.settings.watches[watch])
        if expression is None or expression.is_exact:
            text = expression.text if expression else None
            found = await dependencies.finder.changed_stories(text, among=MAX_RELEASES_CONSIDERED, limit=MAX_STORIES)
            if found is not None:
                return [story for story, _ in found]
    return await _newest(dependencies.archive, release_filter(dependencies, watch=watch))


async def _newest(archive: Archive, wanted: ReleaseFilter) -> list[str]:
    page = await page_of(
        archive, wanted, finder=None, before=None, limit=2 * MAX_STORIES, look_at=MAX_RELEASES_EXAMINED
    )
    return list(dict.fromkeys(stored.story for stored in page.releases))[:MAX_STORIES]


async def _feed(dependencies: Dependencies, watch: str, base: str, story_ids: list[str]) -> Feed:
    stories = await dependencies.archive.stories(story_ids)
    payloads = await dependencies.archive.events_by_id([event for story in stories for event in event_ids(story)])
    entries = [entry(story, payloads, dependencies.settings) for story in stories]
    memory = await memory_id(dependencies.redis)
    number = hashlib.sha256(f"wirewatch feed {memory} {watch}".encode()).digest()[:16]
    return Feed(
        id=UUID(bytes=number, version=5).urn,
        watch=watch,
        title=watch_title(dependencies.settings, watch),
        base=base,
        entries=sorted(entries, key=lambda item: (item.updated, item.id), reverse=True),
    )

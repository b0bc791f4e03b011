"""Watches: what each matched lately, and what a query would match before it goes into the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from config.settings import WatchSettings
from stories.filtering import ReleaseFilter, page_of
from stories.finder import TooMuch
from web.api.releases import LOOK_AT
from web.guard import feed_key
from web.pages.frame import show
from web.rows import EventRow, source_title, watch_title
from web.stream import Filters, stored_row
from web.views import Views, shared, views

LATELY = 5  # releases of each watch
TRIED = 20  # releases of a query that is tried

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRow:
    """A watch with what it matched lately."""

    name: str
    title: str
    watch: WatchSettings
    sources: Sequence[str]
    releases: Sequence[EventRow]
    more: bool
    feed_key: str | None


@router.get("/watches")
async def watches(
    request: Request,
    q: Annotated[str, Query(max_length=500)] = "",
    tag: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Show the watches, and what a query matches of what is stored."""
    asked = views(request)
    tried, more, fault = await try_query(asked, q, tag)
    key = asked.settings.web.token.get_secret_value() if asked.settings.web.token else None
    newest = [event.entry for event in await asked.archive.latest_events(1)]

    async def made() -> bytes:
        rows = [await _row(asked, name, watch, key) for name, watch in asked.settings.watches.items()]
        shown = show(
            request, "watches.html", "watches", watches=rows, q=q, tag=tag, tried=tried, more=more, fault=fault,
            asked=bool(q.strip() or tag.strip()),
        )  # fmt: skip
        return bytes(shown.body)

    return HTMLResponse(await shared(request).get(("watches", q, tag, *newest), made))


async def try_query(asked: Views, q: str, tag: str) -> tuple[list[EventRow], bool, str | None]:
    """Return what a query with a tag matches, newest first, whether there is more, and in words what is wrong in it."""
    if not q.strip() and not tag.strip():
        return [], False, None
    try:
        return *await _matching(asked, Filters(q=q, tag=tag).release_filter(asked), TRIED), None
    except (ValueError, TooMuch) as error:
        return [], False, str(error).removeprefix("q: ")


async def _row(asked: Views, name: str, watch: WatchSettings, token: str | None) -> WatchRow:
    try:
        releases, more = await _matching(asked, Filters(watch=name).release_filter(asked), LATELY)
    except TooMuch:
        releases, more = [], True
    return WatchRow(
        name=name, title=watch_title(asked.settings, name), watch=watch,
        sources=[source_title(asked.settings, one) for one in watch.sources or ()],
        releases=releases, more=more, feed_key=feed_key(token, name) if token else None,
    )  # fmt: skip


async def _matching(asked: Views, wanted: ReleaseFilter, limit: int) -> tuple[list[Any], bool]:
    page = await page_of(asked.archive, wanted, finder=asked.finder, before=None, limit=limit, look_at=LOOK_AT)
    return [stored_row(one, None, asked.settings) for one in page.releases], page.next is not None

"""The page of watches: recent matches of each, and matches of a query before it is configured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from config.query import FIELDS
from config.settings import WatchSettings
from stories.search.filters import ReleaseFilter, page_of
from stories.search.reader_pool import QueryTooExpensiveError
from stories.store.archive import StoredRelease
from web.api.releases import MAX_RELEASES_EXAMINED
from web.dependencies import Dependencies, dependencies_of, page_cache
from web.pages.frame import show
from web.security.access_control import feed_key
from web.view_models.highlighting import Highlights
from web.view_models.query_errors import Fault, fault_of
from web.view_models.query_notes import query_notes
from web.view_models.rows import EventRow, source_title, watch_title
from web.view_models.stream import Filters, StreamRow, highlighted_row, stored_row

MAX_RECENT_MATCHES = 5  # of each watch
MAX_QUERY_MATCHES = 20  # of a tried query

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRow:
    """A watch with its recent matches."""

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
    """Show the watches, and the stored releases that a query matches."""
    dependencies = dependencies_of(request)
    tried, more, fault = await try_query(dependencies, q, tag)
    key = dependencies.settings.web.token.get_secret_value() if dependencies.settings.web.token else None
    newest = [event.entry for event in await dependencies.archive.latest_events(1)]

    async def made() -> bytes:
        rows = [await _row(dependencies, name, watch, key) for name, watch in dependencies.settings.watches.items()]
        shown = show(
            request, "watches.html", "watches", watches=rows, q=q, tag=tag, tried=tried, more=more, fault=fault,
            is_requested=bool(q.strip() or tag.strip()), lines=toml_lines(q, tag),
            about=query_notes(dependencies.settings, q),
            fields=FIELDS,
        )  # fmt: skip
        return bytes(shown.body)

    return HTMLResponse(await page_cache(request).get(("watches", q, tag, *newest), made))


def toml_lines(q: str, tag: str) -> list[str]:
    """Return a query and a tag as TOML for the configuration file; the query as a literal string where possible."""
    lines = ["[watches.NAME]"]
    if tag.strip():
        lines.append(f"tags = [{_toml_text(tag.strip().lstrip('#'))}]")
    if q.strip():
        plain = q.strip().isprintable() and "'" not in q
        lines.append(f"query = '{q.strip()}'" if plain else f"query = {_toml_text(q.strip())}")
    return lines


def _toml_text(text: str) -> str:
    """Return text as a basic string of TOML. Unprintable characters are escaped, so that they are visible."""
    escaped = (
        character if character.isprintable() and character not in '"\\' else _toml_escape(ord(character))
        for character in text
    )
    return f'"{"".join(escaped)}"'


def _toml_escape(number: int) -> str:
    if chr(number) in '"\\':
        return f"\\{chr(number)}"
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"


async def try_query(dependencies: Dependencies, q: str, tag: str) -> tuple[list[StreamRow], bool, Fault | None]:
    """Return the releases that a query and a tag match, newest first, whether there are more, and its fault if any."""
    if not q.strip() and not tag.strip():
        return [], False, None
    try:
        found, more = await _matching(
            dependencies, Filters(q=q, tag=tag).release_filter(dependencies), MAX_QUERY_MATCHES
        )
    except (ValueError, QueryTooExpensiveError) as error:
        return [], False, fault_of(str(error))
    marks = Highlights(q)
    rows = [StreamRow(event=stored_row(stored, None, dependencies.settings)) for stored in found]
    bodies = [stored.release for stored in found]
    return (
        [highlighted_row(row, marks, release.body, release.about) for row, release in zip(rows, bodies, strict=True)],
        more,
        None,
    )


async def _row(dependencies: Dependencies, name: str, watch: WatchSettings, token: str | None) -> WatchRow:
    try:
        found, more = await _matching(
            dependencies, Filters(watch=name).release_filter(dependencies), MAX_RECENT_MATCHES
        )
    except QueryTooExpensiveError:
        found, more = [], True
    return WatchRow(
        name=name, title=watch_title(dependencies.settings, name), watch=watch,
        sources=[source_title(dependencies.settings, source) for source in watch.sources or ()],
        releases=[stored_row(stored, None, dependencies.settings) for stored in found], more=more,
        feed_key=feed_key(token, name) if token else None,
    )  # fmt: skip


async def _matching(dependencies: Dependencies, wanted: ReleaseFilter, limit: int) -> tuple[list[StoredRelease], bool]:
    page = await page_of(
        dependencies.archive,
        wanted,
        finder=dependencies.finder,
        before=None,
        limit=limit,
        look_at=MAX_RELEASES_EXAMINED,
    )
    return list(page.releases), page.next is not None

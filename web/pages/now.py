"""The page Now: the stream of stories, with filters in the address; live with scripts, complete without."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from web.api.sources import source_payloads
from web.dependencies import AlertFilter, Dependencies, dependencies_of, page_cache
from web.pages.frame import show
from web.security.access_control import FORM_HEADERS, feed_key
from web.templating import page
from web.view_models.query_errors import Fault, fault_of
from web.view_models.query_notes import query_notes
from web.view_models.rows import (
    AlertRow,
    SourceRow,
    alert_rows,
    channel_rows,
    event_row,
    source_row,
    source_title,
    watch_title,
)
from web.view_models.stream import KINDS, Filters, Stream, filters, latest, search, since

MAX_SIDEBAR_RECEIPTS = 12
PERIODS = (("", "any time"), ("1h", "the last hour"), ("24h", "the last day"), ("7d", "the last week"),
           ("30d", "the last month"))  # fmt: skip

router = APIRouter()


@router.get("/")
async def now(request: Request, before: Annotated[str | None, Query(max_length=60)] = None) -> HTMLResponse:
    """Show the newest or an older part of the stream, filtered if filters are given."""
    dependencies, wanted = dependencies_of(request), filters(request)
    # The stream is always current; alerts and sources may be a second old.
    newest = [event.entry for event in await dependencies.archive.latest_events(1)]
    position = dependencies.finder.position if dependencies.finder is not None else ""
    key = ("now", str(wanted.given), before, position, *newest)
    made = await page_cache(request).get(key, lambda: _now(request, dependencies, wanted, before))
    return HTMLResponse(made, status_code=200, headers=FORM_HEADERS)


async def _now(request: Request, dependencies: Dependencies, wanted: Filters, before: str | None) -> bytes:
    stream, fault = await _stream(dependencies, wanted, before)
    settings, sidebar = dependencies.settings, await _sidebar(request)
    made = show(
        request, "now.html", "now",
        stream=stream, rows=stream.rows, fault=fault, filters=wanted, before=before,
        about=query_notes(dependencies.settings, wanted.q),
        older=link(wanted, stream.older) if stream.older else None, newest=link(wanted),
        feed=_feed(dependencies, wanted.watch),
        choices={
            "watch": [(name, watch_title(settings, name)) for name in settings.watches],
            "source": [
                (name, source_title(settings, name)) for name, source in settings.sources.items() if source.enabled
            ],
            "kind": [(name, name) for name in KINDS if name != "repeated"],
            "since": PERIODS[1:],
        },
        **sidebar,
    )  # fmt: skip
    return bytes(made.body)


async def _sidebar(request: Request) -> dict[str, Any]:
    """Return alerts, sources and channels for the sidebar; the same for all pages within a second."""
    dependencies = dependencies_of(request)

    async def made() -> dict[str, Any]:
        sources, off = await sidebar_sources(dependencies)
        channels = channel_rows(await dependencies.channels())
        trouble = {"sources": sum(source.state == "failing" for source in sources), "channels": len(channels)}
        alerts = await sidebar_alerts(dependencies)
        return {"alerts": alerts, "sources": sources, "off": off, "channels": channels, "trouble": trouble}

    return await page_cache(request).get("sidebar", made)


async def _stream(dependencies: Dependencies, wanted: Filters, before: str | None) -> tuple[Stream, Fault | None]:
    """Return a part of the stream, and the fault of the request if it has one."""
    try:
        if wanted.given:
            return await search(dependencies, wanted.release_filter(dependencies), before, wanted.q), None
        return await latest(dependencies, before), None
    except KeyError:
        return Stream(rows=()), Fault(words="the position of this page is no longer stored; go back to the newest")
    except ValueError as error:
        return Stream(rows=()), fault_of(str(error))


def _feed(dependencies: Dependencies, watch: str) -> str | None:
    """Return the address of a watch's feed."""
    if watch not in dependencies.settings.watches:
        return None
    token = dependencies.settings.web.token
    return f"/feeds/{watch}.atom" + (f"?key={feed_key(token.get_secret_value(), watch)}" if token else "")


def link(wanted: Filters, before: str | None = None) -> str:
    """Return the address of the page with these filters, from a position on."""
    query = wanted.given | ({"before": before} if before else {})
    return "/?" + urlencode(query) if query else "/"


@router.get("/parts/events")
async def new_events(request: Request, after: Annotated[str | None, Query(max_length=40)] = None) -> HTMLResponse:
    """Return the rows of events after an event, newest first; the newest rows if that event is no longer stored."""
    dependencies, wanted = dependencies_of(request), filters(request)
    try:
        given = wanted.release_filter(dependencies) if wanted.given else None
    except ValueError:
        return page("parts/events.html", rows=[], last=after)  # the page already shows the fault
    try:
        stream = await since(dependencies, after, given, wanted.q)
    except KeyError:
        stream = (await latest(dependencies)) if given is None else await search(dependencies, given, q=wanted.q)
    return page("parts/events.html", rows=stream.rows, last=stream.last or "")


@router.get("/parts/trouble")
async def trouble_part(request: Request) -> HTMLResponse:
    """Return a line about sources and channels that need attention."""
    return page("parts/trouble.html", **await _sidebar(request))


@router.get("/parts/alerts")
async def new_alerts(request: Request) -> HTMLResponse:
    """Return the current list of alerts."""
    return page("parts/alerts.html", **await _sidebar(request))


@router.get("/parts/sources")
async def new_sources(request: Request) -> HTMLResponse:
    """Return the current table of sources."""
    return page("parts/sources.html", **await _sidebar(request))


async def sidebar_alerts(dependencies: Dependencies, wanted: AlertFilter | None = None) -> list[AlertRow]:
    """Return the newest alerts by event, with their headlines."""
    receipts = await dependencies.alerts(wanted or AlertFilter(limit=MAX_SIDEBAR_RECEIPTS))
    payloads = await dependencies.archive.events_by_id(list({receipt.event: None for receipt in receipts}))
    headlines: dict[str, Any] = {receipt.event: None for receipt in receipts} | {
        event: event_row(payload, dependencies.settings, most=0).headline for event, payload in payloads.items()
    }
    return alert_rows(receipts, headlines)


async def sidebar_sources(dependencies: Dependencies) -> tuple[list[SourceRow], int]:
    """Return the rows of enabled sources, and the number of disabled ones."""
    sources = await source_payloads(dependencies)
    rows = [source_row(source) for source in sources if source["enabled"]]
    rows.sort(key=lambda row: row.state != "failing")  # sources that need attention first
    return rows, sum(not source["enabled"] for source in sources)

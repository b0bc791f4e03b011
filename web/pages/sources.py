"""Sources: how each does, its last week, what may be missing, how late it is, and a button to poll it now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stories.model.ids import crawl_id
from stories.model.sighting import Poll
from web.api.sources import source_payloads
from web.dependencies import AlertFilter, Dependencies, views
from web.pages.frame import show
from web.security.csrf import sealed_form
from web.templating import page
from web.view_models.delays import stretch, way
from web.view_models.rows import source_title
from web.view_models.weekly_stats import WeeklyStats, WeeklyStatsReader

MEASURED = 500  # receipts that tell how late a source is

router = APIRouter()


@router.get("/sources")
async def sources(request: Request) -> HTMLResponse:
    """Show how every source does, those that need a person first."""
    asked = views(request)
    found = await source_payloads(asked)
    weeks = await _weeks(request, asked)
    on = [one for one in found if one["enabled"]]
    return show(
        request, "sources.html", "sources",
        sources=sorted(on, key=_ill, reverse=True), off=[one for one in found if not one["enabled"]],
        weeks=weeks, blank=WeeklyStats(), lates={name: stretch("", week.seconds) for name, week in weeks.items()},
        canary=await asked.canary(), data_loss=await asked.data_loss(),
    )  # fmt: skip


def _ill(source: dict[str, Any]) -> bool:
    return source["health"]["verdict"]["state"] not in ("working", "slow", None)


@router.get("/sources/{name}")
async def source(
    request: Request, name: str, crawl: Annotated[str | None, Query(max_length=60)] = None
) -> HTMLResponse:
    """Show how one source does, listing by listing, and how far a crawl is that was asked for."""
    asked = views(request)
    if name not in asked.settings.sources:
        raise HTTPException(404, f"there is no source {name!r}")
    found = next(one for one in await source_payloads(asked) if one["name"] == name)
    week = (await _weeks(request, asked)).get(name, WeeklyStats())
    receipts = await asked.alerts(AlertFilter(limit=MEASURED))
    told = await asked.archive.told(list({one["event"]: None for one in receipts}))
    whole = stretch("printed → read, all of the week", week.seconds)
    return show(
        request, "source.html", "sources",
        source=found, title=source_title(asked.settings, name), week=week,
        delays=[*way(receipts, told, name), *([whole] if whole else [])],
        crawl=await asked.stores.crawl_requests.state(crawl) if crawl else None,
    )  # fmt: skip


@router.post("/sources/{name}/poll")
async def poll(request: Request, name: str) -> Response:
    """Ask the daemon to poll a source now, and show how that goes."""
    asked = views(request)
    await sealed_form(request)
    found = asked.settings.sources.get(name)
    if found is None or not found.enabled:
        raise HTTPException(404, f"there is no source {name!r} that is polled")
    new = crawl_id()
    await asked.stores.crawl_requests.submit(Poll(source=name, reason="trigger", crawl_id=new, asked_at=asked.now()))
    return RedirectResponse(f"/sources/{name}?crawl={new}", 303)


@router.get("/parts/crawls/{id}")
async def crawl_part(request: Request, id: str) -> HTMLResponse:  # noqa: A002 (the API's name)
    """Return how far a crawl is."""
    crawl = await views(request).stores.crawl_requests.state(id)
    if crawl is None:
        raise HTTPException(404, f"no crawl {id!r} was asked for in the last day")
    return page("parts/crawl.html", crawl=crawl)


async def _weeks(request: Request, asked: Dependencies) -> Any:
    made: WeeklyStatsReader = request.app.state.weeks
    return await made.get(asked)

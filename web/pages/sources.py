"""The pages of sources: health, last week, gaps, delays, and a button to poll now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stories.model.ids import crawl_id
from stories.model.sighting import Poll
from web.api.sources import source_payloads
from web.dependencies import AlertFilter, Dependencies, dependencies_of
from web.pages.frame import show
from web.security.csrf import verified_form
from web.templating import page
from web.view_models.delays import delay_stage, delay_stages
from web.view_models.rows import source_title
from web.view_models.weekly_stats import WeeklyStats, WeeklyStatsReader

MAX_RECEIPTS_MEASURED = 500  # for the delays of a source

router = APIRouter()


@router.get("/sources")
async def sources(request: Request) -> HTMLResponse:
    """Show the health of every source, those that need attention first."""
    dependencies = dependencies_of(request)
    found = await source_payloads(dependencies)
    weeks = await _weeks(request, dependencies)
    on = [source for source in found if source["enabled"]]
    return show(
        request, "sources.html", "sources",
        sources=sorted(on, key=_needs_attention, reverse=True),
        off=[source for source in found if not source["enabled"]],
        weeks=weeks, blank=WeeklyStats(), lates={name: delay_stage("", week.seconds) for name, week in weeks.items()},
        canary=await dependencies.canary(), data_loss=await dependencies.data_loss(),
    )  # fmt: skip


def _needs_attention(source: dict[str, Any]) -> bool:
    return source["health"]["verdict"]["state"] not in ("working", "slow", None)


@router.get("/sources/{name}")
async def source(
    request: Request, name: str, crawl: Annotated[str | None, Query(max_length=60)] = None
) -> HTMLResponse:
    """Show the health of one source and its listings, and the state of a requested crawl."""
    dependencies = dependencies_of(request)
    if name not in dependencies.settings.sources:
        raise HTTPException(404, f"there is no source {name!r}")
    found = next(source for source in await source_payloads(dependencies) if source["name"] == name)
    week = (await _weeks(request, dependencies)).get(name, WeeklyStats())
    receipts = await dependencies.alerts(AlertFilter(limit=MAX_RECEIPTS_MEASURED))
    payloads = await dependencies.archive.events_by_id(list({receipt.event: None for receipt in receipts}))
    whole = delay_stage("printed → read, all of the week", week.seconds)
    return show(
        request, "source.html", "sources",
        source=found, title=source_title(dependencies.settings, name), week=week,
        delays=[*delay_stages(receipts, payloads, name), *([whole] if whole else [])],
        crawl=await dependencies.stores.crawl_requests.state(crawl) if crawl else None,
    )  # fmt: skip


@router.post("/sources/{name}/poll")
async def poll(request: Request, name: str) -> Response:
    """Request a poll of a source now, and show its state."""
    dependencies = dependencies_of(request)
    await verified_form(request)
    found = dependencies.settings.sources.get(name)
    if found is None or not found.enabled:
        raise HTTPException(404, f"there is no enabled source {name!r}")
    new = crawl_id()
    await dependencies.stores.crawl_requests.submit(
        Poll(source=name, reason="trigger", crawl_id=new, asked_at=dependencies.now())
    )
    return RedirectResponse(f"/sources/{name}?crawl={new}", 303)


@router.get("/parts/crawls/{id}")
async def crawl_part(request: Request, id: str) -> HTMLResponse:  # noqa: A002 (the API's name)
    """Return the state of a crawl."""
    crawl = await dependencies_of(request).stores.crawl_requests.state(id)
    if crawl is None:
        raise HTTPException(404, f"no crawl {id!r} was requested in the last day")
    return page("parts/crawl.html", crawl=crawl)


async def _weeks(request: Request, dependencies: Dependencies) -> Any:
    made: WeeklyStatsReader = request.app.state.weekly_stats
    return await made.get(dependencies)

"""The page of alerts: receipts, channels, and buttons to retry an alert or test a channel."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stories.store.receipts import ChannelCounts
from web.api.alerts import alert_payload
from web.dependencies import AlertFilter, AlertState, Dependencies, dependencies_of
from web.pages.frame import show
from web.pages.now import sidebar_alerts
from web.security.csrf import verified_form
from web.templating import page
from web.view_models.rows import receipt_row

SHOWN = 100  # receipts
MAX_RECEIPTS_SHOWN = 500  # after "More"; the command line has all
STATES: tuple[AlertState, ...] = ("waiting", "sent", "failed")
AGAIN = {
    "due": "The alert is sent again.",
    "sending": "The alert is being sent now.",
    "unknown": "This alert is no longer stored.",
}

router = APIRouter()


@router.get("/alerts")
async def alerts(
    request: Request,
    state: str = "",
    channel: Annotated[str, Query(max_length=64)] = "",
    said: Annotated[str, Query(max_length=100)] = "",
    tested: Annotated[str, Query(max_length=160)] = "",
    more: str = "",
) -> HTMLResponse:
    """Show the receipts and the channels."""
    dependencies = dependencies_of(request)
    wanted = next((known for known in STATES if known == state), None)
    limit = MAX_RECEIPTS_SHOWN if more else SHOWN
    found = await sidebar_alerts(dependencies, AlertFilter(state=wanted, channel=channel or None, limit=limit))
    channels = await dependencies.channels()
    return show(
        request, "alerts.html", "alerts", alerts=found, limit=limit,
        older=sum(len(group.receipts) for group in found) >= limit, more=_more(wanted, channel, more),
        channels=[_channel(counts, dependencies) for counts in channels],
        states=STATES, state=wanted or "", channel=channel, said=_said(said), tested=tested,
        test=await _test(dependencies, tested), failed=sum(counts.failed for counts in channels),
    )  # fmt: skip


def _more(state: str | None, channel: str, more: str) -> str | None:
    """Return the address of the page with more receipts; None if this is that page."""
    query = {"state": state, "channel": channel, "more": "1"}
    return None if more else "/alerts?" + urlencode({name: value for name, value in query.items() if value})


def _said(word: str) -> str | None:
    """Return the text for the result of a button; None for any unknown word in the address."""
    if word.isascii() and word.isdigit():
        return f"{int(word)} alert{'s are' if int(word) != 1 else ' is'} sent again."
    return AGAIN.get(word)


async def _test(dependencies: Dependencies, alert: str) -> Any:
    if not alert:
        return None
    found = await dependencies.receipts([alert])
    return receipt_row(found[0]) if found else None


def _channel(counts: ChannelCounts, dependencies: Dependencies) -> dict[str, Any]:
    settings = dependencies.settings.channels.get(counts.channel)
    kind = settings.get("type") if isinstance(settings, dict) else getattr(settings, "type", None)
    state = "off" if counts.off else "failing" if counts.is_failing else "on"
    return alert_payload(counts) | {"type": kind, "known": settings is not None, "state": state}


@router.get("/parts/tests/{id}")
async def test_part(request: Request, id: str) -> HTMLResponse:  # noqa: A002 (the API's name)
    """Return the state of a test alert."""
    return page("parts/test.html", tested=id, test=await _test(dependencies_of(request), id))


@router.post("/alerts/retry")
async def retry(request: Request) -> Response:
    """Send an alert again, or all alerts that were given up."""
    dependencies = dependencies_of(request)
    fields = await verified_form(request)
    alert = fields.get("id", "")
    said = await dependencies.retry(alert) if alert else str(await dependencies.retry_all())
    return RedirectResponse(f"/alerts?said={said}", 303)


@router.post("/channels/{name}/test")
async def test_channel(request: Request, name: str) -> Response:
    """Send a test alert to a channel, and show its state."""
    dependencies = dependencies_of(request)
    await verified_form(request)
    if name not in dependencies.settings.channels:
        raise HTTPException(404, f"there is no channel {name!r}")
    return RedirectResponse(f"/alerts?tested={await dependencies.test(name)}", 303)

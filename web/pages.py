"""The pages for people: what happens now, and a story."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from web.api.sources import source_payloads
from web.guard import COOKIE, COOKIE_DAYS, FORM_HEADERS, LOGIN, cookie_value, same
from web.history import story_view
from web.render import page
from web.rows import AlertRow, EventRow, SourceRow, alert_rows, channel_rows, event_row, source_row
from web.views import AlertFilter, Views, shared, views

EVENTS_SHOWN = 50
EVENTS_ADDED = 100  # at once to a page that was left open
ALERTS_SHOWN = 30  # receipts

router = APIRouter(include_in_schema=False)


async def _events(asked: Views) -> list[EventRow]:
    return [event_row(event.payload, asked.settings) for event in await asked.archive.latest_events(EVENTS_SHOWN)]


async def _alerts(asked: Views) -> list[AlertRow]:
    receipts = await asked.alerts(AlertFilter(limit=ALERTS_SHOWN))
    told = await asked.archive.told(list({receipt["event"]: None for receipt in receipts}))
    headlines = {receipt["event"]: None for receipt in receipts} | {
        event: event_row(payload, asked.settings).headline for event, payload in told.items()
    }
    return alert_rows(receipts, headlines)


async def _sources(asked: Views) -> tuple[list[SourceRow], int]:
    found = await source_payloads(asked)
    return [source_row(one) for one in found if one["enabled"]], sum(not one["enabled"] for one in found)


@router.get("/")
async def now(request: Request) -> HTMLResponse:
    """Show what happens now: events newest first, the alerts, the sources."""
    asked = views(request)
    # Of what has happened nothing is ever missing; alerts and sources may be a second old.
    newest = [event.entry for event in await asked.archive.latest_events(1)]
    return HTMLResponse(await shared(request).get(("now", *newest), lambda: _now(asked)))


async def _now(asked: Views) -> bytes:
    sources, off = await _sources(asked)
    made = page(
        "now.html", events=await _events(asked), alerts=await _alerts(asked), sources=sources, off=off,
        channels=channel_rows(await asked.channels()),
        watches=list(asked.settings.watches), signed_in=asked.settings.web.token is not None,
    )  # fmt: skip
    return bytes(made.body)


@router.get("/parts/events")
async def new_events(request: Request, after: Annotated[str | None, Query(max_length=40)] = None) -> HTMLResponse:
    """Return the lines of the events after one, newest first; the newest ones when that one is no longer kept."""
    asked = views(request)
    try:
        found = await asked.archive.events(after=after, limit=EVENTS_ADDED)
    except KeyError:
        return page("parts/events.html", events=await _events(asked))
    return page("parts/events.html", events=[event_row(one.payload, asked.settings) for one in reversed(found)])


@router.get("/parts/alerts")
async def new_alerts(request: Request) -> HTMLResponse:
    """Return the list of alerts as it is now."""
    asked = views(request)
    return page("parts/alerts.html", alerts=await _alerts(asked), channels=channel_rows(await asked.channels()))


@router.get("/parts/sources")
async def new_sources(request: Request) -> HTMLResponse:
    """Return the table of sources as it is now."""
    sources, off = await _sources(views(request))
    return page("parts/sources.html", sources=sources, off=off)


@router.get("/stories/{id}")
async def story(request: Request, id: str) -> HTMLResponse:  # noqa: A002 (the API's name)
    """Show a story: its releases, why each belongs, what changed, who was alerted."""
    asked = views(request)
    found = await asked.archive.story_of(id)
    if found is None:
        raise HTTPException(404, "no such story is stored; wirewatch forgets after 400 days")
    return page(
        "story.html", story=await story_view(found, asked.archive, asked.settings),
        signed_in=asked.settings.web.token is not None,
    )  # fmt: skip


@router.get(LOGIN)
async def login_form(request: Request) -> Response:
    """Show the form, where a token is asked for at all."""
    if views(request).settings.web.token is None:
        return RedirectResponse("/", 303)
    return page("login.html", headers=FORM_HEADERS, wrong=False)


@router.post(LOGIN)
async def login(request: Request) -> Response:
    """Take the token from the form and answer with the cookie."""
    token = views(request).settings.web.token
    if token is None:
        return RedirectResponse("/", 303)
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    if not same(fields.get("token", [""])[0], token.get_secret_value()):
        return page("login.html", status=401, headers=FORM_HEADERS, wrong=True)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, cookie_value(token.get_secret_value()), max_age=COOKIE_DAYS * 86_400, httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.get("/logout")
async def logout() -> Response:
    """Forget the cookie. A GET: a page elsewhere that calls it costs a login, no more."""
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer

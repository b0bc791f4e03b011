"""The pages for people, one file a page: Now, a story, Sources, Watches, Alerts, and the form that lets in."""

from __future__ import annotations

from fastapi import APIRouter

from web.pages import alerts, login, now, sources, story, watches

router = APIRouter(include_in_schema=False)
for part in (now, story, sources, watches, alerts, login):
    router.include_router(part.router)

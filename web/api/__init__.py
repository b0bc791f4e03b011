"""The API, version 1: what is stored, what happens, and a way to ask for a crawl."""

from __future__ import annotations

from fastapi import APIRouter

from web.api import alerts, crawls, events, releases, sources, stories
from web.problems import problem_response

router = APIRouter(
    prefix="/api/v1",
    responses={
        401: problem_response("The token is asked for"),
        422: problem_response("A parameter or the body cannot be used"),
        503: problem_response("Redis does not answer"),
    },
)
for part in (releases, stories, events, sources, alerts, crawls):
    router.include_router(part.router)

"""The API, version 1: what is stored, what happens, and a way to ask for a crawl."""

from __future__ import annotations

from fastapi import APIRouter

from web.api import alerts, crawls, events, releases, sources, stories
from web.problems import Problem

_PROBLEM = {"model": Problem, "content": {"application/problem+json": {}}}

router = APIRouter(
    prefix="/api/v1",
    responses={
        401: _PROBLEM | {"description": "The token is asked for"},
        422: _PROBLEM | {"description": "A parameter or the body cannot be used"},
        503: _PROBLEM | {"description": "Redis does not answer"},
    },
)
for part in (releases, stories, events, sources, alerts, crawls):
    router.include_router(part.router)

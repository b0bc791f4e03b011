"""The HTTP API, version 1: releases, stories, events, sources, alerts and crawls."""

from __future__ import annotations

from fastapi import APIRouter

from web.api import alerts, crawls, events, releases, sources, stories
from web.problems import COMMON

router = APIRouter(prefix="/api/v1", responses=COMMON)
for part in (releases, stories, events, sources, alerts, crawls):
    router.include_router(part.router)

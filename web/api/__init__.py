"""The HTTP API, version 1: releases, stories, events, sources, alerts and crawls."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from web.api import alerts, crawls, events, releases, sources, stories
from web.problems import COMMON, UnusableInputError


def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not have: a misspelt filter would match everything."""
    known = [parameter.alias for parameter in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            allowed = f"the parameters are {', '.join(known)}" if known else "this path has no parameters"
            raise UnusableInputError(f"query.{name}", f"there is no such parameter; {allowed}")


router = APIRouter(prefix="/api/v1", responses=COMMON, dependencies=[Depends(refuse_unknown_parameters)])
for part in (releases, stories, events, sources, alerts, crawls):
    router.include_router(part.router)

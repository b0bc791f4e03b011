"""``/api/v1/sources``: the sources and their health."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from config.durations import format_duration
from stories.crawl_state.source_status import SourceHealth
from stories.crawl_state.websub_subscriptions import push_payloads
from web.api.shapes import NOT_MODIFIED, SourcesShape, conditional_answer
from web.dependencies import Dependencies, dependencies_of

router = APIRouter(tags=["sources"])


def without_password(url: str) -> str:
    """Return an address without its user name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


async def source_payloads(dependencies: Dependencies) -> list[dict[str, Any]]:
    """Return every source of the configuration with its health, in the order of the configuration."""
    sources = dependencies.settings.sources
    healths = await dependencies.stores.source_status.healths(list(sources))
    listings = [
        (name, listing.url) for name, health in zip(sources, healths, strict=True) for listing in health.listings
    ]
    pushes = await push_payloads(dependencies.pushes, listings, dependencies.now())
    return [
        {
            "name": name,
            "title": source.title,
            "wire": source.wire,
            "enabled": source.enabled,
            "reason": source.reason,
            "verified": source.verified,
            "timezone": source.timezone,
            "language": source.language,
            "interval": format_duration(source.interval or dependencies.settings.polling.interval),
            "listings": [{"url": without_password(listing.url), "kind": listing.kind} for listing in source.listings],
            "health": _health(health, [pushes.get((name, listing.url)) for listing in health.listings]),
        }
        for (name, source), health in zip(sources.items(), healths, strict=True)
    ]


def _health(health: SourceHealth, pushes: list[dict[str, Any] | None]) -> dict[str, Any]:
    payload: dict[str, Any] = msgspec.to_builtins(health)
    for listing, push in zip(payload["listings"], pushes, strict=True):
        listing["push"] = push
    for record in (*payload["listings"], *payload["gaps"], *payload["set_aside"]):
        for name in ("url", "listing"):
            if name in record:
                record[name] = without_password(record[name])
    for gap in payload["gaps"]:
        del gap["before"], gap["after"]  # internal positions
    return payload


@router.get("/sources", summary="The sources and their health", response_model=SourcesShape, responses=NOT_MODIFIED)
async def list_sources(request: Request) -> Response:
    """Return every source of the configuration with its health."""
    return conditional_answer(request, {"sources": await source_payloads(dependencies_of(request))})

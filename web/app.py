"""The web app of the daemon: pages, API, feeds, probes and metrics."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from web import api, api_docs, health, pages, problems
from web.api.examples import show_examples
from web.coalescing_cache import CoalescingCache
from web.dependencies import AlertFilter, AlertState, Dependencies
from web.event_notifier import EventNotifier
from web.feeds import routes as feeds
from web.paths import STATIC
from web.security.access_control import AccessControl
from web.security.csrf import CsrfToken
from web.security.head_limits import HeadLimits
from web.security.login_throttle import LoginThrottle
from web.view_models.weekly_stats import WeeklyStatsReader
from web.websub_callbacks import WebSubCallbacks

__all__ = ["AlertFilter", "AlertState", "Dependencies", "create_app", "end_streams"]

ABOUT = """Releases, stories, events, sources and alerts that wirewatch stores, and crawls on request.

Errors are problem details (RFC 9457, `application/problem+json`). Times are ISO 8601 with an offset. For the next
page of a list, pass `next` back as `cursor` (releases) or `after` (events)."""


def create_app(dependencies: Dependencies) -> FastAPI:
    """Return the app. It opens no connections and needs no lifespan."""
    app = FastAPI(
        title="wirewatch",
        version="1",
        description=ABOUT,
        docs_url=None,  # FastAPI's documentation pages load scripts from other hosts
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.dependencies = dependencies
    app.state.event_notifier = EventNotifier(dependencies.archive)
    app.state.weekly_stats = WeeklyStatsReader()
    app.state.login_throttle = LoginThrottle()
    app.state.csrf_token = CsrfToken(dependencies.settings.web)
    app.state.page_cache = CoalescingCache()
    app.state.feed_documents = feeds.Documents()
    problems.install(app)
    app.include_router(health.router)
    app.include_router(api.router)
    app.include_router(feeds.router)
    app.include_router(api_docs.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(AccessControl, settings=dependencies.settings.web)
    if dependencies.pushes is not None:  # before the app, which requests of hubs never reach
        sources = dependencies.settings.sources

        def polled(source: str) -> bool:
            return source in sources and sources[source].enabled

        app.add_middleware(
            WebSubCallbacks, pushes=dependencies.pushes, now=dependencies.now, heard=dependencies.heard, polled=polled
        )
    app.add_middleware(HeadLimits)  # outermost, so a head over a limit is never parsed
    _describe(app, with_token=dependencies.settings.web.token is not None)
    return app


def _describe(app: FastAPI, *, with_token: bool) -> None:
    """Add problems, examples and the token to the OpenAPI document, when it is first requested: it takes 0.2 s."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            problems.describe(document)
            show_examples(document)
            if with_token:
                document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                document["security"] = [{"token": []}]
                document["paths"]["/healthz"]["get"]["security"] = []
        return generate()  # cached by the app

    app.openapi = openapi  # type: ignore[method-assign]


def end_streams(app: FastAPI) -> None:
    """End the event streams, which would otherwise delay the server's shutdown."""
    app.state.event_notifier.end()

"""``/api/v1/crawls``: request a crawl, and follow it."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter, HTTPException, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from stories.model.ids import crawl_id
from stories.model.sighting import Poll
from stories.model.urls import has_userinfo
from web.api.shapes import CrawlIdShape, CrawlShape, answer
from web.dependencies import dependencies_of
from web.problems import UnusableInputError, problem_response

router = APIRouter(tags=["crawls"])


def _page(url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        sound = sound and not has_userinfo(url)
    except ValueError:
        sound = False
    if not sound or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise ValueError("is not a web address; allowed is http://… or https://… without user name and password")
    return url


class CrawlRequest(BaseModel):
    """A source, with or without a tag, or one page."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"source": "media-outreach", "tag": "HKSTP"}, {"url": "https://wire.example/news/1"}]
        },
    )

    source: str | None = Field(default=None, max_length=200)
    tag: str | None = Field(default=None, min_length=1, max_length=200)
    url: Annotated[str, Field(max_length=2048), AfterValidator(_page)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.source is None) == (self.url is None):
            raise ValueError('give either "source" or "url"')
        if self.url is not None and self.tag is not None:
            raise ValueError('"tag" goes with "source"')
        return self


@router.post(
    "/crawls", summary="Request a crawl now", status_code=202, response_model=CrawlIdShape,
    responses={
        202: {"headers": {"Location": {"schema": {"type": "string"}, "description": "Where to follow it"}}},
        403: problem_response("Cross-site request"),
        413: problem_response("The body is too long"),
        415: problem_response("The body is not application/json"),
    },
)  # fmt: skip
async def request_crawl(request: Request, crawl: CrawlRequest) -> Response:
    """Request the running daemon to poll a source's listings, or to read one page, now."""
    dependencies = dependencies_of(request)
    if crawl.source is not None:
        source = dependencies.settings.sources.get(crawl.source)
        if source is None:
            raise UnusableInputError("body.source", f"no source {crawl.source!r}; GET /api/v1/sources names them")
        if not source.enabled:
            why = f" ({source.reason})" if source.reason else ""
            raise UnusableInputError(
                "body.source", f"the source {crawl.source!r} is off{why}; enabled = true turns it on"
            )
    new = crawl_id()
    await dependencies.stores.crawl_requests.submit(
        Poll(
            source=crawl.source or "",
            urls=(crawl.url,) if crawl.url else (),
            tag=crawl.tag.lstrip("#＃") if crawl.tag else None,
            reason="trigger",
            crawl_id=new,
            asked_at=dependencies.now(),
        )
    )
    return answer({"id": new}, status=202, headers={"Location": f"/api/v1/crawls/{new}"})


@router.get(
    "/crawls/{id}", summary="The state of a crawl", response_model=CrawlShape,
    responses={404: problem_response("No such crawl was requested in the last day")},
)  # fmt: skip
async def show_crawl(request: Request, id: str) -> Response:  # noqa: A002 (the contract's name)
    """Return the state of a crawl. It is stored for a day."""
    crawl = await dependencies_of(request).stores.crawl_requests.state(id)
    if crawl is None:
        raise HTTPException(404, f"no crawl {id!r} was requested in the last day")
    return answer(msgspec.to_builtins(crawl) | {"source": crawl.source or None})

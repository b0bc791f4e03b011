"""Errors as problem details (RFC 9457) for programs, and as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import HTTPException as RouteException
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from web.templating import page

REDIS_UNAVAILABLE = "Redis does not answer; wirewatch waits for it and loses no data meanwhile"


class Fault(BaseModel):
    """One invalid part of a request."""

    where: str = Field(description="The parameter, or the path in the body", examples=["query.limit"])
    why: str


class Problem(BaseModel):
    """Problem details, RFC 9457; ``type`` is always ``about:blank``, because the status gives the kind."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str
    instance: str = Field(description="The requested path")
    errors: list[Fault] | None = None


class UnusableInputError(RouteException):
    """A part of a request is invalid: 422, with the part and the reason."""

    def __init__(self, where: str, why: str) -> None:
        """``where``: the parameter, or the path in the body: ``query.q``."""
        super().__init__(422, f"{where}: {why}")
        self.errors = [{"where": where, "why": why}]


def problem_response(description: str) -> dict[str, Any]:
    """Return the OpenAPI description of a problem answer; ``describe`` adds the schema."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


COMMON: dict[int | str, dict[str, Any]] = {
    401: problem_response("The token is missing or wrong"),
    422: problem_response("A parameter or the body is invalid"),
    429: problem_response("Too many wrong tokens from this address"),
    503: problem_response("Redis does not answer"),
}
"""Problem answers of every operation."""


def describe(document: dict[str, Any]) -> None:
    """Add the schemas of problems to an OpenAPI document."""
    _, schemas = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= schemas["$defs"]


def problem(
    status: int, detail: str, path: str, *, errors: list[dict[str, str]] | None = None, headers: Mapping[str, str] = {}
) -> Response:
    """Return an error as problem details."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
    }
    if errors:
        body["errors"] = errors
    return Response(
        msgspec.json.encode(body), status_code=status, media_type="application/problem+json", headers=dict(headers)
    )


def wants_page(path: str, accept: str) -> bool:
    """Return whether the client is a browser that shows a page."""
    return not path.startswith("/api/") and "text/html" in accept


def answer(
    request: Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] = {},
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """Return an error as a page for browsers, else as problem details."""
    if wants_page(request.url.path, request.headers.get("accept", "")):
        return page(
            "problem.html", status=status, headers=headers, code=status, title=HTTPStatus(status).phrase, detail=detail
        )
    return problem(status, detail, request.url.path, errors=errors, headers=headers)


def install(app: FastAPI) -> None:
    """Install the exception handlers of the app."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 (registered for it alone)
        errors = error.errors if isinstance(error, UnusableInputError) else None
        return answer(request, error.status_code, str(error.detail), error.headers or {}, errors)

    async def unusable(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        errors = [
            {
                "where": ".".join(str(part) for part in fault["loc"]),
                "why": str(fault["msg"]).removeprefix("Value error, "),  # pydantic's prefix
            }
            for fault in error.errors()
        ]
        detail = "; ".join(f"{fault['where']}: {fault['why']}" for fault in errors)
        return answer(request, 422, detail, errors=errors)

    async def redis_unavailable(request: Request, error: Exception) -> Response:
        return answer(request, 503, REDIS_UNAVAILABLE, {"Retry-After": "5"})

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, unusable)
    app.add_exception_handler(RedisError, redis_unavailable)

"""``/docs``: the OpenAPI document as a page. FastAPI's own pages load scripts from other hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from web.templating import page

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    kind: str
    needed: bool
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    about: str
    parameters: list[Parameter]
    examples: list[str] = field(default_factory=list)
    """Bodies that may be sent."""
    answers: list[tuple[str, str]]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Yield what an OpenAPI document describes, in its order."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield Operation(
                method=method.upper(),
                path=path,
                summary=operation.get("summary", ""),
                about=operation.get("description", ""),
                parameters=[_parameter(parameter) for parameter in operation.get("parameters", ())],
                examples=_bodies(operation, document),
                answers=[(status, answer.get("description", "")) for status, answer in operation["responses"].items()],
            )


def _parameter(found: dict[str, Any]) -> Parameter:
    return Parameter(
        name=found["name"],
        place=found["in"],
        kind=_kind(found.get("schema", {})),
        needed=found.get("required", False),
        about=found.get("description", ""),
    )


def _kind(schema: dict[str, Any]) -> str:
    choices = [_kind(choice) for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if choices:
        return " or ".join(choices)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    words = str(schema.get("type", "any"))
    if "minimum" in schema and "maximum" in schema:
        words += f" {schema['minimum']}–{schema['maximum']}"
    return words + (f", default {schema['default']}" if schema.get("default") is not None else "")


def _bodies(operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return [json.dumps(example, ensure_ascii=False) for example in schema.get("examples", ())]


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Show what the API can do."""
    document = request.app.openapi()
    return page("docs.html", about=document["info"]["description"], operations=list(operations(document)))

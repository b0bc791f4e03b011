"""The examples of the OpenAPI document: one for every operation, and what the document itself asks of an answer."""

from __future__ import annotations

import json
from typing import Any

import feedparser
import jsonschema_rs
import pytest

PLAIN = ("/healthz", "/metrics")


@pytest.fixture
async def document(site: Any) -> Any:
    """The OpenAPI document."""
    async with site.http.get("/openapi.json") as reply:
        return await reply.json()


def answers(document: Any) -> list[tuple[str, str, Any]]:
    """Return every answer that is no error, with its operation and content type."""
    return [
        (f"{method} {path}", kind, content)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for kind, content in answer.get("content", {}).items()
    ]


async def test_every_operation_answers_by_example(document: Any) -> None:
    shown = {name for name, _, content in answers(document) if "example" in content}
    assert shown == {f"{method} {path}" for path, item in document["paths"].items() for method in item}


async def test_an_example_is_what_its_schema_asks_for(document: Any) -> None:
    checked = 0
    for name, kind, content in answers(document):
        if kind == "application/json" and name.partition(" ")[2] not in PLAIN:
            schema = content["schema"] | {"components": document["components"]}
            validator = jsonschema_rs.Draft202012Validator(schema)
            assert [f"{name}: {fault}" for fault in validator.iter_errors(content["example"])] == []
            checked += 1
    assert checked == 10


async def test_a_parameter_is_shown_by_an_example_that_may_be_given(document: Any) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                examples = [parameter["example"]] if "example" in parameter else schema.get("examples", [])
                assert examples, (path, parameter["name"])
                validator = jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]})
                assert all(validator.is_valid(example) for example in examples), (path, parameter["name"])


async def test_the_feeds_that_are_shown_are_feeds(document: Any) -> None:
    said = {kind: content["example"] for _, kind, content in answers(document) if "feed" in kind or "atom" in kind}
    read = feedparser.parse(said["application/atom+xml"].encode())
    assert (read.bozo, len(read.entries)) == (False, 1)
    assert json.loads(json.dumps(said["application/feed+json"]))["items"][0]["id"] == read.entries[0].id

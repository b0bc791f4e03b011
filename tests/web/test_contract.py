"""The API against its own description: whatever is asked, no fault of the server, and nothing that it does not name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from archive_filler import ArchiveFiller
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from stories.model.release import Notice

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 25  # of each operation; a hundred take minutes
OPERATIONS = [
    "GET /api/v1/releases",
    "GET /api/v1/releases/{id}",
    "GET /api/v1/stories/{id}",
    "GET /api/v1/events",
    "GET /api/v1/sources",
    "GET /api/v1/alerts",
    "GET /api/v1/feeds",
    "POST /api/v1/crawls",
    "GET /api/v1/crawls/{id}",
    "GET /feeds/{watch}.atom",
    "GET /feeds/{watch}.json",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
]


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_operation_does_what_the_document_says(indexed: Any, archive: ArchiveFiller, name: str) -> None:
    first = await archive.publish("Plant Opens", tags=("Battery",), channels=("log",), watches=("all",))
    await archive.publish("Plant Opens", replaces=first, kind="release.corrected",
                          notice=Notice(kind="correction", marker="CORRECTION", headline="Plant Opens"))  # fmt: skip
    await indexed.dependencies.stores.clock_ticks.record(archive.now)

    def ask_much() -> None:
        schema = schemathesis.openapi.from_url(f"{indexed.base}/openapi.json")
        method, path = name.split()
        operation = schema[path][method]

        @given(case=operation.as_strategy())
        @examples(
            max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),
        )  # fmt: skip
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS, timeout=30)

        ask()

    await asyncio.to_thread(ask_much)


async def test_every_operation_is_asked(indexed: Any) -> None:
    async with indexed.http.get("/openapi.json") as reply:
        document = await reply.json()
    there = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert set(OPERATIONS) == there

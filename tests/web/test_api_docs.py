"""What the API says of itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PATHS = {
    "/api/v1/feeds",
    "/feeds/{watch}.atom",
    "/feeds/{watch}.json",
    "/healthz", "/readyz", "/metrics", "/api/v1/releases", "/api/v1/releases/{id}", "/api/v1/stories/{id}",
    "/api/v1/events", "/api/v1/sources", "/api/v1/alerts", "/api/v1/crawls", "/api/v1/crawls/{id}",
}  # fmt: skip


@pytest.fixture
async def document(site):
    async with site.http.get("/openapi.json") as reply:
        return await reply.json()


async def test_the_document_names_every_path_and_every_reference_leads_somewhere(document):
    assert set(document["paths"]) == PATHS
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)


async def test_errors_are_described_as_problems(document):
    for path, item in document["paths"].items():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status.startswith("4") or (status == "503" and path != "/readyz"):
                    assert set(answer["content"]) == {"application/problem+json"}, (path, status)


async def test_the_manual_shows_every_operation(site, document):
    async with site.http.get("/docs") as reply:
        assert reply.headers["Content-Type"].startswith("text/html")
        shown = await reply.text()
    for path in document["paths"]:
        assert f"<code>{path}</code>" in shown
    assert "`" not in shown
    assert "text/event-stream" in shown


async def test_the_document_says_that_a_token_is_asked_for(serve):
    async with (
        serve(web={"token": "correct horse battery"}) as site,
        site.http.get("/openapi.json", headers={"Authorization": "Bearer correct horse battery"}) as reply,
    ):
        document = await reply.json()
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert "correct horse battery" not in json.dumps(document)


async def test_the_written_page_names_what_there_is(document):
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    named = {
        path.rstrip("`'") for path in re.findall(r"/(?:api/v1/[a-z/{}]+|feeds/[a-z{}.]+|healthz|readyz|metrics)", page)
    }
    assert named == set(document["paths"])

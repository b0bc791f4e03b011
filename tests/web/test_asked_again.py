"""What a program holds already, asks for without a body, or asks for in a way that is none: every operation alike."""

from __future__ import annotations

from typing import Any

import pytest
from archive_filler import ArchiveFiller

READS = ("releases", "events", "sources", "alerts", "feeds")


async def ask(site: Any, path: str, method: str = "GET", **headers: str) -> Any:
    """Return status, headers and body."""
    async with site.http.request(method, path, headers=headers) as reply:
        return reply.status, reply.headers, await reply.read()


@pytest.mark.parametrize("name", READS)
async def test_who_holds_an_answer_is_told_that_it_stands(site: Any, archive: ArchiveFiller, name: str) -> None:
    await archive.publish("Plant Opens")
    status, headers, body = await ask(site, f"/api/v1/{name}")
    assert (status, bool(body)) == (200, True)
    for held in (headers["ETag"], f"W/{headers['ETag']}", f'"other", {headers["ETag"]}', "*"):
        assert (await ask(site, f"/api/v1/{name}", **{"If-None-Match": held}))[::2] == (304, b"")
    assert (await ask(site, f"/api/v1/{name}", **{"If-None-Match": '"other"'}))[0] == 200


async def test_an_answer_that_is_held_is_sent_anew_once_something_happened(site: Any, archive: ArchiveFiller) -> None:
    await archive.publish("Plant Opens")
    held = (await ask(site, "/api/v1/events"))[1]["ETag"]
    await archive.publish("Plant Closes")
    assert (await ask(site, "/api/v1/events", **{"If-None-Match": held}))[0] == 200


@pytest.mark.parametrize("path", [*(f"/api/v1/{name}" for name in READS), "/", "/healthz", "/openapi.json",
                                  "/feeds/all.atom", "/static/page.css", "/api/v1/releases/rel_no"])  # fmt: skip
async def test_head_says_what_get_says_without_the_body(site: Any, archive: ArchiveFiller, path: str) -> None:
    await archive.publish("Plant Opens")
    status, headers, _ = await ask(site, path)
    without, alike, body = await ask(site, path, "HEAD")
    assert (without, body) == (status, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert alike.get(name) == headers.get(name)


async def test_head_of_a_stream_ends(site: Any, archive: ArchiveFiller) -> None:
    await archive.publish("Plant Opens")
    status, headers, body = await ask(site, "/api/v1/events", "HEAD", Accept="text/event-stream")
    assert (status, body) == (200, b"")
    assert headers["Content-Type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/api/v1/nothing", 404, "Not Found"),
        ("GET", "/nowhere", 404, "Not Found"),
        ("GET", "/api/v1/stories/sty_no", 404, "Not Found"),
        ("DELETE", "/api/v1/releases", 405, "Method Not Allowed"),
        ("GET", "/api/v1/crawls", 405, "Method Not Allowed"),
        ("GET", "/api/v1/releases?limit=many", 422, "Unprocessable"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(site: Any, method: str, path: str, status: int, says: str) -> None:
    async with site.http.request(method, path) as reply:
        said = await reply.json(content_type=None)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert (said["status"], said["type"], said["instance"]) == (status, "about:blank", path.partition("?")[0])
    assert says in said["title"]
    assert bool(reply.headers.get("Allow")) == (status == 405)


async def test_nothing_that_is_told_may_be_kept_for_others(serve: Any, archive: ArchiveFiller) -> None:
    await archive.publish("Plant Opens")
    async with serve(web={"token": "correct horse battery"}) as site:
        for path in ("/", "/api/v1/releases", "/feeds/all.atom", "/metrics", "/login"):
            _, headers, _ = await ask(site, path, Authorization="Bearer correct horse battery")
            assert headers["Cache-Control"] in ("private, no-cache", "no-store")
            assert "Access-Control-Allow-Origin" not in headers

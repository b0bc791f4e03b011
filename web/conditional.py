"""Answers with a name for their content: who has it already gets 304 (RFC 9110, sections 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fastapi import Request
from starlette.responses import Response


def etag_of(body: bytes) -> str:
    """Return a strong entity tag, made from the content alone: the same after a restart and on every machine."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def holds(if_none_match: str, etag: str) -> bool:
    """Return whether a request says that it holds this content (weak comparison, as the RFC asks for)."""
    given = [one.strip() for one in if_none_match.split(",")]
    return "*" in given or any(one.removeprefix("W/") == etag for one in given)


def conditional(
    request: Request, body: bytes, media_type: str, *, headers: Mapping[str, str] = {}, etag: str | None = None
) -> Response:
    """Return the content with its ETag; 304 without it to who holds it."""
    etag = etag or etag_of(body)
    headers = {**headers, "ETag": etag}
    if request.method in ("GET", "HEAD") and holds(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)

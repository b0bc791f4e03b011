"""Answers with a name for their content: who has it already gets 304 (RFC 9110, sections 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request
from starlette.responses import Response


def etag_of(body: bytes) -> str:
    """Return a strong entity tag, made from the content alone: the same after a restart and on every machine."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def matches_etag(if_none_match: str, etag: str) -> bool:
    """Return whether a request says that it holds this content (weak comparison, as the RFC asks for)."""
    given = [one.strip() for one in if_none_match.split(",")]
    return "*" in given or any(one.removeprefix("W/") == etag for one in given)


def unchanged_since(if_modified_since: str, modified: datetime) -> bool:
    """Return whether a request says that it holds what was there at a moment or later."""
    try:
        given = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    return given.tzinfo is not None and modified.replace(microsecond=0) <= given


def conditional(request: Request, body: bytes, media_type: str, *, modified: datetime | None = None) -> Response:
    """Return the content with its ETag, and with when it last changed where that is known; 304 to who holds it."""
    etag = etag_of(body)
    headers = {"ETag": etag}
    if modified is not None:
        headers["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    match, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if match is not None:
        held = matches_etag(match, etag)
    else:  # the date counts only without an ETag: it knows no parts of a second
        held = modified is not None and since is not None and unchanged_since(since, modified)
    if held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)

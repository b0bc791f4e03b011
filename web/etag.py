"""Conditional requests: ETag, Last-Modified and 304 (RFC 9110 sections 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request
from starlette.responses import Response


def etag_of(body: bytes) -> str:
    """Return a strong entity tag. It depends on the content only, so it is the same on every machine."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def matches_etag(if_none_match: str, etag: str) -> bool:
    """Return whether ``If-None-Match`` contains an entity tag (weak comparison, as the RFC requires)."""
    tags = [tag.strip() for tag in if_none_match.split(",")]
    return "*" in tags or any(tag.removeprefix("W/") == etag for tag in tags)


def unchanged_since(if_modified_since: str, modified: datetime) -> bool:
    """Return whether content was last modified at or before ``If-Modified-Since``."""
    try:
        given = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    return given.tzinfo is not None and modified.replace(microsecond=0) <= given


def conditional(request: Request, body: bytes, media_type: str, *, modified: datetime | None = None) -> Response:
    """Return the content with its ETag and, if known, Last-Modified; 304 if the client has this content."""
    etag = etag_of(body)
    headers = {"ETag": etag}
    if modified is not None:
        headers["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    match, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if match is not None:
        held = matches_etag(match, etag)
    else:  # the date counts only without an ETag, because it has whole seconds only
        held = modified is not None and since is not None and unchanged_since(since, modified)
    if held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)

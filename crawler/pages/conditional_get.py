"""Conditional requests for known pages (RFC 9110, 13): which validators are sent, and which are stored; pure."""

from __future__ import annotations

from datetime import timedelta

from scrapy.http import Response

from crawler.http.response_headers import VALUE_MAX, header, parse_http_date, validator
from stories.model.page_result import Validators

MAX_TRUSTED = 8  # consecutive 304 responses; then the page is read whole: some servers compare with a stopped clock
MIN_STRONG_AGE = timedelta(minutes=1)
"""Between Last-Modified and Date: a younger Last-Modified may be the same for two states of the page."""


def conditional_headers(known: Validators | None) -> dict[str, str]:
    """Return the headers of a conditional request; none after ``MAX_TRUSTED`` consecutive 304 responses."""
    if known is None or known.trusted >= MAX_TRUSTED:
        return {}
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def validators(response: Response) -> Validators | None:
    """Return the validators of a response (RFC 9110, 8.8); None where it has none that are strong enough."""
    etag, modified = validator(response, "ETag"), validator(response, "Last-Modified")
    if modified and not etag:
        modified_at = parse_http_date(modified)
        responded_at = parse_http_date((header(response, "Date") or "")[:VALUE_MAX])
        if modified_at is None or responded_at is None or responded_at - modified_at < MIN_STRONG_AGE:
            modified = None
    if not etag and not modified:
        return None
    return Validators(url=response.url, etag=etag, last_modified=modified)

"""Response headers: freshness, Retry-After, validators, charset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from scrapy.http import Response

MAX_DURATION = timedelta(days=366)
VALIDATOR_MAX = 1024  # characters of an ETag or Last-Modified that is kept in Redis and sent back
VALUE_MAX = 256  # characters of a header that holds a date, a number or a few directives
LABEL_MAX = 40  # characters of a charset's name
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,12})")


def header(response: Response, name: str) -> str | None:
    """Return a header's value, None for one that is not there."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def validator(response: Response, name: str) -> str | None:
    """Return an ETag or Last-Modified to ask by; None for one that is not there, too long, or not printable ASCII."""
    value = header(response, name)
    return value if value and len(value) <= VALIDATOR_MAX and value.isascii() and value.isprintable() else None


def _short_value(response: Response, name: str) -> str:
    """Return a header's value, empty for one that is not there or is longer than any that means something."""
    value = (header(response, name) or "").strip()
    return value if len(value) <= VALUE_MAX else ""


def headers(response: Response, name: str) -> list[str]:
    """Return the values of a header that may be there several times."""
    return [value.decode("latin-1") for value in response.headers.getlist(name)]


def charset(response: Response) -> str | None:
    """Return the charset that Content-Type names."""
    _, found, name = (header(response, "Content-Type") or "").lower().partition("charset=")
    name = name[: LABEL_MAX + 20].split(";")[0].strip(" \"'")
    return name if found and 0 < len(name) <= LABEL_MAX else None


def retry_after(response: Response, now: datetime) -> timedelta | None:
    """Return what Retry-After says (RFC 9110, 10.2.3: seconds or a date); None for none that can be read."""
    value = _short_value(response, "Retry-After")
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:12])), MAX_DURATION)
    until, now = (
        parse_http_date(value),
        parse_http_date(header(response, "Date") or "") or now,
    )  # by one clock: that of the host
    return min(max(until - now, timedelta()), MAX_DURATION) if until else None


def fresh_for(response: Response, now: datetime) -> timedelta:
    """Return the freshness lifetime of a response (RFC 9111, 4.2.1): max-age minus its age, else until Expires."""
    control = _short_value(response, "Cache-Control").lower()
    if re.search(r"\bno-(?:cache|store)\b", control):
        return timedelta()
    age = _short_value(response, "Age")
    old = timedelta(seconds=int(age[:9])) if age.isascii() and age.isdigit() else timedelta()
    if found := _MAX_AGE.search(control):
        return max(min(timedelta(seconds=int(found[1])), MAX_DURATION) - old, timedelta())
    expires = parse_http_date(_short_value(response, "Expires"))
    if expires is None:
        return timedelta()
    return min(max(expires - (parse_http_date(_short_value(response, "Date")) or now), timedelta()), MAX_DURATION)


def parse_http_date(value: str) -> datetime | None:
    """Return the time of an HTTP date (RFC 9110, 5.6.7); None if it cannot be parsed."""
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

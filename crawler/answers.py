"""What an answer's headers say to whoever asks again: for how long it stands, and for how long to leave it alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from scrapy.http import Response

LONGEST = timedelta(days=366)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,12})")


def header(response: Response, name: str) -> str | None:
    """Return a header's value, None for one that is not there."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def headers(response: Response, name: str) -> list[str]:
    """Return the values of a header that may be there several times."""
    return [value.decode("latin-1") for value in response.headers.getlist(name)]


def charset(response: Response) -> str | None:
    """Return the charset that Content-Type names."""
    _, found, name = (header(response, "Content-Type") or "").lower().partition("charset=")
    return name.split(";")[0].strip(" \"'") or None if found else None


def retry_after(response: Response, now: datetime) -> timedelta | None:
    """Return what Retry-After says (RFC 9110, 10.2.3: seconds or a date); None for none that can be read."""
    value = (header(response, "Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:12])), LONGEST)
    until, now = moment(value), moment(header(response, "Date") or "") or now  # by one clock: that of the host
    return min(max(until - now, timedelta()), LONGEST) if until else None


def fresh_for(response: Response, now: datetime) -> timedelta:
    """Return for how long an answer stands (RFC 9111, 4.2.1): max-age less its age, else until Expires."""
    control = (header(response, "Cache-Control") or "").lower()
    if re.search(r"\bno-(?:cache|store)\b", control):
        return timedelta()
    age = (header(response, "Age") or "").strip()
    old = timedelta(seconds=int(age[:9])) if age.isascii() and age.isdigit() else timedelta()
    if found := _MAX_AGE.search(control):
        return max(min(timedelta(seconds=int(found[1])), LONGEST) - old, timedelta())
    expires = moment(header(response, "Expires") or "")
    if expires is None:
        return timedelta()
    return min(max(expires - (moment(header(response, "Date") or "") or now), timedelta()), LONGEST)


def moment(value: str) -> datetime | None:
    """Return the moment that a header names (RFC 9110, 5.6.7); None for what is none."""
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

"""Limits on the head of a request, checked before any part of it is parsed.

Python's ``http.cookies`` takes a time that grows with the square of a quoted value's length (CVE-2024-7592, fixed in
3.11.10 and 3.12.6), and web frameworks use it for every request. So the ``Cookie`` header is removed here. The
values of wirewatch's own cookie are found by splitting the text, and the application never gets the
header.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from web.problems import problem

HEADER_BYTES = 32 << 10  # of the whole header block; browsers send about 2 kB, proxies add about as much
HEADER_COUNT = 100  # as many as Apache allows
COOKIE_BYTES = 8 << 10  # of all Cookie headers; browsers send the cookies of other programs on the same host too
TARGET_BYTES = 8 << 10  # of path and query; RFC 9112 section 3 recommends to support 8,000
COOKIE = "wirewatch"
MAX_COOKIES = 2  # values of wirewatch's cookie in one request; each counts as a guess
COOKIE_VALUE_LENGTH = 256  # characters; wirewatch's values have 64
COOKIES = "wirewatch.cookies"
"""Key in the ASGI scope: the values of wirewatch's cookie, as a tuple of text."""


def own_cookies(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the values of wirewatch's cookie in ``Cookie`` headers (RFC 6265 section 5.4), in linear time.

    Args:
        lines: values of ``Cookie`` headers.

    Returns:
        At most ``MAX_COOKIES`` values, without quotation marks around them; longer values are ignored.
    """
    values: list[str] = []
    for line in lines:
        for pair in line.split(";"):
            name, equals, value = pair.partition("=")
            value = value.strip()
            if equals and name.strip() == COOKIE and len(value) <= COOKIE_VALUE_LENGTH:
                values.append(value.strip('"'))
                if len(values) == MAX_COOKIES:
                    return tuple(values)
    return tuple(values)


def excess(headers: Iterable[tuple[bytes, bytes]], target: int) -> tuple[int, str] | None:
    """Return the HTTP status and the reason for a request head that is over a limit; None for one within all limits.

    Args:
        headers: names in small letters, and values.
        target: bytes of path and query.
    """
    total = count = cookies = 0
    for name, value in headers:
        count += 1
        total += len(name) + len(value) + 4  # colon, space and the end of the line
        if name == b"cookie":
            cookies += len(value)
    if target > TARGET_BYTES:
        return 414, f"the address of a request has at most {TARGET_BYTES} bytes"
    if cookies > COOKIE_BYTES:
        return 431, f"the cookies of a request have at most {COOKIE_BYTES} bytes"
    if total > HEADER_BYTES:
        return 431, f"the headers of a request have at most {HEADER_BYTES} bytes"
    if count > HEADER_COUNT:
        return 431, f"a request has at most {HEADER_COUNT} headers"
    return None


class HeadLimits:
    """Refuses requests whose head is over a limit (414, 431), and keeps ``Cookie`` headers from the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is over a limit; pass on any other without its ``Cookie`` headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        refused = excess(headers, len(scope.get("raw_path") or b"") + len(scope["query_string"]))
        if refused is not None:
            # The path may be the part that is too long, so the answer does not repeat it.
            await self._refusal(*refused)(scope, receive, send)
            return
        cookies = own_cookies(value.decode("latin-1") for name, value in headers if name == b"cookie")
        kept = [(name, value) for name, value in headers if name != b"cookie"]
        await self._app({**scope, "headers": kept, COOKIES: cookies}, receive, send)

    @staticmethod
    def _refusal(status: int, reason: str) -> Response:
        from web.security.access_control import HEADERS

        return problem(status, reason, "/", headers={**HEADERS, "Connection": "close"})

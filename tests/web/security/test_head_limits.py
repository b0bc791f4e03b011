"""Limits on the head of a request: long and hostile heads are refused soon, before any token is asked for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from web.security.access_control import cookie_value
from web.security.head_limits import COOKIE_BYTES, HEADER_BYTES, HEADER_COUNT, TARGET_BYTES, own_cookies

TOKEN = "correct horse battery"
SOON = 1.0  # seconds; Python's own parser takes 20 s and more for the same header
BACKSLASHES = 'wirewatch="' + "\\" * 60_000 + '"'

HEADS: dict[str, tuple[int, str, list[tuple[str, str]]]] = {
    "a cookie of backslashes": (431, "/healthz", [("Cookie", BACKSLASHES[:58_000] + '"')]),
    "a cookie of escapes": (431, "/healthz", [("Cookie", 'a="' + "\\134" * 14_000 + '"')]),
    "a cookie just over the limit": (431, "/healthz", [("Cookie", "a=" + "x" * (COOKIE_BYTES - 1))]),
    "many cookies": (431, "/healthz", [("Cookie", "wirewatch=" + "x" * 1_000)] * 9),
    "one long header": (431, "/healthz", [("X-Long", "x" * HEADER_BYTES)]),
    "many headers": (431, "/healthz", [(f"X-{number}", "1") for number in range(HEADER_COUNT)]),
    "long names": (431, "/healthz", [("X" * 4_000, "1")] * 9),
    "a long path": (414, "/" + "x" * TARGET_BYTES, []),
    "a long query": (414, "/healthz?" + "x" * TARGET_BYTES, []),
}


async def answered(site: Any, target: str, headers: list[tuple[str, str]]) -> tuple[int, bytes, float]:
    """Send a head as it is, and return the status, the whole answer and the seconds until it ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(site.base.rpartition(":")[2]))
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close", *(f"{n}: {v}" for n, v in headers)]
    began = time.monotonic()
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.read()
    took = time.monotonic() - began
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer, took


@pytest.mark.parametrize("what", HEADS)
async def test_a_head_over_a_limit_is_refused_soon(serve: Any, what: str) -> None:
    status, target, headers = HEADS[what]
    async with serve(web={"token": TOKEN}) as site:
        given, answer, took = await answered(site, target, headers)
    assert given == status
    assert took < SOON
    assert b"at most" in answer
    assert b"content-security-policy" in answer.lower()


@pytest.mark.parametrize("path", ["/healthz", "/", "/login", "/api/v1/releases", "/push/0/0"])
async def test_the_worst_cookie_within_the_limit_costs_nothing(serve: Any, path: str) -> None:
    async with serve(web={"token": TOKEN}) as site:
        for start in ("wirewatch", "other"):
            value = f'{start}="'
            cookie = value + "\\" * (COOKIE_BYTES - len(value) - 1) + '"'
            status, _, took = await answered(site, path, [("Cookie", cookie)])
            assert status in (200, 401, 404)
            assert took < 0.3


async def test_a_browser_with_many_cookies_of_other_programs_is_let_in(serve: Any) -> None:
    async with serve(web={"token": TOKEN}) as site:
        others = "; ".join(f'program{number}="{"x" * 200}"' for number in range(30))
        given = [("Cookie", f"{others}; wirewatch={cookie_value(TOKEN)}; last=1")]
        status, _, _ = await answered(site, "/api/v1/releases", given)
    assert status == 200


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=';"'), max_size=40), max_size=5))
@example(["wirewatch"])
@example(["=", "wirewatch", 'a"b'])
def test_our_cookie_is_found_among_any_others(others: list[str]) -> None:
    line = "; ".join([*(f"x{other}" for other in others), "wirewatch=0123abc"])
    assert own_cookies([line]) == ("0123abc",)
    assert own_cookies([";".join(f"x{other}" for other in others)]) == ()


def test_of_our_cookie_two_values_count_and_none_that_is_longer_than_ours() -> None:
    assert own_cookies(["wirewatch=a; wirewatch=b", "wirewatch=c"]) == ("a", "b")
    assert own_cookies([f'wirewatch={"x" * 300}; wirewatch = "d" ; wirewatchx=e; wirewatch']) == ("d",)

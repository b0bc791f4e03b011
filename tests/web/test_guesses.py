"""How often the token may be guessed, in whatever way: in the header, in a cookie, in a feed's key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from web.security.access_control import cookie_value, feed_key
from web.security.login_throttle import (
    KNOWN_SECONDS,
    MAX_KNOWN_ADDRESSES,
    MAX_WRONG_FROM_UNKNOWN,
    MAX_WRONG_KNOWN_ADDRESS,
    MAX_WRONG_PER_ADDRESS,
    WINDOW_SECONDS,
    LoginThrottle,
    neighbourhood,
)

TOKEN = "correct horse battery"
FEED = "/feeds/all.atom"


@pytest.fixture
async def closed(serve: Any) -> AsyncIterator[Any]:
    """The app with a token, on an open address."""
    async with serve(web={"token": TOKEN}) as site:
        yield site


async def ask(site: Any, path: str = "/api/v1/sources", *, who: str = "192.0.2.1", **headers: str) -> int:
    """Return the status; uvicorn believes a proxy on loopback who asks."""
    async with site.http.get(path, headers={"X-Forwarded-For": who} | headers) as reply:
        assert reply.status != 429 or int(reply.headers["Retry-After"]) > 0
        assert reply.status == 200 or reply.headers["Content-Type"] == "application/problem+json"
        return int(reply.status)


GUESSES = {
    "header": lambda word: {"headers": {"Authorization": f"Bearer {word}"}},
    "cookie": lambda word: {"headers": {"Cookie": f"wirewatch={cookie_value(word)}"}},
    "key": lambda word: {"path": f"{FEED}?key={feed_key(word, 'all')}"},
}


@pytest.mark.parametrize("way", GUESSES)
async def test_who_guesses_has_to_wait_and_is_told_nothing_more(closed: Any, way: str) -> None:
    async def guess(word: str) -> int:
        given = GUESSES[way](word)
        return await ask(closed, given.get("path", FEED), **given.get("headers", {}))

    assert [await guess(f"word {number}") for number in range(MAX_WRONG_PER_ADDRESS)] == [401] * MAX_WRONG_PER_ADDRESS
    assert await guess("another word") == 429
    assert await guess(TOKEN) == 429  # else the answer would tell a right guess from a wrong one
    assert await ask(closed) == 401  # nothing given is no guess


async def test_many_guesses_in_one_request_are_as_many(closed: Any) -> None:
    cookies = [("Cookie", f"wirewatch={cookie_value(word)}") for word in ("one", "two", TOKEN)]
    async with closed.http.get(FEED, headers=[("X-Forwarded-For", "192.0.2.1"), *cookies]) as reply:
        assert reply.status == 401  # those beyond the first two are not looked at
    for number in range(MAX_WRONG_PER_ADDRESS - 2):
        assert await ask(closed, Authorization=f"Bearer word {number}") == 401
    assert await ask(closed, Authorization="Bearer another word") == 429


async def test_others_are_let_in_meanwhile(closed: Any) -> None:
    for number in range(MAX_WRONG_PER_ADDRESS + 1):
        await ask(closed, Authorization=f"Bearer word {number}")
    assert await ask(closed, who="192.0.2.2", Authorization=f"Bearer {TOKEN}") == 200


@pytest.mark.parametrize("way", GUESSES)
async def test_an_address_that_sent_the_right_token_may_not_guess_without_limit(closed: Any, way: str) -> None:
    assert await ask(closed, Authorization=f"Bearer {TOKEN}") == 200
    said = []
    for number in range(MAX_WRONG_KNOWN_ADDRESS + 5):
        given = GUESSES[way](f"word {number}")
        said.append(await ask(closed, given.get("path", FEED), **given.get("headers", {})))
    assert said == [401] * MAX_WRONG_KNOWN_ADDRESS + [429] * 5
    assert await ask(closed, who="192.0.2.2", Authorization="Bearer one guess") == 401  # other addresses still may


async def test_the_form_may_not_guess_without_limit_after_a_login(closed: Any) -> None:
    assert await ask(closed, Authorization=f"Bearer {TOKEN}") == 200
    headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "192.0.2.1"}
    said = []
    for number in range(MAX_WRONG_KNOWN_ADDRESS + 5):
        async with closed.http.post("/login", data={"token": f"word {number}"}, headers=headers) as reply:
            said.append(reply.status)
    assert said == [401] * MAX_WRONG_KNOWN_ADDRESS + [429] * 5


async def test_a_few_guesses_do_not_keep_out_an_address_that_sent_the_right_token(closed: Any) -> None:
    assert await ask(closed, Authorization=f"Bearer {TOKEN}") == 200
    for number in range(2 * MAX_WRONG_PER_ADDRESS):
        assert await ask(closed, Authorization=f"Bearer word {number}") == 401
    assert await ask(closed, Authorization=f"Bearer {TOKEN}") == 200


async def test_a_program_with_an_old_token_keeps_nobody_out(closed: Any) -> None:
    for _ in range(3 * MAX_WRONG_PER_ADDRESS):
        assert await ask(closed, Authorization="Bearer of last year") == 401
    assert await ask(closed, Authorization=f"Bearer {TOKEN}") == 200


async def test_the_form_is_no_way_around(closed: Any) -> None:
    for number in range(MAX_WRONG_PER_ADDRESS):
        await ask(closed, Authorization=f"Bearer word {number}")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://elsewhere.example"}
    said = set()
    for word in ("wrong", TOKEN):
        headers = form | {"Authorization": f"Bearer {word}", "X-Forwarded-For": "192.0.2.1"}
        async with closed.http.post("/login", data="token=", headers=headers) as reply:
            said.add((reply.status, await reply.text()))
    assert len(said) == 1


def test_guesses_are_forgotten_and_so_is_who_knew() -> None:
    now = 0.0
    throttle = LoginThrottle(lambda: now)
    throttle.succeeded("one")
    for number in range(MAX_WRONG_FROM_UNKNOWN + MAX_WRONG_PER_ADDRESS):
        throttle.failed(f"many {number}", "word")
    assert (throttle.wait("one"), throttle.wait("two")) == (0, WINDOW_SECONDS)
    now = WINDOW_SECONDS
    assert throttle.wait("two") == 0
    now = KNOWN_SECONDS
    for number in range(MAX_WRONG_PER_ADDRESS):
        throttle.failed("one", f"word {number}")
    assert throttle.wait("one") == WINDOW_SECONDS


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    throttle = LoginThrottle(lambda: 0.0)
    for number in range(MAX_KNOWN_ADDRESSES + 1):
        throttle.succeeded(f"address {number}")
    for guess in range(MAX_WRONG_FROM_UNKNOWN):
        throttle.failed("guesser", f"word {guess}")
        throttle.failed(f"guesser {guess}", "word")
    assert throttle.wait("address 0") > 0
    assert throttle.wait(f"address {MAX_KNOWN_ADDRESSES}") == 0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "a socket", False),
    ],
)
def test_an_address_counts_with_its_neighbours(one: str, other: str, alike: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is alike

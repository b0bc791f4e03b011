"""The memory of sites: a line is a site's own when several voices have it; what is not shown again is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from stories import keys, sites
from stories.sites import Known, Shown, Sites

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
HOST = "ledger.example"


@pytest.fixture
def memory(redis: Redis) -> Sites:
    return Sites(redis)


async def show(
    memory: Sites, voice: str, *lines: str, page: str = "p", now: datetime = NOW, known: Known | None = None
) -> None:
    await memory.learn(HOST, page, Shown(voice=voice, headline=f"h-{voice}", lines=lines), known or Known(), now)


async def test_a_line_is_the_sites_own_when_three_voices_have_it(memory: Sites) -> None:
    for page, voice in enumerate(("gull", "gull", "gull", "heron")):
        await show(memory, voice, "box", page=str(page))
    assert not (await memory.known(HOST, "new")).lines

    await show(memory, "tern", "box", page="5")

    known = await memory.known(HOST, "new")
    assert set(known.lines) == {"box"}
    assert known.headlines == {"h-gull", "h-heron", "h-tern"}
    assert not (await memory.known("other.example", "new")).lines


async def test_a_page_knows_the_lines_that_it_had(memory: Sites) -> None:
    await show(memory, "gull", "box", "more", page="mine")

    assert (await memory.known(HOST, "mine")).kept == {"box", "more"}
    assert not (await memory.known(HOST, "another")).kept


async def test_what_is_left_out_of_every_page_is_remembered_as_long_as_pages_come(memory: Sites) -> None:
    for voice in ("gull", "heron", "tern"):
        await show(memory, voice, "box")
    moment = NOW
    for _ in range(4):
        moment += keys.SITE - timedelta(days=1)
        await show(memory, "plover", now=moment, known=await memory.known(HOST, "new"))

    assert set((await memory.known(HOST, "new")).lines) == {"box"}


async def test_what_nobody_shows_is_forgotten(memory: Sites) -> None:
    for voice in ("gull", "heron", "tern"):
        await show(memory, voice, "box")
    await show(memory, "plover", now=NOW + keys.SITE + timedelta(days=1))

    known = await memory.known(HOST, "new")
    assert (known.lines, known.headlines) == ({}, {"h-plover"})


async def test_a_host_takes_so_much_room_and_no_more(
    memory: Sites, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "LINES_KEPT", 50)
    monkeypatch.setattr(sites, "HEADLINES_KEPT", 7)
    for number in range(20):
        lines = [f"{number}-{line}" for line in range(100)]
        await show(memory, f"v{number}", *lines, page=str(number), now=NOW + timedelta(seconds=number))

    assert await redis.zcard(keys.site_lines(HOST).name) == 50
    assert await redis.zcard(keys.site_headlines(HOST).name) == 7
    assert await redis.scard(keys.site_page("3").name) == sites.LINES_OF_A_PAGE
    assert (await memory.known(HOST, "new")).headlines == {f"h-v{number}" for number in range(13, 20)}

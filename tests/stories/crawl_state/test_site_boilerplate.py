"""The memory of sites: a line is a site's own when several voices have it; what is not shown again is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from stories.crawl_state import site_boilerplate
from stories.crawl_state.site_boilerplate import KnownBoilerplate, ShownLines, SiteBoilerplateStore
from stories.db import keys
from stories.model.urls import url_digest

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
HOST = "ledger.example"
SITE = f"https://{HOST}/"


@pytest.fixture
def memory(redis: Redis) -> SiteBoilerplateStore:
    return SiteBoilerplateStore(redis)


async def show(
    memory: SiteBoilerplateStore,
    voice: str,
    *lines: str,
    page: str = "p",
    now: datetime = NOW,
    known: KnownBoilerplate | None = None,
) -> None:
    await memory.learn(
        f"{SITE}{page}", ShownLines(voice=voice, headline=f"h-{voice}", lines=lines), known or KnownBoilerplate(), now
    )


async def test_a_line_is_the_sites_own_when_three_voices_have_it(memory: SiteBoilerplateStore) -> None:
    for page, voice in enumerate(("gull", "gull", "gull", "heron")):
        await show(memory, voice, "box", page=str(page))
    assert not (await memory.known(f"{SITE}new")).lines

    await show(memory, "tern", "box", page="5")

    known = await memory.known(f"{SITE}new")
    assert set(known.lines) == {"box"}
    assert known.headlines == {"h-gull", "h-heron", "h-tern"}
    assert not (await memory.known("https://other.example/new")).lines


async def test_a_page_knows_the_lines_that_it_had(memory: SiteBoilerplateStore) -> None:
    await show(memory, "gull", "box", "more", page="mine")

    assert (await memory.known(f"{SITE}mine")).kept == {"box", "more"}
    assert not (await memory.known(f"{SITE}another")).kept


async def test_what_is_left_out_of_every_page_is_remembered_as_long_as_pages_come(memory: SiteBoilerplateStore) -> None:
    for voice in ("gull", "heron", "tern"):
        await show(memory, voice, "box")
    moment = NOW
    for _ in range(4):
        moment += keys.SITE_LIFETIME - timedelta(days=1)
        await show(memory, "plover", now=moment, known=await memory.known(f"{SITE}new"))

    assert set((await memory.known(f"{SITE}new")).lines) == {"box"}


async def test_what_nobody_shows_is_forgotten(memory: SiteBoilerplateStore) -> None:
    for voice in ("gull", "heron", "tern"):
        await show(memory, voice, "box")
    await show(memory, "plover", now=NOW + keys.SITE_LIFETIME + timedelta(days=1))

    known = await memory.known(f"{SITE}new")
    assert (known.lines, known.headlines) == ({}, {"h-plover"})


async def test_a_host_takes_so_much_room_and_no_more(
    memory: SiteBoilerplateStore, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_boilerplate, "LINES_KEPT", 50)
    monkeypatch.setattr(site_boilerplate, "HEADLINES_KEPT", 7)
    for number in range(20):
        lines = [f"{number}-{line}" for line in range(100)]
        await show(memory, f"v{number}", *lines, page=str(number), now=NOW + timedelta(seconds=number))

    assert await redis.zcard(keys.site_lines(HOST).name) == 50
    assert await redis.zcard(keys.site_headlines(HOST).name) == 7
    assert await redis.scard(keys.site_page_lines(url_digest(f"{SITE}3")).name) == site_boilerplate.LINES_OF_A_PAGE
    assert (await memory.known(f"{SITE}new")).headlines == {f"h-v{number}" for number in range(13, 20)}

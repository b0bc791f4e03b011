"""One page for all who ask for it at the same moment."""

from __future__ import annotations

import asyncio

import pytest
from archive_filler import ArchiveFiller

from web import coalescing_cache
from web.coalescing_cache import CoalescingCache


async def test_who_asks_together_gets_one_page_even_when_the_first_of_them_leaves() -> None:
    made: list[int] = []
    going = asyncio.Event()

    async def make() -> bytes:
        made.append(1)
        await going.wait()
        return b"page"

    pages = CoalescingCache()
    first, second = (asyncio.create_task(pages.get("now", make)) for _ in range(2))
    other = asyncio.create_task(pages.get("other", make))
    await asyncio.sleep(0)
    first.cancel()
    going.set()
    assert await asyncio.gather(second, other) == [b"page", b"page"]
    assert len(made) == 2


async def test_a_page_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coalescing_cache, "CACHE_SECONDS", 0.0)
    pages, made = CoalescingCache(), iter([b"first", b"second"])

    async def make() -> bytes:
        return next(made)

    assert [await pages.get("now", make) for _ in range(2)] == [b"first", b"second"]


async def test_a_page_that_cannot_be_made_says_so_to_all_who_asked() -> None:
    async def make() -> bytes:
        raise OSError("away")

    pages = CoalescingCache()
    answers = await asyncio.gather(*(pages.get("now", make) for _ in range(3)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["away"] * 3


async def test_the_first_page_never_misses_what_has_happened(site, archive: ArchiveFiller) -> None:
    for number in range(5):
        await archive.publish(f"Number {number}")
        async with site.http.get("/") as reply:
            assert f"Number {number}" in await reply.text()

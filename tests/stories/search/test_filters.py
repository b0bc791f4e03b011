"""Filtering: which stored releases are asked for."""

from __future__ import annotations

from datetime import timedelta

import press_office
import pytest
from bureau import START, Bureau
from redis.asyncio import Redis

from stories.search.filters import KINDS, FilterRequest, ReleaseFilter, filtered, kind_of


@pytest.fixture
async def bureau(redis: Redis) -> Bureau:
    """A memory with one release of each kind."""
    bureau = Bureau(redis)
    await bureau.read(press_office.release())
    await bureau.read(press_office.copy())
    await bureau.read(press_office.correction())
    await bureau.read(press_office.withdrawal())
    await bureau.read(press_office.release(1))
    await bureau.read(press_office.release(1, figure="90"))
    bureau.clock.forward(hours=1)
    await bureau.read(press_office.release(2))
    await bureau.gone(press_office.release(2))
    bureau.clock.forward(hours=1)  # no other page of its site was read again meanwhile
    await bureau.gone(press_office.release(2))
    repeat = press_office.copy(3, headline=f"REPEAT: {press_office.ANNOUNCEMENTS[3].headline}")
    await bureau.read(repeat)
    update = press_office.release(4, headline=f"UPDATE: {press_office.ANNOUNCEMENTS[4].headline}")
    await bureau.read(update)
    return bureau


async def wanted(bureau: Bureau, **fields: object) -> list[str]:
    """Return the kinds of what is asked for, oldest first."""
    found = [stored async for stored in filtered(bureau.archive, ReleaseFilter(**fields))]  # type: ignore[arg-type]
    return [kind_of(stored) for stored in reversed(found)]


async def test_every_kind_is_told_from_the_others(bureau: Bureau) -> None:
    every = await wanted(bureau)
    assert every == ["new", "copy", "correction", "withdrawal", "revised", "withdrawal", "repeat", "update"]
    assert set(every) == set(KINDS)
    for kind in KINDS:
        assert await wanted(bureau, kind=kind) == [kind] * every.count(kind)


@pytest.mark.parametrize("tag", ["Velmora", "#velmora", "＃VELMORA"])
async def test_a_tag_is_asked_for_in_any_spelling(bureau: Bureau, tag: str) -> None:
    assert await wanted(bureau, tag=tag) == ["new", "copy", "correction", "withdrawal"]
    assert await wanted(bureau, tag=tag, kind="copy") == ["copy"]


async def test_source_moment_and_watch_narrow_it_down(bureau: Bureau) -> None:
    assert await wanted(bureau, source=press_office.MIRROR) == ["copy", "repeat"]
    assert await wanted(bureau, since=START + timedelta(minutes=30)) == ["withdrawal", "repeat", "update"]
    copper = FilterRequest(matches=lambda release: "Copper" in release.headline, expression="copper")
    assert await wanted(bureau, parts=[copper]) == ["withdrawal"]
    assert await wanted(bureau, tag="Velmora", source="nowhere") == []

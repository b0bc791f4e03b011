"""The archive: what users are shown of what was kept."""

from __future__ import annotations

import json
from dataclasses import replace

import press_office
import pytest
from bureau import Bureau, reading
from redis.asyncio import Redis

from stories.model.ids import release_id, story_id
from stories.model.list_position import list_position_of
from stories.model.timestamps import parse_timestamp, timestamp
from stories.store.archive import READ_BATCH
from stories.store.releases import Decision, ReleaseStore


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


async def test_what_was_never_kept_is_nothing(bureau: Bureau) -> None:
    archive = bureau.archive
    assert await archive.release("rel_none") is None
    assert await archive.revisions("rel_none") == []
    assert await archive.event("evt_none") is None
    assert await archive.latest_events() == []
    assert [release async for release in archive.releases()] == []
    for any_id in ("sty_none", "rel_none", "evt_none", ""):
        assert await archive.story_of(any_id) is None


async def test_a_story_is_found_by_its_own_id_that_of_a_release_and_that_of_an_event(bureau: Bureau) -> None:
    await bureau.read(press_office.release())
    corrected = await bureau.read(press_office.correction())
    assert corrected.release is not None
    (event,) = corrected.events
    assert event.story is not None
    story = await bureau.archive.story_of(event.story.id)
    assert story is not None
    assert [release.verdict for release in story.releases] == ["new", "notice"]
    assert story.releases[1].replaces == story.releases[0].release.id
    assert await bureau.archive.story_of(corrected.release.id or "") == story
    assert await bureau.archive.story_of(event.id) == story


async def test_revisions_are_given_oldest_first_with_the_present_state_last(bureau: Bureau) -> None:
    for figure in ("310", "320", "330"):
        kept = await bureau.read(press_office.release(figure=figure))
    assert kept.release is not None
    states = await bureau.archive.revisions(kept.release.id or "")
    assert [state.revision for state in states] == [1, 2, 3]
    assert ["310" in states[0].body[1], "330" in states[2].body[1]] == [True, True]
    assert len({state.first_seen_at for state in states}) == 1


async def test_releases_come_newest_first_since_a_moment_and_from_one_on(bureau: Bureau) -> None:
    for number in range(4):
        await bureau.read(press_office.release(number))
        bureau.clock.forward(hours=1)
    every = [release async for release in bureau.archive.releases()]
    assert [stored.release.issuer for stored in every] == [press_office.ANNOUNCEMENTS[n].issuer for n in (3, 2, 1, 0)]
    since = parse_timestamp(every[1].release.first_seen_at)
    assert [release async for release in bureau.archive.releases(since=since)] == every[:2]
    assert [release async for release in bureau.archive.releases(before=list_position_of(every[1].release))] == every[
        2:
    ]
    forgotten = replace(list_position_of(every[1].release), id="rel_0")
    assert [release async for release in bureau.archive.releases(before=forgotten)] == every[2:]


async def test_a_long_archive_is_given_whole_while_releases_arrive(bureau: Bureau) -> None:
    keeper, count = ReleaseStore(bureau.redis), READ_BATCH * 2 + 3

    async def keep(number: int) -> None:
        now = bureau.clock()
        release = replace(
            press_office.release(url=f"https://harbour-wire.example/{number}"),
            id=release_id(str(number)),
            source="harbour-wire",
            first_seen_at=timestamp(now),
        )
        kept = Decision(release=release, story=story_id(str(number)), verdict="new", why="")
        seen = await keeper.lookup(release.id or "", ())
        assert await keeper.commit(kept, reading(release), (), seen.fingerprint, now)

    for number in range(count):
        await keep(number)
    given = []
    async for stored in bureau.archive.releases():
        given.append(stored.release.id)
        if len(given) == 5:
            await keep(count)
    assert given == [release_id(str(number)) for number in reversed(range(count))]


async def test_events_are_given_in_order_after_any_one_of_them(bureau: Bureau) -> None:
    await bureau.read(press_office.release())
    await bureau.read(press_office.correction())
    await bureau.read(press_office.correction(nth=2, figure="355"))
    archive = bureau.archive
    every = await archive.events()
    ids = [json.loads(stored.payload)["id"] for stored in every]
    assert len(ids) == 3
    assert await archive.events(after=ids[0]) == every[1:]
    assert await archive.events(after=ids[2]) == []
    assert await archive.events(limit=2) == every[:2]
    assert await archive.latest_events(2) == every[:0:-1]
    assert await archive.event(ids[1]) == every[1].payload
    assert await archive.wait_for_events(every[1].entry, seconds=0.01) == every[2:]
    assert await archive.wait_for_events(every[2].entry, seconds=0.01) == []
    with pytest.raises(KeyError):
        await archive.events(after="evt_none")


async def test_a_story_names_the_channels_and_watches_that_were_told(bureau: Bureau) -> None:
    for release in (press_office.release(), press_office.release(1, published_at="2026-03-01T09:00:00+00:00")):
        await bureau.read(release)
    old, told = [await bureau.archive.story(release.story) async for release in bureau.archive.releases()]
    assert told is not None
    assert (told.channels, told.watches) == (("desk",), ("all",))
    assert old is not None
    assert old.channels == ()

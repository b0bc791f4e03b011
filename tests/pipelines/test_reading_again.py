"""Reading again: what is noise is learnt and never told, an edit always is; pages go, come back, and gain tags."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import press_office as office
import pytest
from bureau import Bureau, reading, settings
from redis.asyncio import Redis

from pipelines.ingest import RECHECK_DELAY
from pipelines.removal_policy import INDIRECT_CONFIRMATION, OUTAGE_PAGES, REMOVAL_CONFIRMATION, UNSUPPORTED_CONFIRMATION
from stories.crawl_state.page_observations import PageObservations
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.db import keys
from stories.model.ids import release_id
from stories.model.page_result import Gone, Validators
from stories.model.release import Image, Release
from stories.model.urls import url_digest

LOOK = RECHECK_DELAY + timedelta(seconds=1)


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


def page(number: int = 0, *more: str, **fields: Any) -> Release:
    """Return a release's page with further lines under its text."""
    read = office.release(number, **fields)
    return replace(read, body=(*read.body, *more))


async def look(bureau: Bureau, *pages: Release) -> list[str]:
    """Read pages, some minutes after whatever was read before, and return all that was told so far."""
    bureau.clock.at += LOOK
    for release in pages:
        await bureau.read(release)
    return await bureau.types()


async def learn(bureau: Bureau, line: str, releases: int = 2, looks: int = 3) -> list[str]:
    """Let a line say another number at each of some looks at some releases, and return all that was told."""
    told: list[str] = []
    for at in range(looks):
        told = await look(bureau, *(page(number, line.format(4810 + 7 * at + number)) for number in range(releases)))
    return told


MOVING = ["Guest {}", "Our archive: {} items", "Session 99{}", "第 {} 位訪客"]


@pytest.mark.parametrize("line", MOVING)
async def test_a_line_that_says_another_number_at_every_look_is_never_told(bureau: Bureau, line: str) -> None:
    assert await learn(bureau, line, releases=3, looks=6) == ["new"] * 3


async def test_noise_that_two_releases_show_is_noise_on_the_whole_site_and_is_not_looked_at_again(
    bureau: Bureau,
) -> None:
    await learn(bureau, "Guest {}")
    await look(bureau, page(2, "Guest 1"))
    await look(bureau, page(2, "Guest 2"))
    bureau.clock.at += timedelta(days=1)
    assert await look(bureau, page(2, "Guest 2")) == ["new"] * 3, "it stayed, and is noise all the same"


async def test_noise_of_one_site_is_no_noise_of_another(bureau: Bureau) -> None:
    await learn(bureau, "Guest {}")
    copy = office.copy(2)
    for number in (1, 2, 2):
        told = await look(bureau, replace(copy, body=(*copy.body, f"Guest {number}")))
    assert told == ["new"] * 3 + ["revised"]


async def test_a_picture_that_is_another_at_every_look_is_never_told_and_one_that_stays_is(bureau: Bureau) -> None:
    def shown(number: int, caption: str) -> Release:
        return replace(page(number), images=(Image(url="https://img.example/1.jpg", caption=caption),))

    for at in range(4):
        told = await look(bureau, *(shown(number, f"Advert {at} {number}") for number in range(2)))
    assert told == ["new"] * 2
    other = replace(shown(2, "WorkerRegistry at work"), url="https://another-wire.example/news/2")
    for caption in ("WorkerRegistry at work", "The crew in May", "The crew in May"):
        told = await look(bureau, replace(other, images=(Image(url="https://img.example/2.jpg", caption=caption),)))
    assert told == ["new"] * 3 + ["revised"]


EDITED = [
    ("Units shipped: 310", "Units shipped: 340"),
    ("Revenue rose by 5.2 per cent.", "Revenue rose by 5.4 per cent."),
    ("| Revenue | 5.2 | 4.8 |", "| Revenue | 5.4 | 4.8 |"),
    ("Date: 12 March", "Date: 13 March"),
    ("Doors open 10:00", "Doors open 11:00"),
    ("Call Anna Reed", "Call Anne Reed"),
    ("Price €310", "Price €340"),
    ("Tel 555 0142", "Tel 555 0143"),
    ("Guest of honour Ada Marsh", "Guest of honour Eda Marsh"),
]


@pytest.mark.parametrize(("before", "after"), EDITED, ids=[before for before, _ in EDITED])
async def test_an_edited_line_is_told_though_the_site_has_learnt_what_moves(
    bureau: Bureau, before: str, after: str
) -> None:
    await learn(bureau, "Guest {}")
    await look(bureau, page(3, "Guest 1", before))
    told = await look(bureau, page(3, "Guest 2", after))
    if told == ["new"] * 3:  # it might move by itself: it is told when it stays
        told = await look(bureau, page(3, "Guest 3", after))
    assert told == ["new"] * 3 + ["revised"]
    (change,) = (await bureau.events())[-1]["data"]["changes"]
    assert (change["before"], change["after"]) == (before, after)


@pytest.mark.parametrize("line", [line for line, _ in EDITED if line != "Units shipped: 310"])
async def test_a_line_that_says_something_is_reported_each_time_while_it_stays_longer_than_it_changes(
    bureau: Bureau, line: str
) -> None:
    # What says something else at most visits is volatile, whatever it says (test_volatile): a user who gets an alert at
    # each visit stops reading them. An editor's texts stay for some visits, and each of them is reported.
    digits = [sign for sign in line if sign.isdigit()]
    for sign in "12345" if digits else "eiouy":
        for _ in range(3):
            for number in range(2):
                await look(bureau, page(number, line.replace(digits[-1] if digits else "a", sign)))
    assert await bureau.types() == ["new", "new"] + ["revised"] * 8


@pytest.mark.parametrize("field", ["headline", "issuer", "tags"])
async def test_fields_that_name_things_are_never_noise(bureau: Bureau, field: str) -> None:
    for at in range(5):
        for number in range(2):
            said: Any = f"Ferry number {at}"
            await look(bureau, replace(page(number), **{field: (said,) if field == "tags" else said}))
    assert await bureau.types() == ["new", "new"] + ["revised"] * 8


async def test_what_may_move_is_looked_at_again_soon_and_everything_else_is_told_with_it(bureau: Bureau) -> None:
    await look(bureau, page(0, "Guest 1"))
    bureau.clock.forward(hours=1)
    await look(bureau, page(0, "Guest 2"))
    assert len(await RevisitQueue(bureau.redis).due(bureau.clock() + LOOK, 10)) == 1
    assert await look(bureau, page(0, "Guest 3", figure="340")) == ["new", "revised"]


async def test_a_counter_that_stands_for_hours_is_told_once_a_release_until_two_have_shown_it_twice(
    bureau: Bureau,
) -> None:
    for at in range(6):
        for _ in range(2):
            told = await look(bureau, *(page(number, f"Guest {at}") for number in range(3)))
    assert told == ["new"] * 3 + ["revised"] * 3


async def test_a_line_of_one_release_that_is_edited_again_and_again_is_told_each_time(bureau: Bureau) -> None:
    for at in range(6):
        for _ in range(2):
            told = await look(bureau, page(0, f"Units shipped: {at}"))
    assert told == ["new"] + ["revised"] * 5


async def test_a_memory_without_a_ladder_tells_at_once_since_nobody_looks_again(redis: Redis) -> None:
    bureau = Bureau(redis, settings(polling={"revisit": []}))
    await look(bureau, page(0, "Guest 1"))
    assert await look(bureau, page(0, "Guest 2")) == ["new", "revised"]


async def test_a_site_forgets_noise_that_it_no_longer_shows(bureau: Bureau) -> None:
    await learn(bureau, "Guest {}")
    bureau.clock.at += keys.SITE_LIFETIME + timedelta(days=1)
    host = "harbour-wire.example"
    looks = PageObservations(bureau.redis)
    await look(bureau, page(2, "Seat 1"))
    await look(bureau, page(2, "Seat 2"))
    assert {line.release for line in await looks.volatile_lines(host)} == {bureau_id(page(2))}


def bureau_id(release: Release) -> str:
    """Return the id that memory gives a page."""
    return release_id(url_digest(release.url or ""))


async def test_tracking_in_an_address_of_the_text_is_nothing_new(bureau: Bureau) -> None:
    line = "Register at https://events.example/sign?utm_source=wire&utm_id={}"
    await look(bureau, page(0, line.format(1)))
    assert await look(bureau, page(0, line.format(2))) == ["new"]
    assert await look(bureau, page(0, line.format(2).replace("sign", "enter"))) == ["new", "revised"]


# Going and coming back


async def go(bureau: Bureau, release: Release, how: Gone = "not found") -> None:
    """Let a page be seen gone twice."""
    for _ in range(2):
        await bureau.gone(release, how)
        bureau.clock.at += UNSUPPORTED_CONFIRMATION


async def test_a_page_that_is_back_is_told_to_whoever_heard_that_it_was_withdrawn(redis: Redis) -> None:
    bureau = Bureau(redis, settings(watches={"all": {"events": ["new"]}}))
    await bureau.read(office.release())
    await go(bureau, office.release())
    await bureau.read(office.release())
    assert await bureau.types() == ["new", "withdrawn", "revised"] == await bureau.heard()
    event = (await bureau.events())[-1]["data"]
    assert event["detail"].startswith("back again; it was reported as withdrawn at 2026-03-10T")
    assert (event["changes"], event["release"]["revision"]) == ([], 1)
    await bureau.read(office.release())
    assert await bureau.types() == ["new", "withdrawn", "revised"], "it is told once"


async def test_a_page_that_comes_back_with_other_text_is_told_with_what_changed(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await go(bureau, office.release())
    await bureau.read(office.release(figure="99"))
    event = (await bureau.events())[-1]
    assert event["type"] == "release.revised"
    assert event["data"]["detail"].startswith("back again")
    assert [change["field"] for change in event["data"]["changes"]] == ["body"]


async def test_a_page_that_is_back_under_the_validators_it_had_is_told_too(bureau: Bureau) -> None:
    known = Validators(url=office.release().url or "", etag='"1"')
    same = reading(office.release(), release=None, unchanged=True, validators=known)
    await bureau.read(office.release(), validators=known)
    await bureau.memory.ingest(same)
    assert await bureau.types() == ["new"]
    await go(bureau, office.release())
    await bureau.memory.ingest(same)
    assert await bureau.types() == ["new", "withdrawn", "revised"]


async def test_a_page_that_comes_and_goes_is_told_each_time(bureau: Bureau) -> None:
    await bureau.read(office.release())
    for _ in range(3):
        await go(bureau, office.release())
        await bureau.read(office.release())
    assert await bureau.heard() == ["new", *["withdrawn", "revised"] * 3]


async def test_a_notice_of_a_withdrawal_that_goes_and_comes_withdraws_nothing_twice(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.read(office.release(headline="WITHDRAWN: " + office.release().headline))
    assert await bureau.heard() == ["new", "withdrawn"]
    await go(bureau, office.release())
    await bureau.read(office.release(headline="WITHDRAWN: " + office.release().headline))
    assert await bureau.types() == ["new", "withdrawn", "withdrawn", "revised"]
    assert await bureau.heard() == ["new", "withdrawn"]


async def see(bureau: Bureau, how: Gone, *releases: Release, after: timedelta = timedelta()) -> list[str]:
    """Let pages be seen gone a while later, and return all that was told so far."""
    bureau.clock.at += after
    for release in releases:
        await bureau.gone(release, how)
    return await bureau.types()


@pytest.mark.parametrize(
    ("how", "least"),
    [
        ("not found", REMOVAL_CONFIRMATION),
        ("gone", REMOVAL_CONFIRMATION),
        ("moved to the front page", INDIRECT_CONFIRMATION),
        ("moved to a listing", INDIRECT_CONFIRMATION),
        ("moved to another release", INDIRECT_CONFIRMATION),
        ("emptied", INDIRECT_CONFIRMATION),
    ],
)
async def test_what_a_site_does_not_say_in_its_status_must_last_longer(
    bureau: Bureau, how: Gone, least: timedelta
) -> None:
    await bureau.read(office.release())
    await bureau.read(office.release(1))
    await see(bureau, how, office.release())
    await bureau.read(office.release(1))
    assert await see(bureau, how, office.release(), after=least - timedelta(seconds=1)) == ["new"] * 2
    assert await see(bureau, how, office.release(), after=timedelta(seconds=2)) == ["new"] * 2 + ["withdrawn"]
    assert (await bureau.events())[-1]["data"]["detail"].startswith(f"{how}, seen twice")


async def test_while_no_other_page_of_its_site_was_seen_a_page_must_be_gone_for_an_hour(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.read(office.release(1))
    await see(bureau, "not found", office.release())
    minute = timedelta(minutes=1)
    assert await see(bureau, "not found", office.release(), after=UNSUPPORTED_CONFIRMATION - minute) == ["new"] * 2
    await bureau.read(office.release(2))  # one that is new says nothing of those before: a site that moved has new ones
    assert await see(bureau, "not found", office.release()) == ["new"] * 3
    assert await see(bureau, "not found", office.release(), after=minute) == ["new"] * 3 + ["withdrawn"]


async def test_other_pages_of_its_site_are_looked_at_when_one_is_gone(bureau: Bureau) -> None:
    for number in range(3):
        await bureau.read(office.release(number))
        await bureau.read(office.release(number))
    await see(bureau, "not found", office.release())
    due = await RevisitQueue(bureau.redis).due(bureau.clock(), 10)
    assert set(due) == {bureau_id(office.release(1)), bureau_id(office.release(2))}


@pytest.mark.parametrize("how", ["not found", "moved to the front page", "emptied"])
async def test_all_pages_of_a_site_that_is_away_are_not_withdrawn(bureau: Bureau, how: Gone) -> None:
    pages = [office.release(number) for number in range(OUTAGE_PAGES)]
    for release in pages:
        await bureau.read(release)
    for _ in range(12):
        assert await see(bureau, how, *pages, after=timedelta(hours=8)) == ["new"] * OUTAGE_PAGES
    assert await bureau.redis.zcard(keys.revisits_due().name) == OUTAGE_PAGES, "they are looked at as the ladder says"
    for release in pages[1:]:
        await bureau.read(release)
    assert await bureau.types() == ["new"] * OUTAGE_PAGES, "they were never away"
    told = await see(bureau, how, pages[0], after=timedelta(hours=1))
    assert told == ["new"] * OUTAGE_PAGES + ["withdrawn"], "the others are back, and this one is not"


async def test_pages_of_a_site_that_stands_are_withdrawn_however_many_they_are(bureau: Bureau) -> None:
    pages = [office.release(number) for number in range(OUTAGE_PAGES + 2)]
    for release in pages:
        await bureau.read(release)
    await see(bureau, "gone", *pages[:-1])
    await bureau.read(pages[-1])
    told = await see(bureau, "gone", *pages[:-1], after=REMOVAL_CONFIRMATION)
    assert told[len(pages) :] == ["withdrawn"] * (OUTAGE_PAGES + 1)
    # The next outage is one all the same: who bore witness once does not for ever.
    for release in pages[:OUTAGE_PAGES]:
        await bureau.read(release)
    for _ in range(3):
        told = await see(bureau, "gone", *pages[:OUTAGE_PAGES], after=timedelta(hours=2))
    assert told.count("withdrawn") == OUTAGE_PAGES + 1


async def lead(bureau: Bureau, release: Release, to: Release) -> list[str]:
    """Let a release's address lead to another page, which is read there, and return all that was told so far."""
    await bureau.read(to, url=release.url)
    return await bureau.types()


async def test_a_release_whose_address_leads_to_another_release_is_withdrawn_and_not_revised(bureau: Bureau) -> None:
    gone, other = office.release(), office.release(1)
    await bureau.read(gone)
    assert await lead(bureau, gone, other) == ["new", "new"], "what it leads to was not known: it is a release"
    assert await lead(bureau, gone, other) == ["new", "new"]
    bureau.clock.at += UNSUPPORTED_CONFIRMATION
    assert await lead(bureau, gone, other) == ["new", "new", "withdrawn"]
    event = (await bureau.events())[-1]["data"]
    assert event["release"]["url"] == gone.url
    assert event["detail"].startswith("moved to another release, seen twice")


async def test_a_release_whose_address_leads_to_its_correction_or_its_new_address_is_not_withdrawn(
    bureau: Bureau,
) -> None:
    first = office.release()
    corrected = office.correction()
    moved = replace(first, url="https://harbour-wire.example/news/en/1")
    await bureau.read(first)
    for to in (corrected, moved, corrected, moved):
        await lead(bureau, first, to)
        bureau.clock.forward(hours=7)
    assert "withdrawn" not in await bureau.types()
    assert "revised" not in await bureau.types()


async def test_an_error_heading_over_a_release_that_stands_withdraws_nothing_and_hides_no_edit(bureau: Bureau) -> None:
    await bureau.read(office.release())
    for figure in ("7", "99"):
        for _ in range(2):
            await bureau.read(office.release(figure=figure), gone="not found")
            bureau.clock.at += UNSUPPORTED_CONFIRMATION
    assert await bureau.types() == ["new", "revised", "revised"]
    for headline in ("Page not found", "Harbour Wire"):  # above its own text, on sites that hide it badly
        await bureau.read(office.release(headline=headline), gone="not found")
        bureau.clock.at += UNSUPPORTED_CONFIRMATION
    assert await bureau.types() == ["new", "revised", "revised", "withdrawn"]


async def test_a_page_that_keeps_its_headline_and_loses_its_text_is_emptied(bureau: Bureau) -> None:
    await bureau.read(office.release())
    for _ in range(2):
        await bureau.read(office.release(body=()))
        bureau.clock.at += UNSUPPORTED_CONFIRMATION
    assert await bureau.types() == ["new", "withdrawn"]
    assert (await bureau.events())[-1]["data"]["release"]["body"], "what is told is what it was"


# Tags


WATCHED = {
    "ferries": {"tags": ["Ferries"], "channels": ["sea"]},
    "velmora": {"tags": ["Velmora"], "channels": ["desk"]},
}


async def test_a_release_that_gains_a_watched_tag_is_new_to_that_watch_once(redis: Redis) -> None:
    bureau = Bureau(redis, settings(watches=WATCHED, channels={"desk": None, "sea": None}))
    for tags in (("Velmora",), ("Velmora", "Ferries"), ("Velmora",), ("Velmora", "Ferries")):
        await look(bureau, office.release(tags=tags))
    heard = await bureau.heard("sea")
    assert heard == ["new", "revised"], "gained; lost, which is a return to an earlier state; gained again is no news"
    assert await bureau.heard("desk") == ["new", "revised", "revised"]


async def test_a_release_that_had_no_tags_is_new_to_the_watch_whose_tag_it_gains(redis: Redis) -> None:
    bureau = Bureau(redis, settings(watches=WATCHED, channels={"desk": None, "sea": None}))
    await look(bureau, office.release(tags=()))
    assert await look(bureau, office.release(tags=("Oars",))) == ["new"], "nobody waits for it"
    await look(bureau, office.release(tags=("Ferries",)))
    assert (await bureau.heard("sea"), await bureau.heard("desk")) == (["new"], [])
    assert await look(bureau, office.release(tags=("Ferries",))) == ["new", "new", "revised"]


async def test_a_channel_that_has_the_release_hears_of_the_tag_as_a_revision(redis: Redis) -> None:
    watches = {"ferries": {"tags": ["Ferries"]}, "velmora": {"tags": ["Velmora"]}}
    bureau = Bureau(redis, settings(watches=watches))
    await look(bureau, office.release(tags=("Velmora",)))
    await look(bureau, office.release(tags=("Velmora", "Ferries")))
    assert await bureau.heard() == ["new", "revised"]
    assert (await bureau.events())[-1]["data"]["watches"] == ["ferries", "velmora"]

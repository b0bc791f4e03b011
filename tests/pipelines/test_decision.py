"""Decisions as users meet them: what is told of a release, to whom, and what it is tied to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import press_office as office
import pytest
from bureau import START, Bureau, settings
from redis.asyncio import Redis

from stories.crawl_state.claims import Claims
from stories.db import keys
from stories.model.release import Release

TITLE = office.ANNOUNCEMENTS[0].headline
TAGGED: dict[str, Any] = {"velmora": {"tags": ["Velmora"], "channels": ["desk"]}}
OLD = "2026-03-01T09:00:00+00:00"


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


def with_watches(bureau: Bureau, *channels: str, **watches: dict[str, Any]) -> Bureau:
    bureau.settings = settings(watches=watches, channels=dict.fromkeys(channels or ("desk", "log")))
    return bureau


def original(event: dict[str, Any]) -> str | None:
    """Return the URL of what an event replaces."""
    replaces = event["data"]["replaces"]
    return None if replaces is None else str(replaces["url"])


# New, copies


async def test_a_new_release_is_told_once_however_often_it_is_republished(bureau: Bureau) -> None:
    for release in (office.release(), office.copy(), office.copy(site=office.GAZETTE), office.release(), office.copy()):
        await bureau.read(release)
    assert await bureau.heard() == ["new"]
    assert await bureau.types() == ["new", "syndicated", "syndicated"]
    (story,) = {event["data"]["story"]["id"] for event in await bureau.events()}
    kept = await bureau.archive.story(story)
    assert kept is not None
    assert [release.verdict for release in kept.releases] == ["new", "copy", "copy"]


async def test_stories_that_have_nothing_in_common_are_each_told(bureau: Bureau) -> None:
    for number in range(len(office.ANNOUNCEMENTS)):
        await bureau.read(office.release(number))
    assert await bureau.heard() == ["new"] * len(office.ANNOUNCEMENTS)
    assert len({event["data"]["story"]["id"] for event in await bureau.events()}) == len(office.ANNOUNCEMENTS)


async def test_copies_are_told_to_a_watch_that_asks_for_them(bureau: Bureau) -> None:
    with_watches(bureau, copies={"events": ["syndicated"], "channels": ["log"]}, all={"channels": ["desk"]})
    await bureau.read(office.release())
    await bureau.read(office.copy())
    assert (await bureau.heard("desk"), await bureau.heard("log")) == (["new"], ["syndicated"])


async def test_a_watch_whose_source_only_carries_the_copy_hears_of_the_story_once_as_new(bureau: Bureau) -> None:
    with_watches(bureau, all={"channels": ["desk"]}, mirror={"sources": [office.MIRROR], "channels": ["log"]})
    await bureau.read(office.release())
    assert await bureau.heard("log") == []
    await bureau.read(office.copy())
    await bureau.read(office.copy(url="https://daily-mirror.example/the-same-on-another-page"))
    assert (await bureau.heard("desk"), await bureau.heard("log")) == (["new"], ["new"])
    (late,) = [event for event in await bureau.events() if event["data"]["release"]["source"] == office.MIRROR][:1]
    assert late["data"]["watches"] == ["mirror"]
    assert late["data"]["story"]["releases"] == 2


async def test_a_channel_that_heard_of_a_story_by_one_watch_does_not_hear_of_it_as_new_by_another(
    bureau: Bureau,
) -> None:
    with_watches(bureau, "desk", all={}, mirror={"sources": [office.MIRROR]})
    await bureau.read(office.release())
    await bureau.read(office.copy())
    assert await bureau.heard() == ["new"]


async def test_a_copy_that_is_new_to_one_watch_is_still_a_copy_to_those_that_ask_for_copies(bureau: Bureau) -> None:
    with_watches(
        bureau,
        copies={"events": ["syndicated"], "channels": ["desk"]},
        mirror={"sources": [office.MIRROR], "channels": ["log"]},
    )
    await bureau.read(office.release())
    await bureau.read(office.copy())
    assert (await bureau.heard("desk"), await bureau.heard("log")) == (["syndicated"], ["new"])


async def test_a_watch_that_hears_late_of_a_corrected_story_hears_of_the_correction_too(bureau: Bureau) -> None:
    with_watches(bureau, all={"channels": ["desk"]}, mirror={"sources": [office.MIRROR], "channels": ["log"]})
    await bureau.read(office.release())
    await bureau.read(office.correction())
    stale = office.copy()
    await bureau.read(stale)
    assert await bureau.heard("log") == ["new", "corrected"]
    assert await bureau.heard("desk") == ["new", "corrected"]
    assert original((await bureau.events())[-1]) == stale.url


async def test_the_corrected_text_elsewhere_is_told_as_new_without_a_word_of_correction(bureau: Bureau) -> None:
    with_watches(bureau, mirror={"sources": [office.MIRROR], "channels": ["log"]})
    await bureau.read(office.release())
    await bureau.read(office.correction())
    await bureau.read(office.copy(figure="340", published_at="2026-03-10T12:00:00+00:00"))
    assert await bureau.heard("log") == ["new"]


async def test_a_copy_of_a_correction_is_told_as_a_correction_to_a_watch_that_could_hear_nothing_before(
    bureau: Bureau,
) -> None:
    with_watches(bureau, all={"channels": ["desk"]}, mirror={"sources": [office.MIRROR], "channels": ["log"]})
    await bureau.read(office.release())
    await bureau.read(office.correction())
    await bureau.read(office.correction(url="https://daily-mirror.example/correction"))
    assert await bureau.heard("desk") == ["new", "corrected"]
    assert await bureau.heard("log") == ["corrected"]
    assert original((await bureau.events())[-1]) == office.release().url


async def test_a_repeat_is_no_news_to_whoever_heard_and_new_to_whoever_could_not(bureau: Bureau) -> None:
    with_watches(bureau, all={"channels": ["desk"]}, mirror={"sources": [office.MIRROR], "channels": ["log"]})
    await bureau.read(office.release())
    headline = f"REPEAT: {TITLE}"
    await bureau.read(office.copy(headline=headline))
    assert (await bureau.heard("desk"), await bureau.heard("log")) == (["new"], ["new"])


# Corrections, updates, withdrawals


async def test_a_correction_is_told_tied_to_what_it_corrects_with_what_changed(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.read(office.correction())
    event = (await bureau.events())[-1]
    assert event["type"] == "release.corrected"
    assert original(event) == office.release().url
    assert event["data"]["story"]["releases"] == 2
    assert event["data"]["release"]["notice"]["kind"] == "correction"
    assert event["data"]["release"]["headline"] == TITLE
    (change,) = event["data"]["changes"]
    assert (change["field"], change["paragraph"]) == ("body", 2)
    assert "310" in change["before"]
    assert "340" in change["after"]


@pytest.mark.parametrize(
    ("marker", "kind"), [("CORRECTION", "corrected"), ("UPDATE", "updated"), ("WITHDRAWN", "withdrawn")]
)
async def test_each_kind_of_notice_has_its_event(bureau: Bureau, marker: str, kind: str) -> None:
    await bureau.read(office.release())
    await bureau.read(office.correction(headline=f"{marker}: {TITLE}"))
    assert await bureau.heard() == ["new", kind]
    event = (await bureau.events())[-1]
    assert original(event) == office.release().url
    assert bool(event["data"]["changes"]) is (kind != "withdrawn")


async def test_a_notice_that_prints_no_headline_but_its_marker_carries_that_of_what_it_is_about(bureau: Bureau) -> None:
    issuer = office.ANNOUNCEMENTS[0].issuer
    await bureau.read(office.release())
    await bureau.read(office.withdrawal(headline=f"/DISREGARD RELEASE: {issuer}/"))
    event = (await bureau.events())[-1]
    assert (event["type"], original(event)) == ("release.withdrawn", office.release().url)
    assert event["data"]["release"]["headline"] == TITLE


async def test_a_correction_of_a_correction_replaces_the_correction(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.read(office.correction())
    await bureau.read(office.correction(nth=2, figure="355"))
    await bureau.read(office.withdrawal())
    events = await bureau.events()
    assert await bureau.heard() == ["new", "corrected", "corrected", "withdrawn"]
    assert [original(event) for event in events[1:]] == [
        office.release().url,
        office.correction().url,
        office.correction(nth=2).url,
    ]
    assert len({event["data"]["story"]["id"] for event in events}) == 1


async def test_notices_find_what_they_are_about_behind_more_copies_than_an_index_gives(bureau: Bureau) -> None:
    async def forty_copies(name: str) -> None:
        for number in range(40):
            await bureau.read(office.copy(url=f"https://daily-mirror.example/{name}-{number}"))

    await bureau.read(office.release())
    await forty_copies("early")
    await bureau.read(office.correction())
    await forty_copies("late")
    await bureau.read(office.correction(nth=2, figure="355"))
    first, second = [event for event in await bureau.events() if event["type"] == "release.corrected"]
    assert original(first) == office.release().url
    assert original(second) == office.correction().url


async def test_a_correction_without_an_original_is_told_tied_to_nothing(bureau: Bureau) -> None:
    await bureau.read(office.correction())
    (event,) = await bureau.events()
    assert (event["type"], original(event), event["data"]["changes"]) == ("release.corrected", None, [])
    assert await bureau.heard() == ["corrected"]


async def test_a_late_original_is_not_alerted_as_new_and_a_follow_up_links_its_correction(bureau: Bureau) -> None:
    await bureau.read(office.correction())
    await bureau.read(office.release())
    first, again = await bureau.events()
    assert await bureau.heard() == ["corrected", "linked"]
    assert again["data"]["follows"] == first["id"] != again["id"]
    assert first["data"]["release"] == again["data"]["release"]
    assert (original(first), original(again)) == (None, office.release().url)
    assert [change["field"] for change in again["data"]["changes"]] == ["body"]
    assert again["data"]["story"] == {"id": first["data"]["story"]["id"], "releases": 2}
    await bureau.read(office.copy())
    await bureau.read(office.release())
    assert await bureau.heard() == ["corrected", "linked"], "neither its copies nor itself are alerted later"


async def test_a_late_original_that_alone_has_the_watched_tag_is_told_by_its_correction(bureau: Bureau) -> None:
    with_watches(bureau, **TAGGED)
    await bureau.read(office.correction(tags=()))
    assert await bureau.heard() == []
    await bureau.read(office.release())
    assert await bureau.heard() == ["linked"]
    assert (await bureau.events())[-1]["data"]["watches"] == ["velmora"]


async def test_a_correction_before_its_original_was_listed_at_a_first_poll_is_silent_and_stays_so(
    bureau: Bureau,
) -> None:
    await bureau.read(office.correction(), silent=True)
    await bureau.read(office.release(), silent=True)
    assert await bureau.heard() == []
    assert [original(event) for event in await bureau.events()] == [office.release().url]


# The same page again


async def test_an_unchanged_page_is_no_event(bureau: Bureau) -> None:
    await bureau.read(office.release())
    again = await bureau.read(office.release())
    assert again.events == ()
    assert await bureau.types() == ["new"]


async def test_an_edit_without_a_word_is_told_as_revised_with_what_changed(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.read(office.release(figure="99"))
    event = (await bureau.events())[-1]
    assert event["type"] == "release.revised"
    assert event["data"]["release"]["revision"] == 2
    assert event["data"]["replaces"]["id"] == event["data"]["release"]["id"]
    assert len(event["data"]["changes"]) == 1
    assert await bureau.heard() == ["new", "revised"]


async def test_a_page_whose_title_becomes_a_correction_keeps_its_headline(bureau: Bureau) -> None:
    """PR Newswire corrects at the same URL, and turns the title into the marker and the company."""
    await bureau.read(office.release())
    title = f"/C O R R E C T I O N -- {office.ANNOUNCEMENTS[0].issuer}/"
    await bureau.read(office.release(headline=title, figure="340"))
    event = (await bureau.events())[-1]
    assert event["type"] == "release.corrected"
    assert event["data"]["release"]["headline"] == TITLE
    assert event["data"]["release"]["notice"]["marker"] == "C O R R E C T I O N"
    assert [change["field"] for change in event["data"]["changes"]] == ["body"]
    await bureau.read(office.release(headline=title, figure="340"))
    assert await bureau.heard() == ["new", "corrected"]
    await bureau.read(office.release(headline=title, figure="345"))
    assert await bureau.heard() == ["new", "corrected", "corrected"]


async def test_a_copy_of_the_old_text_is_no_late_original_of_a_page_that_corrected_itself(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.read(office.release(headline=f"CORRECTION: {TITLE}", figure="340"))
    await bureau.read(office.copy())
    assert await bureau.heard() == ["new", "corrected"]


async def test_a_correction_that_waits_for_its_original_goes_on_waiting_when_its_page_is_edited(
    bureau: Bureau,
) -> None:
    await bureau.read(office.correction())
    await bureau.read(office.correction(figure="341"))
    await bureau.read(office.release())
    events = await bureau.events()
    assert [event["type"] for event in events] == ["release.corrected"] * 2 + ["release.linked"]
    assert events[-1]["data"]["follows"] == events[1]["id"]
    assert original(events[-1]) == office.release().url


async def test_a_date_that_only_the_listing_told_stays_when_the_page_is_read_again(bureau: Bureau) -> None:
    await bureau.read(office.release(published_at="2026-03-10"))
    await bureau.read(office.release(published_at=None, figure="99"))
    assert (await bureau.events())[-1]["data"]["release"]["published_at"] == "2026-03-10"


async def test_a_source_that_sends_its_release_again_with_another_figure_and_no_word_is_told_of(bureau: Bureau) -> None:
    await bureau.read(office.release())
    again = await bureau.read(office.release(figure="99", url="https://harbour-wire.example/news/again"))
    assert await bureau.heard() == ["new", "revised"]
    assert original((await bureau.events())[-1]) == office.release().url
    assert again.release is not None
    stored = await bureau.archive.release(again.release.id or "")
    assert stored is not None
    assert stored.verdict == "reissue"


# Gone pages


async def test_a_page_that_is_gone_is_told_when_it_was_seen_so_twice_with_time_between(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.gone(office.release())
    await bureau.gone(office.release())
    assert await bureau.heard() == ["new"], "two looks at once are one"
    bureau.clock.forward(hours=1)
    await bureau.gone(office.release())
    event = (await bureau.events())[-1]
    assert event["type"] == "release.withdrawn"
    assert event["data"]["replaces"]["id"] == event["data"]["release"]["id"]
    assert event["data"]["detail"].startswith("not found, seen twice")
    bureau.clock.forward(minutes=5)
    await bureau.gone(office.release())
    bureau.clock.forward(minutes=5)
    await bureau.gone(office.release())
    assert await bureau.heard() == ["new", "withdrawn"], "it is told once"


async def test_a_page_that_came_back_between_two_looks_is_not_told_as_gone(bureau: Bureau) -> None:
    await bureau.read(office.release())
    await bureau.gone(office.release())
    await bureau.read(office.release())
    bureau.clock.forward(minutes=5)
    await bureau.gone(office.release())
    assert await bureau.heard() == ["new"]


async def test_a_page_that_was_never_kept_cannot_be_gone(bureau: Bureau) -> None:
    gone = await bureau.gone(office.release())
    assert (gone.release, gone.events) == (None, ())
    assert await bureau.redis.dbsize() == 0


async def test_a_gone_page_reaches_whoever_heard_of_it_and_of_old_ones_nobody_else(bureau: Bureau) -> None:
    await bureau.read(office.release(published_at=OLD))
    await bureau.read(office.release(1))
    bureau.clock.forward(days=5)
    for _ in range(2):
        await bureau.gone(office.release())
        await bureau.gone(office.release(1))
        bureau.clock.forward(hours=1)
    assert await bureau.types() == ["new", "new", "withdrawn", "withdrawn"]
    assert await bureau.heard() == ["new", "withdrawn"]


# What is silent, and who hears all the same


async def test_what_a_first_poll_holds_is_stored_without_a_word_and_so_are_its_copies(bureau: Bureau) -> None:
    await bureau.read(office.release(), silent=True)
    await bureau.read(office.copy())
    assert await bureau.heard() == []
    assert "new" not in await bureau.types()
    assert len([release async for release in bureau.archive.releases()]) == 2


async def test_a_correction_of_what_was_stored_silently_is_told_to_watches_it_matches(bureau: Bureau) -> None:
    await bureau.read(office.release(), silent=True)
    await bureau.read(office.correction())
    assert await bureau.heard() == ["corrected"]


@pytest.mark.parametrize(
    ("published", "told"),
    [
        ("2026-03-08T09:31:00+00:00", True),
        ("2026-03-08T09:29:00+00:00", False),
        ("2026-03-08T17:29:00+08:00", False),
        ("2026-03-08", True),
        ("2026-03-06", False),
        ("2026-03-01T09:00:00", True),
        (None, True),
        ("2036-01-01T00:00:00Z", True),
    ],
    ids=["47 h", "48 h", "in another zone", "a date that may be recent", "a date that is not", "no offset: unknown",
         "unknown", "in the future"],
)  # fmt: skip
async def test_releases_beyond_max_age_are_stored_not_told(bureau: Bureau, published: str | None, told: bool) -> None:
    await bureau.read(office.release(published_at=published))
    assert await bureau.heard() == (["new"] if told else [])
    assert await bureau.types() == ["new"]


async def test_a_page_that_a_person_named_is_told_whatever_its_age(bureau: Bureau) -> None:
    await bureau.read(office.release(published_at=OLD), is_requested=True)
    assert await bureau.heard() == ["new"]


async def test_without_max_age_everything_is_told(bureau: Bureau) -> None:
    bureau.settings = settings(alerts={"max_age": "off"})
    await bureau.read(office.release(published_at="1999-01-01"))
    assert await bureau.heard() == ["new"]


async def test_an_edit_of_an_old_release_is_told_only_to_those_who_heard_of_it(bureau: Bureau) -> None:
    await bureau.read(office.release(published_at=OLD))
    await bureau.read(office.release(1))
    bureau.clock.forward(days=5)
    await bureau.read(office.release(published_at=OLD, figure="99"))
    await bureau.read(office.release(1, figure="99"))
    assert await bureau.types() == ["new", "new", "revised", "revised"]
    assert await bureau.heard() == ["new", "revised"]


async def test_an_old_page_that_now_corrects_itself_is_told(bureau: Bureau) -> None:
    await bureau.read(office.release(published_at=OLD))
    headline = f"CORRECTION: {TITLE}"
    await bureau.read(office.release(published_at=OLD, figure="340", headline=headline))
    assert await bureau.heard() == ["corrected"]


RECALLED: list[tuple[str, Release, dict[str, Any]]] = [
    ("without the tag", office.correction(tags=()), {}),
    ("at a first poll", office.correction(tags=()), {"silent": True}),
    ("with an old date", office.correction(tags=(), published_at="2026-03-01T11:00:00+00:00"), {}),
    ("on another site", office.correction(tags=(), url="https://daily-mirror.example/correction"), {}),
    ("a withdrawal", office.withdrawal(tags=()), {}),
    ("in place", office.release(tags=("Other",), figure="340", headline=f"CORRECTION: {TITLE}"), {}),
]


@pytest.mark.parametrize(("notice", "fields"), [case[1:] for case in RECALLED], ids=[case[0] for case in RECALLED])
async def test_a_correction_reaches_every_channel_that_got_the_original_whatever_its_own_text_matches(
    bureau: Bureau, notice: Release, fields: dict[str, Any]
) -> None:
    with_watches(bureau, **TAGGED)
    when = notice.published_at if notice.published_at and notice.published_at < "2026-03-10" else None
    await bureau.read(office.release(**({"published_at": OLD} if when else {})), is_requested=bool(when))
    await bureau.read(notice, **fields)
    kind = "withdrawn" if notice.url == office.withdrawal().url else "corrected"
    assert await bureau.heard("desk") == ["new", kind]
    assert await bureau.heard("log") == []
    assert (await bureau.events())[-1]["data"]["watches"] == ["velmora"]


async def test_a_correction_reaches_those_who_heard_of_a_copy(bureau: Bureau) -> None:
    with_watches(bureau, mirror={"sources": [office.MIRROR], "channels": ["log"]})
    await bureau.read(office.release())
    await bureau.read(office.copy())
    await bureau.read(office.correction())
    assert await bureau.heard("log") == ["new", "corrected"]
    assert await bureau.heard("desk") == []


async def test_a_channel_that_is_no_longer_configured_is_not_recalled(bureau: Bureau) -> None:
    with_watches(bureau, **TAGGED)
    await bureau.read(office.release())
    with_watches(bureau, "log", velmora={"tags": ["Velmora"]})
    await bureau.read(office.correction(tags=()))
    assert await bureau.heard("desk") == ["new"]


# Watches' events and channels


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        (["new"], ["new", "corrected", "withdrawn"]),
        (["new", "revised"], ["new", "revised", "corrected", "withdrawn"]),
        (["revised"], ["revised", "corrected", "withdrawn"]),
        (["updated"], ["updated", "corrected", "withdrawn"]),
        (["withdrawn"], ["withdrawn"]),
        (["source"], []),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
async def test_a_watch_hears_what_it_asks_for_and_what_takes_back_or_corrects_what_it_heard(
    bureau: Bureau, events: list[str], heard: list[str]
) -> None:
    with_watches(bureau, some={"events": events, "channels": ["desk"]})
    await bureau.read(office.release())
    await bureau.read(office.release(figure="311"))
    update = {"headline": f"UPDATE: {TITLE}", "url": "https://harbour-wire.example/update"}
    await bureau.read(office.correction(figure="320", **update))
    await bureau.read(office.correction(nth=2))
    await bureau.read(office.withdrawal())
    assert [event["type"] for event in await bureau.events()] == [
        "release.new", "release.revised", "release.updated", "release.corrected", "release.withdrawn"
    ]  # fmt: skip
    assert await bureau.heard("desk") == heard


async def test_a_watch_without_channels_has_all_and_one_with_channels_has_those(bureau: Bureau) -> None:
    with_watches(bureau, "desk", "log", "third", every={}, one={"tags": ["Quillmark"], "channels": ["log"]})
    await bureau.read(office.release())
    assert [await bureau.heard(name) for name in ("desk", "log", "third")] == [["new"]] * 3
    with_watches(bureau, "desk", "log", one={"tags": ["Quillmark"], "channels": ["log"]})
    await bureau.read(office.release(1))
    assert (await bureau.heard("desk"), await bureau.heard("log")) == (["new"], ["new", "new"])


async def test_what_no_watch_follows_is_in_the_stream_and_in_no_outbox(bureau: Bureau) -> None:
    with_watches(bureau, **TAGGED)
    await bureau.read(office.release(1))
    (event,) = await bureau.events()
    assert (event["type"], event["data"]["watches"]) == ("release.new", [])
    assert await bureau.heard("desk") == await bureau.heard("log") == []


# Embargoes


async def test_an_embargo_holds_the_alert_and_all_that_follows_it_if_the_desk_says_so(bureau: Bureau) -> None:
    until = "2026-03-10T18:00:00+01:00"
    bureau.settings = settings(alerts={"embargo": "hold"})
    await bureau.read(office.release(embargoed_until=until))
    await bureau.read(office.release(embargoed_until=until, figure="311"))
    await bureau.read(office.correction())
    assert await bureau.heard() == ["new", "revised", "corrected"]
    assert await bureau.due() == [START.replace(hour=17, minute=0)] * 3


async def test_a_marked_embargo_or_one_that_ended_or_is_beyond_belief_holds_nothing(bureau: Bureau) -> None:
    await bureau.read(office.release(embargoed_until="2026-03-10T18:00:00+01:00"))
    bureau.settings = settings(alerts={"embargo": "hold"})
    await bureau.read(office.release(1, embargoed_until="2026-03-10T08:00:00+00:00"))
    await bureau.read(office.release(2, embargoed_until="9999-12-31T23:59:59-12:00"))
    await bureau.read(office.release(3, embargoed_until="next week"))
    due = await bureau.due()
    assert len(due) == 4
    assert all(START <= moment <= START + timedelta(seconds=1) for moment in due)
    assert (await bureau.events())[0]["data"]["release"]["embargoed_until"] == "2026-03-10T18:00:00+01:00"


# Loss


async def test_what_was_lost_and_is_read_again_has_the_same_ids(bureau: Bureau) -> None:
    async def everything() -> list[str]:
        for release in (
            office.release(), office.copy(), office.correction(), office.release(1), office.release(1, figure="99"),
            office.correction(2), office.release(2), office.withdrawal(),
        ):  # fmt: skip
            await bureau.read(release)
        return [event["id"] for event in await bureau.events()]

    first = await everything()
    await bureau.redis.flushall()
    bureau.clock.forward(hours=1)
    assert await everything() == first
    assert len(set(first)) == len(first)


async def test_a_keep_whose_outcome_nobody_learnt_is_told_once(bureau: Bureau) -> None:
    await bureau.read(office.release())
    before = await bureau.redis.xlen(keys.events().name)
    again = await bureau.read(office.release())
    assert again.release is not None
    assert await bureau.redis.xlen(keys.events().name) == before
    assert await Claims(bureau.redis).release_id(office.release().url or "") == again.release.id

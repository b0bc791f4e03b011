"""Corrections, updates and withdrawals in whatever order and wherever they come: each has a defined outcome.

Through memory, on a real Redis: what is told, what it is tied to, what changed, how many stories there are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import press_office as office
import pytest
from bureau import Bureau
from redis.asyncio import Redis

from stories.model.release import Release

ORIGINAL, COPY, CORRECTION = office.release(), office.copy(), office.correction()
TITLE = ORIGINAL.headline
ISSUER = ORIGINAL.issuer


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


async def told(bureau: Bureau) -> list[tuple[str, str | None]]:
    """Return what happened, in order: the event, and the page it is about (None: nothing)."""
    return [
        (event["type"].removeprefix("release."), (event["data"]["replaces"] or {}).get("url"))
        for event in await bureau.events()
    ]


async def stories(bureau: Bureau) -> int:
    return len({release.story async for release in bureau.archive.releases()})


async def read_all(bureau: Bureau, *releases: Release) -> None:
    for release in releases:
        await bureau.read(release)
        bureau.clock.forward(minutes=7)


async def changed(bureau: Bureau, number: int = -1) -> list[tuple[str, str | None, str | None]]:
    event = (await bureau.events())[number]
    return [(change["field"], change["before"], change["after"]) for change in event["data"]["changes"]]


# One correction after another


async def test_two_corrections_of_one_release_follow_each_other_and_each_says_what_it_changed(bureau: Bureau) -> None:
    second = office.correction(nth=2, figure="340", place="Port Marram")
    await read_all(bureau, ORIGINAL, CORRECTION, second)
    assert await told(bureau) == [("new", None), ("corrected", ORIGINAL.url), ("corrected", CORRECTION.url)]
    ((field, before, after),) = await changed(bureau)
    assert field == "body"
    assert "Port Ellery" in (before or "")
    assert "Port Marram" in (after or "")
    assert await stories(bureau) == 1


async def test_a_correction_of_a_correction_says_so_and_replaces_it(bureau: Bureau) -> None:
    second = office.correction(nth=2, figure="355", headline=f"SECOND CORRECTION: {TITLE}")
    await read_all(bureau, ORIGINAL, CORRECTION, second)
    assert (await told(bureau))[-1] == ("corrected", CORRECTION.url)
    ((_, before, after),) = await changed(bureau)
    assert "340" in (before or "")
    assert "355" in (after or "")


async def test_an_update_and_then_a_correction_of_it(bureau: Bureau) -> None:
    update = office.correction(headline=f"UPDATE: {TITLE}", figure="330")
    correction = office.correction(nth=2, figure="340")
    await read_all(bureau, ORIGINAL, update, correction)
    assert await told(bureau) == [("new", None), ("updated", ORIGINAL.url), ("corrected", update.url)]
    assert await bureau.heard() == ["new", "updated", "corrected"]


async def test_the_withdrawal_of_a_corrected_release_takes_back_the_corrected_one(bureau: Bureau) -> None:
    await read_all(bureau, ORIGINAL, CORRECTION, office.withdrawal())
    assert (await told(bureau))[-1] == ("withdrawn", CORRECTION.url)
    assert await changed(bureau) == []
    assert await stories(bureau) == 1


async def test_a_repeat_is_a_copy_of_the_story_and_no_correction(bureau: Bureau) -> None:
    again = office.correction(headline=f"REPEAT: {TITLE}", figure="310")
    await read_all(bureau, ORIGINAL, again)
    assert await told(bureau) == [("new", None), ("syndicated", None)]
    assert await bureau.heard() == ["new"]
    assert await stories(bureau) == 1


async def test_a_repeat_of_a_release_nobody_knows_is_new(bureau: Bureau) -> None:
    await read_all(bureau, office.correction(headline=f"REPEAT: {TITLE}"))
    assert await told(bureau) == [("new", None)]


async def test_a_repeat_with_another_figure_is_told(bureau: Bureau) -> None:
    again = office.correction(headline=f"REPEAT: {TITLE}", figure="340")
    await read_all(bureau, ORIGINAL, again)
    assert (await told(bureau))[-1] == ("revised", ORIGINAL.url)
    assert await bureau.heard() == ["new", "revised"]


# Where the original is, or is not


async def test_a_correction_without_an_original_waits_for_ever_and_says_nothing_wrong(bureau: Bureau) -> None:
    await read_all(bureau, office.release(1), CORRECTION, office.release(2))
    assert await told(bureau) == [("new", None), ("corrected", None), ("new", None)]
    assert await stories(bureau) == 3


async def test_an_original_that_turns_up_fills_what_its_correction_replaces_with_an_event(bureau: Bureau) -> None:
    await read_all(bureau, CORRECTION, ORIGINAL)
    assert await told(bureau) == [("corrected", None), ("linked", ORIGINAL.url)]
    first, again = await bureau.events()
    assert again["data"]["follows"] == first["id"] != again["id"]
    assert again["data"]["release"]["url"] == CORRECTION.url, "the follow-up shows the correction, not its original"
    assert [field for field, _, _ in await changed(bureau)] == ["body"]
    stored = [release async for release in bureau.archive.releases() if release.release.url == CORRECTION.url]
    assert stored[0].replaces == again["data"]["replaces"]["id"]


async def test_an_original_that_turns_up_on_another_site_fills_it_too(bureau: Bureau) -> None:
    copy = office.copy(published_at="2026-03-10T09:20:00+00:00")
    await read_all(bureau, CORRECTION, copy, ORIGINAL)
    assert (await told(bureau))[:2] == [("corrected", None), ("linked", copy.url)]
    assert await bureau.heard() == ["corrected", "linked"]
    assert await stories(bureau) == 1


async def test_two_corrections_and_then_their_original(bureau: Bureau) -> None:
    second = office.correction(nth=2, figure="355")
    await read_all(bureau, CORRECTION, second, ORIGINAL)
    assert await told(bureau) == [("corrected", None), ("corrected", CORRECTION.url), ("linked", ORIGINAL.url)]
    assert (await bureau.events())[-1]["data"]["release"]["url"] == CORRECTION.url
    assert await stories(bureau) == 1


async def test_a_withdrawal_and_then_what_it_takes_back(bureau: Bureau) -> None:
    await read_all(bureau, office.withdrawal(), ORIGINAL)
    assert await told(bureau) == [("withdrawn", None), ("linked", ORIGINAL.url)]
    assert await bureau.heard() == ["withdrawn", "linked"], "what was taken back is not told as new"


async def test_the_copies_of_the_original_on_other_sites_stand_for_it(bureau: Bureau) -> None:
    await read_all(bureau, COPY, office.copy(site=office.GAZETTE), CORRECTION)
    assert (await told(bureau))[-1] == ("corrected", COPY.url)
    assert await bureau.heard() == ["new", "corrected"]


async def test_a_correction_that_only_a_syndicator_carries_is_tied_to_the_wires_release(bureau: Bureau) -> None:
    elsewhere = office.correction(url=f"https://{office.GAZETTE}.example/corrected-ferries")
    await read_all(bureau, ORIGINAL, elsewhere)
    assert (await told(bureau))[-1] == ("corrected", ORIGINAL.url)


async def test_a_correction_on_another_wire_than_the_original(bureau: Bureau) -> None:
    original = replace(ORIGINAL, wire="Harbour Wire", wire_id="1001")
    other = replace(
        CORRECTION, url="https://other-wire.example/releases/77", wire="Other Wire", wire_id="77", dateline=None
    )
    await read_all(bureau, original, other)
    assert (await told(bureau))[-1] == ("corrected", original.url)


async def test_a_correction_and_its_copies_are_told_once(bureau: Bureau) -> None:
    elsewhere = office.correction(url=f"https://{office.MIRROR}.example/corrected")
    later = office.correction(
        url=f"https://{office.GAZETTE}.example/corrected", published_at="2026-03-11T11:00:00+00:00"
    )
    await read_all(bureau, ORIGINAL, COPY, CORRECTION, elsewhere, later)
    assert await bureau.heard() == ["new", "corrected"]
    assert await bureau.types() == ["new", "syndicated", "corrected", "syndicated", "syndicated"]


async def test_the_old_text_that_a_site_copies_after_the_correction_is_no_news(bureau: Bureau) -> None:
    await read_all(bureau, ORIGINAL, CORRECTION, office.copy(published_at="2026-03-10T13:00:00+00:00"))
    assert await bureau.heard() == ["new", "corrected"]
    assert await stories(bureau) == 1


async def test_a_correction_months_later_is_tied_by_the_headline_and_date_it_quotes_only(bureau: Bureau) -> None:
    when = "2026-07-01T09:00:00+00:00"
    quoting = (f'This release corrects the press release "{TITLE}" issued on March 10, 2026.', *CORRECTION.body)
    await read_all(bureau, ORIGINAL)
    bureau.clock.forward(days=113)
    await read_all(bureau, replace(CORRECTION, published_at=when, body=quoting))
    assert (await told(bureau))[-1] == ("corrected", ORIGINAL.url)


async def test_a_short_headline_months_later_is_tied_to_nothing(bureau: Bureau) -> None:
    short = {"headline": "Half-Year Report", "body": ("The report of Velmora Ferries is attached.",)}
    await read_all(bureau, replace(ORIGINAL, **short))
    bureau.clock.forward(days=181)
    late = {"published_at": "2026-09-07T09:00:00+00:00", "url": "https://harbour-wire.example/news/9"}
    await read_all(bureau, replace(ORIGINAL, **{**short, **late, "headline": "Half-Year Report - Correction"}))
    assert (await told(bureau))[-1] == ("corrected", None)


# PR Newswire: the subject is gone from the title

SLUG = "https://www.prnewswire.com/news-releases/velmora-ferries-orders-twelve-hydrogen-boats-for-the-northern-islands"
PRN_URL = f"{SLUG}-302847114.html"
LOST = f"/C O R R E C T I O N -- {ISSUER}/"
DISREGARD = f"/DISREGARD RELEASE: {ISSUER}/"
ADVISED = (
    f"In the news release, {TITLE}, issued 10-Mar-2026 by {ISSUER} over PR Newswire, we are advised by the company "
    'that the second paragraph should read "340 million" rather than "310 million" as originally issued inadvertently. '
    "The complete, corrected release follows:"
)
TAKEN_BACK = (
    f"We are advised by {ISSUER} that journalists and other readers should disregard the news release, {TITLE}, issued "
    "March 10, 2026 over PR Newswire."
)


def prn(**fields: Any) -> Release:
    return office.release(**({"url": PRN_URL, "wire": "PR Newswire"} | fields))


def lost_subject(*preamble: str, **fields: Any) -> Release:
    body = office.ANNOUNCEMENTS[0].text("340", "Port Ellery")
    corrected = {"headline": LOST, "body": (*preamble, *body), "published_at": "2026-03-10T11:00:00+00:00"}
    return prn(**(corrected | fields))


def taken_back(**fields: Any) -> Release:
    withdrawn = {
        "url": f"https://www.prnewswire.com/news-releases/disregard-release-{'velmora-ferries-limited'}-302847999.html",
        "headline": DISREGARD,
        "body": (TAKEN_BACK, f"SOURCE {ISSUER}"),
        "published_at": "2026-03-10T15:00:00+00:00",
    }
    return prn(**(withdrawn | fields))


@pytest.mark.parametrize("preamble", [(ADVISED,), ()], ids=["quotes the old headline", "quotes nothing"])
async def test_a_page_first_seen_as_a_correction_without_subject_and_a_withdrawal_that_quotes_the_old_headline(
    bureau: Bureau, preamble: tuple[str, ...]
) -> None:
    await read_all(bureau, lost_subject(*preamble), taken_back())
    assert await told(bureau) == [("corrected", None), ("withdrawn", PRN_URL)]
    assert await stories(bureau) == 1


@pytest.mark.parametrize("preamble", [(ADVISED,), ()], ids=["quotes the old headline", "quotes nothing"])
async def test_a_page_first_seen_as_a_correction_without_subject_finds_the_original_on_another_site(
    bureau: Bureau, preamble: tuple[str, ...]
) -> None:
    copy = office.copy(published_at="2026-03-10T09:30:00+00:00")
    await read_all(bureau, lost_subject(*preamble), copy)
    assert await told(bureau) == [("corrected", None), ("linked", copy.url)]
    assert await stories(bureau) == 1


@pytest.mark.parametrize("preamble", [(ADVISED,), ()], ids=["quotes the old headline", "quotes nothing"])
async def test_a_correction_without_subject_is_tied_to_a_copy_seen_before(
    bureau: Bureau, preamble: tuple[str, ...]
) -> None:
    await read_all(bureau, COPY, lost_subject(*preamble))
    assert (await told(bureau))[-1] == ("corrected", COPY.url)
    event = (await bureau.events())[-1]
    assert event["data"]["release"]["headline"] == TITLE, "the headline is that of what it corrects"
    assert ("headline", TITLE, LOST) not in await changed(bureau)


async def test_a_withdrawal_without_subject_and_then_the_correction_it_took_back(bureau: Bureau) -> None:
    await read_all(bureau, taken_back(), prn())
    assert await told(bureau) == [("withdrawn", None), ("linked", PRN_URL)]
    assert await stories(bureau) == 1


async def test_corrections_without_subject_of_two_releases_of_one_company_are_two_stories(bureau: Bureau) -> None:
    other = office.release(
        2,
        url="https://www.prnewswire.com/news-releases/velmora-ferries-reports-its-third-quarter-302847200.html",
        wire="PR Newswire",
        issuer=ISSUER,
        headline=LOST,
    )
    await read_all(bureau, lost_subject(), other)
    assert await told(bureau) == [("corrected", None), ("corrected", None)]
    assert await stories(bureau) == 2


async def test_a_withdrawal_of_another_release_of_the_company_is_not_tied(bureau: Bureau) -> None:
    other = TAKEN_BACK.replace(TITLE, "Velmora Ferries Names a New Master of Its Fleet")
    await read_all(bureau, prn(), taken_back(body=(other,)))
    assert (await told(bureau))[-1] == ("withdrawn", None)
    assert await stories(bureau) == 2


async def test_a_page_that_was_told_as_new_and_then_disregards_itself_is_withdrawn(bureau: Bureau) -> None:
    await read_all(bureau, prn(), prn(headline=DISREGARD, body=(TAKEN_BACK,)))
    assert await told(bureau) == [("new", None), ("withdrawn", PRN_URL)]
    assert (await bureau.events())[-1]["data"]["release"]["headline"] == TITLE


# Orders that cross


async def test_an_earlier_correction_that_is_read_after_a_later_one_replaces_the_release_not_the_later_one(
    bureau: Bureau,
) -> None:
    later = office.correction(nth=2, figure="355")
    await read_all(bureau, ORIGINAL, later, CORRECTION)
    assert (await told(bureau))[-1] == ("corrected", ORIGINAL.url)
    assert await stories(bureau) == 1


async def test_two_corrections_read_in_the_wrong_order_wait_together_and_are_both_tied_when_the_original_comes(
    bureau: Bureau,
) -> None:
    later = office.correction(nth=2, figure="355")
    await read_all(bureau, later, CORRECTION)
    assert await told(bureau) == [("corrected", None), ("corrected", None)]
    assert await bureau.heard() == ["corrected", "corrected"]
    await read_all(bureau, ORIGINAL)
    tied = (await bureau.events())[-2:]
    assert {event["data"]["release"]["url"] for event in tied} == {later.url, CORRECTION.url}
    assert {event["data"]["replaces"]["url"] for event in tied} == {ORIGINAL.url}
    assert await stories(bureau) == 1


# One of a serial


def issue(day: int, count: str) -> Release:
    return office.release(
        url=f"https://harbour-wire.example/news/shares-{day}",
        headline="Transaction in Own Shares",
        body=(
            f"Velmora Ferries Limited announces that on {day - 1} March 2026 it bought {count} of its own shares at a "
            f"mean price of {300 + day} pence, the lowest being {290 + day} and the highest {310 + day} pence.",
        ),
        published_at=f"2026-03-{day:02}T07:00:00+00:00",
    )


async def test_an_amendment_that_names_the_day_is_tied_to_the_issue_of_that_day(bureau: Bureau) -> None:
    issues = [issue(5, "12,400"), issue(6, "9,150"), issue(9, "7,725")]
    amended = (
        "The following amendment has been made to the 'Transaction in Own Shares' announcement released on 6 March "
        "2026 at 07:00 under RNS No 1234A. The number of shares was stated as 9,150; it should have been 9,510.",
    )
    url = "https://harbour-wire.example/news/shares-amended"
    notice = office.release(url=url, headline="Transaction in Own Shares - Amendment", body=amended)
    await read_all(bureau, *issues, notice)
    assert (await told(bureau))[-1] == ("updated", issues[1].url)
    unnamed = replace(notice, url=f"{url}-2", body=("A figure in the announcement was wrong.",))
    await read_all(bureau, unnamed)
    assert (await told(bureau))[-1] == ("updated", None)


# One announcement in two languages

GERMAN = (
    "Die Velmora Ferries Limited hat zwölf Boote mit Wasserstoffantrieb bestellt, die Reisende zwischen den "
    "nördlichen Inseln und dem Festland befördern werden, wie die Reederei am Dienstag mitteilte.",
    "Die Boote kosten zusammen {figure} Millionen Kronen und werden auf der Werft in Port Ellery gebaut, wo im "
    "Frühjahr die Kiele gelegt werden; der erste Rumpf soll zwei Winter später vom Stapel laufen.",
)
EQS = "https://www.eqs-news.com/news/corporate/velmora-{}/8c1f7a52-0b3e-4d6a-9a77-2f4e5d6c7b8a_{}"


def german(figure: str = "310", **fields: Any) -> Release:
    told_in_german: dict[str, Any] = {
        "url": EQS.format("bestellt-zwoelf-boote", "de"),
        "headline": "Velmora Ferries bestellt zwölf Wasserstoffboote für die nördlichen Inseln",
        "body": tuple(paragraph.format(figure=figure) for paragraph in GERMAN),
        "language": "de",
    }
    return office.release(**(told_in_german | fields))


def english(figure: str = "310", **fields: Any) -> Release:
    return office.release(**({"url": EQS.format("orders-twelve-boats", "en"), "figure": figure} | fields))


async def test_one_id_in_two_languages_is_one_story_told_once_without_a_change(bureau: Bureau) -> None:
    await bureau.read(german(), source="eqs-news")
    await bureau.read(english(), source="eqs-news")
    assert await told(bureau) == [("new", None), ("syndicated", None)]
    assert await bureau.heard() == ["new"]
    assert await changed(bureau) == []
    assert await stories(bureau) == 1


async def test_a_correction_in_both_languages_is_told_once_against_its_own_language(bureau: Bureau) -> None:
    new_id = {"url": EQS.replace("8c1f", "9d2f")}
    await bureau.read(german(), source="eqs-news")
    await bureau.read(english(), source="eqs-news")
    title = english().headline
    await bureau.read(
        english("340", url=new_id["url"].format("correction", "en"), headline=f"Correction: {title}",
                published_at="2026-03-10T12:00:00+00:00"),
        source="eqs-news",
    )  # fmt: skip
    await bureau.read(
        german("340", url=new_id["url"].format("korrektur", "de"), headline=f"Korrektur: {german().headline}",
               published_at="2026-03-10T12:00:00+00:00"),
        source="eqs-news",
    )  # fmt: skip
    assert await bureau.heard() == ["new", "corrected"]
    assert [(kind, url) for kind, url in await told(bureau) if kind == "corrected"] == [("corrected", english().url)]
    corrected = next(event for event in await bureau.events() if event["type"] == "release.corrected")
    (change,) = corrected["data"]["changes"]
    assert "310" in change["before"]
    assert "340" in change["after"]
    assert await stories(bureau) == 1


async def test_two_ids_in_two_languages_are_two_stories(bureau: Bureau) -> None:
    """Nothing ties them: a wire that numbers its translations on their own publishes two announcements."""
    await bureau.read(german(url="https://harbour-wire.example/de/1001"))
    await bureau.read(english(url="https://harbour-wire.example/en/1002"))
    assert await told(bureau) == [("new", None), ("new", None)]


async def test_a_wrong_guess_at_the_language_hides_no_change(bureau: Bureau) -> None:
    await bureau.read(english(language="de"), source="eqs-news")
    await bureau.read(english("340", url=EQS.format("orders-twelve-boats-again", "en")), source="eqs-news")
    assert await bureau.heard() == ["new", "revised"]


async def test_a_correction_names_the_copies_that_still_show_the_old_text(bureau: Bureau) -> None:
    late = office.copy(site=office.GAZETTE, figure="340", published_at="2026-03-10T10:30:00+00:00")
    await read_all(bureau, ORIGINAL, COPY, late, CORRECTION)
    event = (await bureau.events())[-1]
    assert event["type"] == "release.corrected"
    assert [(copy["source"], copy["url"]) for copy in event["data"]["outdated"]] == [(office.MIRROR, COPY.url)]


async def test_a_withdrawal_names_every_copy(bureau: Bureau) -> None:
    await read_all(bureau, ORIGINAL, COPY, office.withdrawal())
    event = (await bureau.events())[-1]
    assert [copy["url"] for copy in event["data"]["outdated"]] == [COPY.url]

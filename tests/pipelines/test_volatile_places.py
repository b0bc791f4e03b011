"""Volatile content: what says something new at most visits is reported once, and every edit all the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from time import process_time

import msgspec
import press_office as office
import pytest
from bureau import Bureau
from redis.asyncio import Redis

from pipelines.volatile_places import STABLE_VISITS, VISITS_COUNTED, record_visit
from stories.crawl_state.page_observations import PageObservations
from stories.model.release import Image, Release

A = office.release()
VISIT = timedelta(minutes=15, seconds=1)
FOREIGN = (
    "Lamps for every ship on the coast.",
    "Rent a quiet room by the old harbour!",
    "Bread from our oven since May.",
)
DAYS = ("Sunny", "Light rain", "Fog in the valley", "Snow", "Clear")

LINES: dict[str, Callable[[int], str]] = {
    "a counter in a sentence": lambda at: f"This article has been read {1000 + 7 * at} times.",
    "a clock in a sentence": lambda at: f"Page generated on 05 March 2026 at 10:{at:02}:{(7 * at) % 60:02}.",
    "a share price": lambda at: (
        f"LSE: VELM £{12 + at / 100:.2f} {'+-'[at % 2]}0.{at % 10} ({'+-'[at % 2]}{at / 10:.1f}%)"
    ),
    "weather": lambda at: f"Port Ellery today: {DAYS[at % 5]}, {11 + at} °C, wind {at} knots.",
    "reading time that depends on the visitor": lambda at: f"Lesezeit ungefähr {3 + at} Minuten bei Ihrem Tempo.",
    "share count": lambda at: f"{220 + 3 * at} personas han compartido esta noticia en sus redes.",
    "readers at the moment": lambda at: f"{17 + at} personnes lisent cet article en ce moment.",
    "a rate of exchange in Chinese": lambda at: f"即時匯率：1美元兌{7 + at / 1000:.3f}港元。",
    "places left in Japanese": lambda at: f"ただいまの残席は{400 - at}席です。",
    "a countdown in Portuguese": lambda at: f"Faltam {90000 - 901 * at} segundos para o fim da promoção!",
    "visitors in Korean": lambda at: f"오늘 방문자는 모두 {5000 + 11 * at}명입니다.",
    "an advertisement": lambda at: FOREIGN[at % 3],
    "words without a figure": lambda at: (
        f"Quote of the hour: {'abcdefghijkl'[at % 12] * 4} and {'mnopqrst'[at % 8] * 5}."
    ),
}


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


async def visits(bureau: Bureau, pages: Sequence[Release]) -> list[str]:
    """Read the states of a page, one at each step of the ladder, and return all that was reported so far."""
    for page in pages:
        await bureau.read(page)
        bureau.clock.at += VISIT
    return await bureau.types()


def under(line: str, **fields: str) -> Release:
    """Return the release with a line under its text."""
    page = office.release(**fields)
    return replace(page, body=(*page.body, line))


def inside(line: str, **fields: str) -> Release:
    """Return the release with a line at the end of its second paragraph."""
    page = office.release(**fields)
    return replace(page, body=(page.body[0], f"{page.body[1]} {line}", *page.body[2:]))


def apart(line: str, **fields: str) -> Release:
    """Return the release with a line among its contacts."""
    return replace(office.release(**fields), contacts=("Media office", line, "press@velmora.example"))


@pytest.mark.parametrize("where", [under, inside, apart])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
async def test_a_line_that_says_something_new_at_each_visit_is_reported_three_times_at_most(
    bureau: Bureau, line: Callable[[int], str], where: Callable[[str], Release]
) -> None:
    types = await visits(bureau, [where(line(at)) for at in range(14)])
    assert types[0] == "new"
    assert types.count("revised") <= 3
    assert await bureau.heard() == types


@pytest.mark.parametrize("where", [under, inside, apart])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
async def test_an_edited_figure_of_a_page_with_volatile_content_is_reported_at_its_first_visit(
    bureau: Bureau, line: Callable[[int], str], where: Callable[..., Release]
) -> None:
    before = await visits(bureau, [where(line(at)) for at in range(9)])
    after = await visits(bureau, [where(line(9), figure="340")])
    assert after == [*before, "revised"]
    changes = (await bureau.events())[-1]["data"]["changes"]
    assert any("310" in change["before"] and "340" in change["after"] for change in changes)
    again = await visits(bureau, [where(line(at), figure="340") for at in range(10, 16)])
    assert len(again) - len(after) <= 1, "what is volatile stays so"


EDITS = {
    "a figure of the text": (A, office.release(figure="340"), office.release(figure="341")),
    "a price in a sentence": tuple(under(f"The share costs €{euros}.") for euros in (12, 13, 15)),
    "a date": tuple(under(f"Doors open on {day} June 2026.") for day in (3, 4, 6)),
    "a name": tuple(under(f"Its master is {name} Reed.") for name in ("Tom", "Tim", "Kim")),
    "a row of a table": tuple(under(f"| Revenue | {sum_} | 4.8 |") for sum_ in ("5.2", "5.4", "5.5")),
    "a telephone": tuple(apart(f"Tel +44 20 5550 01{last}") for last in (42, 43, 47)),
    "an amount in Chinese": tuple(under(f"本年度收入為港幣{sum_}億元。") for sum_ in (24, 26, 29)),
    "a percentage in German": tuple(under(f"Der Umsatz stieg um {share} Prozent.") for share in (5, 6, 8)),
}


@pytest.mark.parametrize("states", EDITS.values(), ids=EDITS)
async def test_edits_that_stay_are_reported_each(bureau: Bureau, states: tuple[Release, ...]) -> None:
    first, second, third = states
    assert await visits(bureau, [first] * 3 + [second] * 3 + [third] * 3) == ["new", "revised", "revised"]


@pytest.mark.parametrize("states", EDITS.values(), ids=EDITS)
async def test_edits_at_visits_in_a_row_are_reported_at_last(bureau: Bureau, states: tuple[Release, ...]) -> None:
    first, second, third = states
    assert await visits(bureau, [first, second, *[third] * (STABLE_VISITS + 1)]) == ["new", "revised", "revised"]
    assert any("revised" in event["type"] for event in await bureau.events())
    body = [change["after"] for change in (await bureau.events())[-1]["data"]["changes"]]
    assert body, "the report says what the page says now"


@pytest.mark.parametrize("where", [under, inside])
async def test_a_volatile_figure_that_stays_is_reported_again(bureau: Bureau, where: Callable[[str], Release]) -> None:
    line = LINES["a counter in a sentence"]
    before = await visits(bureau, [where(line(at)) for at in range(9)])
    stays = [where("This article has been read 5 times.")] * (STABLE_VISITS + 3)
    assert await visits(bureau, stays) == [*before, "revised"]
    assert "read 5 times" in (await bureau.events())[-1]["data"]["changes"][-1]["after"]


async def test_a_counter_that_rests_every_night_is_reported_ever_more_rarely(bureau: Bureau) -> None:
    states = [under(f"Read by {100 * day + min(at, 10)} people so far.") for day in range(20) for at in range(20)]
    assert (await visits(bureau, states)).count("revised") <= 12


async def test_a_page_that_changes_late_is_reported_at_its_first_edits(bureau: Bureau) -> None:
    figures = ["310"] * VISITS_COUNTED + ["311", "312", "313"]
    assert await visits(bureau, [office.release(figure=figure) for figure in figures]) == ["new"] + ["revised"] * 3


async def test_a_paragraph_that_comes_next_to_volatile_content_is_reported(bureau: Bureau) -> None:
    line = LINES["a clock in a sentence"]
    before = await visits(bureau, [under(line(at)) for at in range(8)])
    added = "The board has called off the spring sailing to Port Ellery."
    pages = [replace(page, body=(*page.body, added)) for page in (under(line(at)) for at in range(8, 10))]
    assert (await visits(bureau, pages[:1]))[len(before) :] == ["revised"]


async def test_an_edit_above_and_below_volatile_content_is_reported(bureau: Bureau) -> None:
    line = LINES["a share price"]

    def page(at: int, above: str, below: str) -> Release:
        return replace(A, body=(*A.body, above, line(at), below))

    before = await visits(bureau, [page(at, "The yard has 40 berths.", "It opens in May.") for at in range(8)])
    await visits(bureau, [page(8, "The yard has 45 berths.", "It opens in May.")])
    after = await visits(bureau, [page(9, "The yard has 45 berths.", "It opens in July.")])
    assert after == [*before, "revised", "revised"]


async def test_a_figure_in_the_sentence_of_a_clock_is_reported(bureau: Bureau) -> None:
    def said(at: int, people: int) -> Release:
        return under(f"At 10:{at:02} o'clock the company employs {people} people.")

    before = await visits(bureau, [said(at, 340) for at in range(8)])
    assert await visits(bureau, [said(8, 360)]) == [*before, "revised"]


async def test_a_picture_whose_caption_changes_at_each_visit_is_reported_three_times_at_most(bureau: Bureau) -> None:
    pictures = [
        replace(A, images=(Image(url="https://img.example/1.jpg", caption=f"Our webcam at {at}:00, {7 * at} gulls."),))
        for at in range(1, 12)
    ]
    assert (await visits(bureau, pictures)).count("revised") <= 3


TEASERS = [f"Teaser {'abcdefgh'[at] * 5} of another release, which begins in the same way and..." for at in range(8)]


async def test_teasers_that_are_others_at_each_visit_are_never_reported(bureau: Bureau) -> None:
    pages = [replace(A, body=(*A.body, *(TEASERS[(3 * at + n) % 8] for n in range(2 + at % 2)))) for at in range(12)]
    assert await visits(bureau, pages) == ["new"]
    assert await visits(bureau, [replace(pages[0], body=(office.release(figure="340").body + pages[5].body[3:]))]) == [
        "new",
        "revised",
    ]


async def test_a_contact_that_comes_and_goes_is_not_reported_and_one_that_stays_away_is(bureau: Bureau) -> None:
    contacts = ("Media office", "press@velmora.example", "https://www.velmora.example")
    there, away = replace(A, contacts=contacts), replace(A, contacts=contacts[:2])
    assert await visits(bureau, [there, away] * 6) == ["new"]
    assert await visits(bureau, [away, away]) == ["new", "revised"]


async def test_a_page_that_is_never_edited_leaves_nothing_in_redis(bureau: Bureau) -> None:
    await visits(bureau, [A] * 5)
    assert not [key async for key in bureau.redis.scan_iter() if b"states" in key]


async def test_what_is_volatile_is_named_for_people(bureau: Bureau) -> None:
    await visits(bureau, [under(LINES["a share price"](at)) for at in range(6)])
    (event, *_) = await bureau.events()
    states = await PageObservations(bureau.redis).page_states(event["data"]["release"]["id"])
    assert [place.text.split(" £")[0] for place in states.places if place.is_volatile] == ["LSE: VELM"]


async def test_a_stored_state_that_cannot_be_decoded_stops_no_visit(bureau: Bureau) -> None:
    await visits(bureau, [A, office.release(figure="340")])
    (key,) = [key async for key in bureau.redis.scan_iter() if b"states" in key]
    await bureau.redis.set(key, b"\xff\x00")
    assert await visits(bureau, [office.release(figure="341")]) == ["new", "revised", "revised"]


def test_a_long_page_that_is_rewritten_takes_little_time_and_memory() -> None:
    before, after = (
        replace(A, body=tuple(f"Line {n} has {n + more} words." for n in range(20_000))) for more in (0, 9)
    )
    shorter = replace(A, body=tuple(f"{n} of another text." for n in range(5_000)))
    began = process_time()
    found = [record_visit((), before, after, 0).reported(), record_visit((), before, shorter, 0).reported()]
    assert process_time() - began < 20
    assert len(msgspec.json.encode(found)) < 50_000


def test_what_is_remembered_of_a_page_is_bounded() -> None:
    places = ()
    for at in range(40):
        before, after = (
            replace(A, body=tuple(f"Line {n} says {n * at + more}." for n in range(300))) for more in range(2)
        )
        places = record_visit(places, before, after, 0).reported()
    assert len(places) < 50
    assert all(len(place.seen) < 50 for place in places)

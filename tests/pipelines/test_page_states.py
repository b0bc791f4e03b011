"""A page that goes to and fro between two states is told of a few times and then left alone; edits are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import press_office as office
import pytest
from bureau import Bureau
from redis.asyncio import Redis

from pipelines.page_states import STABLE_VISITS, assess
from stories.crawl_state.page_observations import PageStates
from stories.model.release import Release

A = office.release()
FACES: dict[str, Callable[[Release], Release]] = {
    "another figure": lambda page: office.release(figure="130"),
    "the half of the text": lambda page: replace(page, body=page.body[:2]),
    "an emoji": lambda page: replace(page, body=(f"🎉 {page.body[0]}", *page.body[1:])),
    "another headline": lambda page: replace(page, headline=f"{page.headline} Today"),
    "a clock in a sentence": lambda page: replace(page, body=(*page.body, "It is a quarter past nine at the quay.")),
    "another line behind": lambda page: replace(page, about=("Velmora Ferries has sailed since 1911.",)),
}
C = office.release(figure="777")


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


async def visit(bureau: Bureau, pages: Sequence[Release]) -> list[str]:
    for page in pages:
        await bureau.read(page)
        bureau.clock.forward(minutes=15)
    return await bureau.types()


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
async def test_a_page_of_two_states_is_told_as_edited_and_as_back_and_no_more(
    bureau: Bureau, face: Callable[[Release], Release]
) -> None:
    b = face(A)
    assert await visit(bureau, [A, b] * 10) == ["new", "revised", "revised"]
    assert "returned to an earlier text" in (await bureau.events())[-1]["data"]["detail"]
    assert await bureau.heard() == ["new", "revised", "revised"]


async def test_a_third_state_of_an_unstable_page_is_told(bureau: Bureau) -> None:
    b = office.release(figure="130")
    assert await visit(bureau, [A, b, A, b, A, C, C]) == ["new", "revised", "revised", "revised"]


async def test_three_states_in_turn_are_volatile_content_once_one_returns(bureau: Bureau) -> None:
    b = office.release(figure="130")
    assert await visit(bureau, [A, b, C] * 5) == ["new", "revised", "revised"]


async def test_an_edit_that_is_taken_back_is_told_and_so_is_the_next_one(bureau: Bureau) -> None:
    b, third = office.release(figure="130"), office.release(figure="131")
    assert await visit(bureau, [A, b, b, A, A, third]) == ["new", "revised", "revised", "revised"]


async def test_an_earlier_state_that_stays_is_told_at_last(bureau: Bureau) -> None:
    b = office.release(figure="130")
    assert await visit(bureau, [A, b, A, *[b] * STABLE_VISITS]) == ["new", "revised", "revised", "revised"]
    assert (await bureau.events())[-1]["data"]["changes"]


async def test_visits_in_between_are_no_stay(bureau: Bureau) -> None:
    b = office.release(figure="130")
    assert await visit(bureau, [A, b, A, *[b, b, A] * STABLE_VISITS]) == ["new", "revised", "revised"]


async def test_a_correction_of_an_unstable_page_is_told(bureau: Bureau) -> None:
    b = office.release(figure="130")
    corrected = office.release(figure="131", headline=f"CORRECTION: {A.headline}")
    types = await visit(bureau, [A, b, A, b, A, corrected])
    assert types == ["new", "revised", "revised", "corrected"]


def test_the_states_that_are_remembered_are_bounded() -> None:
    states = PageStates()
    for number in range(500):
        states = assess(states, str(number), str(number + 1)).states
    assert len(states.seen) < 50
    assert states.seen[-1] == "500"

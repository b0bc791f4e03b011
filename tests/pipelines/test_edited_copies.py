"""Copies on other sites as their editors leave them: silent, unless they state another fact than the original."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import press_office as office
import pytest
from bureau import Bureau
from redis.asyncio import Redis

from stories.model.release import Release

WIRE = "Harbour Wire"
ORIGINAL = office.release(wire=WIRE)
SENTENCE = "Readers may recall that the operator closed its western route last autumn after a dispute with its council."
Edit = Callable[[Release], Release]


def said(old: str, new: str) -> Edit:
    """Return the edit that replaces words of the text."""

    def edit(copy: Release) -> Release:
        body = tuple(text.replace(old, new) for text in copy.body)
        assert body != copy.body
        return replace(copy, body=body)

    return edit


def headed(headline: Callable[[str], str]) -> Edit:
    """Return the edit of a headline."""
    return lambda copy: replace(copy, headline=headline(copy.headline))


def with_body(body: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Edit:
    """Return the edit of all paragraphs."""
    return lambda copy: replace(copy, body=body(copy.body))


EDITS: dict[str, Edit] = {
    "headline in capitals": headed(str.upper),
    "headline in lower case": headed(str.capitalize),
    "headline under a kicker": headed("FERRIES: {}".format),
    "headline with the site's name": headed("{} | Daily Mirror".format),
    "another headline": headed(lambda _: "Twelve hydrogen boats for northern islands"),
    "a sentence more in the first paragraph": with_body(lambda body: (f"{body[0]} {SENTENCE}", *body[1:])),
    "a sentence more inside": with_body(lambda body: (body[0], f"{body[1]} Shares last cost 41.20 crowns.", *body[2:])),
    "a paragraph before": with_body(lambda body: (SENTENCE, *body)),
    "a paragraph between": with_body(lambda body: (body[0], SENTENCE, *body[1:])),
    "a paragraph behind": with_body(lambda body: (*body, SENTENCE)),
    "small print behind": with_body(lambda body: (*body, "Daily Mirror takes no responsibility for this text.")),
    "the last paragraph cut": with_body(lambda body: body[:-1]),
    "cut inside a sentence": with_body(lambda body: (body[0], f"{body[1][:90]}…")),
    "another dateline": with_body(lambda body: (f"NEWCASTLE, March 11, 2026 (Daily Mirror) -- {body[0]}", *body[1:])),
    "a short dateline": with_body(lambda body: (f"Newcastle, 11 March - {body[0]}", *body[1:])),
    "other quotation marks": said('"', "“"),
    "a number word in digits": said("twelve", "12"),
    "a unit shortened": said("310 million", "310m"),
    "a currency moved": said("310 million crowns", "NOK 310 million"),
    "a date for a weekday": said("on Tuesday", "on 10 March"),
    "today for a weekday": said("on Tuesday", "today"),
    "a legal form shortened and a ticker": said("Velmora Ferries Limited", "Velmora Ferries Ltd (OSE: VELM)"),
    "other words": said("passengers", "travellers"),
}
FACTS: dict[str, Edit] = {
    "a figure": said("310", "340"),
    "a name": said("Anker", "Brekke"),
    "a place": said("Port Ellery", "Port Marram"),
    "a weekday": said("Tuesday", "Wednesday"),
}


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


@pytest.mark.parametrize("recased", [False, True], ids=["as printed", "in capitals"])
@pytest.mark.parametrize("wire", [WIRE, None], ids=["names the wire", "names no wire"])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
async def test_an_edited_copy_on_another_site_is_a_copy(
    bureau: Bureau, edit: Edit, wire: str | None, *, recased: bool
) -> None:
    copy = edit(office.copy(wire=wire))
    await bureau.read(ORIGINAL)
    await bureau.read(replace(copy, headline=copy.headline.upper()) if recased else copy)
    assert await bureau.types() == ["new", "syndicated"]
    assert (await bureau.events())[-1]["data"]["relation"] == "copy"


@pytest.mark.parametrize("edit", FACTS.values(), ids=FACTS)
async def test_a_copy_that_states_another_fact_is_told_as_that_of_the_copy(bureau: Bureau, edit: Edit) -> None:
    await bureau.read(ORIGINAL)
    await bureau.read(edit(office.copy(wire=WIRE)))
    assert await bureau.types() == ["new", "revised"]
    data = (await bureau.events())[-1]["data"]
    assert data["release"]["source"] == office.MIRROR
    assert f"no change was seen on the page of {office.WIRE}" in data["detail"]


async def test_an_edit_of_the_wires_own_page_says_nothing_of_a_copy(bureau: Bureau) -> None:
    await bureau.read(ORIGINAL)
    await bureau.read(office.release(wire=WIRE, figure="340"))
    assert await bureau.types() == ["new", "revised"]
    assert "detail" not in (await bureau.events())[-1]["data"]


@pytest.mark.parametrize("edit", [EDITS["a number word in digits"], EDITS["another headline"], FACTS["a figure"]])
async def test_the_same_edits_at_another_address_of_the_wire_are_told(bureau: Bureau, edit: Edit) -> None:
    again = edit(replace(ORIGINAL, url=f"{ORIGINAL.url}-2"))
    await bureau.read(ORIGINAL)
    await bureau.read(again)
    assert await bureau.types() == ["new", "revised"]

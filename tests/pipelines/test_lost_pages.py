"""What a page lost decides: pages of known releases that show something else, through the extraction and memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bureau import Bureau, reading
from redis.asyncio import Redis
from replaced_pages import LANGUAGES, LAYOUTS, TEASERS, Words, page, states
from scrapy.http import HtmlResponse

from crawler.extraction import NotARelease, extract_release
from crawler.pages.removed_pages import removed_by_content, removed_by_headline, visible_text
from pipelines.removal_policy import UNSUPPORTED_CONFIRMATION
from pipelines.text_loss import is_lost, is_still_shown, share_left
from stories.model.page_result import PageResult
from stories.model.release import Dateline, Release

SITE = "https://harbour-wire.example/news/"


@pytest.fixture
def bureau(redis: Redis) -> Bureau:
    return Bureau(redis)


def look(url: str, html: str) -> PageResult | None:
    """Return what the spider hands to memory for a page with status 200; None where it is put off."""
    response = HtmlResponse(url, body=html.encode(), encoding="utf-8")
    try:
        release = replace(extract_release(html, url), url=url)
    except NotARelease as refusal:
        how = removed_by_content(refusal, url, response)
        return (
            reading(Release(url=url, headline=""), release=None, gone=how, page_text=visible_text(response))
            if how
            else None
        )
    return reading(release, gone=removed_by_headline(release.headline, response))


async def visit(bureau: Bureau, pages: dict[str, str], times: int = 1) -> None:
    """Read some pages, as often as a withdrawal needs."""
    for _ in range(times):
        for url, html in pages.items():
            if (read := look(url, html)) is not None:
                await bureau.memory.ingest(read)
        bureau.clock.at += UNSUPPORTED_CONFIRMATION + timedelta(minutes=1)


def told(words: Words, state: str) -> str:
    return "corrected" if state == "correction" else "withdrawn"


@pytest.mark.parametrize("state", [name for name in states(LANGUAGES["en"]) if name != "release"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_release_that_its_page_lost_is_told_under_any_number_of_teasers(
    bureau: Bureau, language: str, layout: str, state: str
) -> None:
    words = LANGUAGES[language]
    missed = []
    for count in TEASERS:
        await bureau.redis.flushdb()
        url = f"{SITE}{count}"
        await visit(bureau, {url: page(words, words.headline, words.body, layout, count)})
        await visit(bureau, {url: page(words, *states(words)[state], layout, count)}, times=2)
        types = await bureau.types()
        if types != ["new", told(words, state)]:
            missed.append((count, types))
    assert missed == []


async def test_a_site_that_changes_the_layout_of_all_its_pages_withdraws_nothing(bureau: Bureau) -> None:
    words = LANGUAGES["en"]
    bodies = {f"{SITE}{at}": tuple(f"{line} This is story {at}." for line in words.body) for at in range(8)}
    heads = {url: f"{words.headline}, Ship {at}" for at, url in enumerate(bodies)}
    for layout in (*LAYOUTS, "article"):
        pages = {url: page(words, heads[url], body, layout, 12) for url, body in bodies.items()}
        await visit(bureau, pages, times=2)
    assert "withdrawn" not in await bureau.types()


@pytest.mark.parametrize("state", ["soft 404", "emptied, headline too"])
async def test_a_site_that_shows_the_same_page_everywhere_withdraws_nothing(bureau: Bureau, state: str) -> None:
    words = LANGUAGES["en"]
    urls = [f"{SITE}{at}" for at in range(8)]
    await visit(
        bureau,
        {
            url: page(
                words,
                f"{words.headline}, Ship {at}",
                tuple(f"{line} Story {at}." for line in words.body),
                "article",
                12,
            )
            for at, url in enumerate(urls)
        },
    )
    await visit(bureau, {url: page(words, *states(words)[state], "article", 12) for url in urls}, times=4)
    assert set(await bureau.types()) <= {"new", "syndicated", "repeat"}


async def test_a_page_that_cannot_be_read_but_shows_its_text_is_not_withdrawn(bureau: Bureau) -> None:
    words = LANGUAGES["en"]
    url = f"{SITE}1"
    await visit(bureau, {url: page(words, words.headline, words.body, "article", 5)})
    for _ in range(3):
        shown = " ".join(("Home", *words.body, "More"))
        await bureau.memory.ingest(
            reading(Release(url=url, headline=""), release=None, gone="emptied", page_text=shown)
        )
        bureau.clock.at += UNSUPPORTED_CONFIRMATION
    assert await bureau.types() == ["new"]


def release(*body: str, language: str | None = "en", dateline: Dateline | None = None) -> Release:
    return Release(headline="A ferry", body=body, language=language, dateline=dateline)


def test_an_edit_a_translation_a_short_text_and_another_release_are_no_loss() -> None:
    words = LANGUAGES["en"]
    known = release(*words.body)
    others = tuple(words.summary.format(n=n) for n in range(20))

    assert is_lost(known, release(*others))
    assert not is_lost(known, release(words.body[0], *others))
    assert not is_lost(known, release(*others, language="de"))
    assert not is_lost(known, release(*others, dateline=Dateline(place="OSTENDE")))
    assert not is_lost(known, replace(release(*others), headline="Gull Line Carries Salt up the River")), (
        "known may be a wall"
    )
    assert is_lost(known, replace(release(*others), headline="Harbour Wire"))
    assert not is_lost(release("Details follow."), release(*words.body))
    assert share_left(release("Details follow."), "") is None
    assert is_still_shown(known, " ".join(words.body).upper())
    assert not is_still_shown(known, " ".join(others))

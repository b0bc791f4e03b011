"""One announcement in several languages is one story, told once; its issuer's others of the same day stay apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bureau import Bureau, settings
from redis.asyncio import Redis
from translated_press import CHINESE, DEVELOPED_ON, MEASURED_ON, Press, Translated, pairs, triples

from pipelines.identity.facts import neutral_url
from stories.model.release import Release

PLAIN = ("Marlow Harbour opens a reading room for its dockers, who asked for one.", "It is open on every evening.")
PLAIN_HANT = ("馬洛港為碼頭工人開設閱覽室，回應他們多年來的要求，讓大家下班後有地方看書。", "閱覽室每晚開放。")


def english(**fields: object) -> Release:
    told: dict[str, object] = {
        "url": "https://harbour-wire.example/news/1001", "headline": "Marlow Harbour Opens a Reading Room",
        "body": PLAIN, "language": "en", "contacts": ("press@marlow.example",),
        "published_at": "2026-03-10T09:00:00+08:00",
    }  # fmt: skip
    return Release(**(told | fields))  # type: ignore[arg-type]


def chinese(**fields: object) -> Release:
    told: dict[str, object] = {
        "url": "https://harbour-wire.example/news/1017", "headline": "馬洛港開設閱覽室", "body": PLAIN_HANT,
        "language": "zh-Hant",
    }  # fmt: skip
    return english(**(told | fields))


async def read_all(bureau: Bureau, *releases: Release) -> None:
    for release in releases:
        await bureau.read(release, source=release.source or "harbour-wire")


async def relations(bureau: Bureau) -> list[str | None]:
    return [event["data"]["relation"] for event in await bureau.events()]


async def stories_of(bureau: Bureau) -> dict[str, set[str]]:
    """Return the URLs of each story's releases."""
    found: dict[str, set[str]] = {}
    async for kept in bureau.archive.releases():
        found.setdefault(kept.story, set()).add(kept.release.url or "")
    return found


def in_order(announcements: list[Translated]) -> list[Release]:
    releases = [release for announcement in announcements for release in announcement.releases]
    return sorted(releases, key=lambda release: release.first_seen_at or "")


@pytest.mark.parametrize("topics", [DEVELOPED_ON, MEASURED_ON], ids=["developed on", "measured on"])
async def test_announcements_in_three_languages_are_told_once_each_whatever_else_their_issuer_says_that_day(
    redis: Redis, topics: tuple[str, ...]
) -> None:
    bureau = Bureau(redis)
    bureau.clock.at = datetime(2026, 3, 27, 20, tzinfo=UTC)
    announcements = triples(topics, 24, seed=7)
    await read_all(bureau, *in_order(announcements))
    truth = [{release.url for release in announcement.releases} for announcement in announcements]
    stories = await stories_of(bureau)
    joined = [urls for urls in stories.values() if len(urls) > 1]
    assert all(any(urls <= told for told in truth) for urls in joined), "two announcements became one story"
    assert sum(len(urls) == len(CHINESE) for urls in joined) >= 0.9 * len(truth)
    told = Counter(await bureau.types())
    assert set(told) == {"new", "syndicated"}
    assert {*await relations(bureau)} == {None, "translation"}


async def test_announcements_in_english_and_another_language_are_told_once_each(redis: Redis) -> None:
    bureau = Bureau(redis)
    bureau.clock.at = datetime(2026, 3, 27, 20, tzinfo=UTC)
    announcements = pairs(("dividend", "expansion"), 32, seed=11)
    await read_all(bureau, *in_order(announcements))
    truth = [{release.url for release in announcement.releases} for announcement in announcements]
    joined = [urls for urls in (await stories_of(bureau)).values() if len(urls) > 1]
    assert all(urls in truth for urls in joined), "two announcements became one story"
    assert len(joined) >= 0.9 * len(truth)


async def test_both_scripts_of_chinese_are_translations_and_no_edit_of_each_other(redis: Redis) -> None:
    bureau = Bureau(redis)
    _, traditional, simplified = triples(("results",), 1, seed=3)[0].releases
    await read_all(bureau, replace(traditional, source="harbour-wire"), replace(simplified, source="harbour-wire"))
    assert await bureau.types() == ["new", "syndicated"]
    assert await relations(bureau) == [None, "translation"]


async def test_an_issue_of_a_serial_is_no_translation_of_another_days_issue(redis: Redis) -> None:
    """The English issue of one day and the Chinese one of the next: names, contacts and form are the same."""
    bureau = Bureau(redis)
    press = Press(5)
    first, second = press.day_of_issuer(("buyback", "buyback"), ("en", "zh-Hant"))
    next_day = replace(second.releases[1], published_at="2026-03-28T09:00:00+08:00")
    await read_all(bureau, first.releases[0], next_day)
    assert await bureau.types() == ["new", "new"]


@pytest.mark.parametrize("topic", sorted({*DEVELOPED_ON, *MEASURED_ON}))
async def test_a_form_filled_in_twice_in_one_day_is_no_translation_in_the_other_script(
    redis: Redis, topic: str
) -> None:
    """One issuer's two announcements of one kind; of each only one script was read."""
    bureau = Bureau(redis)
    first, second = Press(8).day_of_issuer((topic, topic), ("zh-Hant", "zh-Hans"))
    await read_all(bureau, first.releases[0], second.releases[1])
    assert await bureau.types() == ["new", "new"]


LINKED = {
    "hreflang": {"alternates": ("https://harbour-wire.example/news/1017",)},
    "a part of the path": {"url": "https://harbour-wire.example/en/news/1017"},
    "a host name": {"url": "https://www.harbour-wire.example/news/1017"},
    "a parameter": {"url": "https://harbour-wire.example/news?id=1017&lang=en"},
    "an ending": {"url": "https://harbour-wire.example/news/1017_en.html"},
    "a UUID": {"url": "https://harbour-wire.example/opens/8c1f7a52-0b3e-4d6a-9a77-2f4e5d6c7b8a_en"},
}
LINKED_CHINESE = {
    "hreflang": {},
    "a part of the path": {"url": "https://harbour-wire.example/tc/news/1017"},
    "a host name": {"url": "https://zh.harbour-wire.example/news/1017"},
    "a parameter": {"url": "https://harbour-wire.example/news?id=1017&lang=zh-Hant"},
    "an ending": {"url": "https://harbour-wire.example/news/1017_tc.html"},
    "a UUID": {"url": "https://harbour-wire.example/yuelanshi/8c1f7a52-0b3e-4d6a-9a77-2f4e5d6c7b8a_zh"},
}


@pytest.mark.parametrize("chinese_first", [False, True], ids=["English first", "Chinese first"])
@pytest.mark.parametrize("how", LINKED)
async def test_addresses_tie_translations_whose_text_has_neither_figures_nor_names(
    redis: Redis, how: str, *, chinese_first: bool
) -> None:
    bureau = Bureau(redis)
    both = [english(**LINKED[how]), chinese(**LINKED_CHINESE[how])]
    await read_all(bureau, *(reversed(both) if chinese_first else both))
    assert await bureau.types() == ["new", "syndicated"]
    assert await relations(bureau) == [None, "translation"]


async def test_two_announcements_of_one_hour_without_a_tie_stay_apart(redis: Redis) -> None:
    bureau = Bureau(redis)
    await read_all(bureau, english(), chinese())
    assert await bureau.types() == ["new", "new"]


async def test_a_watch_of_one_language_hears_of_the_release_in_that_language_as_new(redis: Redis) -> None:
    watches = {
        "english": {"sources": ["harbour-wire"], "channels": ["desk"]},
        "chinese": {"sources": ["harbour-wire-zh"], "channels": ["kanzlei"]},
    }
    both = {"desk": None, "kanzlei": {"type": "console"}}
    bureau = Bureau(redis, settings=settings(watches=watches, channels=both))
    linked = {"alternates": (chinese().url or "",)}
    await read_all(bureau, english(**linked), chinese(source="harbour-wire-zh"))
    assert await bureau.heard() == ["new"]
    assert await bureau.heard("kanzlei") == ["new"]
    assert len(await stories_of(bureau)) == 1


async def test_a_correction_in_one_language_names_the_other_languages_as_outdated(redis: Redis) -> None:
    bureau = Bureau(redis)
    first, traditional, simplified = triples(("results",), 1, seed=3)[0].releases
    await read_all(bureau, *(replace(release, source="harbour-wire") for release in (first, traditional, simplified)))
    figure = first.headline.rpartition(" Revenue of ")[2]
    body = tuple(text.replace(figure, "7 dollars") for text in first.body)
    corrected = replace(
        first, headline=f"CORRECTION: {first.headline.replace(figure, '7 dollars')}", body=body, id=None,
        url="https://harbour-wire.example/news/9999", source="harbour-wire",
    )  # fmt: skip
    await read_all(bureau, corrected)
    event = (await bureau.events())[-1]
    assert event["type"] == "release.corrected"
    assert {copy["url"] for copy in event["data"]["outdated"]} == {traditional.url, simplified.url}


async def test_a_correction_in_three_languages_is_told_once(redis: Redis) -> None:
    """The first one is told; the others are its translations, and each replaces the release in its own language."""
    bureau = Bureau(redis)
    originals = [replace(release, source="harbour-wire") for release in triples(("results",), 1, seed=3)[0].releases]
    markers = ("CORRECTION: {}", "更正：{}", "更正：{}")
    notices = [
        replace(
            original, headline=marker.format(original.headline), id=None,
            url=f"https://harbour-wire.example/news/900{number}",
            body=(*original.body[:-1], original.body[-1].replace("second", "third").replace("下半年", "來年")),
        )
        for number, (original, marker) in enumerate(zip(originals, markers, strict=True))
    ]  # fmt: skip
    await read_all(bureau, *originals, *notices)
    assert await bureau.types() == ["new", "syndicated", "syndicated", "corrected", "syndicated", "syndicated"]
    assert (await relations(bureau))[-2:] == ["translation", "translation"]
    assert len(await stories_of(bureau)) == 1


async def test_a_correction_in_a_language_that_was_not_seen_before_is_about_the_release_that_was(redis: Redis) -> None:
    bureau = Bureau(redis)
    first, traditional, _ = triples(("results",), 1, seed=3)[0].releases
    correction = replace(
        traditional, headline=f"更正：{traditional.headline}", source="harbour-wire", id=None,
        url="https://harbour-wire.example/news/9001",
    )  # fmt: skip
    await read_all(bureau, replace(first, source="harbour-wire"), correction)
    event = (await bureau.events())[-1]
    assert event["type"] == "release.corrected"
    assert event["data"]["replaces"]["url"] == first.url
    assert event["data"]["changes"] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/en/news/1.html", "https://a.example/tc/news/1.html"),
        ("https://a.example/en-us/x", "https://a.example/zh-hant/x"),
        ("https://en.a.example/x", "https://tc.a.example/x"),
        ("https://a.example/x?id=3&lang=en", "https://a.example/x?id=3&lang=sc"),
        ("https://a.example/2026021100123.pdf", "https://a.example/2026021100123_c.pdf"),
        ("https://a.example/x_de.html", "https://a.example/x_en.html"),
        ("https://a.example/x-fr", "https://a.example/x-en"),
    ],
)
def test_addresses_that_differ_in_the_language_alone_are_one(one: str, other: str) -> None:
    assert neutral_url(one) == neutral_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/en/news/1", "https://a.example/en/news/2"),
        ("https://a.example/enews/1", "https://a.example/news/1"),
        ("https://a.example/x?id=3&page=1", "https://a.example/x?id=3&page=2"),
        ("https://a.example/made-in", "https://a.example/made"),
    ],
)
def test_addresses_that_differ_in_more_are_not(one: str, other: str) -> None:
    assert neutral_url(one) != neutral_url(other)

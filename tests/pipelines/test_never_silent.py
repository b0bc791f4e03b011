"""No change of a fact is ever taken for a copy, and no change of dress for a change: whatever the release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import press_office as office
import pytest
from bureau import Bureau
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from stories.model.release import Release

TITLE = office.ANNOUNCEMENTS[0].headline
BODY = (
    "Velmora Ferries Limited (OSE: VELM) has ordered twelve hydrogen boats that will carry passengers between the "
    "northern islands and the mainland, the operator said after its board approved the purchase on {day} {month}.",
    "The boats cost {amount} million crowns together, {percent} per cent more than planned, and will be built at the "
    "yard in {place}, where keels are laid in the spring and the first hull is to leave the slipway two winters later.",
    '"Islanders have waited a generation for a crossing that does not smell of diesel," said {first} {last}, master of '
    "the fleet. Fares stay as they are until every boat has been delivered, which the yard expects for {year}.",
    "Velmora carries {count} passengers a year on its routes; questions are answered at the quay.",
)
MONTHS = ("January", "February", "April", "June", "September", "November")
PLACES = ("Port Ellery", "Saint Corwen", "Marlow", "Tangmere")
FIRST, LAST = ("Torvald", "Ingrid", "Bertrand", "Oluchi"), ("Anker", "Brandvold", "Marhoul", "Oyelaran")

FACTS = st.fixed_dictionaries(
    {
        "day": st.integers(1, 28).map(str),
        "month": st.sampled_from(MONTHS),
        "amount": st.integers(100, 999).map(str),
        "percent": st.decimals(1, 99, places=1).map(str),
        "place": st.sampled_from(PLACES),
        "first": st.sampled_from(FIRST),
        "last": st.sampled_from(LAST),
        "year": st.integers(2027, 2039).map(str),
        "count": st.integers(1_000, 99_999).map("{:,}".format),
    }
)
FIGURES = ("day", "month", "amount", "percent", "year", "count")


def written(facts: dict[str, str], **fields: Any) -> Release:
    return office.release(**({"body": tuple(paragraph.format(**facts) for paragraph in BODY)} | fields))


@pytest.fixture
def runs(redis_url: str) -> Iterator[Callable[..., list[str]]]:
    """Read releases one after the other into an empty memory; return what was told of them, in order."""
    runner = asyncio.Runner()
    client = Redis.from_url(redis_url)

    async def read(*releases: Release) -> list[str]:
        await client.flushall()
        bureau = Bureau(client)
        for release in releases:
            await bureau.read(release)
            bureau.clock.forward(minutes=20)
        return await bureau.types()

    yield lambda *releases: runner.run(read(*releases))
    runner.run(client.aclose())
    runner.close()


def how(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


AGAIN = {"url": "https://harbour-wire.example/news/once-more", "published_at": "2026-03-10T10:30:00+00:00"}
ELSEWHERE = {"url": f"https://{office.MIRROR}.example/ferries", "published_at": "2026-03-10T10:30:00+00:00"}


@how(60)
@given(before=FACTS, after=FACTS, which=st.sampled_from(sorted(FACTS.wrapped_strategy.mapping)))  # type: ignore[attr-defined]
def test_a_fact_that_differs_at_the_same_source_is_told(runs: Any, before: Any, after: Any, which: str) -> None:
    changed = before | {which: after[which]}
    told = runs(written(before), written(changed, **AGAIN))
    assert told == (["new", "syndicated"] if changed == before else ["new", "revised"])


@how(40)
@given(before=FACTS, after=FACTS, which=st.sampled_from(FIGURES))
def test_a_figure_that_differs_on_another_site_is_told(runs: Any, before: Any, after: Any, which: str) -> None:
    changed = before | {which: after[which]}
    told = runs(written(before), written(changed, **ELSEWHERE))
    assert told == (["new", "syndicated"] if changed == before else ["new", "revised"])


@how(20)
@given(facts=FACTS, tickers=st.sampled_from([("OSE:VELM",), ("OSE:VELA",), ("NYSE:VLM", "OSE:VELM")]))
def test_another_ticker_at_the_same_source_is_told(runs: Any, facts: Any, tickers: tuple[str, ...]) -> None:
    told = runs(written(facts, tickers=("OSE:VELM",)), written(facts, tickers=tickers, **AGAIN))
    assert told == ["new", "syndicated" if tickers == ("OSE:VELM",) else "revised"]


@how(20)
@given(before=FACTS, after=FACTS, which=st.sampled_from(FIGURES))
def test_a_fact_that_changes_on_the_page_itself_is_told(runs: Any, before: Any, after: Any, which: str) -> None:
    changed = before | {which: after[which]}
    assert runs(written(before), written(changed)) == (["new"] if changed == before else ["new", "revised"])


BOILERPLATE = (
    "View source version on harbour-wire.example",
    "For more information visit the pages of the company.",
    "About Velmora Ferries Limited",
)


@st.composite
def dressed(draw: st.DrawFn, release: Release) -> Release:
    """The release in another dress: typography, capitals, cut short, with what sites hang on it."""
    body = list(release.body)
    if draw(st.booleans()):
        body = [text.replace('"', draw(st.sampled_from("“„”«"))).replace(" - ", " – ") for text in body]
    if draw(st.booleans()):
        body = [text.replace(" ", "\u00a0", 3) for text in body]
    if draw(st.booleans()):
        body = body[: draw(st.integers(2, len(body)))]
    body += draw(st.lists(st.sampled_from(BOILERPLATE), max_size=2, unique=True))
    headline = draw(st.sampled_from([TITLE, TITLE.upper(), f"{TITLE} ", TITLE.replace("Twelve", "Twelve\u00a0")]))
    return replace(release, headline=headline, body=tuple(body), **ELSEWHERE)  # type: ignore[arg-type]


@how(60)
@given(data=st.data(), facts=FACTS)
def test_another_dress_on_another_site_is_a_copy(runs: Any, data: st.DataObject, facts: dict[str, str]) -> None:
    release = written(facts)
    assert runs(release, data.draw(dressed(release))) == ["new", "syndicated"]


@how(30)
@given(facts=FACTS, company=st.sampled_from(["Corwen Tankers", "Marlow Pilots", "Ellery Docks plc"]))
def test_a_law_firms_alert_about_another_company_is_another_story(runs: Any, facts: Any, company: str) -> None:
    def alert(of: str, deadline: str) -> Release:
        return office.release(
            url=f"https://harbour-wire.example/alert-{of.replace(' ', '-')}",
            headline=f"Investor Alert: Quay & Partners Remind Holders of {of} of the Deadline",
            issuer="Quay & Partners",
            body=(
                f"Quay & Partners reminds holders of {of} who bought shares in the past year that they may ask the "
                f"court to be named lead plaintiff until {deadline}.",
                f"The complaint says that {of} told holders less than it knew about its boats, and that the shares "
                "fell when the truth came out. To join, write to the firm; there is no cost to you.",
                "Quay & Partners has spoken for holders in many courts and has won back what they lost.",
            ),
        )

    first = alert("Velmora Ferries", f"{facts['day']} {facts['month']} {facts['year']}")
    assert runs(first, alert(company, f"{facts['day']} {facts['month']} {facts['year']}")) == ["new", "new"]

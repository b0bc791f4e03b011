"""The demo's script shows every kind of thing that can happen to a release."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta

import pytest

from config.loader import check
from config.settings import ChannelSettings
from scheduler.demo import stories
from scheduler.demo.configuration import configuration, toml_text
from scheduler.demo.newswire import Newswire, serve
from scheduler.demo.script import lines, play


class Clock:
    """A clock that jumps."""

    def __init__(self):
        self.moment = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
        self.slept = 0.0

    def now(self):
        return self.moment

    async def sleep(self, seconds):
        self.slept += seconds
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
async def clock():
    return Clock()


@pytest.fixture
async def wire(clock):
    async with serve(Newswire(now=clock.now)) as serving:
        yield serving


@pytest.mark.parametrize("seconds", [25, 60])
async def test_the_script_takes_the_time_it_is_given_and_leaves_the_last_fifth_quiet(wire, clock, seconds):
    await play(wire, seconds, clock)
    assert clock.slept == pytest.approx(seconds)
    began = clock.moment - timedelta(seconds=seconds)
    last = max(page.modified_at for site in wire.sites.values() for page in site.pages.values())
    assert last <= began + timedelta(seconds=seconds * 0.81)


async def test_every_kind_of_happening_is_in_the_script(wire, clock):
    desk = await play(wire, 60, clock)
    urls = desk.urls
    assert urls["bridges corrected"] == urls["bridges"]
    assert urls["tide corrected"] != urls["tide"]
    assert wire.page(urls["vanishing"]).gone == 404
    assert wire.page(urls["seaplanes withdrawn"]).headline.startswith("/DISREGARD RELEASE")
    assert "78 of 102" in " ".join(wire.page(urls["market"]).handout.body)
    assert wire.page(urls["quarter updated"]).headline.startswith("UPDATE -- ")
    copies = [page for page in wire.sites["quayside"].pages.values() if page.origin]
    assert len(copies) == 4


async def test_one_correction_is_listed_while_its_original_is_not(wire, clock):
    class Watching(Clock):
        order: list[str]

        async def sleep(self, seconds):
            names = [page.headline for page in wire.sites["harbourline"].listed("HarbourPark")]
            self.order += [name for name in names if "Tinderbox" in name and name not in self.order]
            await super().sleep(seconds)

    watching = Watching()
    watching.order = []
    await play(wire, 25, watching)
    headline = stories.EARLY_CORRECTION_ORIGINAL.headline
    assert watching.order == [f"Correcting and Replacing: {headline}", headline]


async def test_what_changes_in_place_was_up_long_enough_to_be_read(wire):
    class Desk:
        def __init__(self):
            self.calls = []

        def __getattr__(self, name):
            return lambda release, *rest: self.calls.append((name, release))

    desk = Desk()
    when = {}
    for part, line in lines(desk):
        line()
        when.setdefault(desk.calls[-1], part)
    assert list(when.values()) == sorted(when.values())
    for changed in (("remove", "vanishing"), ("edit", "market"), ("correct", "bridges")):
        assert when[changed] - when["publish", changed[1]] >= 0.25, changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (stories.TRAM_BATTERIES, stories.TRAM_BATTERIES_CORRECTED),
        (stories.TIDE_FUND, stories.TIDE_FUND_CORRECTED),
        (stories.BRIDGE_SENSORS, stories.BRIDGE_SENSORS_CORRECTED),
        (stories.NIGHT_MARKET, stories.NIGHT_MARKET_EDITED),
        (stories.QUARTER, stories.QUARTER_UPDATED),
        (stories.EARLY_CORRECTION_ORIGINAL, stories.EARLY_CORRECTION),
    ],
    ids=lambda handout: handout.headline[:20],
)
def test_each_changed_text_differs_from_the_first_in_a_paragraph_or_two(before, after):
    changed = [paragraph for paragraph, other in zip(before.body, after.body, strict=True) if paragraph != other]
    assert 1 <= len(changed) <= 2


async def test_the_configuration_is_one_that_wirewatch_accepts_and_survives_toml(newswire):
    class Console(ChannelSettings):
        pass

    table = configuration(newswire, channels={"screen": {"type": "console"}})
    text = toml_text(table)
    assert tomllib.loads(text) == table
    faults = []
    settings = check(tomllib.loads(text), {"console": Console}, "demo.toml", faults)
    assert faults == []
    assert set(settings.sources) == {"harbourline", "meridian", "pressline", "quayside"}
    assert settings.watched_tags() == ("HarbourPark",)
    assert settings.sources["quayside"].listings[0].entry is None


def test_toml_text_keeps_odd_keys_and_values():
    table = {"a b": 'quote " and \\ and\nline and \x7f', "list": [{"x.y": True}], "t": {"deep": {"n": [1, 2.5]}}}
    assert tomllib.loads(toml_text(table)) == table

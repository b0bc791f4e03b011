"""Alerting: which watches and channels hear, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from bureau import settings

from config.settings import DEFAULT_EVENTS, AlertSettings, EventName
from pipelines.audience import RECALL_EVENTS, Audience, channels_of, due_at, event_name, is_too_old, subscribed
from stories.model.event import EventType
from stories.model.release import Release
from stories.store.releases import KnownRelease

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def release(**fields: Any) -> Release:
    return Release(**({"headline": "Ferries Ordered", "source": "harbour-wire", "tags": ("Velmora",)} | fields))


def known(channels: set[str], watches: set[str]) -> KnownRelease:
    return KnownRelease(release=release(), story="sty_1", replaces=None, releases=1, first=True,
                 channels=frozenset(channels), watches=frozenset(watches))  # fmt: skip


@pytest.fixture
def who() -> Audience:
    return Audience(
        settings=settings(
            watches={
                "velmora": {"tags": ["velmora"], "channels": ["desk"]},
                "new-only": {"query": "ferries", "events": ["new"], "channels": ["log"]},
                "monitor": {"events": ["source"], "channels": ["log"]},
            },
            channels={"desk": None, "log": None},
        ),
        now=NOW,
    )


def test_every_event_is_asked_for_by_a_word_of_the_configuration() -> None:
    asked_for = set(get_args(EventType)) - {"release.linked"}  # it follows the event of its notice
    assert {event_name(kind) for kind in asked_for} == set(get_args(EventName))
    assert {event_name(kind) for kind in get_args(EventType) if "source" in kind} == {"source"}


def test_by_default_a_watch_asks_for_everything_but_copies_and_the_monitor(who: Audience) -> None:
    asked = {kind for kind in get_args(EventType) if subscribed(who.settings.watches, ["velmora"], kind)}
    assert {event_name(kind) for kind in asked} == set(DEFAULT_EVENTS)
    assert not asked & {"release.syndicated", "source.gap", "source.dead", "source.recovered"}


def test_channels_are_those_of_the_watches_that_are_configured(who: Audience) -> None:
    watches = who.settings.watches | settings(watches={"every": {}, "none": {"channels": []}}).watches
    assert channels_of(watches, ["velmora"], ["desk", "log"]) == {"desk"}
    assert channels_of(watches, ["velmora", "every"], ["desk", "log"]) == {"desk", "log"}
    assert channels_of(watches, ["velmora"], ["log"]) == set()
    assert channels_of(watches, ["none", "a watch that went"], ["desk", "log"]) == set()


def test_watches_that_match_any_state_are_named_once(who: Audience) -> None:
    other = release(headline="Boats Ordered")
    assert who.matching(other) == ("velmora", "monitor")
    assert who.matching(other, release(tags=())) == ("velmora", "monitor", "new-only")


def test_a_first_poll_and_an_old_release_are_fresh_to_nobody(who: Audience) -> None:
    old = release(published_at="2026-03-01")
    matched = ("velmora", "new-only")
    assert who.subscribed_channels(matched, "release.new", release()) == {"desk", "log"}
    assert who.subscribed_channels(matched, "release.corrected", release()) == {"desk"}
    assert who.subscribed_channels(matched, "release.new", old) == set()
    assert who.subscribed_channels(matched, "release.new", None) == {"desk", "log"}
    silent = Audience(settings=who.settings, now=NOW, is_silent=True)
    assert (
        silent.subscribed_channels(matched, "release.new", release())
        == silent.subscribed_channels(matched, "release.new", None)
        == set()
    )
    asked = Audience(settings=who.settings, now=NOW, is_requested=True)
    assert asked.subscribed_channels(matched, "release.new", old) == {"desk", "log"}


@pytest.mark.parametrize("kind", sorted(RECALL_EVENTS))
def test_what_takes_back_or_corrects_reaches_every_channel_that_heard(who: Audience, kind: EventType) -> None:
    heard = known({"desk", "log", "a channel that went"}, {"new-only", "a watch that went"})
    assert who.alerted_channels(kind, heard) == {"desk", "log"}
    assert who.event_watches((), kind, heard) == ("new-only",)


@pytest.mark.parametrize("kind", ["release.updated", "release.revised", "release.syndicated"])
def test_what_only_adds_reaches_channels_that_heard_by_a_watch_that_asks(who: Audience, kind: EventType) -> None:
    heard = known({"desk", "log"}, {"velmora", "new-only"})
    told = kind != "release.syndicated"
    assert who.alerted_channels(kind, heard) == ({"desk"} if told else set())
    assert who.event_watches((), kind, heard) == (("velmora",) if told else ())


def test_nobody_is_recalled_to_what_nobody_heard(who: Audience) -> None:
    assert who.alerted_channels("release.corrected", None) == set()
    assert who.alerted_channels("release.corrected", known(set(), {"velmora"})) == set()
    assert who.event_watches(["velmora"], "release.corrected") == ("velmora",)


@pytest.mark.parametrize(
    ("published", "old"),
    [(None, False), ("2026-03-08", False), ("2026-03-07", False), ("2026-03-06", True),
     ("2026-03-08T09:30:00Z", False), ("2026-03-08T09:29:59.999Z", True), ("2026-03-08T17:29:00+08:00", True),
     ("2026-03-01T00:00:00", False), ("9999-12-31T23:59:59+00:00", False), ("0001-01-01T00:00:00+14:00", False)],
)  # fmt: skip
def test_a_release_is_too_old_only_when_that_is_certain(published: str | None, old: bool) -> None:
    assert is_too_old(release(published_at=published), AlertSettings(max_age=timedelta(hours=48)), NOW) is old
    assert not is_too_old(release(published_at=published), AlertSettings(max_age=None), NOW)


@pytest.mark.parametrize(
    ("embargo", "hours"),
    [(None, 0), ("2026-03-10T10:30:00Z", 1), ("2026-03-10T18:30:00+08:00", 1), ("2026-03-10T09:00:00Z", 0),
     ("2026-03-10T10:30:00", 0), ("2099-01-01T00:00:00Z", 0), ("soon", 0)],
)  # fmt: skip
def test_an_embargo_holds_if_it_is_told_to_and_can_be_believed(embargo: str | None, hours: int) -> None:
    under = release(embargoed_until=embargo)
    assert due_at(under, AlertSettings(embargo="hold"), NOW) == NOW + timedelta(hours=hours)
    assert due_at(under, AlertSettings(embargo="mark"), NOW) == NOW


def test_what_follows_a_held_release_waits_for_it() -> None:
    holding = Audience(settings=settings(alerts={"embargo": "hold"}), now=NOW)
    held = KnownRelease(
        release=release(embargoed_until="2026-03-10T12:30:00Z"),
        story="sty_1",
        replaces=None,
        releases=1,
        first=True,
        channels=frozenset(),
        watches=frozenset(),
    )
    assert holding.due_at(release(), held) == NOW + timedelta(hours=3)
    assert holding.due_at(release(embargoed_until="2026-03-10T13:30:00Z"), held) == NOW + timedelta(hours=4)
    assert holding.due_at(release()) == NOW


@pytest.mark.parametrize("wrong", [timedelta(days=3), timedelta(days=-3), timedelta(days=400)])
def test_a_release_is_judged_by_the_clocks_of_the_sites_where_the_own_one_is_wrong(
    who: Audience, wrong: timedelta
) -> None:
    now = Audience(settings=who.settings, now=NOW + wrong, clock_error=wrong)
    fresh, old = (release(published_at=(NOW - age).isoformat()) for age in (timedelta(hours=1), timedelta(days=3)))
    assert now.subscribed_channels(["velmora"], "release.new", fresh) == {"desk"}
    assert now.subscribed_channels(["velmora"], "release.new", old) == frozenset()

"""Configurations that are well-formed and would say nothing."""

from __future__ import annotations

from alerts.channels import channel_types
from config.loader import check
from config.settings import Settings
from scheduler.cli.check import silent_settings
from scheduler.cli.query_warnings import query_warnings

OFF = {
    "title": "Far Wire",
    "enabled": False,
    "reason": "its terms forbid it",
    "listings": [{"url": "https://far.example/"}],
}


def settings(**table: object) -> Settings:
    found = check({"catalog": False, **table}, channel_types(), "wirewatch.toml", faults := [])
    assert found is not None, faults
    return found


def test_a_watch_on_a_source_that_is_off_is_warned_of_with_the_reason() -> None:
    (warning,) = silent_settings(
        settings(
            sources={"far": OFF},
            watches={"desk": {"sources": ["far"]}},
            channels={"log": {"type": "console"}},
        )
    )
    assert "'far', which is off: its terms forbid it" in warning


def test_a_configuration_without_watch_or_channel_is_warned_of() -> None:
    assert "no watch" in silent_settings(settings())[0]
    assert "no channel" in silent_settings(settings(watches={"all": {}}))[0]
    assert silent_settings(settings(watches={"all": {}}, channels={"log": {"type": "console"}})) == []


def test_a_watch_whose_query_cannot_match_is_warned_of_with_its_name() -> None:
    wanted = settings(watches={"desk": {"query": "robots and source:far-wyre"}}, sources={"far-wire": OFF})
    assert query_warnings(wanted, "desk") == [
        "watch 'desk': 'and' is searched for as a word; write AND in capitals, or put the phrase in quotation marks",
        "watch 'desk': source:far-wyre never matches: no source has this name; write source:far-wire",
    ]

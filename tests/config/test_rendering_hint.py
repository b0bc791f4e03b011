"""The hint ``render``: off unless it is said, and a fault of the configuration where it could not work."""

from __future__ import annotations

import tomllib

import pytest

from config.loader import check

TWO_FAULTS = """
catalog = false
[sources.gulls]
listings = [{ url = "https://gulls.example/news" }]
release = { render = true, body = "div[" }
"""


def test_without_the_extra_render_is_a_fault_beside_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.source_settings.find_spec", lambda name: None)
    faults: list = []

    assert check(tomllib.loads(TWO_FAULTS), {}, "wirewatch.toml", faults) is None
    told = [str(fault) for fault in faults]
    assert [fault for fault in told if "release.render" in fault and "wirewatch[render]" in fault]
    assert [fault for fault in told if "release.body" in fault]


def test_no_source_of_the_catalog_is_rendered() -> None:
    settings = check({}, {}, "wirewatch.toml", [])

    assert settings is not None
    assert not [name for name, source in settings.sources.items() if source.hints.render]

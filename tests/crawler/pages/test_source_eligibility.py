"""Which sources may be requested, and under which source a known page is read again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Settings
from crawler.pages.source_eligibility import is_off, is_requestable, owner, refusal
from stories.model.sighting import Poll, PollReason

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
PAGE = "https://wire.example/news/7"


def source(host: str = "wire.example", **more: Any) -> dict[str, Any]:
    return {"listings": [{"url": f"https://{host}/rss"}], **more}


def configured(**sources: dict[str, Any]) -> Settings:
    return Settings.model_validate({"catalog": False, "sources": sources})


POLLS: dict[str, dict[str, Any]] = {
    "listing": {"listing": "https://wire.example/rss"},
    "page": {"urls": (PAGE,)},
}
REASONS: tuple[PollReason, ...] = ("clock", "push", "trigger", "crawl", "gap", "revisit")


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("asks_for", POLLS)
def test_a_source_that_is_off_is_refused_whatever_is_asked_for_and_why(asks_for: str, reason: PollReason) -> None:
    poll = Poll(source="wire", reason=reason, asked_at=NOW, **POLLS[asks_for])
    off = configured(wire=source(enabled=False, reason="its terms forbid it"))
    said = refusal(off, poll) or ""
    assert "'wire' is off (its terms forbid it)" in said
    assert "[sources.wire] enabled = true" in said
    assert refusal(configured(wire=source()), poll) is None
    assert is_off(off, "wire")


@pytest.mark.parametrize("reason", ["clock", "push", "gap", "revisit"])
def test_a_source_that_was_removed_is_refused(reason: PollReason) -> None:
    poll = Poll(source="gone", reason=reason, asked_at=NOW, urls=(PAGE,))
    assert refusal(configured(wire=source()), poll) == "the configuration has no source 'gone'"


@pytest.mark.parametrize("reason", ["crawl", "trigger", "revisit"])
def test_a_page_of_a_host_without_a_source_may_be_read_and_read_again(reason: PollReason) -> None:
    poll = Poll(source="elsewhere.example", reason=reason, asked_at=NOW, urls=("https://elsewhere.example/1",))
    assert refusal(configured(wire=source()), poll) is None


PATTERN = {"url": r"/news/\d+"}


@pytest.mark.parametrize(
    ("before", "sources", "expected"),
    [
        pytest.param("wire", {"wire": source()}, "wire", id="enabled"),
        pytest.param("wire", {"wire": source(enabled=False)}, None, id="off"),
        pytest.param("wire", {}, None, id="removed"),
        pytest.param("wire", {"other": source(release=PATTERN)}, "other", id="renamed, with a pattern that matches"),
        pytest.param("wire", {"other": source(release={"url": "/pr/"})}, None, id="another pattern"),
        pytest.param("wire", {"other": source()}, None, id="no pattern"),
        pytest.param("wire", {"other": source(release=PATTERN, enabled=False)}, None, id="renamed and off"),
        pytest.param("wire", {"other": source("else.example", release=PATTERN)}, None, id="another host"),
        pytest.param(
            "wire",
            {"wire": source(enabled=False), "other": source(release=PATTERN)},
            None,
            id="off, another at its host",
        ),
        pytest.param("wire.example", {}, "wire.example", id="read by hand"),
        pytest.param("wire.example", {"wire": source()}, "wire.example", id="read by hand, before there was a source"),
        pytest.param("wire.example", {"wire": source(enabled=False)}, None, id="read by hand, of a source that is off"),
    ],
)
def test_a_known_page_is_read_again_as_the_source_that_it_belongs_to(
    before: str, sources: dict[str, Any], expected: str | None
) -> None:
    assert owner(configured(**sources), before, PAGE) == expected


def test_waiting_pages_are_requested_for_sources_that_are_on_and_hosts_without_a_source() -> None:
    known = configured(wire=source(), off=source("off.example", enabled=False))
    names = ["wire", "off", "removed", "elsewhere.example"]
    assert [name for name in names if is_requestable(known, name)] == ["wire", "elsewhere.example"]

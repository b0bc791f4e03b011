"""The crash run: its verdict sees what is broken, a short run of it passes, and one with a wrong delivery fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
FIRST = "http://127.0.0.1:1/news/1"
CORRECTION = "http://127.0.0.1:1/news/2"
ALONE = "http://127.0.0.1:1/news/3"
STORIES = [(FIRST, CORRECTION), (ALONE, None)]


@pytest.fixture
def crash(monkeypatch):
    monkeypatch.setattr(sys, "path", [BENCHMARKS, *sys.path])
    import crash

    return crash


def told(name, kind, url, replaces=None, made="first"):
    """An alert as a channel took it."""
    data = {"release": {"url": url}, "replaces": {"url": replaces} if replaces else None, "made": made}
    return name, json.dumps({"id": name, "type": f"release.{kind}", "data": data}).encode()


NEW = told("evt_1", "new", FIRST)
CORRECTED = told("evt_2", "corrected", CORRECTION, replaces=FIRST)
OTHER = told("evt_3", "new", ALONE)
UNTIED = told("evt_2", "corrected", CORRECTION)
TIED = told("evt_4", "corrected", CORRECTION, replaces=FIRST)


def verdict(crash, got, **explained):
    repeats = {"unclear": {}, "crashes": 0, "under_way": 8, "receipts_cut": 0, "events_cut": 0} | explained
    return crash.judge("hook", STORIES, got, crash.Repeats(**repeats))


@pytest.mark.parametrize(
    "got",
    [
        [NEW, CORRECTED, OTHER],
        [OTHER, NEW, CORRECTED],
        [UNTIED, OTHER, TIED],
    ],
    ids=["in order", "stories in any order", "a correction that was read first, and again with its original"],
)
def test_a_run_in_which_all_went_well_breaks_nothing(crash, got):
    assert verdict(crash, got).broken == []


def test_a_repeat_that_a_crash_or_a_lost_answer_explains_breaks_nothing(crash):
    assert verdict(crash, [NEW, NEW, CORRECTED, OTHER], crashes=1).broken == []
    assert verdict(crash, [NEW, NEW, CORRECTED, OTHER], unclear={"evt_1": 1}).broken == []
    anew = told("evt_1", "new", FIRST, made="anew")
    assert verdict(crash, [NEW, anew, CORRECTED, OTHER], crashes=1, receipts_cut=1, events_cut=1).broken == []


@pytest.mark.parametrize(
    ("got", "words"),
    [
        ([NEW, CORRECTED], f"hook: lost {ALONE}"),
        ([NEW, OTHER], f"hook: lost {CORRECTION}"),
        ([UNTIED, OTHER], f"hook: lost {FIRST}"),
        ([CORRECTED, OTHER], f"hook: lost {FIRST}"),
        ([CORRECTED, NEW, OTHER], f"hook: before its original: {CORRECTION}"),
        ([NEW, NEW, CORRECTED, OTHER], "hook: 1 repeats, 0 at the most were to be expected"),
        ([NEW, told("evt_9", "new", FIRST), CORRECTED, OTHER], f"hook: alerted under two ids: {FIRST}"),
        (
            [NEW, CORRECTED, OTHER, told("evt_9", "revised", ALONE)],
            "hook: no input explains a release.revised",
        ),
        ([NEW, told("evt_1", "new", FIRST, made="anew"), CORRECTED, OTHER], "hook: 1 ids came with different bodies"),
    ],
    ids=[
        "a release lost",
        "a correction lost",
        "an original lost behind its correction",
        "an original lost that its correction names",
        "a correction before its original",
        "a repeat that nothing explains",
        "two ids for one thing",
        "an alert of what did not happen",
        "a body that changed",
    ],
)
def test_a_broken_promise_is_named(crash, got, words):
    assert words in verdict(crash, got).broken


SHORT = {
    "stories": 7,
    "kills": 1,
    "each": 1,
    "redis_kills": 1,
    "cuts": 1,
    "refusing": 0.5,
    "too_late": 0,
    "lifetime": 0.5,
}
"""One kill at a random moment, one at every failpoint, one of Redis with the end of its record lost."""


async def test_no_alert_is_lost_while_the_daemon_is_killed_at_every_step(crash):
    found = await crash.run(crash.Options(**SHORT, variants=("short-leases",)))
    assert found.broken == []
    assert set(found.figures["hits of failpoints"].values()) == {1}
    assert found.figures["intake: lost"] == found.figures["audit: lost"] == 0


async def test_the_run_fails_when_receipts_are_written_before_alerts_are_sent(crash, monkeypatch):
    monkeypatch.setattr(crash, "DRAIN_TIMEOUT_SECONDS", 2.0)
    monkeypatch.setattr(crash, "POINTS", ("kept", "alert-settled"))
    found = await crash.run(
        crash.Options(**SHORT | {"stories": 4, "redis_kills": 0, "cuts": 0}, variants=("short-leases", "receipt-first"))
    )
    assert any(words.startswith(("intake: lost", "audit: lost")) for words in found.broken), "whichever was first"

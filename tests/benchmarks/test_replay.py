"""The replay's verdict: a harness that cannot fail proves nothing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.demo.stories import Handout

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")


@pytest.fixture
def replay(monkeypatch):
    monkeypatch.setattr(sys, "path", [BENCHMARKS, *sys.path])
    import replay

    return replay


@pytest.fixture
def corpus(replay):
    def item(name):
        handout = Handout(headline=f"Headline of {name}", body=(f"Body of {name}.",), issuer="Somebody")
        return replay.Item(id=name, handout=handout, printed_at=datetime(2026, 1, 1, tzinfo=UTC))

    def pair(label, first, second, marked):
        return replay.Pair(label=label, first=item(first), second=item(second), marked=marked)

    return replay.Corpus(
        singles=(item("single"),),
        pairs=(
            pair("correction", "told", "told-corrected", True),
            pair("correction", "silent", "silent-corrected", False),
            pair("template", "serial-1", "serial-2", False),
        ),
    )


@pytest.fixture
def published(replay, corpus):
    urls = {item.id: f"http://127.0.0.1:1/{item.id}" for item in corpus.items}
    return replay.Published(url=urls, copy={"single": "http://127.0.0.1:2/copy"})


def event(name, kind, story, replaces=None):
    return {
        "id": f"evt_{name}_{kind}",
        "type": f"release.{kind}",
        "data": {
            "story": {"id": story, "releases": 1},
            "release": {"url": f"http://127.0.0.1:1/{name}"},
            "replaces": {"url": f"http://127.0.0.1:1/{replaces}"} if replaces else None,
        },
    }


@pytest.fixture
def told():
    return [
        event("single", "new", "s1"),
        event("told", "new", "s2"),
        event("told-corrected", "corrected", "s2", replaces="told"),
        event("silent", "new", "s3"),
        event("silent-corrected", "revised", "s3"),
        event("serial-1", "new", "s4"),
        event("serial-2", "new", "s5"),
    ]


def test_a_run_in_which_all_went_well_breaks_nothing(replay, corpus, published, told):
    verdict = replay.judge(corpus, published, told, told)
    assert verdict.broken == []
    figures = dict(verdict.figures)
    assert figures["alerted once, as new"] == "5"
    assert figures["correction pairs, silent, linked"] == "1 of 1"
    assert figures["look-alike pairs kept apart"] == "1 of 1"


def test_the_same_alert_delivered_again_is_not_a_second_alert(replay, corpus, published, told):
    assert replay.judge(corpus, published, [*told, told[0]], told).broken == []


def missed(told):
    return told[1:]


def alerted_twice(told):
    return [*told, event("single", "revised", "s1")]


def a_copy_alerted(told):
    copy = event("single", "new", "s1")
    copy["data"]["release"]["url"] = "http://127.0.0.1:2/copy"
    return [*told, copy | {"id": "evt_copy"}]


def not_linked(told):
    return [payload | {"data": payload["data"] | {"replaces": None}} for payload in told]


def a_silent_correction_is_new(told):
    return [
        event("silent-corrected", "new", "s9") if "silent-corrected" in payload["id"] else payload for payload in told
    ]


def a_look_alike_swallowed(told):
    return told[:-1]


@pytest.mark.parametrize(
    ("happening", "words"),
    [
        (missed, "missed"),
        (alerted_twice, "alerted twice"),
        (a_copy_alerted, "copy alerted"),
        (not_linked, "correction not linked"),
        (a_silent_correction_is_new, "correction not linked"),
        (a_look_alike_swallowed, "missed"),
    ],
)
def test_a_broken_promise_is_reported_with_the_release_it_was_broken_for(
    replay, corpus, published, told, happening, words
):
    happened = happening(told)
    broken = replay.judge(corpus, published, happened, happened).broken
    assert len(broken) == 1
    assert broken[0].startswith(words)
    assert "Headline of" in broken[0]

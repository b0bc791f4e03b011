"""What a webhook carries of a large release: no more than is advised, and what a reader of a correction needs."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.payload import MAX_PAYLOAD_BYTES, fit_payload

API = "https://watch.example"
KEPT = (
    "id",
    "revision",
    "url",
    "source",
    "wire",
    "headline",
    "subheadline",
    "published_at",
    "embargoed_until",
    "notice",
)


def correction(event_of, **release: Any) -> dict[str, Any]:
    notice = {"kind": "correction", "marker": "CORRECTION", "statement": "The figure is 2.4 billion."}
    shown = {"subheadline": "It is more", "revision": 1, "about": ["About Acme."], "disclaimer": "No advice."}
    event = event_of(1, "release.corrected", **(shown | {"notice": notice} | release))
    event["data"]["replaces"] = {"id": "rel_0", "url": "https://wire.example/0", "headline": "Acme earns 2.1 billion"}
    event["data"]["changes"] = [{"field": "body", "paragraph": 1, "before": "It was 2.1.", "after": "It was 2.4."}]
    return event


def paragraphs(count: int, size: int = 500) -> list[str]:
    return [f"Paragraph {number}. ".ljust(size, "ü") for number in range(count)]


def test_a_release_that_fits_goes_byte_for_byte(event_of):
    event = msgspec.json.encode(correction(event_of))
    assert fit_payload(event, "full", API) is event


def test_a_large_release_loses_its_last_paragraphs_says_so_and_links_to_the_rest(event_of):
    event = correction(event_of, body=paragraphs(30), about=paragraphs(3))
    shown = json.loads(fit_payload(msgspec.json.encode(event), "full", API))
    assert MAX_PAYLOAD_BYTES - 2_000 < len(msgspec.json.encode(shown)) <= MAX_PAYLOAD_BYTES, (
        "no more is left out than must be"
    )
    body = shown["data"]["release"]["body"]
    assert 10 < len(body) < 30
    assert body == paragraphs(30)[: len(body)], "from the end, each one whole"
    assert shown["data"]["release"]["about"] == []
    assert (shown["data"]["truncated"], shown["data"]["full"]) == (True, f"{API}/api/v1/releases/rel_1")
    assert shown["data"]["changes"] == event["data"]["changes"]
    assert shown["data"]["release"]["disclaimer"] == "No advice.", "what is small stays while paragraphs can go"


def test_a_body_of_links_has_no_paragraph_and_still_says_what_changed(event_of):
    event = correction(event_of)
    shown = json.loads(fit_payload(msgspec.json.encode(event), "link", API))
    assert (shown["data"]["release"]["body"], shown["data"]["release"]["about"]) == ([], [])
    assert shown["data"]["changes"] == event["data"]["changes"]
    assert shown["data"]["truncated"] is True
    assert [name for name in KEPT if shown["data"]["release"].get(name) != event["data"]["release"].get(name)] == []


def test_a_release_without_paragraphs_is_not_said_to_be_truncated(event_of):
    event = correction(event_of, body=[], about=[])
    shown = json.loads(fit_payload(msgspec.json.encode(event), "link", API))
    assert (shown["data"]["truncated"], shown["data"]["full"]) == (False, f"{API}/api/v1/releases/rel_1")


def test_changes_that_are_too_large_are_cut_to_what_differs(event_of):
    event = correction(event_of, body=paragraphs(5, 4_000))
    same = "The quick brown fox jumps over the lazy dog. " * 100
    event["data"]["changes"] = [
        {"field": "body", "paragraph": number, "before": f"{same}costs 5 euros", "after": f"{same}costs 7 euros"}
        for number in range(1, 6)
    ]
    shown = json.loads(fit_payload(msgspec.json.encode(event), "full", API))["data"]
    assert len(shown["changes"]) == 5
    assert shown["changes"][4]["before"].startswith("…")
    assert shown["changes"][4]["before"].endswith("costs 5 euros")
    assert shown["changes"][4]["after"].endswith("costs 7 euros")
    assert shown["replaces"] == event["data"]["replaces"]


@pytest.mark.parametrize("body", ["full", "link"])
def test_the_monitors_own_events_go_as_they_are(body):
    event = (
        b'{"type":"source.dead","id":"evt_1","data":{"watches":[],"source":"wire","detail":"' + b"x" * 30_000 + b'"}}'
    )
    assert fit_payload(event, body, API) == event


words = st.lists(st.text(max_size=3_000), max_size=12)


@given(words, words, words, words, st.sampled_from(["full", "link"]), st.integers(3_000, 30_000))
def test_whatever_a_release_holds_it_fits_and_the_same_event_gives_the_same_bytes(
    body, about, contacts, changed, mode, limit
):
    release = {"id": "rel_1", "headline": "Acme", "body": body, "about": about, "contacts": contacts, "tags": []}
    changes = [{"field": "body", "paragraph": 1, "before": text, "after": text[::-1]} for text in changed]
    data = {"watches": [], "story": {"id": "sty_1"}, "release": release, "replaces": None, "changes": changes}
    event = msgspec.json.encode({"type": "release.corrected", "id": "evt_1", "timestamp": "", "data": data})
    sent = fit_payload(event, mode, API, limit)
    assert sent == fit_payload(event, mode, API, limit)
    assert len(sent) <= limit or (mode == "link" and len(event) < limit)
    shown = json.loads(sent)
    assert (shown["id"], shown["data"]["release"]["headline"]) == ("evt_1", "Acme")

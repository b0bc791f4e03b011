"""What an event says of its notice's claims, in the JSON that every channel and the API show."""

from __future__ import annotations

from typing import Any

import msgspec

from stories.model.event import Event, Replaced, event_json
from stories.model.release import Change, Notice, Release

SAID = "The bakery has 12 ovens, not 21 ovens."
ORIGINAL = Replaced(id="rel_1", url=None, source=None, headline="Lantern Foods Opens a Bakery", published_at=None)


def told(**event: Any) -> Any:
    release = Release(
        id="rel_2",
        headline="Lantern Foods Opens a Bakery",
        notice=Notice(kind="correction", marker="CORRECTION", headline="Lantern Foods Opens a Bakery", statement=SAID),
    )
    happened = Event(id="evt_1", type="release.corrected", timestamp="", release=event.pop("release", release), **event)
    return msgspec.json.decode(event_json(happened))["data"]


def test_a_correction_says_what_was_wrong_and_that_the_changes_show_it() -> None:
    changed = Change(field="body", paragraph=1, before="It has 21 ovens.", after="It has 12 ovens.")
    data = told(replaces=ORIGINAL, changes=(changed,))
    assert data["claims"] == [{"wrong": "21 ovens", "right": "12 ovens", "state": "confirmed"}]


def test_a_claim_is_unclear_while_it_is_not_known_what_the_notice_replaces() -> None:
    assert [claim["state"] for claim in told()["claims"]] == ["unclear"]


def test_a_release_without_a_notice_claims_nothing() -> None:
    assert told(release=Release(id="rel_3", headline="Lantern Foods Opens a Bakery"))["claims"] == []

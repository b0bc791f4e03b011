"""The story page finds what was told of a release by the ids that events are given when they are made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from archive_filler import BEGAN

from config.settings import Settings
from pipelines.decision import decide
from pipelines.withdrawals import withdraw
from stories.model.page_result import PageResult
from stories.model.release import Notice, Release
from stories.model.timestamps import timestamp
from stories.store.archive import StoredRelease
from stories.store.releases import KnownRelease, Lookup
from web.view_models.copies import delay
from web.view_models.story import change_event_ids

RELEASE = Release(
    id="rel_one", url="https://harbour-wire.example/1", source="harbour", headline="Plant Opens",
    body=("The plant stores 48 megawatt hours.", "It cost 310 million crowns."), first_seen_at=timestamp(BEGAN),
)  # fmt: skip
REVISED = replace(RELEASE, body=("The plant stores 50 megawatt hours.", "It cost 320 million crowns."))
CORRECTED = replace(
    REVISED, notice=Notice(kind="correction", marker="CORRECTION", headline="Plant Opens", statement="It cost more.")
)
SETTINGS = Settings(catalog=False)


def known(release: Release) -> KnownRelease:
    return KnownRelease(release=release, story="sty_one", replaces=None, releases=1, first=True,
                 channels=frozenset(), watches=frozenset())  # fmt: skip


def stored(release: Release) -> StoredRelease:
    return StoredRelease(at=0, release=release, story="sty_one", verdict="new", why="", replaces=None)


@pytest.mark.parametrize("after", [REVISED, CORRECTED], ids=["revised", "corrected in place"])
def test_what_changed_a_page_in_place_is_found(after):
    knowledge = Lookup(fingerprint=b"", own=known(RELEASE), candidates=())
    keep = decide(after, knowledge, PageResult(url=RELEASE.url or "", source="harbour"), SETTINGS, BEGAN)
    assert keep is not None
    assert keep.events
    assert {event.id for event in keep.events} <= set(change_event_ids(stored(keep.release)))


def test_a_page_that_is_gone_is_found():
    keep = withdraw(known(RELEASE), "not found, seen twice", SETTINGS, BEGAN)
    assert {event.id for event in keep.events} <= set(change_event_ids(stored(keep.release)))


@pytest.mark.parametrize(
    ("seconds", "words"), [(7, "7 s later"), (720, "12 min later"), (7_300, "2 h later"), (200_000, "2 d later")]
)
def test_a_copy_is_so_much_later(seconds, words):
    copy = replace(RELEASE, id="rel_two", first_seen_at=timestamp(BEGAN + timedelta(seconds=seconds)))
    assert delay(RELEASE, copy) == words
    assert delay(RELEASE, RELEASE) is None

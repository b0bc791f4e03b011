"""Whether a poll took up the thread of the one before."""

from __future__ import annotations

import pytest

from crawler.polling.overlap import (
    count_unseen,
    fills_gap,
    gap_edges,
    has_overlap,
    mark,
    marks,
    newest_first,
    window_of,
)
from stories.model.sighting import Sighting


def named(letters, dated=False):
    """Sightings of a listing, in its order; ``dated``: ``a`` came out in January, ``b`` in February …"""
    return [
        Sighting(
            url=f"https://wire.example/{letter}",
            published_at=f"2026-{ord(letter) - ord('a') + 1:02}-01" if dated else None,
        )
        for letter in letters
    ]


@pytest.mark.parametrize(
    ("before", "now", "taken_up"),
    [
        ("dcba", "dcba", True),
        ("dcba", "edcb", True),
        ("dcba", "hgfe", False),
        ("dcba", "hgfed", True),
        ("Zdcba", "Zhgfe", False),
        ("ZYdcba", "ZYlkjihgfe", False),
        ("dcba", "cbaz", True),
        ("dcba", "", False),
    ],
    ids=[
        "nothing changed",
        "one is new",
        "all are new",
        "the last is known",
        "one is pinned above nothing but new ones",
        "two are pinned above nothing but new ones",
        "one was taken away, an older one came back",
        "nothing is shown",
    ],
)
def test_a_thread_is_taken_up_where_something_known_is_reached(before, now, taken_up):
    assert has_overlap(named(now), window_of(named(before))) is taken_up


def test_a_listing_whose_newest_stands_last_is_read_from_there():
    rising = named("abcdefgh", dated=True)
    assert [sighting.url[-1] for sighting in newest_first(rising)] == list("hgfedcba")
    assert has_overlap(named("cdefgh", dated=True), window_of(named("abc", dated=True)))
    assert not has_overlap(named("defgh", dated=True), window_of(named("abc", dated=True)))


def test_a_thread_may_be_found_pages_behind():
    window = window_of(named("dcba"))
    assert not has_overlap(named("lkji"), window)
    assert has_overlap(named("lkji") + named("hgfe") + named("dcba"), window)


def test_news_are_what_the_window_did_not_show():
    window = window_of(named("dcba"))
    assert [count_unseen(named(now), window) for now in ("dcba", "edcb", "hgfe")] == [0, 1, 4]


def test_a_gap_is_filled_by_a_reading_from_one_edge_to_the_other():
    before, after = gap_edges(named("tsrq"), window_of(named("dcba")))
    assert before == tuple(marks(window_of(named("dcba"))))
    through = {mark(sighting) for sighting in named("tsrqponmlkjihgfedcba")}
    part = {mark(sighting) for sighting in named("tqd")}
    assert fills_gap(through, before, after, same_listing=True)
    assert fills_gap(through, before, after, same_listing=False)
    assert fills_gap(part, before, after, same_listing=True)
    assert not fills_gap(part, before, after, same_listing=False)
    assert not fills_gap({mark(sighting) for sighting in named("tsrqponm")}, before, after, same_listing=True)
    assert not fills_gap(through, (), after, same_listing=True)

"""Ids: the same thing has the same id, and another thing another."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.model.ids import crawl_id, event_id, release_id, release_id_bytes, story_id

SHAPE = re.compile(r"(rel|sty|evt|crl)_[0-9A-HJKMNP-TV-Z]{26}")


@given(st.text(), st.text(), st.integers(1, 99))
def test_ids_have_one_shape_and_are_made_of_what_they_name(kind: str, release: str, revision: int) -> None:
    for make in (
        lambda: release_id(release),
        lambda: story_id(release),
        lambda: event_id(kind, release, revision),
    ):
        assert SHAPE.fullmatch(make())
        assert make() == make()


def test_what_differs_in_any_part_is_another_event() -> None:
    ids = [
        event_id("release.new", "rel_1", 1),
        event_id("release.corrected", "rel_1", 1),
        event_id("release.new", "rel_2", 1),
        event_id("release.new", "rel_1", 2),
        event_id("release.new", "rel_1", 1, "replaces", "rel_0"),
        event_id("release.new", "rel_1", 11),
        event_id("release.new", "rel_11", 1),
    ]
    assert len(set(ids)) == len(ids)


def test_the_ids_of_this_version_are_those_of_the_next_one() -> None:
    # Stored and told: another value would tell every known release again.
    assert release_id("0" * 32) == "rel_44W30ENYN9B8TC54ZJF2P55S2W"
    assert event_id("release.new", "rel_1", 1) == "evt_3RV11VFFF81F7YN9MEEMFHPENP"


@given(st.text())
def test_an_id_writes_all_of_its_number(page: str) -> None:
    number = hashlib.sha256(page.encode("utf-8", "surrogatepass")).digest()[:16]
    assert release_id_bytes(release_id(page)) == number


def test_asking_twice_is_two_crawls() -> None:
    assert SHAPE.fullmatch(crawl_id())
    assert crawl_id() != crawl_id()


@given(st.binary(min_size=16, max_size=16))
def test_the_number_of_a_release_is_what_its_id_writes(number: bytes) -> None:
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    value = int.from_bytes(number, "big")
    written = "".join(digits[value >> shift & 31] for shift in range(125, -1, -5))
    assert release_id_bytes(f"rel_{written}") == number


@pytest.mark.parametrize("wrong", ["", "rel_", "rel_none", "sty_" + "0" * 26, "rel_" + "0" * 25])
def test_what_is_no_id_of_a_release_has_no_number(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a release id"):
        release_id_bytes(wrong)

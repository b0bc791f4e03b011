"""Tidy: what a page printed becomes what is stored and told."""

from __future__ import annotations

import msgspec
import press_office as office
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import blocking_keys_of
from pipelines.tidy import clean_line, tidy, writable
from stories.db.codec import pack, unpack
from stories.model.release import Dateline, Image, Release

TITLE = office.ANNOUNCEMENTS[0].headline
any_text = st.text(st.characters())  # halves of characters among them


def test_the_marker_goes_from_the_headline_into_the_notice() -> None:
    tidied = tidy(office.release(headline=f"CORRECTION: {TITLE}"), office.WIRE)
    assert tidied.headline == TITLE
    assert tidied.notice is not None
    assert (tidied.notice.kind, tidied.source) == ("correction", office.WIRE)


def test_a_headline_that_is_all_marker_keeps_the_one_known_before_or_what_is_printed() -> None:
    printed = "/C O R R E C T I O N -- Velmora Ferries Limited/"
    before = tidy(office.release(), office.WIRE)
    assert tidy(office.release(headline=printed), office.WIRE, before).headline == TITLE
    assert tidy(office.release(headline=printed), office.WIRE).headline == printed


def test_the_company_that_a_marker_names_is_the_issuer_where_the_page_names_none() -> None:
    signed = Release(headline="CORRECTION by Lantern Foods: Bakery Opens in June")
    assert (tidy(signed, "wire").headline, tidy(signed, "wire").issuer) == ("Bakery Opens in June", "Lantern Foods")
    assert tidy(Release(headline="/C O R R E C T I O N -- Lantern Foods/"), "wire").issuer == "Lantern Foods"
    read = Release(headline="CORRECTION by Lantern Foods: Bakery Opens in June", issuer="Lantern Foods, Inc.")
    assert tidy(read, "wire").issuer == "Lantern Foods, Inc."


def test_a_notice_that_went_is_no_longer_there() -> None:
    corrected = tidy(office.release(headline=f"CORRECTION: {TITLE}"), office.WIRE)
    assert tidy(office.release(), office.WIRE, corrected).notice is None


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("  Two\n lines\tand\u00a0tabs ", "Two lines and tabs"),
        ("Zero\u200bwidth and\u00ad soft", "Zerowidth and soft"),
        ("bell\x07 and escape \x1b[31m", "bell and escape [31m"),
        ("\u202eevil\u202c turned", "evil turned"),
        ("Cafe\u0301 opens", "Café opens"),
        ("Rocket \U0001f680, sign of Unicode 16 \U0001cc00", "Rocket \U0001f680, sign of Unicode 16 \U0001cc00"),
        ("\x00\x01\u200b", ""),
    ],
    ids=["spaces", "zero width", "control", "direction", "composed", "newer than our tables", "nothing"],
)  # fmt: skip
def test_a_headline_is_one_line_of_what_is_seen(printed: str, shown: str) -> None:
    assert clean_line(printed) == shown


def test_each_tag_is_there_once_without_its_sign() -> None:
    tidied = tidy(office.release(tags=("#HKSTP", "hkstp", "＃I&T", "#", " ", "Belt&Road")), office.WIRE)
    assert [tag.casefold() for tag in tidied.tags] == ["hkstp", "i&t", "belt&road"]


def test_halves_of_characters_are_joined_or_replaced_everywhere() -> None:
    broken = Release(
        headline="Half \ud83d and whole \ud83d\ude80",
        body=("\udfff",),
        dateline=Dateline(place="H\ud800K"),
        images=(Image(url="https://harbour-wire.example/1.png", caption="\ud83d"),),
        contacts=("sound",),
    )
    mended = writable(broken)
    assert mended.headline == "Half \ufffd and whole \U0001f680"
    assert (mended.body, mended.contacts) == (("\ufffd",), ("sound",))
    assert mended.dateline == Dateline(place="H\ufffdK")
    assert mended.images[0].caption == "\ufffd"
    sound = office.release()
    assert writable(sound) is sound


@given(any_text, st.lists(any_text, max_size=4), any_text)
def test_whatever_a_page_prints_can_be_kept_told_and_found_again(headline: str, body: list[str], tag: str) -> None:
    read = Release(headline=headline, body=tuple(body), tags=(tag,), issuer=tag or None, url="https://a.example/1")
    tidied = tidy(read, office.WIRE)
    assert unpack(pack(tidied)) == tidied
    assert msgspec.json.encode(tidied)
    assert blocking_keys_of(tidied)
    assert "\n" not in tidied.headline

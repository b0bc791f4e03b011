"""What was searched for is marked in what was found."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.view_models.highlighting import EXCERPT_CONTEXT, Highlights


def found(query: str, text: str, field: str = "headline") -> list[str]:
    return [piece.text for piece in Highlights(query).marked(text, field) if piece.is_match]


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("ferry", "Ferry late, ferries later", ["Ferry"]),
        ("ferr*", "Ferry late, ferries later", ["Ferry", "ferries"]),
        ("cafe", "Das Café", ["Café"]),
        ("ferry OR late", "A late ferry", ["late", "ferry"]),
        ("ferry NOT late", "A late ferry", ["ferry"]),
        ('"science park"', "A Science-Park in the park", ["Science-Park"]),
        ("電池", "港口電池廠落成", ["電池"]),
        ("電池 OR 池廠", "港口電池廠落成", ["電池廠"]),
        ("body:ferry", "Ferry late", []),
        ("headline:ferry", "Ferry late", ["Ferry"]),
        ("(ferry", "Ferry late", []),
        ("", "Ferry late", []),
        ("tag:boats", "boats", []),
    ],
)
def test_words_are_marked_as_they_match(query, text, marked):
    assert found(query, text) == marked


def test_an_excerpt_shows_the_first_place_with_what_stands_beside_it():
    long = "word " * 100 + "ferry " + "word " * 100
    pieces = Highlights("ferry").excerpt(["Nothing here.", long], "body")
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("… word")
    assert text.endswith("word …")
    assert len(text) <= 2 * EXCERPT_CONTEXT + 12
    assert [piece.text for piece in pieces if piece.is_match] == ["ferry"]
    assert Highlights("ferry").excerpt(["Nothing here."], "body") == ()


@given(st.text(alphabet="aé 電池<&'-\u0301İß", max_size=60), st.sampled_from(["a*", "電", "é", "ss", "i*", '"a é"']))
def test_no_text_is_lost_or_changed_by_marking(text, query):
    pieces = Highlights(query).marked(text, "body")
    assert "".join(piece.text for piece in pieces) == unicodedata.normalize("NFC", text)

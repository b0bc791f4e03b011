"""Patterns on RE2."""

from __future__ import annotations

import pytest
from pumping import cpu_seconds

from stories.text.linear_regex import LinearPattern, LinearTable, linear

WIRES = LinearTable(
    ((r"//wire\.example/news/.*?-(?P<id>\d+)\.html", "Wire"), (r"//(?P<id>\w+)\.example/", "Other")), ignore_case=True
)


def test_a_match_answers_as_those_of_the_standard_library_do():
    match = linear(r"/news/(?P<id>\d+)").search("https://wire.example/news/42?page=1")
    assert match is not None
    assert (match["id"], match.groupdict(), match[0]) == ("42", {"id": "42"}, "/news/42")
    assert linear(r"/news/(?P<id>\d+)").search("https://wire.example/news/") is None


def test_places_are_counted_in_characters():
    match = linear("b+").search("新聞é bb")
    assert match is not None
    assert match.span() == (4, 6)


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)b", "(?<=a)b", r"(a)\1", "("])
def test_what_cannot_be_searched_in_linear_time_is_refused_with_its_reason(pattern, capfd):
    with pytest.raises(ValueError, match=r"\w+"):
        linear(pattern)
    assert capfd.readouterr().err == ""


def test_a_half_of_a_character_is_no_fault():
    assert linear("x").search("\ud83dx") is not None
    assert WIRES.search("//wire.example/news/\udc80-7.html") is not None


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("https://wire.example/news/dock-opens-7.html", ("Wire", "7")),
        ("https://WIRE.EXAMPLE/news/dock-opens-7.html", ("Wire", "7")),
        ("https://other.example/", ("Other", "other")),
        ("https://site.test/", None),
    ],
)
def test_the_first_row_that_is_found_counts(address, named):
    found = WIRES.search(address)
    assert (found and (found[1], found[0]["id"])) == named


@pytest.mark.parametrize("pump", ["//wire.example/news/", "//wire.example/news/a-", "0", "/", "é"])
def test_a_megabyte_is_searched_in_a_moment(pump):
    text = (pump * 1_000_000)[:1_000_000]
    assert cpu_seconds(lambda: WIRES.search(text), 5.0, runs=3) < 1.0
    assert cpu_seconds(lambda: LinearPattern(r"(?:a+)+/.*/.*x$").search(text), 5.0, runs=3) < 1.0

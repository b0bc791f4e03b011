"""Patterns over words: what each element matches, and that no text makes the search slow."""

from __future__ import annotations

import time

import pytest

from stories.text.token_patterns import Pattern, PatternSet
from stories.text.tokens import Tokens

CLASSES = {"release": "(press | news)? release | announcement"}


def found(pattern: str, text: str) -> str | None:
    """Return what a pattern matches in a text, as printed."""
    tokens = Tokens(text, 10_000)
    match = Pattern(pattern, CLASSES).search(tokens)
    return tokens.printed(match.first, match.last) if match else None


@pytest.mark.parametrize(
    ("pattern", "text", "printed"),
    [
        ("replace the {release}", "Please REPLACE the press release now", "REPLACE the press release"),
        ("replace the {release}", "Please replace the oven", None),
        ("replace ~3 release", "replace the old, dull release", None),
        ("replace ~4 release", "replace the old, dull release", "replace the old, dull release"),
        ("error ~6 release", "An error. This release is new.", None),
        ("error ~~6 release", "An error. This release is new.", "error. This release"),
        ("(a | an)? error", "an error", "an error"),
        ("*mitteilung", "Die Ad-hoc-Mitteilung vom 3. Mai", "Mitteilung"),
        ("korrig*", "Korrigierte Fassung", "Korrigierte"),
        ("*tiedot*", "Oikaisu pörssitiedotteeseen", "pörssitiedotteeseen"),
        ("^ correction", "A correction", None),
        ("correction $", "A correction", "correction"),
        ("rns #", "under RNS 1234A today", "RNS 1234A"),
        ("correction —", "Correction - Results", "Correction -"),
        ("correction — results", "Correction -- Results", "Correction -- Results"),
        ("correction —", "correction-fluid", None),
        ("re-issue", "Re‑issue of notice", "Re‑issue"),
        ("更正公告", "年報之更正公告", "更正公告"),
        ("correccion", "CORRECCIÓN: abre", "CORRECCIÓN"),
        ("today ' s release", "today’s release", "today’s release"),
        ("oyj ∶ n", "Lantern Oyj:n tiedote", "Oyj:n"),
    ],
)
def test_a_pattern_finds_its_words(pattern: str, text: str, printed: str | None) -> None:
    assert found(pattern, text) == printed


def test_a_group_gives_its_place() -> None:
    tokens = Tokens("Please replace $5 million with $6 million.", 100)
    match = Pattern("replace @wrong(~4) with @right(~4) .").search(tokens)
    assert match is not None
    assert {name: tokens.printed(*place) for name, place in match.groups.items()} == {
        "wrong": "$5 million",
        "right": "$6 million",
    }


def test_the_longest_phrase_of_a_choice_is_preferred() -> None:
    assert found("(correction | correction notice | correction from source)", "Correction from Source: X") == (
        "Correction from Source"
    )


@pytest.mark.parametrize("source", ["(a", "a)", "a ( b | c", "~", "{", "@x(a"])
def test_what_is_no_pattern_is_refused(source: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Pattern(source)


def test_only_patterns_whose_words_a_text_holds_are_tried() -> None:
    patterns = PatternSet([Pattern("please replace"), Pattern("disregard the release"), Pattern("*mitteilung")])
    assert patterns.candidates(["disregard", "it"]) == [1, 2]


def test_the_time_grows_with_the_text_and_not_faster() -> None:
    pattern = Pattern("(a | b)? ~~40 (a b | b a) ~~40 (a | b) ~~40 end $")
    shorter, longer = Tokens("a b end . " * 500, 100_000), Tokens("a b end . " * 2_000, 100_000)
    spent = []
    for tokens in (shorter, longer):
        started = time.process_time()
        assert pattern.search(tokens) is None
        spent.append(time.process_time() - started)
    assert spent[1] < 10 * max(spent[0], 0.01)

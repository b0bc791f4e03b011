"""The words of dates in all languages: months, weekdays, halves of the day; one table of ``[dates]`` a language.

Every reader of dates takes its patterns from here: page dates, datelines, listings, notices, comparison of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal, TypeAlias

import msgspec

from stories.text.case_folding import fold
from stories.text.languages import language_tables

HalfDay = Literal["am", "pm", "noon"]
Abbreviations = Literal["none", "English", "all"]
_Tree: TypeAlias = "dict[str, _Tree]"


class DateWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[dates]`` of one language: lists of 12 months or 7 weekdays; spaces separate the forms of an entry."""

    months: list[str] = []
    """Names in lower case, in every form that dates have ("stycznia", "tammikuuta")."""
    month_abbreviations: list[str] = []
    """Without a full stop."""
    needs_year: str = ""
    """Names that are other words in some language ("out", "des"): a month only in a date with a year."""
    month_numerals: list[str] = []
    """Numbers that name months behind another word: "tháng mười hai"."""
    weekdays: list[str] = []
    weekday_abbreviations: list[str] = []
    am: str = ""
    pm: str = ""
    noon: str = ""
    am_after: str = ""
    """Words that stand after a time: "SA", "π.μ."."""
    pm_after: str = ""
    updated: str = ""
    """Words before a date at which a page was changed, not published: "updated", "aktualisiert"."""


@cache
def date_words() -> dict[str, DateWords]:
    """Return the words of dates by language tag.

    Raises:
        msgspec.ValidationError: a table has an unknown key or a value of another type.
    """
    return {
        tag: msgspec.convert(table["dates"], type=DateWords)
        for tag, table in language_tables().items()
        if "dates" in table
    }


def _forms(entries: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield each form with the number of its entry, counted from 1."""
    for number, entry in enumerate(entries, 1):
        for form in entry.split():
            yield form, number


@cache
def month_names(*, without_year: bool = False) -> dict[str, int]:
    """Return month numbers by name and abbreviation, in lower case.

    Args:
        without_year: leave out names that only count in a date with a year.
    """
    names: dict[str, int] = {}
    excluded: set[str] = set()
    for words in date_words().values():
        names.update(_forms(words.months))
        names.update(_forms(words.month_abbreviations))
        excluded.update(words.needs_year.split())
    return {name: number for name, number in names.items() if not without_year or name not in excluded}


@cache
def _folded_months() -> dict[str, int]:
    return {fold(name): number for name, number in month_names().items()}


def month_number(name: str) -> int:
    """Return the number of a month as printed: any case, with or without accents and full stop.

    Raises:
        KeyError: no language names a month so.
    """
    return _folded_months()[fold(name.rstrip(".").replace("İ", "i"))]


@cache
def weekday_names(*, abbreviations: Abbreviations = "English") -> frozenset[str]:
    """Return the weekdays of all languages in lower case.

    Args:
        abbreviations: which to add. Those of other languages are short words in English ("so", "do", "mar").
    """
    found: set[str] = set()
    for tag, words in date_words().items():
        found.update(form for form, _ in _forms(words.weekdays))
        if abbreviations == "all" or (abbreviations == "English" and tag == "en"):
            found.update(form for form, _ in _forms(words.weekday_abbreviations))
    return frozenset(found)


@cache
def half_days() -> dict[str, HalfDay]:
    """Return the words that stand before a time and say which half of the day it is in, with that half."""
    found: dict[str, HalfDay] = {}
    for words in date_words().values():
        found.update(dict.fromkeys(words.am.split(), "am"))
        found.update(dict.fromkeys(words.pm.split(), "pm"))
        found.update(dict.fromkeys(words.noon.split(), "noon"))
    return found


@cache
def half_days_after() -> dict[str, HalfDay]:
    """Return the words, in lower case, that stand after a time and say which half of the day it is in."""
    found: dict[str, HalfDay] = {}
    for words in date_words().values():
        found.update(dict.fromkeys(words.am_after.lower().split(), "am"))
        found.update(dict.fromkeys(words.pm_after.lower().split(), "pm"))
    return found


@cache
def update_words() -> frozenset[str]:
    """Return the words before a date at which a page was changed, in lower case."""
    return frozenset(word for words in date_words().values() for word in words.updated.split())


@cache
def month_numerals() -> dict[str, int]:
    """Return month numbers by numeral, each in lower case with single spaces: "mười hai"."""
    return {
        numeral: number for words in date_words().values() for number, numeral in enumerate(words.month_numerals, 1)
    }


def hour_in_day(hour: int, half: HalfDay | None) -> int:
    """Return the hour of the day, 0 to 24, of an hour as printed in one of its halves."""
    if half is None or hour > 12:
        return hour
    is_afternoon = half == "pm" or (half == "noon" and hour < 11)
    return hour % 12 + (12 if is_afternoon else 0)


def any_of(words: Iterable[str]) -> str:
    """Return a pattern of one of the words, the longest first. A space in a word matches any one space.

    The pattern is a trie behind a set of first letters: ``re`` then decides most places of a text in one step.
    """
    tree: _Tree = {}
    for word in words:
        node = tree
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    first_letters = "".join(map(re.escape, sorted(tree)))
    return f"(?:(?=[{first_letters}]){_pattern(tree)})"


def _pattern(tree: _Tree) -> str:
    branches = [
        (r"\s" if character == " " else re.escape(character)) + _pattern(rest)
        for character, rest in sorted(tree.items())
        if character
    ]
    if not branches:
        return ""
    pattern = branches[0] if len(branches) == 1 and "" not in tree else f"(?:{'|'.join(branches)})"
    return pattern + "?" if "" in tree else pattern


@cache
def month_pattern(*, without_year: bool = False) -> str:
    """Return a pattern of the months' names, for a search that ignores case."""
    return any_of(month_names(without_year=without_year))


@cache
def weekday_pattern(*, abbreviations: Abbreviations = "English") -> str:
    """Return a pattern of the weekdays' names, for a search that ignores case."""
    return any_of(weekday_names(abbreviations=abbreviations))

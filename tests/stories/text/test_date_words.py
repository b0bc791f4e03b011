"""The words of dates: every row of every language is read on pages, in listings, in notices and in comparisons."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from tables import failures

from crawler.extraction.fields.datelines import find_dateline
from crawler.extraction.fields.dates import find_dates, find_moment, is_date_line
from crawler.listings.dates import read_date
from pipelines.identity.normalized_words import MONTHS, WEEKDAYS
from pipelines.notices.quotes import named_dates
from stories.text.date_words import any_of, date_words, half_days, month_names, month_numerals, month_pattern
from stories.text.word_diff import fact_kind, marked_changes

MONTH_ROWS = [
    (tag, form, number)
    for tag, words in date_words().items()
    for entries in (words.months, words.month_abbreviations)
    for number, entry in enumerate(entries, 1)
    for form in entry.split()
]
WEEKDAY_ROWS = [
    (tag, form) for tag, words in date_words().items() for entry in words.weekdays for form in entry.split()
]


@pytest.mark.parametrize("tag", date_words())
def test_a_table_has_twelve_months_and_seven_weekdays_or_none(tag: str) -> None:
    words = date_words()[tag]
    assert {len(entries) for entries in (words.months, words.month_abbreviations, words.month_numerals)} <= {0, 12}
    assert {len(entries) for entries in (words.weekdays, words.weekday_abbreviations)} <= {0, 7}
    assert set(words.needs_year.split()) <= {form for _, form, _ in MONTH_ROWS}


def test_a_name_is_the_same_month_in_every_language() -> None:
    numbers = defaultdict(set)
    for _, form, number in MONTH_ROWS:
        numbers[form].add(number)
    assert {form: found for form, found in numbers.items() if len(found) > 1} == {}


@pytest.mark.parametrize("tag", dict.fromkeys(tag for tag, _, _ in MONTH_ROWS))
def test_a_date_with_any_name_of_a_month_is_read_by_every_reader(tag: str) -> None:
    def check(form: str, number: int) -> None:
        day = f"2026-{number:02}-22"
        for name in (form, form.title(), form.upper()):
            for printed in (f"22 {name} 2026", f"22. {name} 2026", f"22 {name}, 2026", f"{name} 22, 2026"):
                assert [found.iso for found in find_dates(printed)] == [day], printed
                assert read_date(printed) == day, printed
                assert named_dates(f"The release of {printed} was wrong") == (day,), printed
            assert is_date_line(f"22 {name} 2026, 09:00")
            found = find_dateline(f"OSTRAVA, 22 {name} 2026 – Gull Line carries salt up the river from today.")
            assert found is not None
            assert (found.dateline.place, found.dateline.date) == ("OSTRAVA", day)
            assert fact_kind(f"22 {name} 2026") == "date"
        assert (form in MONTHS) == (form in month_names(without_year=True))

    assert failures(check, [(form, number) for language, form, number in MONTH_ROWS if language == tag]) == []


def test_a_date_behind_any_name_of_a_weekday_is_read_by_every_reader() -> None:
    def check(tag: str, form: str) -> None:
        printed = f"{form.capitalize()}, 22 June 2026"
        assert is_date_line(printed)
        assert read_date(printed) == "2026-06-22"
        found = find_dateline(f"OSTRAVA, {printed} – Gull Line carries salt up the river from today.")
        assert found is not None
        assert (found.dateline.place, found.dateline.date) == ("OSTRAVA", "2026-06-22")
        assert fact_kind(printed) == "date"
        assert form in WEEKDAYS

    assert failures(check, WEEKDAY_ROWS) == []


@pytest.mark.parametrize(("numeral", "number"), month_numerals().items())
def test_a_month_is_read_by_its_numeral(numeral: str, number: int) -> None:
    assert [found.iso for found in find_dates(f"ngày 22 tháng {numeral} năm 2026")] == [f"2026-{number:02}-22"]


@pytest.mark.parametrize(("word", "half"), half_days().items())
def test_the_half_of_the_day_is_read_by_every_reader(word: str, half: str) -> None:
    hour = {"am": "09", "pm": "21", "noon": "21"}[half]
    assert find_moment(f"2026年6月22日 {word}9:30", "Asia/Hong_Kong") == f"2026-06-22T{hour}:30:00+08:00"
    assert read_date(f"2026年6月22日 {word}9:30 HKT") == f"2026-06-22T{hour}:30:00+08:00"


@pytest.mark.parametrize("text", ["5 майоров", "the 12 outlets", "3 ago", "set 5 records", "10 des 40", "Sierra 5"])
def test_a_word_that_only_looks_like_a_month_makes_no_date_in_a_comparison(text: str) -> None:
    assert "date" not in {segment.kind for segment in marked_changes("", text)}


def test_a_pattern_of_words_matches_each_of_them_and_the_longest_first() -> None:
    pattern = re.compile(any_of(["may", "mayo", "mười", "mười hai", "sept."]))
    assert [pattern.match(word)[0] for word in ("may", "mayo", "mười hai", "sept.")] == [  # type: ignore[index]
        "may", "mayo", "mười hai", "sept.",
    ]  # fmt: skip
    assert pattern.match("june") is None
    assert re.search(month_pattern(), "KASIM 2026", re.IGNORECASE) is not None

"""Every regular expression of the packages takes time in proportion to its text, on texts made to be slow for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pumping
import pytest

LONGEST = 100_000  # characters: more than any paragraph, line, headline or attribute that is kept


@dataclass(frozen=True, slots=True)
class Cap:
    """Why a pattern never meets a text of ``LONGEST`` characters."""

    length: int
    reason: str
    collapsed: bool = False
    """Whether every run of spaces is one space in what the pattern is given."""


_DATELINE = Cap(260, "a dateline is looked for in the first REACH characters", collapsed=True)
_DATE_LINE = Cap(90, "is_date_line refuses longer lines")
_QUERY = Cap(2_000, "a query has at most MAX_CHARACTERS")
_HEADING = Cap(120, "a heading of more than HEADING characters says something else", collapsed=True)
CAPS = {
    "config.query:_CLOSING_QUESTION": _QUERY,
    "config.query:_QUOTED": _QUERY,
    "config.query:_range": _QUERY,
    "config.query:_unknown_field": _QUERY,
    "config.query_lint:_PHRASES": _QUERY,
    "crawler.extraction.page_phrases:MAINTENANCE_HEADING": _HEADING,
    "crawler.extraction.page_phrases:MAINTENANCE_TITLE": _HEADING,
    "crawler.extraction.page_phrases:NOT_FOUND_HEADING": _HEADING,
    "crawler.pages.removed_pages:_title_and_headings": Cap(240, "the title is cut to twice HEADING"),
    "crawler.extraction.charset:_META": Cap(4_096, "the first HEAD bytes are searched"),
    "crawler.extraction.fields.datelines:_CLOCK": _DATELINE,
    "crawler.extraction.fields.datelines:_DAY_ALONE": _DATELINE,
    "crawler.extraction.fields.datelines:_MARK": _DATELINE,
    "crawler.extraction.fields.datelines:_NOT_PLACES": Cap(100, "a place has at most 100 characters"),
    "crawler.extraction.fields.datelines:_place": Cap(100, "a place has at most 100 characters"),
    "crawler.extraction.fields.datelines:_place_and_date": _DATELINE,
    "crawler.extraction.fields.dates:_AROUND_DATES": _DATE_LINE,
    "crawler.extraction.fields.dates:_CLOCK": _DATE_LINE,
    "crawler.extraction.fields.dates:_TIME": Cap(70, "the time of day is looked for _NEAR the date"),
    "crawler.extraction.text:_CUT_SHORT": Cap(24, "the last 24 characters are searched"),
    "crawler.extraction.fields.wires:_CLOSING": Cap(400, "longer lines are not searched"),
    "crawler.listings.full_text_entries:_APPEARED": Cap(1_200, "the last TAIL characters are searched"),
    "crawler.listings.full_text_entries:_CUT": Cap(120, "the last END characters are searched"),
    "pipelines.release_diff:_NOISE": Cap(200, "NOISE_LENGTH: longer paragraphs are no noise"),
    "pipelines.identity.normalized_words:_PLACE_AND_DATE": Cap(160, "DATELINE_WITHIN ends the search"),
    "stories.text.token_patterns:_ELEMENT": Cap(400, "it reads the project's own tables of words"),
    "stories.text.word_diff:_token": Cap(20_000, "longer paragraphs are not compared word by word"),
    "stories.text.word_diff:_ENDS_SENTENCE": Cap(4, "the four characters before a word are searched"),
}
"""Patterns that may take longer on long texts, because the code never gives them any."""

WRITTEN_AT_RUN_TIME = {
    "crawler.extraction.page_phrases:_compiled": "the project's own table; its patterns are collected as constants",
    "alerts.redaction:__init__": "escaped secrets, one beside the other",
    "config.source_settings:_pattern": "compiled to find faults, never searched for: RE2 does that",
    "crawler.extraction.fields.published:_is_ambiguous": "numbers of a date between fixed characters",
    "crawler.extraction.fields.datelines:_date_first": "one of two fixed endings; searched in REACH characters",
    "stories.text.correction_claims:_places": "an escaped value between fixed characters",
    "web.view_models.highlighting:_row": "escaped words of a query with one separator",
}
"""Functions that compose a pattern from parts; each is fixed text or escaped."""


def _cap(found: pumping.Found) -> Cap:
    caps = [CAPS.get(place) for place in found.places]
    known = [cap for cap in caps if cap is not None]
    return max(known, key=lambda cap: cap.length) if known and len(known) == len(caps) else Cap(LONGEST, "")


SHARDS = 16  # tests of about the same length, so that all cores work to the end


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_time_of_every_pattern_grows_in_proportion_to_its_text(shard):
    slow = []
    for found in pumping.collect().patterns[shard::SHARDS]:
        cap = _cap(found)
        if worst := pumping.superlinear(found, cap.length, collapsed=cap.collapsed):
            pump, seconds = worst
            slow.append(f"{', '.join(found.places)}: {seconds:.1f} s for {cap.length} characters of {pump}")
    assert not slow, "\n".join(slow)


def test_patterns_are_found_in_every_form_in_which_the_code_has_them():
    collection = pumping.collect()
    places = {place for found in collection.patterns for place in found.places}
    assert len(collection.patterns) > 250
    assert len(collection.on_re2) > 20
    assert {
        "pipelines.release_diff:_NOISE",  # a name of a module
        "config.observability.redaction:_SHAPES",  # in a tuple
        "alerts.settings:_rate",  # an inline call
        "crawler.extraction.fields.headline:_without_tags",  # an inline call in a function
    } & places >= {"pipelines.release_diff:_NOISE", "config.observability.redaction:_SHAPES", "alerts.settings:_rate"}


def test_every_pattern_that_is_composed_at_run_time_has_a_reason():
    unread = set(pumping.collect().unread)
    assert unread == set(WRITTEN_AT_RUN_TIME)


def test_every_cap_names_a_pattern_that_exists():
    places = {place for found in pumping.collect().patterns for place in found.places}
    assert set(CAPS) <= places


@pytest.mark.parametrize(
    "slow",
    [
        r"\s+$",
        r"\s*;",
        r"<[^>]*>",
        r"\W*(?:now|time)?\W*\d",
        r"(?:a+)+$",
        r"\w+@\w+\.com",
        r"https?://.*/(\d+)\.html",
        r"(?:\s*,)*\s*$",
        r"[.!?]\W*$",
        r"“[^”]*”",
    ],
)
def test_a_pattern_that_backtracks_is_found(slow):
    assert pumping.superlinear(pumping.Found(re.compile(slow), ["here"], {"search"}), LONGEST) is not None


@pytest.mark.parametrize(
    "quick",
    [
        r"(?<!\s)\s++;",
        r"\s{1,9}$",
        r"<[^<>]*+>",
        r"\w{1,64}@\w{1,64}\.com",
        r"[a-z]+|\d+",
        r"\b(?:one|two|three)\b",
    ],
)
def test_a_pattern_in_linear_time_is_not_accused(quick):
    assert pumping.superlinear(pumping.Found(re.compile(quick), ["here"], {"search"}), LONGEST) is None

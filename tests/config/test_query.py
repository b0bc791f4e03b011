"""A watch's query: what it means, and where it is wrong."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.query import (
    FIELDS,
    MAX_DEPTH,
    And,
    Near,
    Not,
    Or,
    Query,
    QuerySyntaxError,
    Range,
    Regex,
    Term,
    parse_query,
)


def term(text: str, field: str | None = None) -> Term:
    return Term(text, field)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("robots", term("robots")),
        ('"science park"', term("science park")),
        ("science park", And((term("science"), term("park")))),
        ('"science park" AND NOT golf', And((term("science park"), Not(term("golf"))))),
        ("a AND b OR c", Or((And((term("a"), term("b"))), term("c")))),
        ("a AND (b OR c)", And((term("a"), Or((term("b"), term("c")))))),
        ("a NOT b", And((term("a"), Not(term("b"))))),
        ("NOT NOT a", Not(Not(term("a")))),
        ('headline:"science park" language:en', And((term("science park", "headline"), term("en", "language")))),
        ("Tag:#HKSTP", term("#HKSTP", "tag")),
        ("ANDROID NOTE ORANGE", And((term("ANDROID"), term("NOTE"), term("ORANGE")))),
        ("and or not", And((term("and"), term("or"), term("not")))),
        ("香港科技園 OR R&D", Or((term("香港科技園"), term("R&D")))),
        ("a\nOR\nb", Or((term("a"), term("b")))),
    ],
)
def test_a_query_means(text: str, tree: Query) -> None:
    assert parse_query(text) == tree


PLAIN_FIELDS = tuple(field for field in FIELDS if field not in ("published", "stem"))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a -b", And((term("a"), Not(term("b"))))),
        ("-(a OR b)", Not(Or((term("a"), term("b"))))),
        ("state-of-the-art 5-6", And((term("state-of-the-art"), term("5-6")))),
        ("headline:(a OR b)", Or((term("a", "headline"), term("b", "headline")))),
        ("body:(a -(b c))", And((term("a", "body"), Not(And((term("b", "body"), term("c", "body"))))))),
        ("ticker:HKEX:0700", term("HKEX:0700", "ticker")),
        ("url:https://wire.example/a?b=c", term("https://wire.example/a?b=c", "url")),
        ("12:30", term("12:30")),
        ('"a b"~5', Term("a b", slop=5)),
        ("headline:“a b”~2", Term("a b", "headline", slop=2)),
        ("a NEAR/5 “b c”", Near(term("a"), term("b c"), 5)),
        ("body:(a NEAR/5 b)", Near(term("a", "body"), term("b", "body"), 5)),
        ("a NEAR/2 b OR c", Or((Near(term("a"), term("b"), 2), term("c")))),
        (r"/rob(o|ò)ts?\/x/", Regex(r"rob(o|ò)ts?\/x")),
        ("headline:/a b/", Regex("a b", "headline")),
        ("and/or", term("and/or")),
        ("stem:running", Term("running", stem=True)),
        ("published:2026-02", Range(date(2026, 2, 1), date(2026, 2, 28))),
        ("published:>2026", Range(date(2027, 1, 1), None)),
        ("published:<2026-02", Range(None, date(2026, 1, 31))),
        ("published:2026-01-02..", Range(date(2026, 1, 2), None)),
        ("published:[* TO 2026-01-31]", Range(None, date(2026, 1, 31))),
        ("香港（科技園 OR 數碼港）", And((term("香港"), Or((term("科技園"), term("數碼港")))))),
        ("tag：「科學 園」", term("科學 園", "tag")),
        ("Any questions?", And((term("Any"), term("questions ")))),
    ],
)
def test_a_query_of_more_than_words_means(text: str, tree: Query) -> None:
    assert parse_query(text) == tree


@pytest.mark.parametrize("field", PLAIN_FIELDS)
def test_every_field_can_be_asked_for(field: str) -> None:
    assert parse_query(f"{field}:x") == term("x", field)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"science park AND golf', 'not closed (column 1)\n  "science park AND golf\n  ^'),
        ('golf "', 'not closed (column 6)\n  golf "\n       ^'),
        ("a AND (b", "ends too early (column 9)\n  a AND (b\n          ^"),
        ("a AND", "ends too early (column 6)\n  a AND\n       ^"),
        ("a AND  ", "ends too early (column 6)\n  a AND  \n       ^"),
        ("a) OR b", "cannot be read from here (column 2)\n  a) OR b\n   ^"),
        ("OR b", "cannot be read from here (column 1)\n  OR b\n  ^"),
        ("()", "cannot be read from here (column 2)\n  ()\n   ^"),
        ("tag:(a OR body:b)", "another field inside the group of tag: (column 1)\n  tag:(a OR body:b)\n  ^"),
        ("Smith & Sons", "no letter or digit and matches nothing; leave it out"),
        ("a NEAR b", "write a NEAR/5 b"),
        ("a W/5 b", "write a NEAR/5 b"),
        ("NEAR(a b, 5)", "write a NEAR/5 b"),
        ("a AROUND(5) b", "write a NEAR/5 b"),
        ("a NEAR/500 b", "distance of more than 100 words"),
        ("a NEAR/5 (b OR c)", "NEAR between something else"),
        ("a NEAR/5 tag:b", "NEAR between something else"),
        ("a && b", "write AND (column 3)"),
        ("a || b", "write OR (column 3)"),
        ("a !b", "write NOT or - (column 3)"),
        ("robot~", "fuzzy term"),
        ("robot~2", "fuzzy term"),
        ("robot^2", "leave it out"),
        ('"a b"~', 'write "a b"~5'),
        ("title:robot", "write headline: (column 1)"),
        ("lang:en", "write language:"),
        ("HKEX:0700", "a ticker is written ticker:HKEX:…"),
        ("https://wire.example/news", 'write url:"…" around the address (column 1)'),
        ("/(/", "a regular expression that RE2 does not accept"),
        ("/a{1,900}{900}/", "a regular expression that RE2 does not accept"),
        ("tag:/x/", "a regular expression in tag:, which is no text"),
        ("published:soon", "write 2026-01-31"),
        ("published:2026-02-31", "no date"),
        ("stem:run*", "write the whole word"),
        ('a ""', 'empty phrase, which matches nothing (column 3)\n  a ""\n    ^'),
        ("a OR\n(b))", "cannot be read from here (column 4)\n  (b))\n     ^"),
    ],
)
def test_a_caret_stands_under_the_fault(text: str, message: str) -> None:
    with pytest.raises(QuerySyntaxError) as raised:
        parse_query(text)
    assert message in str(raised.value)


def test_an_unknown_field_is_told_with_the_known_ones_and_its_own_place() -> None:
    with pytest.raises(QuerySyntaxError) as raised:
        parse_query('"colour:x" colour:red')
    assert "unknown field 'colour'; allowed are headline, subheadline, body" in str(raised.value)
    assert str(raised.value).endswith('\n  "colour:x" colour:red\n             ^')


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_query_is_told_to_be_left_out(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="empty; remove the key"):
        parse_query(text)


@pytest.mark.parametrize("text", ["NOT " * 10_000 + "a", '"' * 2_001])
def test_a_query_that_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="characters; allowed are 2,000"):
        parse_query(text)


@pytest.mark.parametrize("text", ["NOT " * 400 + "a", "(a OR " * 250 + "a" + ")" * 250])
def test_a_query_nested_without_end_is_refused_not_a_crash(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match=f"nested too deeply; allowed are {MAX_DEPTH} levels"):
        parse_query(text)


WRITTEN = st.lists(
    st.sampled_from(["AND", "OR", "NOT", "(", ")", '"', '"a b"', "tag:", "x:", ":", "golf", " ", "\n", "\t", "#", "é"])
).map(" ".join)


@given(st.text() | WRITTEN)
@example("\x00")
def test_whatever_is_written_either_is_a_query_or_a_plain_error(text: str) -> None:
    with suppress(QuerySyntaxError):
        parse_query(text)


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1).filter(lambda word: word not in ("AND", "OR", "NOT"))
PHRASES = st.text(st.characters(exclude_characters='"?'), min_size=1).filter(lambda text: any(map(str.isalnum, text)))


@given(WORDS, PHRASES, st.sampled_from(PLAIN_FIELDS))
def test_words_phrases_and_fields_keep_their_text(word: str, phrase: str, field: str) -> None:
    assert parse_query(f'{word} OR {field}:"{phrase}"') == Or((term(word), term(phrase, field)))

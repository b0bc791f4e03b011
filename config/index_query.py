"""Translates a query or a watch into an FTS expression with the same meaning as ``pipelines.query_matching``.

What the index cannot answer (regular expressions, distances, dates, wildcards inside words, stems) becomes a wider
expression; what that finds must then be checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.query import And, Near, Not, Or, Query, Term, parse_query
from config.settings import WatchSettings
from stories.model.release import Release
from stories.search.filters import FilterRequest
from stories.search.terms import EVERYTHING, every, mark, phrase, plain_language, plain_ticker, some, without
from stories.text.index_words import tag_word, tag_words

_WILDCARD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class IndexExpression:
    """An expression of ``stories.search.terms``."""

    text: str
    is_exact: bool = True
    """It finds exactly what the query matches; otherwise it finds more."""


_ALL = IndexExpression(EVERYTHING, is_exact=False)


def indexed(matches: Callable[[Release], bool], expression: IndexExpression | None) -> FilterRequest:
    """Return the filter of a predicate and its expression; None: everything matches."""
    if expression is None:
        return FilterRequest(matches=matches, expression=None)
    return FilterRequest(matches=matches, expression=expression.text, is_exact=expression.is_exact)


def query_expression(query: str) -> IndexExpression:
    """Return the expression of a query; ``QuerySyntaxError`` names the place of a fault."""
    return _expression(parse_query(query))


def watch_expression(watch: WatchSettings) -> IndexExpression | None:
    """Return the expression of a watch; None for a watch without conditions."""
    parts = []
    if watch.sources is not None:
        parts.append(IndexExpression(_any_mark("s", watch.sources)))
    if watch.tags:
        parts.append(IndexExpression(_any_mark("t", sorted(tag_words(watch.tags)))))
    if watch.query is not None:
        parts.append(query_expression(watch.query))
    return _every(parts) if parts else None


def term_expression(term: Query) -> str | None:
    """Return the expression of a part of a query; None where the index cannot answer exactly."""
    expression = _expression(term)
    return expression.text if expression.is_exact else None


def _any_mark(kind: str, values: tuple[str, ...] | list[str]) -> str:
    return some([mark(kind, value) for value in values]) if values else without(EVERYTHING, EVERYTHING)


def _every(parts: Sequence[IndexExpression]) -> IndexExpression:
    return IndexExpression(every([part.text for part in parts]), all(part.is_exact for part in parts))


def _expression(query: Query) -> IndexExpression:
    match query:
        case Term():
            return _term(query)
        case Near(left, right, _):
            return IndexExpression(every([_term(left).text, _term(right).text]), is_exact=False)
        case Not(part):
            inner = _expression(part)
            # More than the part matches would leave out too much.
            return IndexExpression(without(EVERYTHING, inner.text)) if inner.is_exact else _ALL
        case And(parts):
            return _all_of(parts)
        case Or(parts):
            found = [_expression(part) for part in parts]
            return IndexExpression(some([part.text for part in found]), all(part.is_exact for part in found))
        case _:
            return _ALL


def _all_of(parts: Sequence[Query]) -> IndexExpression:
    wanted = [_expression(part) for part in parts if not isinstance(part, Not)]
    unwanted = [_expression(part.part) for part in parts if isinstance(part, Not)]
    exact_unwanted = [part.text for part in unwanted if part.is_exact]
    found = every([part.text for part in wanted] or [EVERYTHING])
    is_exact = all(part.is_exact for part in (*wanted, *unwanted))
    return IndexExpression(without(found, some(exact_unwanted)) if exact_unwanted else found, is_exact)


def _term(term: Term) -> IndexExpression:
    text = term.text.strip()
    if term.stem:
        return _stems(text)
    if term.field in ("url", "author"):
        return _ALL
    if term.slop is not None:
        words = [_words(word, term.field) for word in text.split()]
        return IndexExpression(every([word.text for word in words]), is_exact=len(words) == 1 and words[0].is_exact)
    return _words(text, term.field)


def _words(text: str, field: str | None) -> IndexExpression:
    if "?" in text or "*" in text.rstrip("*"):
        # The letters before the first wildcard; of a tag or ticker, too.
        lead = _WILDCARD.split(text)[0]
        if not any(sign.isalnum() for sign in lead):
            return _ALL
        return IndexExpression(_exact_words(f"{lead.rstrip()}*", field), is_exact=False)
    return IndexExpression(_exact_words(text, field))


def _exact_words(text: str, field: str | None) -> str:
    words, beginning = text.rstrip("*"), text.endswith("*")
    match field:
        case None:
            return phrase(words, beginning=beginning)
        case "tag":
            return _marked("t", tag_word(text))
        case "ticker":
            return _marked("c", plain_ticker(text))
        case "language":
            return mark("l", plain_language(text).replace("_", "-").rstrip("*-"))
        case "kind":
            return mark("n", text.casefold())
        case "source" | "wire":
            letter = "u" if field == "source" else "w"
            return some([mark(letter, text.casefold()), phrase(words, column=f"{letter}:", beginning=beginning)])
        case "place":
            return phrase(words, column="p:", beginning=beginning)
        case column:
            return phrase(words, column=column, beginning=beginning)


def _stems(text: str) -> IndexExpression:
    """Return what finds all forms of words: they begin alike. A stem may change the last letters of a short word."""
    leads = [word[: max(2, len(word) * 2 // 3 - 1)] for word in re.findall(r"[^\W_]+", text)]
    usable = [phrase(lead, beginning=True) for lead in leads if lead]
    return IndexExpression(every(usable), is_exact=False) if usable else _ALL


def _marked(kind: str, value: str) -> str:
    return mark(kind, value.rstrip("*") if value.endswith("*") else value, beginning=value.endswith("*"))

"""Translates a query or a watch into an FTS expression with the same meaning as ``pipelines.matching``."""

from __future__ import annotations

from config.query import And, Not, Or, Query, Term, parse_query
from config.settings import WatchSettings
from stories.search.terms import EVERYTHING, every, mark, phrase, plain_language, plain_ticker, some, without
from stories.text.index_words import tag_word, tag_words


def query_expression(query: str) -> str:
    """Return the expression of a query; ``QuerySyntaxError`` names the place of a fault."""
    return _expression(parse_query(query))


def watch_expression(watch: WatchSettings) -> str | None:
    """Return the expression of a watch; None for a watch without conditions."""
    parts = []
    if watch.sources is not None:
        parts.append(_any_mark("s", watch.sources))
    if watch.tags:
        parts.append(_any_mark("t", sorted(tag_words(watch.tags))))
    if watch.query is not None:
        parts.append(query_expression(watch.query))
    return every(parts) if parts else None


def _any_mark(kind: str, values: tuple[str, ...] | list[str]) -> str:
    return some([mark(kind, value) for value in values]) if values else without(EVERYTHING, EVERYTHING)


def _expression(query: Query) -> str:
    match query:
        case Term():
            return _term(query)
        case Not(part):
            return without(EVERYTHING, _expression(part))
        case And(parts):
            wanted = [_expression(part) for part in parts if not isinstance(part, Not)]
            unwanted = [_expression(part.part) for part in parts if isinstance(part, Not)]
            found = every(wanted or [EVERYTHING])
            return without(found, some(unwanted)) if unwanted else found
        case Or(parts):
            return some([_expression(part) for part in parts])


def _term(term: Term) -> str:
    text = term.text.strip()
    words, beginning = text.rstrip("*"), text.endswith("*")
    match term.field:
        case None:
            return phrase(words, beginning=beginning)
        case "tag":
            return _exact("t", tag_word(text))
        case "ticker":
            return _exact("c", plain_ticker(text))
        case "language":
            return mark("l", plain_language(text).replace("_", "-").rstrip("*-"))
        case "kind":
            return mark("n", text.casefold())
        case "source" | "wire":
            letter = "u" if term.field == "source" else "w"
            return some([mark(letter, text.casefold()), phrase(words, column=f"{letter}:", beginning=beginning)])
        case "place":
            return phrase(words, column="p:", beginning=beginning)
        case column:
            return phrase(words, column=column, beginning=beginning)


def _exact(kind: str, value: str) -> str:
    return mark(kind, value.rstrip("*") if value.endswith("*") else value, beginning=value.endswith("*"))

"""A watch's query: ``"science park" AND NOT (golf OR tennis) AND language:en``.

Terms are words, "phrases" and field:value; ``AND``, ``OR``, ``NOT`` in capitals, two terms side by side are AND.
The meaning (what matches) is in ``pipelines.matching``; here is the grammar, so that a fault is told at start.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

FIELDS = (
    "headline",
    "subheadline",
    "body",
    "about",
    "issuer",
    "tag",
    "ticker",
    "language",
    "source",
    "wire",
    "place",
    "kind",
)

_GRAMMAR = r"""
?start: any
?any: all ("OR" all)*
?all: one ("AND"? one)*
?one: "NOT" one -> negated | "(" any ")" | term
term: [FIELD ":"] (PHRASE | WORD)
FIELD.3: /[a-z_]+(?=:)/
PHRASE: /"[^"]*"/
WORD: /(?!(?:AND|OR|NOT)(?![^\s()"]))[^\s()":]+/
%import common.WS
%ignore WS
"""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase or ``field:value``; ``text`` as written, without quotes."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Not:
    part: Query


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Query, ...]


Query = Term | Not | And | Or


class BadQuery(ValueError):  # noqa: N818 (reads as a sentence where it is raised)
    """A query that cannot be read; the message says where in it."""


@v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    def any(self, *parts: Query) -> Query:
        return Or(parts)

    def all(self, *parts: Query) -> Query:
        return And(parts)

    def negated(self, part: Query) -> Query:
        return Not(part)

    def term(self, field: Token | None, value: Token) -> Query:
        return Term(str(value).strip('"'), str(field) if field else None)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=True)


def parse_query(text: str) -> Query:
    """Return the tree of a query; ``BadQuery`` names the place of the fault with a caret under it."""
    try:
        query = _Builder().transform(_parser().parse(text))
    except UnexpectedInput as error:
        ended = getattr(getattr(error, "token", None), "type", "") == "$END" or not error.column or error.column < 1
        column = len(text) + 1 if ended else error.column
        what = "ends too early" if column > len(text) else "cannot be read from here"
        raise BadQuery(f"the query {what} (column {column})\n  {text}\n  {' ' * (column - 1)}^") from error
    for term in _terms(query):
        if term.field is not None and term.field not in FIELDS:
            column = text.find(f"{term.field}:") + 1
            raise BadQuery(
                f"unknown field {term.field!r} (column {column}); allowed are {', '.join(FIELDS)}\n"
                f"  {text}\n  {' ' * (column - 1)}^"
            )
        if not term.text.strip():
            raise BadQuery(f"an empty phrase matches nothing\n  {text}")
    return query


def _terms(query: Query) -> list[Term]:
    match query:
        case Term():
            return [query]
        case Not(part):
            return _terms(part)
        case And(parts) | Or(parts):
            return [term for part in parts for term in _terms(part)]

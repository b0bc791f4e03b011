"""A watch's query: ``"science park" AND NOT (golf OR tennis) AND language:en``.

Terms are words, "phrases" and field:value; ``AND``, ``OR``, ``NOT`` in capitals, two terms side by side are AND.
The meaning (what matches) is in ``pipelines.matching``; the grammar is here, so that a fault is reported at the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lark import Lark, Token, Transformer, Tree, UnexpectedInput, v_args

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
FIELD.3: /[A-Za-z_]+(?=:)/
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
    """Matches where its part does not."""

    part: Query


@dataclass(frozen=True, slots=True)
class And:
    """Matches where all parts match."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Matches where any part matches."""

    parts: tuple[Query, ...]


MAX_DEPTH = 64  # more than people write, and less than the recursion limit
Query = Term | Not | And | Or


class QuerySyntaxError(ValueError):
    """An invalid query; the message has the position of the fault."""


@v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    def any(self, *parts: Query) -> Query:
        return Or(parts)

    def all(self, *parts: Query) -> Query:
        return And(parts)

    def negated(self, part: Query) -> Query:
        return Not(part)

    def term(self, field: Token | None, value: Token) -> Query:
        return Term(str(value).strip('"'), str(field).lower() if field else None)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=True)


def parse_query(text: str) -> Query:
    """Return the tree of a query; ``QuerySyntaxError`` names the place of the fault with a caret under it."""
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        ended = getattr(getattr(error, "token", None), "type", "") == "$END" or error.pos_in_stream is None
        raise _bad(text, None if ended else error.pos_in_stream, "cannot be read from here") from error
    if _depth(tree) > MAX_DEPTH:
        raise QuerySyntaxError(f"the query is nested too deeply; allowed are {MAX_DEPTH} levels")
    for token in tree.scan_values(lambda value: isinstance(value, Token)):
        if token.type == "FIELD" and token.lower() not in FIELDS:
            raise _bad(text, token.start_pos, f"has an unknown field {str(token)!r}; allowed are {', '.join(FIELDS)}")
        if token.type == "PHRASE" and not token.strip('"').strip():
            raise _bad(text, token.start_pos, "has an empty phrase, which matches nothing")
    return _Builder().transform(tree)


def _bad(text: str, position: int | None, what: str) -> QuerySyntaxError:
    """Return the fault with the line it is in and a caret; position None: after the last character."""
    if not text.strip():
        return QuerySyntaxError("the query is empty; remove the key")
    if position is None or position >= len(text.rstrip()):
        position, what = len(text.rstrip()), "ends too early"
    elif text[position] == '"' and text.count('"') % 2:
        what = "has a quotation mark that is not closed"
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].split("\n", 1)[0].replace("\t", " ")
    column = position - start + 1
    return QuerySyntaxError(f"the query {what} (column {column})\n  {line}\n  {' ' * (column - 1)}^")


def _depth(tree: Tree[Token]) -> int:
    """Return how deep a query is nested, without recursion, because the query may be hostile."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        here, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in here.children if isinstance(child, Tree))
    return deepest

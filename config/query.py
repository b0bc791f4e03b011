"""The query language of watches, of the search box, of the API and of the command line.

``"science park" AND NOT (golf OR tennis) AND language:en``. The syntax is Lucene's where Lucene has one
(https://lucene.apache.org/core/9_0_0/queryparser/org/apache/lucene/queryparser/classic/package-summary.html):
docs/reference/queries.md lists it. What a query matches is in ``pipelines.query_matching``; the grammar is here, so
that a syntax error is reported when the configuration is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from lark import Lark, Token, Transformer, Tree, UnexpectedInput, v_args
from lark.exceptions import VisitError

from stories.text.linear_regex import LinearPattern

TEXT_FIELDS = ("headline", "subheadline", "body", "about", "issuer", "author", "place")
"""Searched for words, phrases, wildcards and regular expressions."""
FIELDS = (*TEXT_FIELDS, "tag", "ticker", "language", "source", "wire", "kind", "url", "published", "stem")
FIELD_SYNONYMS = {
    **dict.fromkeys(("title", "intitle", "allintitle", "subject"), "headline"),
    **dict.fromkeys(("text", "content", "intext"), "body"),
    **dict.fromkeys(("company", "organization", "org"), "issuer"),
    **dict.fromkeys(("tags", "hashtag", "label", "category"), "tag"),
    **dict.fromkeys(("tickers", "symbol", "stock"), "ticker"),
    **dict.fromkeys(("site", "inurl", "link", "http", "https"), "url"),
    **dict.fromkeys(("date", "pubdate", "after", "before"), "published"),
    **dict.fromkeys(("location", "city", "dateline"), "place"),
    "subtitle": "subheadline",
    "lang": "language",
    "feed": "source",
    "type": "kind",
    "by": "author",
}
"""Names that other search languages use for these fields; an error names ours."""
MAX_CHARACTERS = 2_000
MAX_DEPTH = 64  # more than people write, and less than the recursion limit
MAX_REGEX = 200  # characters
MAX_DISTANCE = 100  # words between two terms

_PHRASE = r'"[^"]*"|[“”„][^“”„"]*[“”"]|「[^」]*」|『[^』]*』|«[^»]*»'
_GRAMMAR = r"""
?start: any
?any: all ("OR" all)*
?all: one ("AND"? one)*
?one: ("NOT" | MINUS) one -> negated
    | near
?near: unit (NEAR unit)?
?unit: "(" any ")"
     | FIELD ":" "(" any ")" -> scoped
     | term
term: [FIELD ":"] phrase | FIELD ":" (REGEX | RANGE | VALUE) | (REGEX | WORD)
phrase: PHRASE [SLOP]
FIELD.3: /[A-Za-z_]+(?=:)/
NEAR.3: /NEAR\/\d+(?=[\s("“「])/
PHRASE.2: /QUOTED/
SLOP.2: /~\d+/
REGEX.2: /\/(?:[^\/\\\n]|\\.)+\/(?=[\s)]|$)/
RANGE.2: /\[\s*\S+\s+TO\s+\S+\s*\]/
MINUS.2: /-(?=[^\s)-])/
WORD: /(?!(?:AND|OR|NOT)(?![^\s()"]))(?:[^\s()":“”„「」『』«»]|(?<=\d):(?=\d))+/
VALUE: /(?:[^\s()"“”„「」『』«»])+/
%import common.WS
%ignore WS
""".replace("QUOTED", _PHRASE)
_CLOSING_QUESTION = re.compile(r"\?+(?![^\W_]|[*?])")
"""A question mark that ends a word is punctuation: one within it is a wildcard."""
_WIDE = str.maketrans({"（": "(", "）": ")", "：": ":", "\u3000": " ", "＂": '"', "＊": "*", "？": "?", "／": "/"})
"""Full-width signs of the syntax, as East Asian keyboards enter them."""
_SIGNS_OF_OTHERS = re.compile(
    r"(?P<near>(?<!\S)(?:NEAR(?!/\d+[\s(\"“「])\S*|(?:W|PRE|ADJ|N|WITHIN|ONEAR|AROUND)(?:/\d+|\(\d+\)|(?<=ADJ)\d+))(?!\S))"
    r"|(?P<signs>(?<!\S)(?:&&|\|\||\|)(?!\S))"
    r"|(?P<bang>(?<!\S)!(?=[^\s!]))"
    r"|(?P<fuzzy>(?<=[^\W_])~\d*(?=[\s)]|$))"
    r"|(?P<boost>(?<=[^\s(])\^\d+(?:\.\d+)?(?=[\s)]|$))"
    r"|(?P<close>(?<=[\w\"”])~(?=[\s)]|$))"
)
_QUOTED = re.compile(rf"(?:{_PHRASE})(?:~\d+)?|/(?:[^/\\\n]|\\.)+/(?=[\s)]|$)")


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase or ``field:value``."""

    text: str
    """As written, without quotes; ``*`` is any number of letters, ``?`` is one."""
    field: str | None = None
    """One of ``FIELDS``; None: headline, subheadline, body, about, issuer and tags."""
    slop: int | None = None
    """Of ``"a b"~5``: the words may have any order, with at most so many other words among them."""
    stem: bool = False
    """Other forms of the words match too."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression of RE2, searched for in the text as printed, without regard to case."""

    pattern: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """The days of publication, both included; None: no bound."""

    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Near:
    """Two terms in one field, in any order, with at most ``distance`` words between them."""

    left: Term
    right: Term
    distance: int


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


Query = Term | Regex | Range | Near | Not | And | Or


class QuerySyntaxError(ValueError):
    """An invalid query; the message has the position of the fault."""


class _PartError(Exception):
    """A fault of one token of a query."""

    def __init__(self, token: Token, what: str) -> None:
        super().__init__(what)
        self.token = token


@v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    def any(self, *parts: Query) -> Query:
        return Or(parts)

    def all(self, *parts: Query) -> Query:
        return And(parts)

    def negated(self, *parts: Query) -> Query:
        return Not(parts[-1])

    def scoped(self, field: Token, part: Query) -> Query:
        return _scoped(part, _field(field), field)

    def near(self, left: Query, sign: Token, right: Query) -> Query:
        distance = int(sign.partition("/")[2])
        if distance > MAX_DISTANCE:
            raise _PartError(sign, f"has a distance of more than {MAX_DISTANCE} words")
        if not (isinstance(left, Term) and isinstance(right, Term)) or left.field != right.field:
            raise _PartError(sign, "has NEAR between something else than two words or phrases of one field")
        if left.field not in (None, *TEXT_FIELDS) or left.slop is not None or right.slop is not None:
            raise _PartError(sign, "has NEAR between something else than two words or phrases of a text")
        return Near(left, right, distance)

    def phrase(self, text: Token, slop: Token | None) -> tuple[Token, int | None]:
        return text, int(slop[1:]) if slop else None

    def term(self, *parts: Token | tuple[Token, int | None] | None) -> Query:
        field = parts[0] if len(parts) == 2 else None
        value = parts[-1]
        name = _field(field) if isinstance(field, Token) else None
        if isinstance(value, tuple):
            text, slop = value
            return _value(name, text, text[1:-1], slop)
        assert isinstance(value, Token)  # noqa: S101 (the grammar has no other)
        if value.type == "REGEX":
            return _regex(name, value)
        return _value(name, value, str(value), None)


def _field(token: Token) -> str:
    name = str(token).lower()
    if name in FIELDS:
        return name
    meant = FIELD_SYNONYMS.get(name)
    advice = f"write {meant}:" if meant else f"allowed are {', '.join(FIELDS)}"
    if meant == "url":
        advice = 'write url:"…" around the address'
    elif meant == "published":
        advice = "write published:>=2026-01-31 or published:2026-01-01..2026-01-31"
    elif str(token).isupper() and meant is None:
        advice += f'; a ticker is written ticker:{token}:…, and text with a colon "{token}:…"'
    raise _PartError(token, f"has an unknown field {str(token)!r}; {advice}")


def _scoped(part: Query, field: str, token: Token) -> Query:
    """Return a part whose terms are searched for in a field."""
    match part:
        case Term() | Regex():
            if part.field is not None or (isinstance(part, Term) and part.stem):
                raise _PartError(token, f"has another field inside the group of {field}:")
            if isinstance(part, Regex):
                return _in_text(replace(part, field=field), token)
            return _value(field, token, part.text, part.slop)
        case Near(left, right, distance):
            if field not in TEXT_FIELDS:
                raise _PartError(token, f"has NEAR inside the group of {field}:, which is no text")
            return Near(replace(left, field=field), replace(right, field=field), distance)
        case Not(inner):
            return Not(_scoped(inner, field, token))
        case And(parts):
            return And(tuple(_scoped(inner, field, token) for inner in parts))
        case Or(parts):
            return Or(tuple(_scoped(inner, field, token) for inner in parts))
        case Range():
            raise _PartError(token, f"has another field inside the group of {field}:")


def _value(field: str | None, token: Token, text: str, slop: int | None) -> Query:
    if not text.strip():
        raise _PartError(token, "has an empty phrase, which matches nothing")
    if not any(character.isalnum() for character in text):
        raise _PartError(
            token,
            f"has {text!r}, which has no letter or digit and matches nothing; leave it out, or put the whole phrase "
            'in quotation marks: "Smith & Sons"',
        )
    text = _CLOSING_QUESTION.sub(" ", text)
    if field == "published":
        return _range(token, text)
    if slop is not None:
        if slop > MAX_DISTANCE:
            raise _PartError(token, f"has a distance of more than {MAX_DISTANCE} words")
        if field not in (None, *TEXT_FIELDS):
            raise _PartError(token, f"has a distance (~{slop}) in {field}:, which is no text")
    if field == "stem":
        if slop is not None or "*" in text or "?" in text:
            raise _PartError(token, "has stem: with a distance or a wildcard; write the whole word")
        return Term(text, stem=True)
    return Term(text, field, slop)


def _regex(field: str | None, token: Token) -> Query:
    return _in_text(Regex(str(token)[1:-1], field), token)


def _in_text(regex: Regex, token: Token) -> Query:
    if regex.field not in (None, "url", *TEXT_FIELDS):
        raise _PartError(token, f"has a regular expression in {regex.field}:, which is no text")
    if len(regex.pattern) > MAX_REGEX:
        raise _PartError(token, f"has a regular expression of more than {MAX_REGEX} characters")
    try:
        LinearPattern(regex.pattern, ignore_case=True)
    except ValueError as error:
        raise _PartError(token, f"has a regular expression that RE2 does not accept ({error})") from error
    return regex


_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def _days(text: str) -> tuple[date, date]:
    """Return the first and the last day of a day, a month or a year; raise ``ValueError``."""
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None  # noqa: S101 (the pattern has it)
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    if day is None:
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    return date(year, month, day), date(year, month, day)


def _range(token: Token, text: str) -> Range:
    """Return the range of ``2026-01``, ``>=2026-01-31``, ``2026-01-01..2026-01-31`` or ``[2026-01-01 TO *]``."""
    text = text.strip()
    try:
        if text.startswith("["):
            first, last = re.split(r"\s+TO\s+", text[1:-1].strip())
            return Range(None if first == "*" else _days(first)[0], None if last == "*" else _days(last)[1])
        if ".." in text:
            first, last = text.split("..", 1)
            if first or last:
                return Range(_days(first)[0] if first else None, _days(last)[1] if last else None)
        sign = next((sign for sign in (">=", "<=", ">", "<") if text.startswith(sign)), "")
        first_day, last_day = _days(text[len(sign) :])
        ranges = {
            ">=": Range(first_day, None),
            "<=": Range(None, last_day),
            ">": Range(last_day + timedelta(days=1), None),
            "<": Range(None, first_day - timedelta(days=1)),
            "": Range(first_day, last_day),
        }
        return ranges[sign]
    except (ValueError, OverflowError) as error:
        raise _PartError(
            token, f"has no date in published:{text}; write 2026-01-31, 2026-01, >=2026-01-31 or 2026-01-01..2026-01-31"
        ) from error


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=True)


def parse_query(text: str) -> Query:
    """Return the tree of a query; ``QuerySyntaxError`` names the place of the fault with a caret under it."""
    if len(text) > MAX_CHARACTERS:
        raise QuerySyntaxError(f"the query has {len(text):,} characters; allowed are {MAX_CHARACTERS:,}")
    text = _plain_signs(text)
    _refuse_foreign_syntax(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        unknown = _unknown_field(text, error)
        if unknown is not None:
            raise _bad(text, unknown.token.start_pos, str(unknown)) from error
        ended = getattr(getattr(error, "token", None), "type", "") == "$END" or error.pos_in_stream is None
        raise _bad(text, None if ended else error.pos_in_stream, "cannot be read from here") from error
    if isinstance(tree, Tree) and _depth(tree) > MAX_DEPTH:
        raise QuerySyntaxError(f"the query is nested too deeply; allowed are {MAX_DEPTH} levels")
    try:
        return _Builder().transform(tree)
    except VisitError as error:
        fault = error.orig_exc
        if not isinstance(fault, _PartError):
            raise
        raise _bad(text, fault.token.start_pos, str(fault)) from error


def _unknown_field(text: str, error: UnexpectedInput) -> _PartError | None:
    """Return the fault of an unknown field directly before a syntax error, for example of ``https://a.example``."""
    before = text[: error.pos_in_stream or 0]
    found = re.search(r"([A-Za-z_]+):$", before)
    if found is None or found[1].lower() in FIELDS:
        return None
    try:
        _field(Token("FIELD", found[1], start_pos=found.start(1)))
    except _PartError as fault:
        return fault
    return None


def terms(query: Query) -> Iterator[Term | Regex | Range | Near]:
    """Yield the parts of a query that must be found, left to right: what is negated is left out."""
    match query:
        case Not():
            return
        case And(parts) | Or(parts):
            for part in parts:
                yield from terms(part)
        case _:
            yield query


def _plain_signs(text: str) -> str:
    """Return a query with the full-width signs of its syntax as ASCII, in place; phrases are left as they are."""
    if text.isascii():
        return text
    plain = text.translate(_WIDE)
    pieces, at = [], 0
    for quoted in _QUOTED.finditer(plain):
        pieces += [plain[at : quoted.start()], plain[quoted.start()], text[quoted.start() + 1 : quoted.end() - 1]]
        pieces.append(plain[quoted.end() - 1])
        at = quoted.end()
    return "".join([*pieces, plain[at:]])


def _refuse_foreign_syntax(text: str) -> None:
    """Raise for signs that mean something in another search language, and would be read as something else here."""
    outside = _QUOTED.sub(lambda found: '"' + "x" * (len(found[0]) - 2) + '"', text)
    found = _SIGNS_OF_OTHERS.search(outside)
    if found is None:
        return
    advice = {
        "near": 'has a proximity operator that is written otherwise here: write a NEAR/5 b, or "a b"~5',
        "signs": f"has {found[0]!r}; write {'AND' if '&' in found[0] else 'OR'}",
        "bang": "has '!'; write NOT or -",
        "fuzzy": "has a fuzzy term (~), which is not supported; write the forms with OR, or use * and ?",
        "boost": "has a weight (^), which is not supported; leave it out",
        "close": 'has ~ without a distance; write "a b"~5',
    }
    raise _bad(text, found.start(), advice[found.lastgroup or "near"])


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

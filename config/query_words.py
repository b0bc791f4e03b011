"""A query in words: ``headline or text contains "science park", and not "golf"``. Pure."""

from __future__ import annotations

from config.query import And, Near, Not, Or, Query, Range, Regex, Term, parse_query

_IS = {
    "tag": "has the tag",
    "ticker": "has the ticker",
    "language": "is in the language",
    "source": "is from the source",
    "wire": "is carried by the wire",
    "kind": "is of the kind",
}
_PLACES = {None: "headline, text or tags", "url": "address", "author": "issuer or contacts", "about": "company section"}


def explain_query(text: str) -> str:
    """Return a query as a sentence; ``QuerySyntaxError`` for an invalid one."""
    return _words(parse_query(text))


def _words(query: Query, *, is_inner: bool = False) -> str:
    match query:
        case Term():
            return _term(query)
        case Regex(pattern, field):
            return f"{_PLACES.get(field, field)} matches the regular expression /{pattern}/"
        case Range():
            return _range(query)
        case Near(left, right, distance):
            place = _PLACES.get(left.field, left.field)
            return f"{place} contains “{left.text}” and “{right.text}” with at most {distance} words between them"
        case Not(part):
            return f"not ({_words(part)})"
        case And(parts):
            return ", and ".join(_words(part, is_inner=True) for part in parts)
        case Or(parts):
            joined = ", or ".join(_words(part, is_inner=True) for part in parts)
            return f"({joined})" if is_inner else joined


def _term(term: Term) -> str:
    if term.field in _IS:
        return f"{_IS[term.field]} {term.text.strip()}"
    place = _PLACES.get(term.field, term.field)
    if term.stem:
        return f"{place} contains a form of “{term.text}”"
    if term.slop is not None:
        return f"{place} contains the words “{term.text}” in any order, with at most {term.slop} others among them"
    return f"{place} contains “{term.text.strip()}”"


def _range(query: Range) -> str:
    if query.first == query.last:
        return f"was published on {query.first}"
    parts = [f"on or after {query.first}" if query.first else "", f"on or before {query.last}" if query.last else ""]
    return "was published " + " and ".join(part for part in parts if part)

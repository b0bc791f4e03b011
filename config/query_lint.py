"""Finds queries that are valid and cannot match, or mean something else than they seem to say. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import cache

from babel import Locale

from config.query import And, Near, Not, Or, Query, Range, Regex, Term, parse_query
from config.settings import WatchSettings
from stories.text.index_words import flat

KINDS = ("new", "correction", "update", "withdrawal", "repeat")
"""Values of ``kind:``."""
_KINDS_MEANT = {
    "corrected": "correction", "corrections": "correction", "updated": "update", "withdrawn": "withdrawal",
    "kill": "withdrawal", "repeated": "repeat", "release": "new",
}  # fmt: skip
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*[-*]*", re.IGNORECASE)
_PHRASES = re.compile(r'"[^"]*"|[“”„][^“”„"]*[“”"]|「[^」]*」|『[^』]*』|«[^»]*»|/(?:[^/\\\n]|\\.)+/(?=[\s)]|$)')
_SMALL_OPERATOR = re.compile(r"(?<!\S)(and|or|not|und|oder|nicht|et|ou|near/\d+)(?!\S)")
_OPERATORS = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "und": "AND",
    "oder": "OR",
    "nicht": "NOT",
    "et": "AND",
    "ou": "OR",
}


def lint_watch(watch: WatchSettings, sources: Mapping[str, str]) -> list[str]:
    """Return what is suspicious in the query of a watch, each with the form that works.

    ``sources``: the titles of the sources, by name.
    """
    if watch.query is None:
        return []
    found = lint_query(watch.query, sources)
    if watch.sources is not None:
        asked = [term.text for term in _positive(parse_query(watch.query)) if term.field == "source"]
        found += [
            f"source:{name} can never match, because the watch follows only {', '.join(watch.sources) or 'no source'}"
            for name in asked
            if name in sources and name not in watch.sources
        ]
    return found


def lint_query(text: str, sources: Mapping[str, str]) -> list[str]:
    """Return what is suspicious in a valid query, each with the form that works."""
    tree = parse_query(text)
    found = list(_small_operators(text))
    for term in _terms(tree):
        found += _value_faults(term, sources)
    if not any(True for _ in _required(tree)):
        found.append("the query matches every release without certain words, because all of its terms are negated")
    return list(dict.fromkeys(found))


def _small_operators(text: str) -> Iterator[str]:
    outside = _PHRASES.sub(lambda quoted: "x" * len(quoted[0]), text)
    for word in dict.fromkeys(_SMALL_OPERATOR.findall(outside)):
        operator = _OPERATORS.get(word, word.upper())
        yield f"{word!r} is searched for as a word; write {operator} in capitals, or put the phrase in quotation marks"


def _value_faults(term: Term, sources: Mapping[str, str]) -> Iterator[str]:
    value = term.text.strip()
    match term.field:
        case "source":
            yield from _source_faults(value, sources)
        case "kind" if value.casefold() not in KINDS:
            meant = _KINDS_MEANT.get(value.casefold()) or _closest(value.casefold(), KINDS)
            yield f"kind:{value} never matches; " + (
                f"write kind:{meant}" if meant else f"allowed are {', '.join(KINDS)}"
            )
        case "language" if not _LANGUAGE.fullmatch(value) or (len(value) > 3 and value.isalpha()):
            code = _language_codes().get(value.casefold())
            advice = f"write language:{code}" if code else "write a code of ISO 639-1, such as en, zh-Hant or ja"
            yield f"language:{value} never matches; {advice}"
        case "ticker" if " " in value.strip():
            yield f"ticker:{value!r} has a space; write ticker:EXCHANGE:SYMBOL, for example ticker:HKEX:0700"


@cache
def _language_codes() -> Mapping[str, str]:
    """Return the codes of languages by their English names and by their own, from the Unicode CLDR."""
    english = Locale("en").languages
    codes = {name.casefold(): code for code, name in english.items() if len(code) <= 3}
    for code in ("de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "tr", "ru", "zh", "ja", "ko"):
        codes[(Locale(code).language_name or code).casefold()] = code
    return codes


def _source_faults(value: str, sources: Mapping[str, str]) -> Iterator[str]:
    needle = flat(value.rstrip("*")).rstrip(" ")
    if "?" in value or "*" in value.rstrip("*") or not sources:
        return
    names = [name for name in sources if name.casefold() == value.casefold() or needle in flat(name)]
    if names:
        return
    titles = {title.casefold(): name for name, title in sources.items()}
    meant = titles.get(value.casefold()) or _closest(value.casefold(), sources)
    yield f"source:{value} never matches: no source has this name" + (f"; write source:{meant}" if meant else "")


def _closest(value: str, allowed: Collection[str]) -> str | None:
    return next(iter(get_close_matches(value, allowed, n=1, cutoff=0.6)), None)


def _terms(query: Query) -> Iterator[Term]:
    """Yield all terms, also the negated ones."""
    match query:
        case Term():
            yield query
        case Near(left, right, _):
            yield from (left, right)
        case Not(part):
            yield from _terms(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _terms(part)
        case Regex() | Range():
            return


def _positive(query: Query) -> Iterator[Term]:
    """Yield the terms that every match has."""
    match query:
        case Term():
            yield query
        case And(parts):
            for part in parts:
                yield from _positive(part)
        case _:
            return


def _required(query: Query) -> Iterator[Query]:
    """Yield parts that must be found in some way."""
    match query:
        case Not():
            return
        case And(parts) | Or(parts):
            for part in parts:
                yield from _required(part)
        case _:
            yield query

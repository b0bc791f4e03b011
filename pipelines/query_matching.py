"""What a query matches.

A word matches whole, without regard to case and accents (``cafe`` finds ``Café``), and as a part of the text in scripts
that are written without spaces (Chinese, Japanese, Thai, …) or that glue particles to words (Korean). Traditional and
simplified Chinese characters are the same. ``innov*`` matches the beginning of a word. A phrase is its words in a row,
whatever punctuation is between them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cached_property

from config.query import TEXT_FIELDS, And, Near, Not, Or, Query, Range, Regex, Term
from stories.model.release import Release
from stories.text.index_words import flat, flat_lines, plain, tag_word, tag_words, ticker_words
from stories.text.linear_regex import LinearPattern
from stories.text.scripts import UNSPACED_OR_HANGUL_CHARACTER, has_unspaced_or_hangul
from stories.text.stemming import stem

ANYWHERE = ("headline", "subheadline", "body", "about", "issuer", "tags")
"""The fields in which a term without a field is searched for."""
_WILDCARDS = re.compile(r"([*?])")
_WORD = re.compile(r"[^\W_]+")


class ReleaseView:
    """A release as queries see it; each part is made when it is first needed, once for all watches."""

    def __init__(self, release: Release, source: str | None) -> None:
        self.release = release
        self.source = source or release.source
        self._flat: dict[str, str] = {}
        self._tokens: dict[str, list[str]] = {}

    def texts(self, field: str) -> Sequence[str | None]:
        """Return the paragraphs of a field as printed."""
        release = self.release
        match field:
            case "body" | "about":
                return release.body if field == "body" else release.about
            case "tags":
                return release.text_tags
            case "place":
                return (release.dateline.place if release.dateline else None,)
            case "source":
                return (self.source,)
            case "author":
                return (release.issuer, *release.contacts)
            case "url":
                return (release.url, release.original_url)
            case _:
                value: str | None = getattr(release, field)
                return (value,)

    def flat(self, field: str) -> str:
        """Return the words of a field, a line for each paragraph (``stories.text.index_words.flat``)."""
        if field not in self._flat:
            self._flat[field] = flat_lines(self.texts(field))
        return self._flat[field]

    def tokens(self, field: str) -> list[str]:
        """Return the words of a field in their order; each letter of a script without spaces is one."""
        if field not in self._tokens:
            self._tokens[field] = split_tokens(self.flat(field))
        return self._tokens[field]

    @cached_property
    def anywhere(self) -> str:
        return "\n".join(part for part in map(self.flat, ANYWHERE) if part)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.anywhere.split())

    @cached_property
    def stems(self) -> str:
        """The stems of all words, as ``anywhere`` has the words."""
        language = self.language
        lines = (text for field in ANYWHERE for text in self.texts(field) if text)
        return "\n".join(flat(" ".join(stem(word, language) for word in _WORD.findall(line))) for line in lines)

    @cached_property
    def tags(self) -> frozenset[str]:
        """Of the hashtag line, and those that are only in the headline ("… #HiDreamAI - Media OutReach Newswire")."""
        return tag_words(self.release.tags, self.release.headline)

    @cached_property
    def tickers(self) -> frozenset[str]:
        """Each as written, and without its exchange."""
        return ticker_words(self.release.tickers)

    @cached_property
    def language(self) -> str:
        return (self.release.language or "").casefold()

    @property
    def kind(self) -> str:
        return self.release.notice.kind if self.release.notice else "new"

    @cached_property
    def published(self) -> date | None:
        """The printed day of publication, or the day on which the release was first seen."""
        printed = (self.release.published_at or self.release.first_seen_at or "")[:10]
        try:
            return date.fromisoformat(printed)
        except ValueError:
            return None


Predicate = Callable[[ReleaseView], bool]


def split_tokens(flattened: str) -> list[str]:
    """Return the words of a flattened text; each letter of a script without spaces is one."""
    tokens: list[str] = []
    for word in flattened.split():
        if has_unspaced_or_hangul(word):
            tokens += word
        else:
            tokens.append(word)
    return tokens


def query_test(query: Query) -> Predicate:
    """Return whether a release matches a query, as a function."""
    match query:
        case Term():
            return _term_test(query)
        case Regex(pattern, field):
            return _regex_test(pattern, field)
        case Range(first, last):
            return lambda view: _is_within(view.published, first, last)
        case Near():
            return _near_test(query)
        case Not(part):
            inner = query_test(part)
            return lambda view: not inner(view)
        case And(parts):
            tests = [query_test(part) for part in parts]
            return lambda view: all(test(view) for test in tests)
        case Or(parts):
            tests = [query_test(part) for part in parts]
            return lambda view: any(test(view) for test in tests)


def _term_test(term: Term) -> Predicate:
    text = term.text.strip()
    if term.stem:
        return _stem_test(text)
    if term.slop is not None:
        return _slop_test(text, term.slop, _fields(term.field))
    match term.field:
        case None:
            return _text_test(text, lambda view: view.anywhere, everywhere=True)
        case "tag":
            return _exact_test(tag_word(text), lambda view: view.tags)
        case "ticker":
            return _exact_test(plain("".join(text.split())), lambda view: view.tickers)
        case "language":
            return _language_test(text)
        case "kind":
            return lambda view: view.kind == text.casefold()
        case "source":
            return _name_test(text, lambda view: view.source, "source")
        case "wire":
            return _name_test(text, lambda view: view.release.wire, "wire")
        case "url":
            return _url_test(text)
        case field if field in TEXT_FIELDS:
            return _text_test(text, lambda view: view.flat(field))
        case unknown:
            raise ValueError(f"no field {unknown!r} in a query")


def _fields(field: str | None) -> tuple[str, ...]:
    return ANYWHERE if field is None else (field,)


def _text_test(text: str, read: Callable[[ReleaseView], str], *, everywhere: bool = False) -> Predicate:
    if _has_inner_wildcard(text):
        pattern = wildcard_pattern(text)
        return lambda view: pattern.search(read(view)) is not None
    is_beginning = text.endswith("*")
    needle = flat(text.rstrip("*"))
    if not needle.strip():
        # Only punctuation ("C++" has a letter, "$" has none): no text has it as a word.
        return lambda view: False
    if is_beginning:
        needle = needle.rstrip(" ")
        return lambda view: needle in read(view)
    words = needle.split()
    if everywhere and not has_unspaced_or_hangul(needle):
        if len(words) == 1:
            word = words[0]
            return lambda view: word in view.words
        first, last = words[0], words[-1]
        return lambda view: first in view.words and last in view.words and needle in read(view)
    return lambda view: needle in read(view)


def _has_inner_wildcard(text: str) -> bool:
    return "?" in text or "*" in text.rstrip("*")


def wildcard_pattern(text: str) -> LinearPattern:
    """Return the pattern that finds words with wildcards in a flattened text."""
    return LinearPattern(_boundaries(" ".join(_wildcard_word(word) for word in text.split())))


def _boundaries(pattern: str) -> str:
    """Return a pattern that begins and ends where words do; a letter of a script without spaces is anywhere a word."""
    first = re.sub(r"\[\^ \\n\]\*?", "", pattern)[:1]
    start = "" if UNSPACED_OR_HANGUL_CHARACTER.match(first) else "(?:^|[ \n])"
    last = re.sub(r"\[\^ \\n\]\*?", "", pattern)[-1:]
    is_open = pattern.endswith("*") or bool(UNSPACED_OR_HANGUL_CHARACTER.match(last))
    return start + pattern + ("" if is_open else "(?:$|[ \n])")


def _wildcard_word(word: str) -> str:
    signs = {"*": r"[^ \n]*", "?": r"[^ \n]"}
    return "".join(signs[part] if part in signs else re.escape(flat(part).strip()) for part in _WILDCARDS.split(word))


def _exact_test(value: str, read: Callable[[ReleaseView], frozenset[str]]) -> Predicate:
    if _has_inner_wildcard(value):
        parts = ("." if part == "?" else ".*" if part == "*" else re.escape(part) for part in _WILDCARDS.split(value))
        pattern = LinearPattern(f"^(?:{''.join(parts)})$")
        return lambda view: any(pattern.search(word) for word in read(view))
    if value.endswith("*"):
        beginning = value.rstrip("*")
        return lambda view: any(word.startswith(beginning) for word in read(view))
    return lambda view: value in read(view)


def _language_test(value: str) -> Predicate:
    value = value.casefold().replace("_", "-").rstrip("*-")
    return lambda view: view.language == value or view.language.startswith(f"{value}-")


def _name_test(value: str, name: Callable[[ReleaseView], str | None], field: str) -> Predicate:
    plain_name, by_words = value.casefold(), _text_test(value, lambda view: view.flat(field))
    return lambda view: (name(view) or "").casefold() == plain_name or by_words(view)


def _url_test(text: str) -> Predicate:
    parts = _WILDCARDS.split(text)
    pattern = LinearPattern("".join(".*" if part == "*" else re.escape(part) for part in parts), ignore_case=True)
    return lambda view: any(pattern.search(url) for url in view.texts("url") if url)


def _regex_test(pattern: str, field: str | None) -> Predicate:
    regex = LinearPattern(pattern, ignore_case=True)
    fields = _fields(field)
    return lambda view: any(regex.search(text) for name in fields for text in view.texts(name) if text)


def _stem_test(text: str) -> Predicate:
    words = _WORD.findall(text)

    def test(view: ReleaseView) -> bool:
        needle = flat(" ".join(stem(word, view.language) for word in words))
        return bool(needle.strip()) and needle in view.stems

    return test


def _is_within(day: date | None, first: date | None, last: date | None) -> bool:
    return day is not None and (first is None or first <= day) and (last is None or day <= last)


TokenTest = Callable[[str], bool]


def _token_tests(text: str) -> list[tuple[str, TokenTest]]:
    """Return a name and a test for each word of a term."""
    found: list[tuple[str, TokenTest]] = []
    for word in text.split():
        if "*" in word or "?" in word:
            pattern = LinearPattern(f"^(?:{_wildcard_word(word)})$")
            found.append((word, _pattern_test(pattern)))
        else:
            found += [(token, token.__eq__) for token in split_tokens(flat(word))]
    return found


def _pattern_test(pattern: LinearPattern) -> TokenTest:
    return lambda token: pattern.search(token) is not None


def _slop_test(text: str, slop: int, fields: Iterable[str]) -> Predicate:
    wanted, fields = _token_tests(text), tuple(fields)
    if not wanted:
        return lambda view: False
    return lambda view: any(_has_window(view.tokens(field), wanted, slop) for field in fields)


def _has_window(tokens: Sequence[str], wanted: Sequence[tuple[str, TokenTest]], slop: int) -> bool:
    """Return whether all wanted words are among at most ``slop`` others, in any order, by a sliding window."""
    tests = dict(wanted)
    needed = Counter(name for name, _ in wanted)
    places = [(at, name) for at, token in enumerate(tokens) for name, test in tests.items() if test(token)]
    held: Counter[str] = Counter()
    missing, first = len(wanted), 0
    for at, name in places:
        held[name] += 1
        missing -= held[name] <= needed[name]
        while missing == 0:
            start, earliest = places[first]
            if at - start + 1 - len(wanted) <= slop:
                return True
            held[earliest] -= 1
            missing += held[earliest] < needed[earliest]
            first += 1
    return False


def _near_test(near: Near) -> Predicate:
    left, right, fields = _token_tests(near.left.text), _token_tests(near.right.text), _fields(near.left.field)
    if not left or not right:
        return lambda view: False

    def test(view: ReleaseView) -> bool:
        for field in fields:
            tokens = view.tokens(field)
            starts, others = _places(tokens, left), _places(tokens, right)
            if _are_near(starts, len(left), others, near.distance) or _are_near(
                others, len(right), starts, near.distance
            ):
                return True
        return False

    return test


def _places(tokens: Sequence[str], wanted: Sequence[tuple[str, TokenTest]]) -> list[int]:
    """Return the positions at which the wanted words are in a row."""
    count = len(wanted)
    return [
        at
        for at in range(len(tokens) - count + 1)
        if all(test(tokens[at + number]) for number, (_, test) in enumerate(wanted))
    ]


def _are_near(starts: Sequence[int], length: int, followers: Sequence[int], distance: int) -> bool:
    for start in starts:
        following = bisect_left(followers, start + length)
        if following < len(followers) and followers[following] - (start + length) <= distance:
            return True
    return False

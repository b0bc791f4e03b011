"""Which watches a release is for.

A word matches whole, without regard to case and accents (``cafe`` finds ``Café``), and as a part of the text in
scripts that are written without spaces (Chinese, Japanese, Thai, …) or that glue particles to words (Korean).
``innov*`` matches the beginning of a word. A phrase is its words in a row, whatever punctuation stands between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property

from config.query import And, Not, Or, Query, Term, parse_query
from config.settings import WatchSettings
from stories.model.release import Release
from stories.text.index_words import flat, flat_lines, plain, tag_word, tag_words, ticker_words
from stories.text.scripts import has_unspaced_or_hangul


class _View:
    """A release as watches look at it; each part is made when first asked for, once for all watches."""

    def __init__(self, release: Release, source: str | None) -> None:
        self.release = release
        self.source = source or release.source

    @cached_property
    def headline(self) -> str:
        return flat_lines([self.release.headline])

    @cached_property
    def subheadline(self) -> str:
        return flat_lines([self.release.subheadline])

    @cached_property
    def body(self) -> str:
        return flat_lines(self.release.body)

    @cached_property
    def about(self) -> str:
        return flat_lines(self.release.about)

    @cached_property
    def issuer(self) -> str:
        return flat_lines([self.release.issuer])

    @cached_property
    def wire(self) -> str:
        return flat_lines([self.release.wire])

    @cached_property
    def place(self) -> str:
        return flat_lines([self.release.dateline.place if self.release.dateline else None])

    @cached_property
    def source_words(self) -> str:
        return flat_lines([self.source])

    @cached_property
    def anywhere(self) -> str:
        parts = (self.headline, self.subheadline, self.body, self.about, self.issuer, flat_lines(self.release.tags))
        return "\n".join(part for part in parts if part)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.anywhere.split())

    @cached_property
    def tags(self) -> frozenset[str]:
        """Of the hashtag line, and those that stand only in the headline ("… #HiDreamAI - Media OutReach Newswire")."""
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


_Test = Callable[[_View], bool]


def _text_test(text: str, read: Callable[[_View], str], *, everywhere: bool = False) -> _Test:
    beginning = text.endswith("*")
    needle = flat(text.rstrip("*"))
    if not needle.strip():
        # Nothing but signs ("C++" has a letter, "$" has none): no text has it as a word.
        return lambda view: False
    if beginning:
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


def _exact_test(value: str, read: Callable[[_View], frozenset[str]]) -> _Test:
    if value.endswith("*"):
        beginning = value.rstrip("*")
        return lambda view: any(one.startswith(beginning) for one in read(view))
    return lambda view: value in read(view)


def _language_test(value: str) -> _Test:
    value = value.casefold().replace("_", "-").rstrip("*-")
    return lambda view: view.language == value or view.language.startswith(f"{value}-")


def _name_test(value: str, name: Callable[[_View], str | None], words: Callable[[_View], str]) -> _Test:
    plain, by_words = value.casefold(), _text_test(value, words)
    return lambda view: (name(view) or "").casefold() == plain or by_words(view)


def _term_test(term: Term) -> _Test:
    text = term.text.strip()
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
            return _name_test(text, lambda view: view.source, lambda view: view.source_words)
        case "wire":
            return _name_test(text, lambda view: view.release.wire, lambda view: view.wire)
        case "headline":
            return _text_test(text, lambda view: view.headline)
        case "subheadline":
            return _text_test(text, lambda view: view.subheadline)
        case "body":
            return _text_test(text, lambda view: view.body)
        case "about":
            return _text_test(text, lambda view: view.about)
        case "issuer":
            return _text_test(text, lambda view: view.issuer)
        case "place":
            return _text_test(text, lambda view: view.place)
        case unknown:
            raise ValueError(f"no field {unknown!r} in a query")


def _test(query: Query) -> _Test:
    match query:
        case Term():
            return _term_test(query)
        case Not(part):
            inner = _test(part)
            return lambda view: not inner(view)
        case And(parts):
            tests = [_test(part) for part in parts]
            return lambda view: all(test(view) for test in tests)
        case Or(parts):
            tests = [_test(part) for part in parts]
            return lambda view: any(test(view) for test in tests)


@cache  # a daemon has as many queries as its configuration has watches
def _compiled(query: str) -> _Test:
    return _test(parse_query(query))


def query_predicate(query: str) -> Callable[[Release], bool]:
    """Return whether a release is what a query asks for; ``QuerySyntaxError`` for one that cannot be read.

    For queries that come and go: nothing of them is remembered.
    """
    test = _test(parse_query(query))
    return lambda release: test(_View(release, None))


@cache
def _tags(tags: tuple[str, ...]) -> frozenset[str]:
    return tag_words(tags)


def _matches(watch: WatchSettings, view: _View) -> bool:
    if watch.sources is not None and view.source not in watch.sources:
        return False
    if watch.tags and _tags(watch.tags).isdisjoint(view.tags):
        return False
    return watch.query is None or _compiled(watch.query)(view)


def matches(watch: WatchSettings, release: Release, *, source: str | None) -> bool:
    """Return whether a release is one that a watch follows.

    One of its tags and its query must both hold (those that it has), and the source must be among its sources; a watch
    with neither tags nor query takes all of its sources. ``source`` is the source's name; None: the release's own.
    """
    return _matches(watch, _View(release, source))


def matching_watches(
    watches: Mapping[str, WatchSettings], release: Release, source: str | None = None
) -> tuple[str, ...]:
    """Return the names of the watches that follow a release, in their order."""
    view = _View(release, source)
    return tuple(name for name, watch in watches.items() if _matches(watch, view))

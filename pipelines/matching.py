"""Stop 10, match: which watches a release is for.

A word matches whole, without regard to case and accents (``cafe`` finds ``Café``), and as a part of the text in
scripts that are written without spaces (Chinese, Japanese, Thai, …) or that glue particles to words (Korean).
``innov*`` matches the beginning of a word. A phrase is its words in a row, whatever punctuation stands between them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property

from config.query import And, Not, Or, Query, Term, parse_query
from config.settings import WatchSettings
from stories.release import Release

# Scripts written without spaces between words, and Hangul, where "삼성전자는" is a name with its particle.
_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_ACCENTS = re.compile(
    "(?<=[\u0000-\u052f])[\u0300-\u036f]+"
)  # of Latin, Greek, Cyrillic; elsewhere a mark makes a word
_HASHTAG = re.compile(r"[#＃]([^\s#＃,;:!?|。，、；：！？()（）\[\]【】「」\"“”'’]+)")


def _plain(text: str) -> str:
    """Return text without case, compatibility forms, and accents of Latin, Greek and Cyrillic letters."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def _flat(text: str) -> str:
    """Return the words of a text between single spaces; words of unspaced scripts stand without them.

    ``"AI芯片 发布!"`` gives ``" ai 芯片发布"``: a needle made the same way is found by ``in``.
    """
    parts: list[str] = []
    open_end = True
    for token in _TOKEN.findall(_plain(text)):
        if _IS_UNSPACED.match(token):
            parts.append(token if open_end else f" {token}")
            open_end = True
        else:
            parts.append(f" {token}")
            open_end = False
    return "".join(parts) + ("" if open_end else " ")


def _tag(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lstrip("#").casefold().rstrip(".-–—")


def _lines(texts: Iterable[str | None]) -> str:
    # A newline between paragraphs: a phrase does not run from one into the next.
    return "\n".join(_flat(text) for text in texts if text)


class _View:
    """A release as watches look at it; each part is made when first asked for, once for all watches."""

    def __init__(self, release: Release, source: str | None) -> None:
        self.release = release
        self.source = source or release.source

    @cached_property
    def headline(self) -> str:
        return _lines([self.release.headline])

    @cached_property
    def subheadline(self) -> str:
        return _lines([self.release.subheadline])

    @cached_property
    def body(self) -> str:
        return _lines(self.release.body)

    @cached_property
    def about(self) -> str:
        return _lines(self.release.about)

    @cached_property
    def issuer(self) -> str:
        return _lines([self.release.issuer])

    @cached_property
    def wire(self) -> str:
        return _lines([self.release.wire])

    @cached_property
    def place(self) -> str:
        return _lines([self.release.dateline.place if self.release.dateline else None])

    @cached_property
    def source_words(self) -> str:
        return _lines([self.source])

    @cached_property
    def anywhere(self) -> str:
        parts = (self.headline, self.subheadline, self.body, self.about, self.issuer, _lines(self.release.tags))
        return "\n".join(part for part in parts if part)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.anywhere.split())

    @cached_property
    def tags(self) -> frozenset[str]:
        """Of the hashtag line, and those that stand only in the headline ("… #HiDreamAI - Media OutReach Newswire")."""
        in_headline = _HASHTAG.findall(self.release.headline)
        return frozenset(_tag(tag) for tag in (*self.release.tags, *in_headline)) - {""}

    @cached_property
    def tickers(self) -> frozenset[str]:
        """Each as written, and without its exchange."""
        plain = [_plain("".join(ticker.split())) for ticker in self.release.tickers]
        return frozenset(plain) | {ticker.rpartition(":")[2] for ticker in plain}

    @cached_property
    def language(self) -> str:
        return (self.release.language or "").casefold()

    @property
    def kind(self) -> str:
        return self.release.notice.kind if self.release.notice else "new"


_Test = Callable[[_View], bool]


def _text_test(text: str, read: Callable[[_View], str], *, everywhere: bool = False) -> _Test:
    beginning = text.endswith("*")
    needle = _flat(text.rstrip("*"))
    if not needle.strip():
        # Nothing but signs ("C++" has a letter, "$" has none): no text has it as a word.
        return lambda view: False
    if beginning:
        needle = needle.rstrip(" ")
        return lambda view: needle in read(view)
    words = needle.split()
    if everywhere and not _IS_UNSPACED.search(needle):
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
            return _exact_test(_tag(text), lambda view: view.tags)
        case "ticker":
            return _exact_test(_plain("".join(text.split())), lambda view: view.tickers)
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


@cache
def _tags(tags: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_tag, tags)) - {""}


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

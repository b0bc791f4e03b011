"""Computes what the index contains of a release: words in columns, and marks for exact values; pure.

The tokenizer of the index splits only at spaces. ``stories.text.index_words`` defines words, so that the index finds
exactly what the query of a watch matches. A run of a script without spaces is stored as its pairs of characters and
its last character ("科技園": 科技 技園 園): any part of it, of any length, is a sequence of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stories.model.release import Release
from stories.text.index_words import flat, plain, tag_words, ticker_words
from stories.text.scripts import has_unspaced_or_hangul

COLUMNS = ("headline", "subheadline", "body", "about", "issuer", "tags", "marks")
EVERYTHING = '"§a"'
"""Matches every release."""
NOTHING = '"§0"'
"""Matches none."""
PARAGRAPH = " ¶ "  # not a word: a phrase does not extend over it
MAX_CHARACTERS = 4_000_000  # characters of one release; a page of 8 MB has less text, unless it is hostile


def columns(release: Release, kind: str) -> tuple[str, ...]:
    """Return a release's text for each of ``COLUMNS``; ``kind`` is a word of ``stories.search.filters.KINDS``."""
    return (
        _words([release.headline]),
        _words([release.subheadline]),
        _words(release.body),
        _words(release.about),
        _words([release.issuer]),
        _words(release.text_tags),
        _marks(release, kind),
    )


def mark(kind: str, value: str, *, beginning: bool = False) -> str:
    """Return the expression for a mark: ``t`` a tag, ``s`` a source's name, ``k`` a kind, and those below."""
    return f'"{_mark(kind, value)}"' + (" *" if beginning else "")


def phrase(text: str, *, column: str | None = None, beginning: bool = False) -> str:
    """Return the expression for these words in a row, anywhere or in a column (``w:``, ``p:``, ``u:`` too).

    ``beginning``: the last word is a prefix.
    """
    words = flat(text).split()
    if not words:
        return NOTHING
    tokens: list[str] = []
    for number, word in enumerate(words):
        last = number == len(words) - 1
        if not has_unspaced_or_hangul(word):
            tokens.append(word)
        elif last and len(word) == 1:
            tokens.append(word)
            beginning = True
        else:
            tokens += _pairs(word) if not last else _pairs(word)[:-1]
            beginning = beginning and not last
    aside = column is not None and column.endswith(":")
    if aside:
        tokens = [f"÷{column}{token}".replace(":", "") for token in tokens]
    found = f'"{" ".join(tokens)}"' + (" *" if beginning else "")
    return found if column is None or aside else f"{column} : {found}"


def every(parts: Sequence[str]) -> str:
    """Return the expression for all of these."""
    return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"


def some(parts: Sequence[str]) -> str:
    """Return the expression for any of these."""
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def without(expression: str, unwanted: str) -> str:
    """Return the expression for the first and not the second."""
    return f"({expression} NOT {unwanted})"


def _pairs(run: str) -> list[str]:
    return [*(run[at : at + 2] for at in range(len(run) - 1)), run[-1]]


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for word in flat(text[:MAX_CHARACTERS]).split():
        if has_unspaced_or_hangul(word):
            tokens += _pairs(word)
        else:
            tokens.append(word)
    return tokens


def _words(texts: Iterable[str | None]) -> str:
    return PARAGRAPH.join(" ".join(_tokens(text)) for text in texts if text)


def _aside(letter: str, text: str | None) -> str:
    return " ".join(f"÷{letter}{token}" for token in _tokens(text or ""))


def _mark(kind: str, value: str) -> str:
    return f"§{kind}{value.encode('utf-8', 'surrogatepass').hex()}"


def _marks(release: Release, kind: str) -> str:
    language = plain_language(release.language)
    marks = [
        ("s", release.source or ""),
        ("k", kind),
        ("n", release.notice.kind if release.notice else "new"),
        ("u", (release.source or "").casefold()),
        ("w", (release.wire or "").casefold()),
        ("l", language),
        *(("l", language[:at]) for at, sign in enumerate(language) if sign == "-"),
        *(("t", tag) for tag in sorted(tag_words(release.tags, release.headline))),
        *(("c", ticker) for ticker in sorted(ticker_words(release.tickers))),
    ]
    place = release.dateline.place if release.dateline else None
    asides = (("w", release.wire), ("p", place), ("u", release.source))
    return PARAGRAPH.join(
        ["§a " + " ".join(_mark(*pair) for pair in marks), *(_aside(letter, text) for letter, text in asides)]
    )


def plain_language(language: str | None) -> str:
    """Return a language's code in lower case; empty if it is unknown."""
    return (language or "").casefold()


def plain_ticker(ticker: str) -> str:
    """Return a ticker as it is in marks."""
    return plain("".join(ticker.split()))

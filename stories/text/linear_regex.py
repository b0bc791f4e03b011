"""Regular expressions on RE2: the time of a search grows in proportion to the text, whatever text and pattern are.

For patterns that operators write (``release.url`` of a source), which no test of ours covers, and for tables of
patterns that are searched for in foreign addresses. Elsewhere the standard library's ``re`` is used, with patterns
that ``tests/patterns`` proves to be linear. Differences of RE2: no lookaround, no back-references; its classes of
letters, digits and spaces and its word boundary are ASCII (https://github.com/google/re2/wiki/Syntax).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar, cast

import re2

Value = TypeVar("Value")


def _options(ignore_case: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False  # otherwise RE2 writes to standard error itself
    return options


def _encodable(text: str) -> str:
    """Return a text without lone surrogates: RE2 reads UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


class LinearPattern:
    """A compiled pattern that is searched for in linear time."""

    __slots__ = ("_compiled", "pattern")

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        """Compile a pattern.

        Args:
            pattern: in the syntax of RE2.
            ignore_case: whether upper and lower case are the same.

        Raises:
            ValueError: RE2 does not accept the pattern.
        """
        try:
            self._compiled = re2.compile(pattern, _options(ignore_case))
        except re2.error as error:
            reason = error.args[0]
            raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
        self.pattern = pattern

    def search(self, text: str) -> re.Match[str] | None:
        """Return the leftmost match, with the methods of ``re.Match``; None if nothing matches."""
        return cast("re.Match[str] | None", self._compiled.search(_encodable(text)))


class LinearTable(Generic[Value]):
    """Patterns with what each means; a text without any of them costs one search."""

    __slots__ = ("_all", "rows")

    def __init__(self, rows: Iterable[tuple[str, Value]], *, ignore_case: bool = False) -> None:
        """Compile (pattern, meaning) rows; the first row that is found counts."""
        self.rows = tuple((LinearPattern(pattern, ignore_case=ignore_case), value) for pattern, value in rows)
        self._all = re2.Set.SearchSet(_options(ignore_case))
        for row, _ in self.rows:
            self._all.Add(row.pattern)
        self._all.Compile()

    def search(self, text: str) -> tuple[re.Match[str], Value] | None:
        """Return the match of the first row that is found in a text, and its meaning."""
        text = _encodable(text)
        found = self._all.Match(text)
        if not found:
            return None
        row, value = self.rows[min(found)]
        match = row.search(text)
        return (match, value) if match else None


@lru_cache(maxsize=1_024)  # a pattern for each source
def linear(pattern: str) -> LinearPattern:
    """Return the compiled form of a pattern that an operator wrote; ``ValueError`` where RE2 does not accept it."""
    return LinearPattern(pattern)

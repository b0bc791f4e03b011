"""The fault of a query with its position, for a page. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault as text, with its line and position if it is in a query."""

    words: str
    line: str | None = None
    at: int = 0
    """Index of the invalid character; the length of the line if the query ends too early."""


def fault_of(message: str) -> Fault:
    """Return the fault in an error text; ``config.query`` adds the line, and a caret under the position."""
    words, *place = message.removeprefix("q: ").split("\n")
    if len(place) != 2 or place[1].strip() != "^":
        return Fault(words=message)
    indent = 2  # of both lines
    return Fault(words=words, line=place[0][indent:], at=len(place[1]) - 1 - indent)

"""What is wrong with a query, with its place in it, for a page; pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault in words; of a query, the line that it is in and where."""

    words: str
    line: str | None = None
    at: int = 0
    """The letter that cannot be read; the length of the line where it ends too early."""


def fault_of(message: str) -> Fault:
    """Return the fault that a message tells: ``config.query`` puts the line and a caret under its place below it."""
    words, *place = message.removeprefix("q: ").split("\n")
    if len(place) != 2 or place[1].strip() != "^":
        return Fault(words=message)
    indent = 2  # of both lines
    return Fault(words=words, line=place[0][indent:], at=len(place[1]) - 1 - indent)

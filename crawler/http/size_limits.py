"""The error of a response over a size limit, and the counter of refused content."""

from __future__ import annotations

from typing import Protocol

from scrapy.exceptions import IgnoreRequest


class ResponseLimitError(IgnoreRequest):
    """A response is over a limit; the message names the limit. It is not retried: the next poll is soon enough.

    Attributes:
        reason: The limit in a word, for metrics.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class RefusalCounter(Protocol):
    """Counts what was refused of a source, by reason; ``wirewatch_refused_total`` in the daemon."""

    def __call__(self, source: str, reason: str, number: int = 1) -> None: ...


def ignore_refusals(source: str, reason: str, number: int = 1) -> None:
    """Count nothing: for processes without metrics."""

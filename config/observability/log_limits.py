"""Protects the log from sources: values are cut, control characters escaped, lines rate limited.

A line's values come from the network: URLs, headlines, headers, messages of libraries. They are cut and their control
characters escaped, so that a terminal shows them and does not obey them.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from time import monotonic

import structlog
from structlog.typing import EventDict, WrappedLogger

VALUE_MAX = 500  # characters of one value
EVENT_MAX = 2_000  # characters of the event itself; those of libraries are sentences with URLs in them
EXCEPTION_MAX = 20_000  # characters of a traceback
ITEMS_MAX = 100  # items of a list or mapping
DEPTH_MAX = 4  # lists and mappings within each other
UNSCRUBBED = 4
"""How many times as much is kept for the search for secrets: one that is cut in two would not be found."""
LINES_A_MINUTE = 120  # of one source, over time
BURST = 600  # lines of one source in a burst: the first poll of a busy wire
SOURCES_MAX = 1_000  # sources whose lines are counted; of more, the one that was silent for longest is forgotten

_LIMITS = {"event": EVENT_MAX, "exception": EXCEPTION_MAX, "stack": EXCEPTION_MAX}
_UNSAFE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL = re.compile(f"[\t\n{_UNSAFE}]")
_CONTROL_BUT_LINES = re.compile(f"[{_UNSAFE}]")
"""Control characters of terminals (C0, C1), of text direction, and what cannot be encoded."""


def clean(text: str, limit: int = VALUE_MAX, *, lines: bool = False) -> str:
    """Return a text of at most ``limit`` characters and a note of what was cut, with control characters escaped.

    Args:
        text: Any text.
        limit: Characters that are kept.
        lines: Whether tabs and line breaks stay, as in a traceback.
    """
    cut = f"… ({len(text) - limit} more characters)" if len(text) > limit else ""
    pattern = _CONTROL_BUT_LINES if lines else _CONTROL
    return pattern.sub(lambda found: _escaped(found[0]), text[:limit]) + cut


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _bounded(value: object, limit: int, *, lines: bool = False, depth: int = 0) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean(value, limit, lines=lines)
    if depth >= DEPTH_MAX and isinstance(value, Mapping | list | tuple | set | frozenset):
        return "…"
    if isinstance(value, Mapping):
        items = list(value.items())[:ITEMS_MAX]
        return {clean(str(key), limit): _bounded(item, limit, depth=depth + 1) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [_bounded(element, limit, depth=depth + 1) for element in list(value)[:ITEMS_MAX]]
    return value  # the search for secrets makes text of it


def _bound(event: EventDict, factor: int) -> EventDict:
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = _bounded(value, _LIMITS.get(key, VALUE_MAX) * factor, lines=key in ("exception", "stack"))
    return event


def bound_for_scrubbing(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut values to some times their limit, before they are searched for secrets; a structlog processor."""
    return _bound(event, UNSCRUBBED)


def bound_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut values to their limit, and escape their control characters; a structlog processor."""
    return _bound(event, 1)


class LineRates:
    """Counts the log lines of each source: a token bucket of ``BURST``, refilled with ``LINES_A_MINUTE``."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float, int]] = OrderedDict()
        """By source: lines left, when that was, and how many were suppressed since the last line."""

    def admit(self, source: str, now: float) -> int | None:
        """Return how many lines were suppressed before this one; None when it is to be suppressed too.

        Args:
            source: Whose line it is.
            now: Seconds on any clock that does not go back.
        """
        left, at, suppressed = self._left.pop(source, (float(BURST), now, 0))
        left = min(float(BURST), left + max(0.0, now - at) * LINES_A_MINUTE / 60)
        admitted = left >= 1
        self._left[source] = (left - 1, now, 0) if admitted else (left, now, suppressed + 1)
        if len(self._left) > SOURCES_MAX:
            self._left.popitem(last=False)
        return suppressed if admitted else None


class LimitLines:
    """A structlog processor that drops the lines of a source over its rate; the next one says ``suppressed=N``."""

    def __init__(self, rates: LineRates, clock: Callable[[], float] = monotonic) -> None:
        self._rates = rates
        self._clock = clock

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        source = event.get("source") or event.get("host")
        if not isinstance(source, str):
            return event
        suppressed = self._rates.admit(source, self._clock())
        if suppressed is None:
            raise structlog.DropEvent
        return {**event, "suppressed": suppressed} if suppressed else event


class LimitLibraries(logging.Filter):
    """Drops the lines of a library's logger over its rate, and says how many in the next one."""

    def __init__(self, rates: LineRates, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._rates = rates
        self._clock = clock

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is written."""
        if isinstance(record.msg, dict):  # structlog's own
            return True
        suppressed = self._rates.admit(f"logger {record.name}", self._clock())
        if suppressed:
            record.msg, record.args = f"{record.getMessage()} (suppressed={suppressed})", ()
        return suppressed is not None

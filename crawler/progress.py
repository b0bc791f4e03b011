"""The progress of crawls: counts the open requests of each, and reports when one is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stories.model.event import Event


@dataclass(slots=True, kw_only=True)
class Tally:
    """One crawl's counts so far."""

    crawl_id: str
    open: int = 0
    listings: int = 0
    """Read without an error, a 304 included."""
    sightings: int = 0
    pages: int = 0
    """Releases read."""
    events: list[Event] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    """About listings that were read and name no release."""
    errors: list[str] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Progress:
    """The tallies of one-off and requested crawls; polls of the clock have none."""

    def __init__(self, changed: Callable[[Tally], None] | None = None) -> None:
        self._tallies: dict[str, Tally] = {}
        self._changed = changed

    def follow(self, crawl_id: str) -> Tally:
        """Begin to count a crawl, and return its tally, which fills as it goes on."""
        return self._tallies.setdefault(crawl_id, Tally(crawl_id=crawl_id))

    def forget(self, crawl_id: str) -> None:
        """End the counting of a crawl."""
        self._tallies.pop(crawl_id, None)

    def opened(self, crawl_id: str | None, count: int = 1) -> None:
        """Count requests that were put in the queue."""
        if tally := self._tally(crawl_id):
            tally.open += count

    def listed(self, crawl_id: str | None, sightings: int) -> None:
        """Count a listing that was read."""
        if tally := self._tally(crawl_id):
            tally.listings += 1
            tally.sightings += sightings
            self._notify(tally)

    def advise(self, crawl_id: str | None, advice: Sequence[str]) -> None:
        """Add what is to be said about a listing that names no release."""
        if tally := self._tally(crawl_id):
            tally.advice.extend(advice)

    def ingested(self, crawl_id: str | None, events: Sequence[Event]) -> None:
        """Count a release that was read and kept."""
        if tally := self._tally(crawl_id):
            tally.pages += 1
            tally.events.extend(events)
            self._notify(tally)

    def failed(self, crawl_id: str | None, error: str) -> None:
        """Count something that could not be read."""
        if tally := self._tally(crawl_id):
            tally.errors.append(error)
            self._notify(tally)

    def closed(self, crawl_id: str | None) -> None:
        """Count a request that came to its end, well or not."""
        if tally := self._tally(crawl_id):
            tally.open -= 1
            if tally.open <= 0:
                tally.done.set()
            self._notify(tally)

    def _tally(self, crawl_id: str | None) -> Tally | None:
        return self._tallies.get(crawl_id) if crawl_id else None

    def _notify(self, tally: Tally) -> None:
        if self._changed:
            self._changed(tally)

"""The rate limit of one source: a token bucket each for pages, bytes and reader seconds.

A bucket fills at a steady rate up to its capacity. Costs that are known only afterwards (bytes, reader seconds) may
overdraw it; then the source waits until the bucket is positive again. Pure: time is an argument, in seconds of a
monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Resource = Literal["pages", "bytes", "reader"]

PAGES_BURST = 200.0  # pages; more than any real listing shows, so that a first poll is not throttled
PAGES_PER_SECOND = 0.5  # 1,800 an hour; the busiest wire (GlobeNewswire) publishes 860 on its busiest hour
BYTES_BURST = 256e6
BYTES_PER_SECOND = 256e6 / 3600
READER_BURST = 120.0  # seconds; an ordinary page takes 0.04, one that hangs is cut off after 10
READER_PER_SECOND = 180 / 3600


@dataclass(slots=True)
class TokenBucket:
    """Tokens that refill with time. ``level`` holds as of ``at``."""

    capacity: float
    per_second: float
    level: float
    at: float

    def refill(self, now: float) -> float:
        """Return the level at ``now``. A clock that went back adds nothing."""
        self.level = min(self.capacity, self.level + max(0.0, now - self.at) * self.per_second)
        self.at = now
        return self.level

    def take(self, amount: float, now: float) -> None:
        """Remove ``amount``; the level may become negative."""
        self.refill(now)
        self.level -= amount

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until ``amount`` tokens are there; 0.0 if they are there now."""
        missing = min(amount, self.capacity) - self.refill(now)
        return max(0.0, missing / self.per_second)


def _full(capacity: float, per_second: float) -> TokenBucket:
    return TokenBucket(capacity, per_second, capacity, 0.0)


@dataclass(slots=True)
class SourceBudget:
    """The buckets of one source."""

    pages: TokenBucket = field(default_factory=lambda: _full(PAGES_BURST, PAGES_PER_SECOND))
    bytes: TokenBucket = field(default_factory=lambda: _full(BYTES_BURST, BYTES_PER_SECOND))
    reader: TokenBucket = field(default_factory=lambda: _full(READER_BURST, READER_PER_SECOND))

    def charge(self, resource: Resource, amount: float, now: float) -> None:
        """Count what the source used."""
        self._bucket(resource).take(amount, now)

    def page_wait(self, now: float) -> tuple[float, Resource | None]:
        """Return the seconds until the source may have another page, and the resource it waits for."""
        waits: list[tuple[float, Resource]] = [
            (self.pages.wait(1.0, now), "pages"),
            (self.bytes.wait(0.0, now), "bytes"),
            (self.reader.wait(0.0, now), "reader"),
        ]
        seconds, resource = max(waits, key=lambda pair: pair[0])
        return seconds, resource if seconds > 0 else None

    def listing_wait(self, now: float) -> tuple[float, Resource | None]:
        """Return the seconds until a listing of the source may be read, and the resource it waits for.

        Listings do not use up the pages: new releases are noticed while older pages wait.
        """
        waits: list[tuple[float, Resource]] = [
            (self.bytes.wait(0.0, now), "bytes"),
            (self.reader.wait(0.0, now), "reader"),
        ]
        seconds, resource = max(waits, key=lambda pair: pair[0])
        return seconds, resource if seconds > 0 else None

    def has_recovered(self, now: float) -> bool:
        """Return whether every bucket has a tenth of its capacity again: less would flicker."""
        return all(bucket.refill(now) >= bucket.capacity / 10 for bucket in (self.pages, self.bytes, self.reader))

    def _bucket(self, resource: Resource) -> TokenBucket:
        match resource:
            case "pages":
                return self.pages
            case "bytes":
                return self.bytes
            case "reader":
                return self.reader

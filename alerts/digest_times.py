"""Fixed hours at which a digest is sent, in the wall-clock time of a time zone. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_TIMES = re.compile(r"\s*(\d{1,2}:\d{2}(?:\s*,\s*\d{1,2}:\d{2})*)\s+(\S+)\s*")
MAX_TIMES = 24
ALLOWED = '"1h", or "08:00,17:00 Asia/Hong_Kong": times of the day, and an IANA time zone'


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTimes:
    """Times of every day, in order."""

    times: tuple[time, ...]
    zone: ZoneInfo

    def __str__(self) -> str:
        return f"{','.join(f'{time:%H:%M}' for time in self.times)} {self.zone.key}"

    def next_after(self, moment: datetime) -> datetime:
        """Return the first of the times after a moment, in UTC.

        A time that a clock change skips is that much later; of a time that it repeats the first counts.
        """
        day = moment.astimezone(self.zone).date()
        candidates = (
            datetime.combine(day + timedelta(days=later), time, self.zone).astimezone(UTC)
            for later in (-1, 0, 1, 2)
            for time in self.times
        )
        return min(candidate for candidate in candidates if candidate > moment)


def parse_digest_times(text: str) -> DigestTimes:
    """Return the parsed ``"08:00,17:00 Asia/Hong_Kong"``. Raises ``ValueError`` with the allowed forms."""
    found = _TIMES.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is neither a duration nor times of the day; allowed is {ALLOWED}")
    try:
        parts = [part.strip().split(":") for part in found[1].split(",")]
        times = sorted({time(int(hour), int(minute)) for hour, minute in parts})
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; allowed is {ALLOWED}") from error
    if len(times) > MAX_TIMES:
        raise ValueError(f"{text!r} has more than {MAX_TIMES} times")
    try:
        zone = ZoneInfo(found[2])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{text!r}: there is no time zone {found[2]!r}; allowed is {ALLOWED}") from error
    return DigestTimes(times=tuple(times), zone=zone)


def digest_at(first_due: datetime, digest: timedelta | DigestTimes) -> datetime:
    """Return when the digest is sent whose first alert is due at ``first_due``."""
    return digest.next_after(first_due) if isinstance(digest, DigestTimes) else first_due + digest

"""The delivery settings that all channels share: retries, digest, quiet hours and rate limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from alerts.digest_times import DigestTimes, parse_digest_times
from alerts.quiet_hours import parse_quiet_hours
from alerts.retry_schedule import DEFAULT_RETRY
from config.durations import Duration, format_duration, parse_duration
from config.settings import ChannelSettings


def _quiet(text: str) -> str:
    parse_quiet_hours(text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate limit: at most ``alerts`` alerts in any period of this length."""

    alerts: int
    period: timedelta

    def __str__(self) -> str:
        return f"{self.alerts} per {format_duration(self.period)}"


def _rate(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*(\d{1,6})\s+per\s+(\S+)\s*", value)
    if found is None or int(found[1]) < 1:
        raise ValueError(f'{value!r} is not a rate; allowed is "30 per 1m"')
    period = parse_duration(found[2])
    if not timedelta(seconds=1) <= period <= timedelta(days=1):
        raise ValueError(f"{value!r}: the period must be from 1s to 1d")
    return Rate(alerts=int(found[1]), period=period)


MAX_DIGEST = timedelta(days=7)


def _digest(value: Any) -> Any:
    if not isinstance(value, str) or not {":", "/"} & set(value):
        span = parse_duration(value) if isinstance(value, str) else value
        if isinstance(span, timedelta) and not timedelta() < span <= MAX_DIGEST:
            raise ValueError(f"{value!r} is not allowed: a digest collects for more than 0s and at most 7d")
        return span
    return parse_digest_times(value)


def _digest_text(digest: timedelta | DigestTimes) -> str:
    return str(digest) if isinstance(digest, DigestTimes) else format_duration(digest)


class DeliverySettings(ChannelSettings):
    """The settings of a channel that delivery uses, whatever the channel is."""

    retry: tuple[Annotated[Duration, Field(ge=timedelta(), le=timedelta(days=7))], ...] = Field(
        default=DEFAULT_RETRY,
        max_length=100,
        json_schema_extra={"default": [format_duration(wait) for wait in DEFAULT_RETRY]},
    )
    """Waits between tries; after the last one the alert is given up. []: one try. Default: the schedule of Standard
    Webhooks."""
    digest: (
        Annotated[
            timedelta | DigestTimes,
            BeforeValidator(_digest),
            PlainSerializer(_digest_text, return_type=str),
            WithJsonSchema({"type": "string", "examples": ["1h", "08:00,17:00 Asia/Hong_Kong"]}),
        ]
        | None
    ) = None
    """Collect alerts and send them together: ``"1h"``, this long after the first, or ``"08:00,17:00 Asia/Hong_Kong"``,
    at these times. Left out: each is sent immediately."""
    quiet_hours: Annotated[str, AfterValidator(_quiet)] | None = None
    """``"22:00-07:00 Asia/Hong_Kong"``: no alert is delivered during this time; it is sent afterwards."""
    rate: (
        Annotated[
            Rate,
            BeforeValidator(_rate),
            PlainSerializer(str, return_type=str),
            WithJsonSchema({"type": "string", "examples": ["30 per 1m"]}),
        ]
        | None
    ) = None
    """``"30 per 1m"``: the rate limit; further alerts wait."""

"""The configuration of wirewatch, as the contract fixes it (section 3)."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from config.durations import Duration, Interval, format_duration, parse_duration
from config.query import parse_query
from config.source_settings import SourceSettings
from stories.db.keys import EVENT_LIFETIME, RECEIPT_LIFETIME, RELEASE_LIFETIME, Lifetimes
from stories.model.urls import without_userinfo

USER_AGENT = "wirewatch/0.1 (+https://github.com/wirewatch/wirewatch)"

EventName = Literal["new", "corrected", "updated", "revised", "withdrawn", "syndicated", "source"]
DEFAULT_EVENTS: tuple[EventName, ...] = ("new", "corrected", "updated", "revised", "withdrawn")
REDIS_URLS = ("redis://", "rediss://", "redis+sentinel://", "rediss+sentinel://", "unix://")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TOKEN_LENGTH = 8  # characters; attempts are rate limited, but shorter tokens can be guessed from many addresses
TOKEN_DIFFERENT = 5  # different characters: "aaaaaaaa" is long, but among the first guesses
_RUNG = re.compile(r"\s*(\S+)\s+for\s+(\S+)\s*")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def _network(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return ip_network(value, strict=False)
        except ValueError as error:
            raise ValueError(f"{value!r} is not a network; allowed is CIDR such as 127.0.0.0/8 or ::1/128") from error
    return value


def _rung(text: str) -> str:
    found = _RUNG.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is not a step of the revisit ladder; allowed is "15m for 3h"')
    if parse_duration(found[1]).total_seconds() < 1:
        raise ValueError(f"{text!r}: the interval must be at least 1s")
    parse_duration(found[2])
    return text


def _query(text: str) -> str:
    parse_query(text)
    return text


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not a valid name; allowed are small letters, digits, '-' and '_', at most 64")
    return name


def _expand(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{str(path)!r}: {error}") from error


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f'{name!r} is not a time zone; allowed are IANA names such as "Asia/Hong_Kong"') from error
    return name


def _tag(tag: str) -> str:
    if not tag.strip().lstrip("#＃").strip():
        raise ValueError(f"{tag!r} is not a hashtag; allowed are words such as \"HKSTP\", with or without '#'")
    return tag.strip()


def _public_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        fine = fine and parts.port != 0 and parts.username is None
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(
            f"{without_userinfo(url)!r} is not the address of a page; allowed is https://host or https://host/path"
        )
    return url.rstrip("/")


def _redis_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(REDIS_URLS):  # without the URL in the message: it may contain a password
        raise ValueError("allowed are redis://…, rediss://…, redis+sentinel://…, rediss+sentinel://… and unix://…")
    return url


def require_hard_to_guess(secret: str) -> None:
    """Raise ``ValueError``, without the secret in it, for a secret that can be guessed; the message shows a new one."""
    if len(secret) >= TOKEN_LENGTH and len(set(secret)) >= TOKEN_DIFFERENT:
        return
    found = f"has {len(secret)} characters" if secret else "is empty"
    if len(secret) >= TOKEN_LENGTH:
        found = f"has only {len(set(secret))} different characters"
    example = secrets.token_urlsafe(24)
    raise ValueError(
        f"{found}; allowed are {TOKEN_LENGTH} and more, {TOKEN_DIFFERENT} of them different, such as {example!r} "
        "(made just now, for you to use)"
    )


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Rung = Annotated[str, AfterValidator(_rung)]
QueryText = Annotated[str, AfterValidator(_query)]
Name = Annotated[str, AfterValidator(_name)]
Tag = Annotated[str, AfterValidator(_tag)]


class _Model(BaseModel):
    # Values may be secrets, and a traceback shows the text of an error.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PollingSettings(_Model):
    """``[polling]``: when and how sites are requested."""

    interval: Interval = timedelta(minutes=5)
    """Between two polls of a listing, for sources that say nothing else."""
    adaptive: bool = True
    """Slower where nothing comes, faster where much does, within [interval/4, interval*12]."""
    user_agent: str = Field(default=USER_AGENT, min_length=1, pattern=r"^[\x20-\x7e]+$")
    revisit: tuple[Rung, ...] = ("15m for 3h", "1h for 1d", "3h for 7d", "3d for 30d")
    """Releases are read again after publication, on this ladder; []: never."""
    private_addresses: tuple[Network, ...] = ()
    """Loopback, private or link-local networks that sources and webhooks may reach all the same. A source's links and
    redirects lead into one only if a configured listing of that source is on it."""

    @property
    def ladder(self) -> tuple[tuple[timedelta, timedelta], ...]:
        """The revisit ladder as (interval, until this age)."""
        return _ladder(self.revisit)


@cache  # called for every release
def _ladder(rungs: tuple[str, ...]) -> tuple[tuple[timedelta, timedelta], ...]:
    found = (_RUNG.fullmatch(rung) for rung in rungs)
    return tuple((parse_duration(step[1]), parse_duration(step[2])) for step in found if step)


def _age(value: Any) -> Any:
    return None if value == "off" else value


class AlertSettings(_Model):
    """``[alerts]``: which releases are alerted, and when."""

    first_poll: Literal["seed", "alert"] = "seed"
    """"seed": what a listing holds at its first poll is stored silently; "alert": it alerts."""
    max_age: Annotated[Duration | None, BeforeValidator(_age)] = timedelta(hours=48)
    """Releases published longer ago are stored, not alerted; "off": no limit."""
    embargo: Literal["mark", "hold"] = "mark"
    """"mark": alert immediately, with a note; "hold": alert when the embargo ends."""
    timezone: Annotated[str, AfterValidator(_time_zone)] | None = None
    """The time zone of times in alert texts, for example "Asia/Hong_Kong"; left out: the machine's."""
    language: Literal["en", "zh-Hant", "zh-Hans", "ja"] = "en"
    """The language of the labels in alert texts."""


SHORTEST_MEMORY = timedelta(days=50)
"""An alert may wait 45 days for the end of an embargo and then be retried for 75 hours; its release must exist."""


class MemorySettings(_Model):
    """How long records are kept after they were last written."""

    receipts: Duration = RECEIPT_LIFETIME
    """The receipts of alerts. At least 50d."""
    events: Duration = EVENT_LIFETIME
    """What ``/api/v1/events`` goes back to. At least 50d."""
    releases: Duration = RELEASE_LIFETIME
    """Releases and their stories: what later releases are compared with. At least as long as events."""

    @field_validator("receipts", "events")
    @classmethod
    def _outlives_alerts(cls, span: timedelta) -> timedelta:
        if span < SHORTEST_MEMORY:
            raise ValueError(
                f"{format_duration(span)} is too short; allowed is {format_duration(SHORTEST_MEMORY)} or more: alerts "
                "may wait this long for the end of an embargo"
            )
        return span

    @field_validator("releases")
    @classmethod
    def _outlives_events(cls, span: timedelta, info: ValidationInfo) -> timedelta:
        shortest = info.data.get("events", SHORTEST_MEMORY)
        if span < shortest:
            raise ValueError(
                f"{format_duration(span)} is too short; allowed is {format_duration(shortest)} or more: events name "
                "releases, and memory.events has this length"
            )
        return span

    @property
    def lifetimes(self) -> Lifetimes:
        """The same for ``stories.db.keys``."""
        return Lifetimes(releases=self.releases, events=self.events, receipts=self.receipts)


class WebSettings(_Model):
    """``[web]``: where the pages and the API are served, and to whom."""

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=0, le=65_535)
    """0: any free port, which the daemon prints."""
    token: SecretStr | None = Field(default=None, json_schema_extra={"minLength": TOKEN_LENGTH}, validate_default=True)
    """Required everywhere except /healthz when host is not loopback. At least 8 characters."""

    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    """Where people and programs elsewhere reach the page, for links in alerts. Left out: host and port."""

    def address(self, port: int | None = None) -> str:
        """Return where the page is, without a slash at the end; ``port`` is the one that was found for port 0."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 (not a reachable address)
        host = f"[{host}]" if ":" in host else host
        return self.public_url or f"http://{host}:{port if port is not None else self.port}"

    @field_validator("token")
    @classmethod
    def _hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None:
            require_hard_to_guess(token.get_secret_value())
        return token

    @field_validator("token")
    @classmethod
    def _token_for_the_open_network(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        host = info.data.get("host", LOOPBACK[0])
        if token is None and host not in LOOPBACK:
            raise ValueError(
                f"is required when web.host is not loopback (it is {host!r}): without it, every client on the "
                "network could read and trigger"
            )
        return token


class WorkerSettings(_Model):
    """The processes that share the polls (``wirewatch worker``)."""

    secret: SecretStr | None = Field(default=None, json_schema_extra={"minLength": TOKEN_LENGTH})
    """The same for the daemon and its workers: it authenticates them to each other. Left out: the password in redis_url
    does that; with the embedded server, a file in data_dir. At least 8 characters."""

    @field_validator("secret")
    @classmethod
    def _hard_to_guess(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            require_hard_to_guess(secret.get_secret_value())
        return secret


class WatchSettings(_Model):
    """What a user follows."""

    title: str | None = None
    tags: tuple[Tag, ...] = ()
    """Any of these hashtags; '#' and case do not matter."""
    query: QueryText | None = None
    """With tags, both must hold."""
    sources: tuple[str, ...] | None = None
    """Left out: all."""
    events: tuple[EventName, ...] = DEFAULT_EVENTS
    channels: tuple[str, ...] | None = None
    """Left out: all."""
    urgent: bool = False
    """Its alerts pass through a channel's quiet hours, and do not wait for its digest."""


class ChannelSettings(BaseModel):
    """What every channel's settings have; each type adds its own in ``alerts/channels``."""

    # Values may be secrets, and a traceback shows the text of an error.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    is_local: ClassVar[bool] = False
    """The channel writes to the daemon's own machine, so workers on other machines leave its alerts to the daemon."""

    type: str


class Settings(_Model):
    """The whole configuration; ``config.loader`` reads it."""

    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    """Left out: an embedded server that keeps its data in ``data_dir``."""
    data_dir: Annotated[Path, AfterValidator(_expand)] = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("wirewatch", appauthor=False))
    )
    catalog: bool = True
    """The bundled sources; false: only those declared here."""
    polling: PollingSettings = PollingSettings()
    alerts: AlertSettings = AlertSettings()
    memory: MemorySettings = MemorySettings()
    web: WebSettings = WebSettings()
    workers: WorkerSettings = WorkerSettings()
    watches: dict[Name, WatchSettings] = {}
    channels: dict[Name, Any] = {}
    """By name; ``config.loader`` gives each entry the model of its ``type``, a ``ChannelSettings``."""
    sources: dict[Name, SourceSettings] = {}
    """Declared ones and, with ``catalog``, the bundled ones under them."""

    def watched_tags(self) -> tuple[str, ...]:
        """The tags of all watches, each once, without '#', in the order written."""
        tags: dict[str, str] = {}
        for tag in (tag.lstrip("#＃").strip() for watch in self.watches.values() for tag in watch.tags):
            tags.setdefault(tag.casefold(), tag)
        return tuple(tags.values())

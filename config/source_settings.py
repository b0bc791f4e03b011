"""A source as its TOML declares it: where its listings are, and hints for reading its releases."""

from __future__ import annotations

import codecs
import re
from datetime import date
from importlib.util import find_spec
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from lxml.cssselect import CSSSelector, SelectorError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from config.durations import Duration, Interval
from stories.model.urls import has_userinfo, without_userinfo
from stories.text.linear_regex import linear


def _css(selector: str) -> str:
    try:
        CSSSelector(selector)
    except SelectorError as error:
        raise ValueError(f"{selector!r} is not a CSS selector ({error})") from error
    return selector


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone; allowed are IANA names such as Asia/Hong_Kong") from error
    return name


def _web_address(url: str) -> str:
    if has_userinfo(url):
        raise ValueError(
            f"{without_userinfo(url)!r} contains a user name or password, which wirewatch does not send, and which "
            "logs and alerts would show; allowed are URLs without them"
        )
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or any(sign.isspace() for sign in url):
        raise ValueError(f"{url!r} is not a web address; allowed is http://… or https://…")
    unknown = [name for name in re.findall(r"\{(\w*)\}", url) if name != "tag"]
    if unknown:
        raise ValueError(f"{url!r}: {{{unknown[0]}}} is unknown; allowed is {{tag}}, for every watched tag")
    return url


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)  # RE2 reads a{99999999999} as text
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression ({error})") from error
    try:
        linear(pattern)
    except ValueError as error:
        raise ValueError(
            f"{pattern!r} is not a regular expression of RE2 ({error}); look-ahead, look-behind and back-references are"
            " not allowed, because they can take exponential time"
        ) from error
    return pattern


def _charset(name: str) -> str:
    try:
        codecs.lookup(name)
    except (LookupError, ValueError) as error:
        raise ValueError(f"{name!r} is not a charset; allowed are names such as utf-8, big5 or windows-1252") from error
    return name


Css = Annotated[str, AfterValidator(_css)]
TimeZone = Annotated[str, AfterValidator(_zone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Charset = Annotated[str, AfterValidator(_charset)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ListingSettings(_Model):
    """A page of a source that names recent releases."""

    url: WebAddress
    """``{tag}`` in it: polled once for every watched tag."""
    kind: Literal["html", "feed", "sitemap"] | None = None
    """Left out: found out from the content."""
    interval: Interval | None = None
    entry: Css | None = None
    """The element of one entry; left out: links that look like releases are found without selectors."""
    link: Css | None = None
    headline: Css | None = None
    published: Css | None = None
    next: Css | None = None
    """The link to the next page."""
    pages: int = Field(default=1, ge=1, le=100)

    @property
    def per_tag(self) -> bool:
        """Whether it is polled once for every watched tag."""
        return "{tag}" in self.url


class ReleaseHints(_Model):
    """Hints for reading the release pages of a source; each is optional."""

    url: Pattern | None = None
    """Which links are releases: searched for in the URL. The group ``id`` is the wire's own id, not a syndicator's."""
    body: Css | None = None
    headline: Css | None = None
    subheadline: Css | None = None
    published: Css | None = None
    issuer: Css | None = None
    drop: tuple[Css, ...] = ()
    """Elements that never belong to a release."""
    wire: str | None = None
    """The wire of every release of this source."""
    timezone: TimeZone | None = None
    """For printed times that name no zone."""
    encoding: Charset | None = None
    """The charset of pages that declare none or a wrong one."""
    render: bool = False
    """The pages are empty without a browser: run their scripts in Chromium. Needs the extra ``render``."""

    full_text: bool = False
    """Its feeds carry the whole text of the releases: their pages are not fetched."""

    @field_validator("render")
    @classmethod
    def _can_render(cls, render: bool) -> bool:
        if render and find_spec("playwright") is None:
            raise ValueError(
                "needs the extra render, which is not installed: pip install 'wirewatch[render]', or set it to false"
            )
        return render


class SourceSettings(_Model):
    """A site that is polled: a wire's own site, or a syndicator that republishes wires."""

    title: str | None = None
    wire: str | None = None
    """Left out: read from the release."""
    timezone: TimeZone | None = None
    language: str | None = None
    interval: Interval | None = None
    pace: Duration | None = None
    """The least time between two requests to a host of it; left out: a second."""
    enabled: bool = True
    reason: str | None = None
    """Why it is off until its user turns it on."""
    listings: tuple[ListingSettings, ...] = Field(default=(), validate_default=True)
    """At least one, unless the source is off: the catalog also keeps what is known of wires whose listings are not."""
    release: ReleaseHints = ReleaseHints()
    verified: bool = True
    """False for a bundled source that was not checked live; ``sources test NAME`` checks it."""
    known_since: date | None = None
    known_from: str | None = None
    robots: str | None = None
    """What its robots.txt was seen to say, in a word."""
    terms: str | None = None
    """What its terms were seen to say, in a word."""

    @field_validator("listings")
    @classmethod
    def _some_listing(cls, listings: tuple[ListingSettings, ...], info: ValidationInfo) -> tuple[ListingSettings, ...]:
        if info.data.get("enabled", True) and not listings:
            raise ValueError('a source needs at least one listing: listings = [{ url = "https://…" }]')
        return listings

    @property
    def hints(self) -> ReleaseHints:
        """The hints for reading, with what the source itself says filled in."""
        return self.release.model_copy(
            update={
                "wire": self.release.wire or self.wire,
                "timezone": self.release.timezone or self.timezone,
            }
        )

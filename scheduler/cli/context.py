"""Shared parts of the commands: configuration, Redis, filters and usage errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import typer

from alerts.channels import channel_types
from config.durations import parse_duration
from config.index_query import indexed, query_expression, watch_expression
from config.loader import Loaded, load
from config.observability.redaction import hide_secrets_of
from config.query import QuerySyntaxError
from config.settings import Settings
from scheduler.wiring import AppContext, now, open_app_context
from stories.model.urls import canonical_url, without_userinfo
from stories.search.filters import FilterRequest

T = TypeVar("T")


class CommandError(Exception):
    """The command failed; the message names the reason and the next step. Exit status 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The options before the command."""

    config: Path | None
    verbose: bool

    def load(self) -> Loaded:
        """Return the configuration, and keep its secrets out of logs; ``ConfigurationError`` has every fault."""
        loaded = load(self.config, channel_types())
        hide_secrets_of(loaded.settings)
        return loaded

    @property
    def settings(self) -> Settings:
        return self.load().settings


def with_app_context(settings: Settings, work: Callable[[AppContext], Awaitable[T]]) -> T:
    """Open Redis, do the work, and close it."""

    async def main() -> T:
        async with open_app_context(settings) as app:
            return await work(app)

    return asyncio.run(main())


def since(text: str | None) -> datetime | None:
    """Return the time that ``--since 7d`` means."""
    if text is None:
        return None
    try:
        return now() - parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error


def watch_filter(settings: Settings, watch: str | None) -> list[FilterRequest]:
    """Return the filter of a watch, or none for None; an unknown watch is a usage error."""
    from pipelines.watch_matching import matches

    if watch is None:
        return []
    require_known(watch, settings.watches, "watch")
    followed = settings.watches[watch]
    return [indexed(lambda release: matches(followed, release, source=release.source), watch_expression(followed))]


def query_filter(query: str | None) -> list[FilterRequest]:
    """Return the filter of a query, or none for None; an invalid query is a usage error."""
    from pipelines.watch_matching import query_predicate

    if query is None:
        return []
    try:
        return [indexed(query_predicate(query), query_expression(query))]
    except QuerySyntaxError as error:
        raise typer.BadParameter(str(error), param_hint="--query") from error


def web_address(url: str) -> str:
    """Return a URL that may be requested; any other text is a usage error."""
    try:
        canonical_url(url)
    except ValueError as error:
        shown = without_userinfo(url)
        raise typer.BadParameter(
            f"{shown!r} is not a web address; allowed is http://… or https://… without user name and password"
        ) from error
    return url


def require_known(name: str, names: object, noun: str) -> None:
    """Raise a usage error unless ``name`` is one of the names."""
    there = list(names) if isinstance(names, dict) else []
    if name not in there:
        raise typer.BadParameter(
            f"{noun} {name!r} does not exist; allowed are {', '.join(there) or 'none: none is configured'}"
        )

"""The interfaces that the web server needs. ``scheduler`` provides them, so ``web`` imports no sibling package."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

from fastapi import Request
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from config.settings import Settings
from stories.crawl_state.canary_reports import CanaryReport
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.websub_subscriptions import WebSubStore
from stories.model.release import Change, Release
from stories.search.live_index import LiveIndex
from stories.store.archive import Archive
from stories.store.receipts import ChannelCounts, Receipt
from web.coalescing_cache import CoalescingCache
from web.event_notifier import EventNotifier
from web.security.csrf import CsrfToken

AlertState = Literal["pending", "leased", "sent", "failed", "waiting"]


class Check(TypedDict):
    """One condition of readiness."""

    ok: bool
    detail: str


async def no_checks() -> Mapping[str, Check]:
    """Return no further checks."""
    return {}


async def no_measurement(checks: Mapping[str, Check]) -> None:
    """Measure nothing."""


async def no_data_loss() -> str | None:
    """Return None: Redis lost no data."""
    return None


async def no_canary() -> CanaryReport | None:
    """Return None: there is no canary."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """A filter of alerts; all given parts must match."""

    channel: str | None = None
    state: AlertState | None = None
    """``waiting`` is ``pending`` and ``leased``."""
    watch: str | None = None
    """Name of a watch that the alert's event names."""
    since: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Everything that the app reads, and the actions that it requests."""

    settings: Settings
    redis: Redis
    """For PING and a write probe only."""
    archive: Archive
    stores: CrawlStores
    now: Callable[[], datetime]
    alerts: Callable[[AlertFilter], Awaitable[list[Receipt]]]
    """The receipts that the filter selects, newest first."""
    channels: Callable[[], Awaitable[list[ChannelCounts]]]
    """The counts and the last errors of each channel."""
    matches: Callable[[str, Release], bool]
    """Whether a watch, by name, matches a release."""
    query: Callable[[str], Callable[[Release], bool]]
    """Compiles a query to a predicate. Raises ``config.query.QuerySyntaxError``."""
    changes: Callable[[Release, Release], Sequence[Change]]
    """Returns the changes from one state of a release to another."""
    receipts: Callable[[Sequence[str]], Awaitable[list[Receipt]]]
    """The receipts of these alerts (``EVENT:CHANNEL``), without unknown ones."""
    retry: Callable[[str], Awaitable[str]]
    """Sends an alert again. Returns ``due``, ``sending``, or ``unknown`` for an unknown id."""
    retry_all: Callable[[], Awaitable[int]]
    """Sends all given-up alerts again. Returns their number."""
    test: Callable[[str], Awaitable[str]]
    """Switches a channel on and sends a test alert to it. Returns the alert's id."""
    metrics: CollectorRegistry
    pushes: WebSubStore | None = None
    """WebSub subscriptions; None if no hub can reach this server."""
    heard: Callable[[str], None] = lambda what: None
    """Counts requests of hubs by outcome, for the metrics."""
    clock_warning: Callable[[], str | None] = lambda: None
    """Returns a warning if the clocks of this machine, of Redis and of the sites differ."""
    checks: Callable[[], Awaitable[Mapping[str, Check]]] = no_checks
    """Returns further conditions of readiness by name. Must not raise."""
    measure: Callable[[Mapping[str, Check]], Awaitable[None]] = no_measurement
    """Updates the metrics before they are read. It receives the readiness checks, and must not raise."""
    canary: Callable[[], Awaitable[CanaryReport | None]] = no_canary
    """Returns the last canary report of the leading daemon; None without one."""
    data_loss: Callable[[], Awaitable[str | None]] = no_data_loss
    """Describes data that Redis lost in the last week; None without loss."""
    finder: LiveIndex | None = None
    """The full-text index; None: releases are read from Redis."""


def dependencies_of(request: Request) -> Dependencies:
    """Return the dependencies of the app that serves a request."""
    value: Dependencies = request.app.state.dependencies
    return value


def page_cache(request: Request) -> CoalescingCache:
    """Return the app's cache of rendered pages."""
    value: CoalescingCache = request.app.state.page_cache
    return value


def event_notifier(request: Request) -> EventNotifier:
    """Return the app's notifier of new events."""
    value: EventNotifier = request.app.state.event_notifier
    return value


def csrf_token(request: Request) -> CsrfToken:
    """Return the app's CSRF token."""
    value: CsrfToken = request.app.state.csrf_token
    return value

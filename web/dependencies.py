"""What the web room reads and asks: given by whoever brings the rooms together."""

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
from stories.crawl_state.websub import WebSubStore
from stories.model.release import Change, Release
from stories.search.live_index import LiveIndex
from stories.store.archive import Archive
from stories.store.receipts import ChannelCounts, Receipt
from web.coalescing_cache import CoalescingCache
from web.event_notifier import EventNotifier
from web.security.csrf import CsrfToken

AlertState = Literal["pending", "leased", "sent", "failed", "waiting"]


class Check(TypedDict):
    """One thing that must hold for readiness."""

    ok: bool
    detail: str


async def no_checks() -> Mapping[str, Check]:
    """Return no further check."""
    return {}


async def no_measurement(checks: Mapping[str, Check]) -> None:
    """Measure nothing."""


async def no_data_loss() -> str | None:
    """Return that Redis lost nothing."""
    return None


async def no_canary() -> CanaryReport | None:
    """Return that there is no canary."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts are asked for; every part that is given must hold."""

    channel: str | None = None
    state: AlertState | None = None
    """``waiting`` is ``pending`` and ``leased``."""
    watch: str | None = None
    """Whose event names that watch."""
    since: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the app reads and asks."""

    settings: Settings
    redis: Redis
    """For a PING, nothing else."""
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
    """What a query matches; ``config.query.QuerySyntaxError`` for one that cannot be read."""
    changes: Callable[[Release, Release], Sequence[Change]]
    """What differs from one state of a release to another."""
    receipts: Callable[[Sequence[str]], Awaitable[list[Receipt]]]
    """The receipts of these alerts (``EVENT:CHANNEL``), without unknown ones."""
    retry: Callable[[str], Awaitable[str]]
    """Sends an alert again: ``due``, ``sending``, or ``unknown`` where there is none of this id."""
    retry_all: Callable[[], Awaitable[int]]
    """Sends again all that were given up; how many."""
    test: Callable[[str], Awaitable[str]]
    """Sends a test alert to a channel, which is switched on for it; the alert's id."""
    metrics: CollectorRegistry
    pushes: WebSubStore | None = None
    """How listings stand with their hubs; None where no hub can reach this server."""
    heard: Callable[[str], None] = lambda what: None
    """Is told what came from a hub, for the figures."""
    clock_warning: Callable[[], str | None] = lambda: None
    """That the clocks of this machine, of Redis and of the sites disagree, in words."""
    checks: Callable[[], Awaitable[Mapping[str, Check]]] = no_checks
    """What else must hold for readiness, by name; it must not raise."""
    measure: Callable[[Mapping[str, Check]], Awaitable[None]] = no_measurement
    """Brings the metrics up to date before they are read; it gets the checks of readiness, and must not raise."""
    canary: Callable[[], Awaitable[CanaryReport | None]] = no_canary
    """The last report of the canary of the daemon that has the clock; None when there is none."""
    data_loss: Callable[[], Awaitable[str | None]] = no_data_loss
    """What Redis lost when it last came back empty, in words, for a week; None when there is nothing to say."""
    finder: LiveIndex | None = None
    """The index; None: everything is read from Redis."""


def dependencies_of(request: Request) -> Dependencies:
    """Return what the app was made with."""
    found: Dependencies = request.app.state.dependencies
    return found


def page_cache(request: Request) -> CoalescingCache:
    """Return the pages that were made within the last second."""
    found: CoalescingCache = request.app.state.page_cache
    return found


def event_notifier(request: Request) -> EventNotifier:
    """Return what rings when an event was kept."""
    found: EventNotifier = request.app.state.event_notifier
    return found


def csrf_token(request: Request) -> CsrfToken:
    """Return what the forms of this server are known by."""
    found: CsrfToken = request.app.state.csrf_token
    return found

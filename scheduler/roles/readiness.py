"""The readiness checks (``/readyz``) and metrics of a daemon, as leader and as standby."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from redis.exceptions import RedisError

from alerts.delays import holds_back, measure_lateness
from alerts.settings import DeliverySettings
from scheduler.leader.lease import Lease
from scheduler.metrics.daemon import Metrics
from scheduler.metrics.readiness import ReadinessMetrics
from scheduler.process.supervisor import Supervisor
from scheduler.sweeps.acl import PermissionMonitor
from scheduler.sweeps.canary import Canary
from scheduler.wiring import AppContext
from stories.crawl_state.canary_reports import DAEMON, CanaryReport, CanaryReports
from stories.db import keys
from stories.db.replies import text
from web.dependencies import Check

log = structlog.get_logger(__name__)

REDIS_SECONDS = 2.0  # for reads from Redis; shorter than the timeout of probes


class LeaderState:
    """The readiness of the leader."""

    def __init__(self, lease: Lease, canary: Canary, parts: Supervisor, permissions: PermissionMonitor) -> None:
        self._permissions = permissions
        self._lease = lease
        self._canary = canary
        self._parts = parts

    async def checks(self) -> Mapping[str, Check]:
        """Return the checks of this process; the web app adds the checks of Redis and of the clock."""
        held = "this daemon is the leader" if self._lease.is_held else "not renewed while Redis is unreachable"
        waiting = self._parts.waiting()
        failed = "; ".join(f"{part} waits for its restart: {why}" for part, why in sorted(waiting.items()))
        return {
            "lease": {"ok": True, "detail": held},
            "canary": {"ok": not self._canary.is_blind, "detail": self._canary.words()},
            "parts": {"ok": not waiting, "detail": failed or "all parts run"},
            "permissions": self._permissions.readiness(),
        }


class StandbyState:
    """The readiness of a standby."""

    def __init__(self, app: AppContext) -> None:
        self._redis = app.redis

    async def checks(self) -> Mapping[str, Check]:
        """Return that this is a standby, and which process is the leader."""
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                found = await self._redis.get(keys.leader_lease().name)
            held = f"the leader is {text(found)}" if found else "there is no leader; this daemon becomes it now"
        except (RedisError, OSError, TimeoutError):
            held = "the leader is unknown while Redis is unreachable"
        return {"lease": {"ok": False, "detail": f"standby: {held}"}}


class LeaderMetrics:
    """Updates the metrics of the leader at every scrape."""

    def __init__(self, app: AppContext, metrics: Metrics) -> None:
        self._redis = app.redis
        self._metrics = metrics
        self._channels = {
            name: settings for name, settings in app.settings.channels.items() if isinstance(settings, DeliverySettings)
        }
        metrics.alerts.show_holds({name: holds_back(settings) for name, settings in self._channels.items()})

    async def measure(self, checks: Mapping[str, Check]) -> None:
        """Show the checks and how late alerts are; without Redis, lateness has no value."""
        self._metrics.readiness.show(checks)
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                self._metrics.alerts.show_lateness(await measure_lateness(self._redis, self._channels))
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("lateness_unknown", reason=f"{type(error).__name__}: {error}")
            self._metrics.alerts.show_lateness({})


class StandbyMetrics:
    """Updates the metrics of a standby at every scrape."""

    def __init__(self, metrics: ReadinessMetrics) -> None:
        self._metrics = metrics

    async def measure(self, checks: Mapping[str, Check]) -> None:
        """Show the checks."""
        self._metrics.show(checks)


class DaemonCanary:
    """Reads the last canary report of the leader."""

    def __init__(self, app: AppContext) -> None:
        self._reports = CanaryReports(app.redis)

    async def read(self) -> CanaryReport | None:
        """Return the report; None if no report is stored or Redis is unreachable."""
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                return (await self._reports.read([DAEMON])).get(DAEMON)
        except (RedisError, OSError, TimeoutError):
            return None

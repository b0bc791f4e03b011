"""Metrics that a standby shows too: the checks of ``/readyz`` and the restarts of parts."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from web.dependencies import Check


def restart_counter() -> Counter:
    """Return the counter of restarted parts; it is in no registry yet."""
    return Counter(
        "wirewatch_part_restarts", "Restarts of a part of this process after a fault, by part", ["part"], registry=None
    )


class ReadinessMetrics:
    """Shows the readiness checks of this process."""

    def __init__(self, registry: CollectorRegistry, restarts: Counter) -> None:
        self._ready = Gauge(
            "wirewatch_ready", "1 while a check of /readyz passes, by check", ["check"], registry=registry
        )
        self._redis = Gauge("wirewatch_redis_up", "1 while Redis answers this process", registry=registry)
        registry.register(restarts)

    def show(self, checks: Mapping[str, Check]) -> None:
        """Show which checks pass."""
        for name, check in checks.items():
            self._ready.labels(name).set(check["ok"])
        self._redis.set("redis" in checks and checks["redis"]["ok"])

"""Metrics of the canary, which proves that this process can read listings and pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from scheduler.sweeps.canary import STAGES, CanaryError, CanaryState


class CanaryMetrics:
    """Shows the last success of the canary, and counts its failures."""

    def __init__(self, registry: CollectorRegistry, now: Callable[[], datetime]) -> None:
        self._now = now
        self._success = Gauge(
            "wirewatch_canary_last_success_timestamp_seconds",
            "Time of the last successful canary run (reading a listing and a page of our own), Unix time",
            registry=registry,
        )
        self._failures = Counter(
            "wirewatch_canary_failures", "Failed canary runs, by stage", ["stage"], registry=registry
        )
        self._failing = Gauge(
            "wirewatch_canary_failing", "1 for the stage at which the last canary run failed", ["stage"],
            registry=registry,
        )  # fmt: skip
        for stage in STAGES:
            self._failures.labels(stage)
            self._failing.labels(stage).set(0)

    def record_run(self, state: CanaryState, error: CanaryError | None) -> None:
        """Show the result of a run; ``error`` is None for a success."""
        for stage in STAGES:
            self._failing.labels(stage).set(error is not None and error.stage == stage)
        if error is None:
            self._success.set(self._now().timestamp())
        else:
            self._failures.labels(error.stage).inc()

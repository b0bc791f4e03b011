"""All metrics of a daemon, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from crawler.readers.worker_client import Cause
from pipelines.ingest import IngestResult
from scheduler.metrics.alerts import AlertMetrics
from scheduler.metrics.canary import CanaryMetrics
from scheduler.metrics.readiness import ReadinessMetrics, restart_counter
from scheduler.metrics.sources import SourceMetrics
from scheduler.process.loop_lag import BUCKET_BOUNDS


class ReaderRestarts(Collector):
    """Collects the number of replaced reader processes at each scrape."""

    def __init__(self, restarts: Callable[[], Mapping[Cause, int]]) -> None:
        self._restarts = restarts

    def collect(self) -> Iterable[Metric]:
        """Return one counter, by cause."""
        family = CounterMetricFamily(
            "wirewatch_reader_restarts", "Replaced reader processes and fork servers, by cause", labels=["cause"]
        )
        restarts = self._restarts()
        for cause in get_args(Cause):
            family.add_metric([cause], restarts.get(cause, 0))
        yield family


class Metrics:
    """The metrics of one daemon, by subject."""

    def __init__(
        self,
        now: Callable[[], datetime],
        restarts: Counter | None = None,
        reader_restarts: Callable[[], Mapping[Cause, int]] = dict,
    ) -> None:
        """
        Args:
            now: The present moment, aware.
            restarts: The :func:`restart_counter` of the process, which outlives these metrics.
            reader_restarts: Returns the number of replaced reader processes, by cause.
        """
        self._now = now
        self.registry = registry = CollectorRegistry()
        registry.register(ReaderRestarts(reader_restarts))
        self.alerts = AlertMetrics(registry, now)
        self.sources = SourceMetrics(registry)
        self.canary = CanaryMetrics(registry, now)
        self.readiness = ReadinessMetrics(registry, restarts or restart_counter())
        self._events = Counter("wirewatch_events", "Events stored, by type", ["type"], registry=registry)
        self._withheld = Counter(
            "wirewatch_releases_without_alert",
            "Releases that a watch matches and that were stored without an alert, by reason",
            ["reason"],
            registry=registry,
        )
        self._websub = Counter(
            "wirewatch_pushes",
            "WebSub requests from hubs: signed pushes, forged pushes, verifications …, by kind",
            ["what"],
            registry=registry,
        )
        self.loop_lag = Histogram(
            "wirewatch_loop_lag_seconds",
            "Delay of the event loop: how long one task blocked all others",
            buckets=BUCKET_BOUNDS,
            registry=registry,
        )
        self._last_tick = Gauge(
            "wirewatch_clock_last_tick_timestamp_seconds",
            "Time of the last scheduler run of this process, Unix time",
            registry=registry,
        )
        self.queue = Gauge("wirewatch_polls_waiting", "Polls in the queue", registry=registry)
        self.listings = Gauge("wirewatch_listings", "Polled listings", registry=registry)

    def count_events(self, result: IngestResult) -> None:
        """Count the events of an ingested release."""
        for event in result.events:
            self._events.labels(event.type).inc()
        if result.withheld is not None:
            self._withheld.labels(result.withheld).inc()

    def count_websub(self, kind: str) -> None:
        """Count a WebSub request from a hub."""
        self._websub.labels(kind).inc()

    def record_tick(self) -> None:
        """Show that the scheduler of this process runs."""
        self._last_tick.set(self._now().timestamp())

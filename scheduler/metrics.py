"""What Prometheus is told: counts of what was kept and delivered, and how long a reader waited."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts.delays import Lateness
from alerts.outbox import Alert, Settled
from crawler.pages.dispatcher import PageDispatcher
from crawler.readers.processes import Cause
from pipelines.ingest import IngestResult
from scheduler.process.loop_lag import BOUNDS
from scheduler.sweeps.canary import STAGES, CanaryError, CanaryState
from stories.crawl_state.source_status import SourceHealth
from stories.model.source_health import State
from stories.store.receipts import ChannelCounts
from web.dependencies import Check

DELAY_BUCKETS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 86_400)
"""Bucket bounds in seconds: a desk cares for seconds, a quiet night for hours."""


def restart_counter() -> Counter:
    """Return a counter of restarted parts that is in no registry yet."""
    return Counter(
        "wirewatch_part_restarts", "Restarts of a part of this process after a fault", ["part"], registry=None
    )


class ReadinessMetrics:
    """What a standby shows too: the checks of ``/readyz``, and restarts of the parts."""

    def __init__(self, registry: CollectorRegistry, restarts: Counter) -> None:
        self._ready = Gauge(
            "wirewatch_ready", "1 for a check of /readyz that holds, by check", ["check"], registry=registry
        )
        self._redis = Gauge("wirewatch_redis_up", "1 while Redis answers this process", registry=registry)
        registry.register(restarts)

    def show(self, checks: Mapping[str, Check]) -> None:
        """Show which checks hold."""
        for name, check in checks.items():
            self._ready.labels(name).set(check["ok"])
        self._redis.set("redis" in checks and checks["redis"]["ok"])


class ReaderRestarts(Collector):
    """Counts what a reader replaced, as it is when it is asked for."""

    def __init__(self, restarts: Callable[[], Mapping[Cause, int]]) -> None:
        self._restarts = restarts

    def collect(self) -> Iterable[Metric]:
        """Return one counter, by cause."""
        family = CounterMetricFamily(
            "wirewatch_reader_restarts", "Reader processes and fork servers that were replaced", labels=["cause"]
        )
        found = self._restarts()
        for cause in get_args(Cause):
            family.add_metric([cause], found.get(cause, 0))
        yield family


class Metrics:
    """The collectors of one daemon, in a registry of their own."""

    def __init__(
        self,
        now: Callable[[], datetime],
        restarts: Counter | None = None,
        reader_restarts: Callable[[], Mapping[Cause, int]] = dict,
    ) -> None:
        """``restarts``: of :func:`restart_counter`, where it outlives these metrics; ``reader_restarts``: by cause."""
        self._now = now
        self._throttled_before: dict[str, float] = {}
        restarts = restarts or restart_counter()
        self.registry = CollectorRegistry()
        self.registry.register(ReaderRestarts(reader_restarts))
        self._events = Counter("wirewatch_events", "Events kept, by type", ["type"], registry=self.registry)
        self._alerts = Counter(
            "wirewatch_deliveries", "Tries to deliver an alert, by channel and outcome", ["channel", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self._delay = Histogram(
            "wirewatch_listing_to_receipt_seconds", "From reading the listing to the receipt of the alert",
            ["channel"], buckets=DELAY_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._waiting = Gauge(
            "wirewatch_alerts_waiting", "Alerts in the outbox, by channel", ["channel"], registry=self.registry
        )
        self._oldest = Gauge(
            "wirewatch_alerts_oldest_seconds", "Age of the oldest alert in the outbox, by channel; 0: none waits",
            ["channel"], registry=self.registry,
        )  # fmt: skip
        self._given_up = Gauge(
            "wirewatch_alerts_given_up", "Alerts that wait for a retry by hand, by channel",
            ["channel"], registry=self.registry,
        )  # fmt: skip
        self._off = Gauge(
            "wirewatch_channel_off", "1 for a channel that was switched off", ["channel"], registry=self.registry
        )
        self._sources = Gauge(
            "wirewatch_sources", "Sources that are polled, by how they do", ["state"], registry=self.registry
        )
        self._gaps = Gauge("wirewatch_gaps_open", "Gaps that no later reading filled, by source", ["source"],
                           registry=self.registry)  # fmt: skip
        self._aside = Gauge(
            "wirewatch_set_aside", "Pages and listings that end whoever reads them, and wait for a person, by source",
            ["source"], registry=self.registry,
        )  # fmt: skip
        self._whole = Gauge(
            "wirewatch_polls_complete_ratio", "Share of late readings proven to have missed nothing, by source",
            ["source"], registry=self.registry,
        )  # fmt: skip
        self._pushes = Counter(
            "wirewatch_pushes", "What hubs sent: signed pushes, forged ones, verifications and so on", ["what"],
            registry=self.registry,
        )  # fmt: skip
        self._throttled = Counter(
            "wirewatch_source_throttled_seconds", "Seconds that a source spent over its budget",
            ["source"], registry=self.registry,
        )  # fmt: skip
        self._in_flight = Gauge(
            "wirewatch_source_pages_in_flight", "Pages requested and not yet stored, by source", ["source"],
            registry=self.registry,
        )  # fmt: skip
        self._pages_waiting = Gauge(
            "wirewatch_source_pages_waiting", "Pages listed that wait for a slot or the budget of their source",
            ["source"], registry=self.registry,
        )  # fmt: skip
        self._refused = Counter(
            "wirewatch_refused", "What was left out because it is over a limit, by source and reason",
            ["source", "reason"], registry=self.registry,
        )  # fmt: skip
        self.loop_lag = Histogram(
            "wirewatch_loop_lag_seconds", "How late the event loop was: how long everything else waited for one thing",
            buckets=BOUNDS, registry=self.registry,
        )  # fmt: skip
        self._oldest_due = Gauge(
            "wirewatch_alerts_oldest_due_seconds",
            "For how long the alert that was due first has been due, by channel; 0: none is due",
            ["channel"], registry=self.registry,
        )  # fmt: skip
        self._overdue = Gauge(
            "wirewatch_alerts_overdue_seconds",
            "The same, counted from when quiet hours, digest, rate and pause let it out",
            ["channel"], registry=self.registry,
        )  # fmt: skip
        self._failing = Gauge(
            "wirewatch_channel_failing_seconds",
            "From the first to the last failed delivery since one succeeded, while alerts wait, by channel",
            ["channel"], registry=self.registry,
        )  # fmt: skip
        self._holds = Gauge(
            "wirewatch_channel_holds", "1 for a channel with a digest, quiet hours or a rate", ["channel"],
            registry=self.registry,
        )  # fmt: skip
        self._pages_failed = Counter(
            "wirewatch_pages_failed", "Pages that could not be fetched or read, by source", ["source"],
            registry=self.registry,
        )  # fmt: skip
        self._canary_success = Gauge(
            "wirewatch_canary_last_success_timestamp_seconds",
            "When the canary (a listing and a page of our own) was read last, since 1970", registry=self.registry,
        )  # fmt: skip
        self._canary_failures = Counter(
            "wirewatch_canary_failures", "Runs of the canary that failed, by the stage they failed at", ["stage"],
            registry=self.registry,
        )  # fmt: skip
        self._canary_failing = Gauge(
            "wirewatch_canary_failing", "1 for the stage that the last run of the canary failed at", ["stage"],
            registry=self.registry,
        )  # fmt: skip
        for stage in STAGES:
            self._canary_failures.labels(stage)
            self._canary_failing.labels(stage).set(0)
        self._ticked = Gauge(
            "wirewatch_clock_last_tick_timestamp_seconds", "When the scheduler of this process ran last, since 1970",
            registry=self.registry,
        )  # fmt: skip
        self._failing_since: dict[str, datetime] = {}
        self.readiness = ReadinessMetrics(self.registry, restarts)
        self.queue = Gauge("wirewatch_polls_waiting", "Polls in the queue", registry=self.registry)
        self.listings = Gauge("wirewatch_listings", "Listings that are polled", registry=self.registry)

    def heard(self, what: str) -> None:
        """Count what came from a hub."""
        self._pushes.labels(what).inc()

    def refused(self, source: str, reason: str, number: int = 1) -> None:
        """Count what was refused of a source because it is over a limit."""
        self._refused.labels(source, reason).inc(number)

    def remembered(self, remembered: IngestResult) -> None:
        """Count what was kept."""
        for event in remembered.events:
            self._events.labels(event.type).inc()

    def sources(self, found: Mapping[str, SourceHealth]) -> None:
        """Show how the sources do."""
        counts = Counted(health.verdict.state or "not polled yet" for health in found.values())
        for state in (*get_args(State), "not polled yet"):
            self._sources.labels(state).set(counts[state])
        for name, health in found.items():
            self._gaps.labels(name).set(len(health.gaps))
            self._aside.labels(name).set(len(health.set_aside))
            if health.verdict.whole is not None:
                self._whole.labels(name).set(health.verdict.whole)

    def dispatched(self, dispatcher: PageDispatcher) -> None:
        """Show what each source has in flight, and what waits for its budget."""
        for source, status in dispatcher.statuses():
            self._in_flight.labels(source).set(status.total)
            self._pages_waiting.labels(source).set(status.waiting + status.queued)
            throttled = dispatcher.throttled_seconds(status)
            self._throttled.labels(source).inc(max(0.0, throttled - self._throttled_before.get(source, 0.0)))
            self._throttled_before[source] = throttled

    def settled(self, alert: Alert, settled: Settled) -> None:
        """Count a try to deliver, and how long after the listing it succeeded."""
        self._alerts.labels(alert.channel, settled).inc()
        if settled == "sent" and alert.listed is not None:
            self._delay.labels(alert.channel).observe(max(0.0, (self._now() - alert.listed).total_seconds()))

    def channels(self, counted: list[ChannelCounts]) -> None:
        """Show how the channels do."""
        for one in counted:
            self._waiting.labels(one.channel).set(one.waiting)
            self._given_up.labels(one.channel).set(one.failed)
            self._off.labels(one.channel).set(one.off is not None)
            self._oldest.labels(one.channel).set_function(partial(self._age, one.oldest_waiting))

        self._show_failing(counted)

    def _show_failing(self, counted: list[ChannelCounts]) -> None:
        for one in counted:
            failing = one.waiting and one.last_error_at and (one.last_sent is None or one.last_error_at > one.last_sent)
            if failing and one.last_error_at is not None:
                self._failing_since.setdefault(one.channel, one.last_error_at)
            else:
                self._failing_since.pop(one.channel, None)
            since = self._failing_since.get(one.channel)
            span = one.last_error_at - since if since is not None and one.last_error_at is not None else timedelta()
            # Not up to now: a retry that quiet hours hold back is no further failure.
            self._failing.labels(one.channel).set(span.total_seconds())

    def holding(self, channels: Mapping[str, bool]) -> None:
        """Show which channels hold alerts back because their readers want it so."""
        for channel, holds in channels.items():
            self._holds.labels(channel).set(holds)

    def lateness(self, found: Mapping[str, Lateness]) -> None:
        """Show how late the alerts of each channel are; nothing is shown of a channel that is not among them."""
        self._oldest_due.clear()
        self._overdue.clear()
        for channel, late in found.items():
            self._oldest_due.labels(channel).set(late.oldest_due.total_seconds())
            self._overdue.labels(channel).set(late.overdue.total_seconds())

    def page_failed(self, source: str) -> None:
        """Count a page that could not be fetched or read."""
        self._pages_failed.labels(source).inc()

    def ticked(self) -> None:
        """Show that the scheduler of this process runs."""
        self._ticked.set(self._now().timestamp())

    def canary(self, state: CanaryState, error: CanaryError | None) -> None:
        """Show what a run of the canary came to."""
        for stage in STAGES:
            self._canary_failing.labels(stage).set(error is not None and error.stage == stage)
        if error is None:
            self._canary_success.set(self._now().timestamp())
        else:
            self._canary_failures.labels(error.stage).inc()

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._now() - since).total_seconds()) if since else 0.0

"""What Prometheus is told: counts of what was kept and delivered, and how long a reader waited."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alerts.outbox import Alert, Settled
from alerts.receipts import ChannelCounts
from crawler.dispatch import PageDispatcher
from pipelines.remembering import Remembered
from scheduler.loop_lag import BOUNDS
from stories.desk import SourceHealth
from stories.health import State

DELAYS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 86_400)
"""Bucket bounds in seconds: a desk cares for seconds, a quiet night for hours."""


class Metrics:
    """The collectors of one daemon, in a registry of their own."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._throttled_before: dict[str, float] = {}
        self.registry = CollectorRegistry()
        self._events = Counter("wirewatch_events", "Events kept, by type", ["type"], registry=self.registry)
        self._alerts = Counter(
            "wirewatch_deliveries", "Tries to deliver an alert, by channel and outcome", ["channel", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self._delay = Histogram(
            "wirewatch_listing_to_receipt_seconds", "From reading the listing to the receipt of the alert",
            ["channel"], buckets=DELAYS, registry=self.registry,
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
        self.queue = Gauge("wirewatch_polls_waiting", "Polls in the queue", registry=self.registry)
        self.listings = Gauge("wirewatch_listings", "Listings that are polled", registry=self.registry)

    def heard(self, what: str) -> None:
        """Count what came from a hub."""
        self._pushes.labels(what).inc()

    def refused(self, source: str, reason: str, number: int = 1) -> None:
        """Count what was refused of a source because it is over a limit."""
        self._refused.labels(source, reason).inc(number)

    def remembered(self, remembered: Remembered) -> None:
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

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._now() - since).total_seconds()) if since else 0.0

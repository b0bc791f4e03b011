"""Metrics of alerts and channels: attempts, delays, waiting and failed alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alerts.delays import Lateness
from alerts.outbox import Alert, Settled
from stories.store.receipts import ChannelCounts

DELAY_BUCKETS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 86_400)
"""Upper bounds in seconds: seconds matter during the day, hours when quiet hours hold alerts."""


class AlertMetrics:
    """Counts delivery attempts, and shows the state of every channel."""

    def __init__(self, registry: CollectorRegistry, now: Callable[[], datetime]) -> None:
        self._now = now
        self._failing_since: dict[str, datetime] = {}
        gauge = partial(Gauge, labelnames=["channel"], registry=registry)
        self._attempts = Counter(
            "wirewatch_deliveries",
            "Delivery attempts, by channel and outcome",
            ["channel", "outcome"],
            registry=registry,
        )
        self._delay = Histogram(
            "wirewatch_listing_to_receipt_seconds",
            "Time from reading the listing to the receipt of the alert, by channel",
            ["channel"],
            buckets=DELAY_BUCKETS,
            registry=registry,
        )
        self._waiting = gauge("wirewatch_alerts_waiting", "Alerts in the outbox, by channel")
        self._oldest = gauge(
            "wirewatch_alerts_oldest_seconds", "Age of the oldest alert in the outbox, by channel; 0: no alert waits"
        )
        self._failed = gauge("wirewatch_alerts_given_up", "Failed alerts that wait for a manual retry, by channel")
        self._off = gauge("wirewatch_channel_off", "1 for a channel that was switched off, by channel")
        self._oldest_due = gauge(
            "wirewatch_alerts_oldest_due_seconds",
            "Time since the first due alert became due, by channel; 0: no alert is due",
        )
        self._overdue = gauge(
            "wirewatch_alerts_overdue_seconds",
            "Time since the first due alert may be sent (after quiet hours, digest, rate limit and pause), by channel",
        )
        self._failing = gauge(
            "wirewatch_channel_failing_seconds",
            "Time from the first to the last failed attempt since a success, while alerts wait, by channel",
        )
        self._holds = gauge("wirewatch_channel_holds", "1 for a channel with a digest, quiet hours or a rate limit")

    def record_attempt(self, alert: Alert, outcome: Settled) -> None:
        """Count a delivery attempt; for a success, record the delay since the listing was read."""
        self._attempts.labels(alert.channel, outcome).inc()
        if outcome == "sent" and alert.listed is not None:
            self._delay.labels(alert.channel).observe(max(0.0, (self._now() - alert.listed).total_seconds()))

    def show_channels(self, channels: list[ChannelCounts]) -> None:
        """Show what waits, failed and is off."""
        for counts in channels:
            self._waiting.labels(counts.channel).set(counts.waiting)
            self._failed.labels(counts.channel).set(counts.failed)
            self._off.labels(counts.channel).set(counts.off is not None)
            self._oldest.labels(counts.channel).set_function(partial(self._age, counts.oldest_waiting))
            self._show_failing(counts)

    def _show_failing(self, counts: ChannelCounts) -> None:
        last_error = counts.last_error_at
        if counts.waiting and last_error and (counts.last_sent is None or last_error > counts.last_sent):
            # Not until now: an attempt that quiet hours delay is not another failure.
            span = last_error - self._failing_since.setdefault(counts.channel, last_error)
        else:
            self._failing_since.pop(counts.channel, None)
            span = timedelta()
        self._failing.labels(counts.channel).set(span.total_seconds())

    def show_holds(self, channels: Mapping[str, bool]) -> None:
        """Show which channels hold alerts back by configuration."""
        for channel, holds in channels.items():
            self._holds.labels(channel).set(holds)

    def show_lateness(self, channels: Mapping[str, Lateness]) -> None:
        """Show how late alerts are; a channel that is not given shows no value."""
        self._oldest_due.clear()
        self._overdue.clear()
        for channel, late in channels.items():
            self._oldest_due.labels(channel).set(late.oldest_due.total_seconds())
            self._overdue.labels(channel).set(late.overdue.total_seconds())

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._now() - since).total_seconds()) if since else 0.0

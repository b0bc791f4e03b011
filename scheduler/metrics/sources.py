"""Metrics of sources: their health, gaps, budgets, refused content and failed pages."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Mapping
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from crawler.pages.dispatcher import PageDispatcher
from stories.crawl_state.source_status import SourceHealth
from stories.model.source_health import State

NOT_POLLED = "not polled yet"


class SourceMetrics:
    """Shows the health of sources, and counts what was refused or failed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._throttled_before: dict[str, float] = {}
        gauge = partial(Gauge, labelnames=["source"], registry=registry)
        counter = partial(Counter, labelnames=["source"], registry=registry)
        self._states = Gauge("wirewatch_sources", "Polled sources, by state", ["state"], registry=registry)
        self._gaps = gauge("wirewatch_gaps_open", "Gaps that no later poll filled, by source")
        self._quarantined = gauge(
            "wirewatch_set_aside", "Quarantined pages and listings that wait for an operator, by source"
        )
        self._complete = gauge(
            "wirewatch_polls_complete_ratio", "Share of recent polls that are proven complete, by source"
        )
        self._throttled = counter(
            "wirewatch_source_throttled_seconds", "Time that a source exceeded its budget, by source"
        )
        self._in_flight = gauge("wirewatch_source_pages_in_flight", "Pages requested and not yet stored, by source")
        self._waiting = gauge(
            "wirewatch_source_pages_waiting",
            "Listed pages that wait for a slot or for the budget of their source, by source",
        )
        self._refused = Counter(
            "wirewatch_refused",
            "Items left out because they exceed a limit, by source and reason",
            ["source", "reason"],
            registry=registry,
        )
        self._failed_pages = counter("wirewatch_pages_failed", "Pages that could not be fetched or read, by source")

    def show_health(self, sources: Mapping[str, SourceHealth]) -> None:
        """Show the state, the gaps and the quarantined pages of every source."""
        counts = Counts(health.verdict.state or NOT_POLLED for health in sources.values())
        for state in (*get_args(State), NOT_POLLED):
            self._states.labels(state).set(counts[state])
        for name, health in sources.items():
            self._gaps.labels(name).set(len(health.gaps))
            self._quarantined.labels(name).set(len(health.set_aside))
            if health.verdict.whole is not None:
                self._complete.labels(name).set(health.verdict.whole)

    def show_dispatcher(self, dispatcher: PageDispatcher) -> None:
        """Show the pages in flight and waiting of every source, and the time that it was throttled."""
        for source, status in dispatcher.statuses():
            self._in_flight.labels(source).set(status.total)
            self._waiting.labels(source).set(status.waiting + status.queued)
            throttled = dispatcher.throttled_seconds(status)
            self._throttled.labels(source).inc(max(0.0, throttled - self._throttled_before.get(source, 0.0)))
            self._throttled_before[source] = throttled

    def count_refused(self, source: str, reason: str, number: int = 1) -> None:
        """Count items that were left out because they exceed a limit."""
        self._refused.labels(source, reason).inc(number)

    def count_failed_page(self, source: str) -> None:
        """Count a page that could not be fetched or read."""
        self._failed_pages.labels(source).inc()

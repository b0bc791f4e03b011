"""How the sources do, as Prometheus is told."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import generate_latest

from scheduler.metrics.daemon import Metrics
from stories.crawl_state.source_status import SourceHealth
from stories.model.source_health import Gap, Verdict


def test_states_gaps_and_the_share_that_was_complete_are_figures():
    metrics = Metrics(lambda: datetime(2026, 3, 10, tzinfo=UTC))
    gap = Gap(id="gap_1", source="wire", listing="https://wire.example/rss", from_at="a", to_at="b", opened_at="c")
    ill = SourceHealth(verdict=Verdict(state="dead", whole=0.75), gaps=(gap,))
    metrics.sources.show_health({"wire": ill, "other": SourceHealth()})
    told = generate_latest(metrics.registry).decode()
    for line in (
        'wirewatch_sources{state="dead"} 1.0',
        'wirewatch_sources{state="working"} 0.0',
        'wirewatch_sources{state="not polled yet"} 1.0',
        'wirewatch_gaps_open{source="wire"} 1.0',
        'wirewatch_polls_complete_ratio{source="wire"} 0.75',
    ):
        assert line in told
    assert 'complete_ratio{source="other"}' not in told


def test_what_is_over_a_limit_is_counted_by_source_and_reason():
    metrics = Metrics(lambda: datetime(2026, 3, 10, tzinfo=UTC))
    metrics.sources.count_refused("wire", "url")
    metrics.sources.count_refused("wire", "url", 4)
    metrics.sources.count_refused("other", "headers")
    told = generate_latest(metrics.registry).decode()
    assert 'wirewatch_refused_total{reason="url",source="wire"} 5.0' in told
    assert 'wirewatch_refused_total{reason="headers",source="other"} 1.0' in told

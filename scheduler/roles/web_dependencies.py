"""Connects the web app to the stores, the outbox and the metrics of this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter

from alerts.outbox import Outbox
from pipelines.release_diff import changes
from pipelines.watch_matching import matches, query_predicate
from scheduler.leader.redis_mirror import data_loss
from scheduler.metrics.readiness import ReadinessMetrics
from scheduler.roles.readiness import DaemonCanary, StandbyMetrics, StandbyState
from scheduler.wiring import AppContext, now
from stories.db.clock import timekeeper
from stories.model.release import Release
from stories.search.live_index import LiveIndex
from stories.store.receipts import count_alerts, find_alerts, list_alerts
from web.app import Dependencies, create_app


def standby_app(app: AppContext, restarts: Counter) -> FastAPI:
    """Return the web app of a standby: it shows what is in Redis and takes requests and retries there.

    It has no index of its own: with an embedded Redis, the index of the leader is in the same folder.
    """
    registry = CollectorRegistry()
    metrics = StandbyMetrics(ReadinessMetrics(registry, restarts))
    dependencies = web_dependencies(app, registry, None, _wake_nothing, _count_nothing)
    return create_app(replace(dependencies, checks=StandbyState(app).checks, measure=metrics.measure))


def _wake_nothing() -> None:
    """Wake nothing: the leader finds what is due in Redis within a second."""


def _count_nothing(kind: str) -> None:
    """Count nothing."""


def web_dependencies(
    app: AppContext,
    registry: CollectorRegistry,
    index: LiveIndex | None,
    wake_delivery: Callable[[], None],
    count_websub: Callable[[str], None],
) -> Dependencies:
    """Return what the web app reads and writes, without the readiness checks of a role.

    Args:
        app: The open Redis and the configuration.
        registry: The metrics that ``/metrics`` shows.
        index: The search index of this process; None for a standby.
        wake_delivery: Called when an alert became due.
        count_websub: Called with the kind of each WebSub request.
    """
    settings, outbox = app.settings, Outbox(app.redis)

    async def retry(alert: str) -> str:
        answer = await outbox.retry(alert)
        wake_delivery()
        return answer

    async def retry_all() -> int:
        due = await outbox.retry_all()
        wake_delivery()
        return due

    async def test(channel: str) -> str:
        await outbox.turn_on(channel)
        alert = await outbox.enqueue_test(channel, now())
        wake_delivery()
        return alert

    def watch_matches(watch: str, release: Release) -> bool:
        return matches(settings.watches[watch], release, source=release.source)

    return Dependencies(
        settings=settings,
        redis=app.redis,
        archive=app.archive,
        stores=app.stores,
        now=now,
        alerts=lambda wanted: list_alerts(app.redis, **asdict(wanted)),
        channels=lambda: count_alerts(app.redis, list(settings.channels), others=True),
        matches=watch_matches,
        query=query_predicate,
        changes=changes,
        receipts=partial(find_alerts, app.redis),
        retry=retry,
        retry_all=retry_all,
        test=test,
        metrics=registry,
        canary=DaemonCanary(app).read,
        pushes=app.websub_store,
        heard=count_websub,
        finder=index,
        clock_warning=timekeeper.warning,
        data_loss=partial(data_loss, app.redis),
    )

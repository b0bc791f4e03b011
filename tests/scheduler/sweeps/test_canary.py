"""The canary proves that a process can read, and says once that it cannot and once that it can again."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bureau import settings
from redis.asyncio import Redis

from config.settings import Settings
from crawler.listings import ListingUnreadableError
from crawler.readers.pool import ReaderFailedError, ReaderPool
from pipelines.monitor_notifier import MonitorNotifier
from scheduler.sweeps import canary as canaries
from scheduler.sweeps.canary import (
    BLIND_FAILURES,
    BLIND_SECONDS,
    STAGES,
    Canary,
    CanaryError,
    CanaryState,
    MonitorBlindError,
    canary_page,
    canary_settings,
    read_canary,
)
from stories.crawl_state.canary_reports import DAEMON, CanaryReport, CanaryReports
from stories.db import keys
from stories.model.release import NotARelease
from stories.store.archive import Archive
from stories.store.monitor_events import MonitorEventStore

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
CONFIGURATION: dict[str, Any] = {
    "watches": {"asks": {"events": ["source"]}, "rest": {}},
    "channels": {"desk": None},
}


@pytest.fixture
async def reader():
    """A reader with its process."""
    async with ReaderPool(workers=1) as opened:
        await opened.warm_up()
        yield opened


class FaultyReader:
    """A reader that does what a test wants instead of reading."""

    def __init__(self, reader: ReaderPool) -> None:
        self.reader = reader
        self.fault: BaseException | str | None = None

    async def read_listing(self, *arguments: Any, **named: Any) -> Any:
        if self.fault == "no listing":
            raise ListingUnreadableError("nothing")
        if self.fault == "another listing":
            arguments = (canary_page(NOW - timedelta(days=1)).feed, *arguments[1:])
        return await self.reader.read_listing(*arguments, **named)

    async def read_page(self, *arguments: Any, **named: Any) -> Any:
        if isinstance(self.fault, BaseException):
            raise self.fault
        if self.fault == "hangs":
            await asyncio.Event().wait()
        if self.fault == "reads another page":
            arguments = (canary_page(NOW - timedelta(days=1)).html, *arguments[1:])
        return await self.reader.read_page(*arguments, **named)


class Watching:
    """A canary in a test, and what it left."""

    def __init__(self, redis: Redis, reader: FaultyReader) -> None:
        self.redis = redis
        self.moment = NOW
        self.changes: list[bool] = []
        self.errors: list[CanaryError | None] = []
        configured = settings(**CONFIGURATION)
        monitor = MonitorNotifier(MonitorEventStore(redis), configured, self.clock, lambda heard: None)
        reports = CanaryReports(redis)

        async def put(report: CanaryReport) -> None:
            await reports.put(DAEMON, report)

        self.canary = Canary(
            DAEMON, reader, configured, self.clock, monitor.notify, put,
            observe=lambda state, error: self.errors.append(error), changed=self.changes.append,
        )  # fmt: skip

    def clock(self) -> datetime:
        return self.moment

    async def runs(self, times: int = 1) -> None:
        for _ in range(times):
            self.moment += timedelta(seconds=60)
            await self.canary.run_once()

    async def told(self) -> list[dict[str, Any]]:
        return [json.loads(event.payload) for event in reversed(await Archive(self.redis).latest_events(9))]

    async def report(self) -> CanaryReport:
        return (await CanaryReports(self.redis).read([DAEMON]))[DAEMON]


@pytest.fixture
def faulty(reader):
    """The reader, with faults."""
    return FaultyReader(reader)


@pytest.fixture
def watching(redis, faulty):
    """A canary that tells to Redis."""
    return Watching(redis, faulty)


async def test_a_listing_and_a_page_go_the_whole_way_and_nothing_is_stored(reader, redis, watching):
    entered: list[str] = []
    keep = await read_canary(reader, canary_settings(settings()), NOW, entered.append)
    assert entered == list(STAGES)
    assert keep.release.headline == canary_page(NOW).headline
    await watching.runs()
    assert watching.errors == [None]
    assert [name async for name in redis.scan_iter()] == [keys.canary(DAEMON).name.encode()]


@pytest.mark.parametrize("moment", [NOW, NOW + timedelta(days=900), datetime(2000, 1, 1, tzinfo=UTC)])
async def test_it_reads_at_any_moment_and_under_any_configuration(reader, moment):
    for given in (
        Settings.model_validate({"catalog": False}),
        settings(alerts={"max_age": "1h", "embargo": "hold", "first_poll": "alert"}, polling={"revisit": []}),
        settings(watches={"golf": {"query": "NOT golf", "sources": []}}, channels={}),
    ):
        keep = await read_canary(reader, canary_settings(given), moment, lambda stage: None)
        assert len(keep.alerts) == 1


@pytest.mark.parametrize(
    ("fault", "stage"),
    [
        (RuntimeError("the pool is broken"), "page"),
        (NotARelease("reader crashed", "exit code -9"), "page"),
        (BrokenPipeError(), "page"),
        ("hangs", "page"),
        ("reads another page", "page"),
        ("no listing", "listing"),
        ("another listing", "listing"),
        (ReaderFailedError("no fork server"), "page"),
    ],
    ids=str,
)
async def test_it_fails_at_the_reader_whatever_way_that_is_broken(watching, faulty, monkeypatch, fault, stage):
    if fault == "hangs":
        monkeypatch.setattr(canaries, "DEADLINE_SECONDS", 3.0)
    faulty.fault = fault
    await watching.runs()
    (error,) = watching.errors
    assert error is not None
    assert error.stage == stage
    assert watching.canary.words().startswith(f"failed 1 time(s) in a row at {stage}: ")


@pytest.mark.parametrize(
    ("name", "broken", "stage"),
    [
        ("decide", lambda *_: None, "decision"),
        ("tidy", lambda *_: (_ for _ in ()).throw(KeyError("notice")), "decision"),
        ("canary_settings", lambda given: given, "match"),
    ],
)
async def test_it_names_the_stage_that_failed(redis, faulty, monkeypatch, name, broken, stage):
    monkeypatch.setattr(canaries, name, broken)
    watching = Watching(redis, faulty)
    await watching.runs()
    (error,) = watching.errors
    assert error is not None
    assert error.stage == stage


async def test_blindness_is_told_once_when_it_begins_and_once_when_it_ends(watching, faulty):
    await watching.runs()
    faulty.fault = RuntimeError("the pool is broken")
    await watching.runs(BLIND_FAILURES - 1)
    assert not watching.canary.is_blind
    assert await watching.told() == []
    await watching.runs(3)
    assert watching.canary.is_blind
    assert watching.changes == [True]
    (begun,) = await watching.told()
    assert begun["type"] == "monitor.blind"
    assert begun["data"]["watches"] == ["asks"]
    assert begun["data"]["state"] == "blind"
    assert begun["data"]["stage"] == "page"
    assert begun["data"]["from"] == "2026-03-10T09:31:00.000Z"
    assert "the pool is broken" in begun["data"]["detail"]
    assert (await watching.report()).blind_since == "2026-03-10T09:31:00.000Z"
    assert await watching.redis.zcard(keys.outbox("desk").name) == 1

    faulty.fault = None
    await watching.runs(2)
    assert not watching.canary.is_blind
    assert watching.changes == [True, False]
    _, over = await watching.told()
    assert (over["type"], over["data"]["state"]) == ("monitor.blind", "over")
    assert over["id"] != begun["id"]
    assert (over["data"]["from"], over["data"]["to"]) == ("2026-03-10T09:31:00.000Z", "2026-03-10T09:37:00.000Z")
    assert (await watching.report()).blind_since is None

    faulty.fault = RuntimeError("the pool is broken")
    await watching.runs(BLIND_FAILURES)
    assert len(await watching.told()) == 3, "a second blindness is another happening"


async def test_blindness_that_redis_does_not_take_is_told_when_it_does(redis, faulty, tmp_path):
    async with Redis.from_url(f"unix://{tmp_path}/none.sock") as away:
        watching = Watching(away, faulty)
        faulty.fault = RuntimeError("the pool is broken")
        await watching.runs(BLIND_FAILURES)
        assert watching.canary.is_blind
        there = Watching(redis, faulty)
        watching.canary._tell, watching.canary._put = there.canary._tell, there.canary._put
        await watching.runs()
        assert [event["data"]["state"] for event in await there.told()] == ["blind"]


async def test_a_process_that_reads_nothing_for_ten_minutes_ends(watching, faulty, monkeypatch):
    monkeypatch.setattr(canaries, "END_SECONDS", 0.0)
    faulty.fault = RuntimeError("the pool is broken")
    with pytest.raises(MonitorBlindError, match=r"daemon has read nothing for .* \(RuntimeError: the pool is broken\)"):
        await watching.runs()


async def test_a_process_that_ends_is_not_blind(watching, faulty, reader):
    await reader.close()
    assert await watching.canary.run_once() is False
    assert watching.errors == []


def test_it_is_blind_after_three_failures_or_three_minutes_without_a_success():
    state = CanaryState(began=0.0)
    assert not state.is_blind(BLIND_SECONDS)
    assert state.is_blind(BLIND_SECONDS + 1)
    state = state.after(None, 100.0)
    assert not state.is_blind(100 + BLIND_SECONDS)
    assert state.is_blind(101 + BLIND_SECONDS)
    for number in range(1, BLIND_FAILURES + 1):
        state = state.after(CanaryError("page", "broken"), 110.0)
        assert state.is_blind(110.0) is (number == BLIND_FAILURES)
    assert not state.after(None, 120.0).is_blind(120.0)

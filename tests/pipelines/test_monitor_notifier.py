"""The monitor's own events: told to the watches that ask, once for each happening."""

from __future__ import annotations

from typing import Any

from bureau import TestClock, settings
from redis.asyncio import Redis

from config.settings import Settings
from pipelines.ingest import IngestResult
from pipelines.monitor_notifier import MonitorNotifier
from stories.db import keys
from stories.store.archive import Archive
from stories.store.monitor_events import MonitorEventStore

DIED = "2026-03-10T09:00:00.000Z"
WATCHES: dict[str, Any] = {
    "all": {},
    "asks": {"events": ["new", "source"], "channels": ["desk", "log"], "tags": ["HKSTP"]},
    "harbour": {"events": ["source"], "channels": ["pager"], "sources": ["harbour-wire"]},
}
CHANNELS: dict[str, Any] = {"desk": None, "log": None, "pager": None, "deaf": None}


class Desk:
    """The monitor in a test, and what it left."""

    def __init__(self, redis: Redis, given: Settings | None = None) -> None:
        self.redis = redis
        self.heard: list[IngestResult] = []
        self.monitor = MonitorNotifier(
            MonitorEventStore(redis),
            given or settings(watches=WATCHES, channels=CHANNELS),
            TestClock(),
            self.heard.append,
        )

    async def died(self, source: str, began: str = DIED) -> bool:
        detail = "its listings have not been read for 30 min: 503"
        return await self.monitor.notify("source.dead", source, began=began, detail=detail) is not None

    async def alerted(self) -> dict[str, int]:
        return {channel: await self.redis.zcard(keys.outbox(channel).name) for channel in CHANNELS}


async def test_a_source_that_died_is_told_to_the_watches_that_ask_and_follow_it(redis: Redis) -> None:
    desk = Desk(redis)
    assert await desk.died("harbour-wire")
    assert await desk.alerted() == {"desk": 1, "log": 1, "pager": 1, "deaf": 0}
    [event] = await Archive(redis).latest_events(1)
    assert b'"watches":["asks","harbour"]' in event.payload

    assert await desk.died("other-wire")
    assert await desk.alerted() == {"desk": 2, "log": 2, "pager": 1, "deaf": 0}


async def test_the_same_happening_found_again_is_told_once_and_the_next_one_again(redis: Redis) -> None:
    desk = Desk(redis)
    assert [await desk.died("harbour-wire"), await desk.died("harbour-wire")] == [True, False]
    assert await Desk(redis).died("harbour-wire") is False, "another process knows it too"
    assert await desk.died("harbour-wire", began="2026-03-11T09:00:00.000Z")
    assert (await desk.alerted())["pager"] == 2
    assert [notification.alerts for notification in desk.heard] == [3, 3], (
        "delivery is woken for what was told, not for repeats"
    )


async def test_a_gap_says_between_which_moments_of_which_listing(redis: Redis) -> None:
    desk = Desk(redis)
    gap = {"listing": "https://harbour-wire.example/rss", "from": "2026-03-10T08:00:00.000Z", "to": DIED}
    event = await desk.monitor.notify(
        "source.gap", "harbour-wire", began=gap["listing"] + gap["from"], detail="12 entries, none known", about=gap
    )
    assert event is not None
    payload = await Archive(redis).event(event.id)
    assert payload == (
        b'{"type":"source.gap","id":"' + event.id.encode() + b'","timestamp":"2026-03-10T09:30:00.001Z",'
        b'"data":{"watches":["asks","harbour"],"source":"harbour-wire","detail":"12 entries, none known",'
        b'"listing":"https://harbour-wire.example/rss","from":"2026-03-10T08:00:00.000Z","to":"'
        + DIED.encode()
        + b'"}}'
    )


async def test_a_channel_that_is_off_is_told_to_the_other_channels_alone(redis: Redis) -> None:
    desk = Desk(redis)
    event = await desk.monitor.notify("channel.off", "desk", began=DIED, detail="410 from hooks.example")
    assert event is not None
    assert event.watches == ("asks", "harbour"), "a watch with sources asks for channels all the same"
    assert await desk.alerted() == {"desk": 0, "log": 1, "pager": 1, "deaf": 0}


async def test_what_nobody_asked_for_is_kept_and_alerts_nobody(redis: Redis) -> None:
    desk = Desk(redis, settings(watches={"all": {}}, channels=CHANNELS))
    assert await desk.died("harbour-wire")
    assert set((await desk.alerted()).values()) == {0}
    assert len(await Archive(redis).latest_events(5)) == 1

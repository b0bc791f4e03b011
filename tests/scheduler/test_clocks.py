"""Clocks that differ, are wrong, or jump: alerts go out all the same within seconds, and the operator is told."""

from __future__ import annotations

import re
import time
from pathlib import Path

import aiohttp
import pytest
from daemon import running
from preloaded import IS_LONG_RUN
from program import Program
from redis_server import redis_server
from wrong_clock import needs_faketime, wrong_clock

from scheduler.demo import stories
from stories.model.urls import canonical_url

pytestmark = needs_faketime
SOON = 5.0  # seconds from the publication to the alert, on a machine that has nothing else to do
APART = ["+120s", "-120s", "+3d", "-3d"]
JUMPS = ["+1h", "-1h", "+3d", "-3d"] if IS_LONG_RUN else ["+1h", "-3d"]


def told(receiver):
    return [event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"]


def said(daemon, words):
    return words in daemon.log.read_text(errors="replace")


async def started(daemon, newswire):
    await daemon.ready(lambda: said(daemon, "wirewatch runs: "), 40)
    await daemon.ready(lambda: {r.site for r in newswire.requests if r.path != "/robots.txt"} == set(newswire.sites))
    return re.search(r"wirewatch runs: (\S+)", daemon.log.read_text())[1]


async def page(address, path):
    async with aiohttp.ClientSession() as http, http.get(address + path) as answer:
        return await answer.text()


@pytest.mark.parametrize("apart", APART)
async def test_a_redis_whose_clock_differs_delays_no_alert_and_is_told(
    table, newswire, receiver, until, tmp_path, apart
):
    with redis_server(wrong_clock(tmp_path, "redis", apart).environment) as url:
        table["redis_url"] = url
        async with running(table, tmp_path) as daemon:
            address = await started(daemon, newswire)
            early = newswire.publish(stories.TRAM_BATTERIES, "meridian")
            await until(lambda: told(receiver) == [canonical_url(early)], SOON)
            corrected = newswire.correct(early, stories.TRAM_BATTERIES_CORRECTED)
            await until(lambda: "release.corrected" in receiver.types, SOON)
            assert corrected
            assert said(daemon, "clock_skew")
            seconds = {"+120s": 120, "-120s": 120, "+3d": 259_200, "-3d": 259_200}[apart]
            sign = "behind" if apart.startswith("+") else "ahead of"
            skew = re.search(r'clock_skew_seconds\{against="redis"\} (\S+)', await page(address, "metrics"))
            assert float(skew[1]) == pytest.approx(-seconds if sign == "behind" else seconds, abs=2)
            assert "the clock" in await page(address, "readyz")
            checked = await Program(folder=tmp_path, table=table, environment={})("check")
            assert f"the clock of this machine is {seconds} s {sign} that of the Redis server" in checked.err
            assert checked.status == 0


@pytest.mark.parametrize("apart", ["+3d", "-3d"])
async def test_releases_are_judged_by_the_clocks_of_the_sites_when_that_of_the_machine_is_days_wrong(
    table, newswire, receiver, until, tmp_path, monkeypatch, apart
):
    clock = wrong_clock(tmp_path, "machine", apart)
    with redis_server(clock.environment) as url:
        table["redis_url"] = url
        for name, value in clock.environment.items():
            monkeypatch.setenv(name, value)
        async with running(table, tmp_path) as daemon:
            address = await started(daemon, newswire)
            url = newswire.publish(stories.TRAM_BATTERIES, "meridian")
            await until(lambda: told(receiver) == [canonical_url(url)], SOON)
            assert said(daemon, "clock_wrong")
            words = "ahead of" if apart == "+3d" else "behind"
            assert f"{words} the clocks of the sites" in await page(address, "readyz")


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_jump_of_the_machines_clock_under_the_daemon_holds_nothing_up(
    table, newswire, receiver, until, tmp_path, monkeypatch, jump
):
    clock = wrong_clock(tmp_path, "machine")
    with redis_server() as url:
        table["redis_url"] = url
        for name, value in clock.environment.items():
            monkeypatch.setenv(name, value)
        async with running(table, tmp_path) as daemon:
            await started(daemon, newswire)
            first = newswire.publish(stories.TRAM_BATTERIES, "meridian")
            await until(lambda: told(receiver) == [canonical_url(first)], SOON)
            clock.set(jump)
            await until(lambda: said(daemon, "clock_jumped"), SOON)
            second = newswire.publish(stories.BRIDGE_SENSORS, "pressline")
            await until(lambda: canonical_url(second) in told(receiver), SOON)
            before = len(newswire.requests)
            await until(lambda: _revisited(newswire, before, first), SOON)


def _revisited(newswire, since, url):
    """Whether a page was requested since."""
    path = re.sub(r"^https?://[^/]+", "", url)
    return any(request.path == path for request in newswire.requests[since:])


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_jump_of_every_clock_under_the_daemon_holds_nothing_up(
    table, newswire, receiver, until, tmp_path, monkeypatch, jump
):
    clock = wrong_clock(tmp_path, "machine")
    with redis_server(clock.environment) as url:
        table["redis_url"] = url
        table["channels"]["hook"]["retry"] = ["1s"] * 60
        table["polling"]["revisit"] = ["2s for 30d"]  # by the new clock a release is three days old
        for name, value in clock.environment.items():
            monkeypatch.setenv(name, value)
        async with running(table, tmp_path) as daemon:
            await started(daemon, newswire)
            receiver.fail(503)
            first = newswire.publish(stories.TRAM_BATTERIES, "meridian")
            await until(lambda: said(daemon, "alert_failed"), 3 * SOON)
            failing = newswire.publish(stories.NIGHT_MARKET)
            newswire.fail(failing, status=503, headers={"Retry-After": "2"}, times=2)
            await until(lambda: _revisited(newswire, 0, failing), SOON)
            clock.set(jump)
            await until(lambda: said(daemon, "redis_clock_jumped"), SOON)
            receiver.recover()
            second = newswire.publish(stories.BRIDGE_SENSORS, "pressline")
            await until(lambda: {canonical_url(first), canonical_url(second)} <= set(told(receiver)), 2 * SOON)
            before = len(newswire.requests)
            await until(lambda: _revisited(newswire, before, first), SOON)


def test_the_clock_of_a_process_can_be_set_by_a_test(tmp_path: Path) -> None:
    """The tests above would pass without a wrong clock."""
    from redis import Redis

    with redis_server(wrong_clock(tmp_path, "redis", "+3d").environment) as url, Redis.from_url(url) as client:
        assert client.time()[0] - time.time() == pytest.approx(259_200, abs=5)

"""A notice that is read before its original waits for it: one alert for each, whichever page answers first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from daemon import running

from scheduler.demo.stories import FERRY_ROBOTS

SOON = 90  # seconds; a busy machine
CORRECTED = replace(FERRY_ROBOTS, body=(FERRY_ROBOTS.body[0] + " It opens in May.", *FERRY_ROBOTS.body[1:]))


@pytest.mark.parametrize("first_poll", ["alert", "seed"])
async def test_an_original_and_its_correction_in_one_poll_are_alerted_once_each(
    newswire, table, receiver, until, tmp_path, first_poll
):
    table["alerts"] = {"first_poll": first_poll, "max_age": "off"}
    table["watches"] = {"all": {"title": "All"}}
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: "http://" in daemon.log.read_text())
        polled = len(newswire.requests)
        await until(lambda: len(newswire.requests) > polled + 4, SOON)
        original = newswire.publish(FERRY_ROBOTS, "meridian")
        correction = newswire.correct(original, CORRECTED)
        newswire.fail(original, status=302, location=original, delay=4.0, times=1)
        await until(lambda: len(receiver.events) >= 2, SOON)
        events = {event["data"]["release"]["url"]: event for event in receiver.events}
    assert [event["type"] for event in receiver.events] == ["release.new", "release.corrected"]
    assert events[original]["type"] == "release.new"
    assert events[correction]["data"]["replaces"]["url"] == original

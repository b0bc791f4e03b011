"""``wirewatch run`` as its operator sees it: started, stopped, killed, started again."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter

import pytest
from daemon import STOPPING, running

from scheduler.demo import stories
from stories.model.urls import canonical_url


def polled(newswire):
    """Whether every site has been asked for a listing."""
    return {request.site for request in newswire.requests if request.path != "/robots.txt"} == set(newswire.sites)


def new_ones(receiver):
    """How often each page was told of as new."""
    return Counter(event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new")


@pytest.mark.executes_programs
async def test_stopping_and_starting_in_between_loses_nothing_and_repeats_nothing(
    table, newswire, receiver, until, tmp_path
):
    early = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: new_ones(receiver)[canonical_url(early)], 20)
        # A webhook that hangs, then a page that hangs; then SIGTERM.
        receiver.fail(503, delay=60)
        told_late = newswire.publish(stories.BRIDGE_SENSORS, "pressline")
        await until(lambda: len(receiver.deliveries) > 1, 20)
        hanging = newswire.publish(stories.NIGHT_MARKET)
        newswire.fail(hanging, delay=60)
        await until(lambda: re.search(r'"source": "harbourline", .*"new": 1,', daemon.log.read_text()), 20)
        status = await daemon.stop()
    assert status == 0, daemon.tail()

    newswire.heal(hanging)
    receiver.recover()
    corrected = newswire.correct(early, stories.TRAM_BATTERIES_CORRECTED)
    newswire.syndicate(told_late)
    unseen = newswire.publish(stories.QUARTER, "meridian")
    async with running(table, tmp_path) as daemon:
        expected = {canonical_url(url) for url in (early, hanging, told_late, unseen)}
        await daemon.ready(lambda: set(new_ones(receiver)) == expected and receiver.types["release.corrected"], 20)
        before = len(newswire.requests)
        await until(lambda: len(newswire.requests) > before + 6, 20)  # polls of every listing, and nothing new
        daemon.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(daemon.process.wait(), STOPPING) == 0
    assert set(new_ones(receiver).values()) == {1}
    (correction,) = [event for event in receiver.events if event["type"] == "release.corrected"]
    assert correction["data"]["release"]["url"] == canonical_url(corrected)
    assert correction["data"]["replaces"]["url"] == canonical_url(early)
    assert all(delivery.signed for delivery in receiver.deliveries)

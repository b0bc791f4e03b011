"""The demo, end to end: the real daemon watches the loopback newswire and its alerts say what happened there."""

from __future__ import annotations

from collections import Counter

import pytest
from daemon import running
from receiver import SECRET

from scheduler.demo.configuration import configuration
from scheduler.demo.script import play
from stories.model.urls import canonical_url

SECONDS = 20  # of the script; a polling daemon needs some seconds between a release and what becomes of it


@pytest.fixture
async def told(newswire, receiver, until, tmp_path):
    """What a webhook was told of the whole script, and the desk that played it."""
    table = configuration(newswire, channels={"intake": {"type": "webhook", "url": receiver.url, "secret": SECRET}})
    table |= {"data_dir": str(tmp_path / "data"), "web": {"port": 0}}
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: {request.site for request in newswire.requests} == set(newswire.sites))
        desk = await play(newswire, SECONDS)
        await until(lambda: receiver.types["release.withdrawn"] == 2 and receiver.types["release.updated"] == 1, 30)
        status = await daemon.stop()
    assert status == 0
    return receiver.events, desk


def by_url(events, url, kind):
    return [
        event for event in events if event["type"] == kind and event["data"]["release"]["url"] == canonical_url(url)
    ]


async def test_the_whole_script_alerts_as_promised(told, receiver, newswire):
    events, desk = told
    assert all(delivery.signed for delivery in receiver.deliveries)
    stories = Counter(event["data"]["story"]["id"] for event in events if event["type"] == "release.new")
    assert set(stories.values()) == {1}

    tide = by_url(events, desk.urls["tide corrected"], "release.corrected")
    batteries = by_url(events, desk.urls["batteries corrected"], "release.corrected")
    quarter = by_url(events, desk.urls["quarter updated"], "release.updated")
    assert [len(tide), len(batteries), len(quarter)] == [1, 1, 1]
    assert batteries[0]["data"]["replaces"]["url"] == canonical_url(desk.urls["batteries"])
    assert quarter[0]["data"]["replaces"]["url"] == canonical_url(desk.urls["quarter"])
    assert tide[0]["data"]["replaces"]["url"] == canonical_url(desk.urls["tide"])

    in_place = by_url(events, desk.urls["bridges"], "release.corrected")
    assert len(in_place) == 1
    assert in_place[0]["data"]["release"]["revision"] == 2

    edited = by_url(events, desk.urls["market"], "release.revised")
    assert len(edited) == 1
    assert any("78 of 102" in (change["after"] or "") for change in edited[0]["data"]["changes"])

    withdrawn = [event["data"]["release"]["url"] for event in events if event["type"] == "release.withdrawn"]
    assert sorted(withdrawn) == sorted(canonical_url(desk.urls[name]) for name in ("vanishing", "seaplanes withdrawn"))

    assert by_url(events, desk.urls["speakers corrected"], "release.corrected")
    assert not by_url(events, desk.urls["speakers"], "release.new")

"""A receiver answers 410: its channel is off, every face says so, and a person turns it on again."""

from __future__ import annotations

import json
import re

import aiohttp
from daemon import running

from scheduler.demo import stories
from stories.model.urls import canonical_url

SOON = 20  # seconds; a busy machine


def written(path):
    """The events that the file channel wrote."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def get(daemon, path):
    """What the daemon answers."""
    address = re.search(r"wirewatch runs: (\S+)/", daemon.log.read_text())[1]
    async with aiohttp.ClientSession() as http, http.get(address + path) as answer:
        return answer.status, await answer.text()


async def test_a_channel_that_answers_410_is_off_on_every_face_until_a_person_turns_it_on(
    table, program, newswire, receiver, until, tmp_path
):
    log = tmp_path / "alerts.jsonl"
    table["channels"]["log"] = {"type": "file", "path": str(log)}
    table["watches"]["rest"]["events"] = ["new", "source"]
    receiver.fail(410)
    published = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: [event for event in written(log) if event["type"] == "channel.off"], SOON)
        (told,) = [event for event in written(log) if event["type"] == "channel.off"]
        assert told["data"]["channel"] == "hook"
        assert told["data"]["detail"].startswith("410 from ")
        assert [delivery.type for delivery in receiver.deliveries] == ["release.new"], (
            "a channel that is off is told nothing"
        )

        status, said = await get(daemon, "/readyz")
        assert (status, list(json.loads(said)["channels_off"])) == (200, ["hook"])
        (hook,) = [
            channel
            for channel in json.loads((await get(daemon, "/api/v1/alerts"))[1])["channels"]
            if channel["channel"] == "hook"
        ]
        assert (hook["failed"], hook["off"][:3]) == (1, "410")
        assert "hook is off" in (await get(daemon, "/"))[1]
        figures = await until(lambda: of_the_hook(daemon), SOON)
        assert figures == {"waiting": 0, "given_up": 1, "off": 1}
        checked = await program("check")
        assert checked.status == 0
        assert "channel 'hook' is off since" in checked.err

        receiver.recover()
        again = await program("alerts", "retry", "--all")
        assert "channel 'hook' is on again" in again.out
        await until(lambda: receiver.events, SOON)
        (event,) = receiver.events
        assert event["data"]["release"]["url"] == canonical_url(published)
        assert len({delivery.id for delivery in receiver.deliveries}) == 1, "the same alert has the same id"
        assert json.loads((await get(daemon, "/readyz"))[1])["channels_off"] == {}


async def of_the_hook(daemon):
    """The figures of the channel, once they show that it is off."""
    _, text = await get(daemon, "/metrics")
    found = {
        name: float(value)
        for name, value in re.findall(r'^wirewatch_(?:alerts|channel)_(\w+)\{channel="hook"\} (\S+)$', text, re.M)
        if name in ("waiting", "given_up", "off")
    }
    return found if found.get("off") else None

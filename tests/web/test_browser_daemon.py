"""The pages in a real Chromium over the real daemon, which watches a newswire on loopback: from end to end."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from browsing import live, visit
from daemon import STARTING, running
from playwright.async_api import Browser, Page, expect
from receiver import Receiver, serve_receiver
from waiting import until

from scheduler.demo import stories
from scheduler.demo.configuration import configuration
from scheduler.demo.newswire import Newswire, serve

pytestmark = pytest.mark.browser


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def table(wire: Newswire, receiver: Receiver, folder: Path, port: int) -> dict[str, Any]:
    made = configuration(
        wire,
        channels={"intake": {"type": "webhook", "url": receiver.url, "secret": receiver.secret}},
        first_poll="seed",
        revisit=(),
    )
    made["sources"]["meridian"]["interval"] = "12h"  # polled by nobody but the button
    return made | {"data_dir": str(folder / "data"), "web": {"port": port}}


async def polled(base: str, sources: set[str]) -> bool:
    """Return whether the daemon answers, and has read all of these sources."""
    try:
        async with ClientSession(base) as http, http.get("/api/v1/sources") as reply:
            said = await reply.json()
    except ClientError:
        return False
    return sources <= {source["name"] for source in said.get("sources", ()) if source["health"]["read_at"]}


async def live_on(page: Page) -> None:
    await expect(page.locator("#state")).to_have_text("live")


async def test_what_a_desk_does_all_day(browser: Browser, tmp_path: Path):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with serve() as wire, serve_receiver() as receiver:
        settings = table(wire, receiver, tmp_path, port)
        async with running(settings, tmp_path) as daemon:
            await until(lambda: polled(base, set(wire.sites)), STARTING)
            now = await visit(browser, base)
            await live(now)
            lines = now.page.locator("#stream > li")
            await expect(now.page.locator("#nothing")).to_be_visible()

            # The stream moves when the newswire publishes.
            await now.page.evaluate("window.kept = true")
            first = wire.publish(stories.TIDE_FUND, "harbourline")
            await expect(lines.locator("h2")).to_have_text([stories.TIDE_FUND.headline])

            # A copy folds into the line, and a correction appears at the story that is open.
            story = await now.page.context.new_page()
            await story.goto(base)
            await story.click("#stream h2 a")
            await live_on(story)
            wire.syndicate(first)
            await expect(lines.locator(".copies")).to_contain_text("also on 1 site, first here")
            wire.correct(first, stories.TIDE_FUND_CORRECTED)
            await expect(story.locator("h1")).to_have_text(stories.TIDE_FUND_CORRECTED.headline)
            await expect(story.locator(".timeline .badge")).to_have_text(["new", "copied", "corrected"])
            await expect(lines).to_have_count(1)
            await expect(lines.locator(".badge")).to_have_text("corrected")
            await expect(lines.locator(".change ins").first).to_contain_text("Ten")

            # Any two states compared.
            await story.click(".comparing summary")
            await story.locator("#before option").first.evaluate("one => one.parentNode.value = one.value")
            await story.locator("#after option").last.evaluate("one => one.parentNode.value = one.value")
            await story.click(".comparing button")
            await expect(story.locator("#differences ins").first).to_contain_text("Ten")
            await expect(story.locator("#differences del").first).to_contain_text("Nine")

            # A source is polled by its button, and says what came of it.
            wire.publish(stories.TRAM_BATTERIES, "meridian")
            desk = await now.page.context.new_page()
            await desk.goto(f"{base}/sources")
            await desk.get_by_role("button", name="Poll now Meridian Newswire").click()
            await expect(desk.locator("#crawl")).to_contain_text("1 release page read, 1 event came of it")
            await expect(lines.locator("h2").first).to_have_text(stories.TRAM_BATTERIES.headline)

            # Search and filters.
            await desk.goto(base)
            await desk.fill("#q", '"swappable battery" OR batter*')
            await desk.keyboard.press("Enter")
            await expect(desk.locator("#stream h2")).to_have_text([stories.TRAM_BATTERIES.headline])
            await expect(desk.locator("#stream h2 mark")).to_have_text("Batteries")
            await desk.click("text=Show everything")
            await desk.click(".filters summary")
            await desk.select_option("#f-kind", "corrected")
            await desk.click(".filters button")
            await expect(desk.locator("#stream h2")).to_have_text([stories.TIDE_FUND_CORRECTED.headline])

            # An alert that was given up is sent again; a channel is tested.
            await until(lambda: any(stories.TRAM_BATTERIES.headline in str(event) for event in receiver.events), 30)
            receiver.fail(400)
            wire.publish(stories.BRIDGE_SENSORS, "pressline")
            await desk.goto(f"{base}/alerts?state=failed")
            given_up = desk.locator(".receipt.is-failed")
            await expect(given_up).to_have_count(1)
            receiver.recover()
            await given_up.get_by_role("button", name="Send again to intake").click()
            await expect(desk.locator("#answer")).to_have_text("The alert is sent again.")
            await desk.goto(f"{base}/alerts")
            newest = desk.locator(".alerts.rows > li", has_text=stories.BRIDGE_SENSORS.headline)
            await expect(newest.locator(".state")).to_have_text("sent")
            assert receiver.accepted[-1].json["data"]["release"]["headline"] == stories.BRIDGE_SENSORS.headline
            await desk.get_by_role("button", name="Test intake").click()
            await expect(desk.locator("#answer")).to_contain_text("Test of intake: sent")

            assert await now.page.evaluate("window.kept") is True, "the page was never loaded anew"
            assert now.complaints == []
            # The daemon goes: the page says so.
            assert await daemon.stop() == 0, daemon.tail()
            await expect(now.page.locator("#state")).to_contain_text("not live since")

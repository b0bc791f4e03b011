"""A desk's browser in tests: a Chromium, a visit with all that its console said, and a desk that is busy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from archive_filler import ArchiveFiller
from playwright.async_api import Browser, ConsoleMessage, Page, Request, expect

from stories.model.release import Change, Notice

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1360, "height": 900}
PICTURES = os.environ.get("WIREWATCH_SCREENSHOTS")
expect.set_options(timeout=60_000)  # milliseconds; only a test that fails waits for so long
ATTACK = "</h2><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


class Visit:
    """A page with all that its console complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._failed)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # what was still open when the page was left
            self.complaints.append(f"{request.url}: {request.failure}")

    async def picture(self, name: str) -> None:
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=False)


async def visit(browser: Browser, address: str, size: dict[str, int] = DESKTOP, **options: object) -> Visit:
    context = await browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
    found = Visit(await context.new_page())
    await found.page.goto(address)
    return found


async def live(found: Visit) -> None:
    await expect(found.page.locator("#state")).to_have_text("live")


async def a_busy_desk(archive: ArchiveFiller, site: Any, receipt: Any) -> None:
    """Fill the page with one of each kind."""
    first = await archive.publish(
        "Marlow Harbour Opens Its First Tidal Battery Plant in Port Ellery", watches=["batteries"], tags=("Battery",),
        subheadline="48 megawatt hours drawn from the channel twice a day",
    )  # fmt: skip
    story = f"sty_{'0' * 26}"
    await archive.publish("Oakmere Trust Names a New Chair", source="quayside", wire=None, tags=("Boards", "Trusts"))
    await archive.publish(
        "Marlow Harbour Opens Its First Tidal Battery Plant in Port Ellery", kind="release.corrected", replaces=first,
        watches=["batteries"], story=story,
        notice=Notice(kind="correction", marker="Correcting and Replacing", headline="",
                      statement="The second paragraph should read 310 million crowns, not 130 million."),
        changes=[Change(field="headline", before="Marlow Harbor Opens a Plant", after="Marlow Harbour Opens a Plant"),
                 Change(field="body", paragraph=2, before="It cost 130 million crowns.",
                        after="It cost 310 million crowns.")],
    )  # fmt: skip
    await archive.revise(first, watches=["batteries"], body=("The plant stores 50 megawatt hours.",), changes=[
        Change(field="body", paragraph=n, before=f"Sentence {n} before.", after=f"Sentence {n} after.")
        for n in range(1, 6)
    ])  # fmt: skip
    await archive.publish("Ellery Ferries Withdraws Its Winter Timetable", kind="release.withdrawn", tags=("Ferries",))
    await archive.publish(
        "港口電池廠落成", kind="release.updated", language="zh-Hant", url="https://harbour-wire.example/zh"
    )
    site.receipts += [
        receipt(type="release.corrected", channel="intake"),
        receipt(type="release.corrected", channel="desk"),
        receipt(state="failed", error="500 from intake.example after 12 tries", tries=12),
        receipt(state="pending", settled=None, due=archive.now, type="release.withdrawn"),
    ]

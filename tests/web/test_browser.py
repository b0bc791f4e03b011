"""The page in a real Chromium: live, safe, and fit for a phone."""

from __future__ import annotations

import pytest
from archive_filler import ArchiveFiller
from browsing import ATTACK, DESKTOP, PHONE, PICTURES, a_busy_desk, live, visit
from playwright.async_api import Browser, expect

from stories.model.release import Change, Notice

pytestmark = pytest.mark.browser


async def test_an_event_appears_on_the_open_page_without_a_reload(
    browser: Browser, site, archive: ArchiveFiller, receipt
):
    await a_busy_desk(archive, site, receipt)
    desk = await visit(browser, site.base)
    await live(desk)
    await desk.page.evaluate("window.kept = true")
    await desk.picture("desktop-light")
    before = await desk.page.locator("#stream > li").count()
    await archive.publish("Saint Corwen Plant Begins in Autumn", watches=["batteries"])
    await expect(desk.page.locator("#stream > li").first).to_contain_text("Saint Corwen Plant Begins in Autumn")
    assert await desk.page.locator("#stream > li").count() == before + 1
    assert await desk.page.evaluate("window.kept") is True
    await expect(desk.page.locator("#said")).to_have_text("new: Saint Corwen Plant Begins in Autumn")
    assert desk.complaints == []


async def test_the_first_event_ever_appears_on_an_empty_page(browser: Browser, site, archive: ArchiveFiller):
    desk = await visit(browser, site.base)
    await live(desk)
    await expect(desk.page.locator("#nothing")).to_be_visible()
    await archive.publish("The First of All")
    await expect(desk.page.locator("#stream > li")).to_have_count(1)
    await expect(desk.page.locator("#nothing")).to_be_hidden()
    assert desk.complaints == []


async def test_a_page_left_open_over_a_store_that_was_emptied_goes_on(browser: Browser, site, archive, redis):
    await archive.publish("Before the move")
    desk = await visit(browser, site.base)
    await live(desk)
    await redis.flushall()
    for headline in ("After the move", "And on"):
        await archive.publish(headline)
        await expect(desk.page.locator("#stream > li").first).to_contain_text(headline)
    await expect(desk.page.locator("#stream > li")).to_have_count(3)
    assert desk.complaints == []


async def test_what_is_being_read_stays_where_it_is_while_events_arrive(browser: Browser, site, archive: ArchiveFiller):
    for number in range(30):
        await archive.publish(f"Release number {number}")
    desk = await visit(browser, site.base)
    await live(desk)
    row = desk.page.locator("#stream > li").nth(12)
    await row.evaluate("row => window.scrollTo(0, row.offsetTop - 100)")
    headline = await row.locator("h2").inner_text()
    read = desk.page.locator("#stream > li", has_text=headline)
    before = await read.bounding_box()
    await archive.publish("Something new above")
    await expect(desk.page.locator("#more")).to_have_text("1 new ↑")
    after = await read.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1
    await desk.page.locator("#more").click()
    await expect(desk.page.locator("#more")).to_be_hidden()
    await expect(desk.page.locator("#stream > li").first).to_contain_text("Something new above")


async def test_an_attack_from_the_wire_stays_text(browser: Browser, site, archive: ArchiveFiller, receipt):
    stored = await archive.publish(
        ATTACK, url="javascript:document.title='owned'", tags=(ATTACK,), wire=ATTACK, source=ATTACK, subheadline=ATTACK,
        notice=Notice(kind="correction", marker=ATTACK, headline="", statement=ATTACK), body=(ATTACK,),
        watches=[ATTACK], changes=[Change(field=ATTACK, before=ATTACK, after=ATTACK)],
    )  # fmt: skip
    site.receipts.append(receipt(state="failed", error=ATTACK, channel=ATTACK, type=ATTACK))
    desk = await visit(browser, site.base)
    await live(desk)
    await archive.publish(f"live {ATTACK}", tags=(ATTACK,))
    await expect(desk.page.locator("#stream > li").first).to_contain_text(f"live {ATTACK}")
    await expect(desk.page.locator("#stream > li").nth(1).locator("h2")).to_have_text(ATTACK)
    story = await visit(browser, f"{site.base}/stories/{stored.id}")
    await expect(story.page.locator("h1")).to_have_text(ATTACK)
    for found in (desk, story):
        assert "owned" not in (await found.page.title()).replace(ATTACK, "")
        assert await found.page.locator("img, [onerror]").count() == 0
        assert await found.page.locator("a[href^='javascript']").count() == 0
        assert found.complaints == []


async def test_a_link_to_the_source_tells_it_nothing(browser: Browser, site, archive: ArchiveFiller):
    await archive.publish(url="https://harbour-wire.example/news/7?a=1&b=2")
    desk = await visit(browser, site.base)
    link = desk.page.locator("#stream a.outside")
    assert await link.get_attribute("href") == "https://harbour-wire.example/news/7?a=1&b=2"
    assert set((await link.get_attribute("rel") or "").split()) == {"noopener", "noreferrer", "nofollow"}


async def test_the_story_page_says_what_changed_and_why(browser: Browser, site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens", watches=["batteries"], channels=["log"])
    await archive.revise(first, headline="Plant Opens at Last", changes=[
        Change(field="headline", before="Plant Opens", after="Plant Opens at Last")
    ])  # fmt: skip
    desk = await visit(browser, f"{site.base}/stories/{first.id}")
    await expect(desk.page.locator("h1")).to_have_text("Plant Opens at Last")
    await expect(desk.page.locator(".change dd")).to_have_text("Plant Opens added:  at Last")
    await expect(desk.page.locator(".change ins")).to_contain_text("at Last")
    await expect(desk.page.locator(".why")).to_have_text("Why here: its text changed")
    await expect(desk.page.locator(".meta").first).to_contain_text("alerted: log")
    assert desk.complaints == []


async def test_the_form_lets_the_holder_of_the_token_in(browser: Browser, serve, archive: ArchiveFiller):
    await archive.publish("For Members")
    async with serve(web={"token": "correct horse battery"}) as site:
        desk = await visit(browser, site.base)
        await expect(desk.page.locator("h1")).to_have_text("Log in")
        assert "For Members" not in await desk.page.content()
        await desk.page.fill("#token", "wrong")
        await desk.page.click("button[type=submit]")
        await expect(desk.page.locator("#wrong")).to_have_text("This is not the token.")
        await desk.page.fill("#token", "correct horse battery")
        await desk.page.click("button[type=submit]")
        await expect(desk.page.locator("#stream")).to_contain_text("For Members")
        await live(desk)
        (cookie,) = await desk.page.context.cookies()
        assert cookie["httpOnly"] is True
        assert cookie["sameSite"] == "Strict"
        assert "correct horse battery" not in cookie["value"]
        # From a page elsewhere, which brings no strict cookie along, the link leads where it says all the same.
        elsewhere = f'<a href="{site.base}/alerts?state=failed">there</a>'
        await desk.page.route(
            "http://elsewhere.example/", lambda route: route.fulfill(body=elsewhere, content_type="text/html")
        )
        await desk.page.goto("http://elsewhere.example/")
        await desk.page.click("a")
        await expect(desk.page.locator("h1")).to_have_text("Alerts")
        await desk.page.get_by_role("button", name="Log out").click()
        await expect(desk.page.locator("h1")).to_have_text("Log in")
        await desk.page.goto(site.base)
        await expect(desk.page.locator("h1")).to_have_text("Log in")


@pytest.mark.skipif(PICTURES is None, reason="pictures are taken when WIREWATCH_SCREENSHOTS names a folder")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_pictures(browser: Browser, site, archive: ArchiveFiller, receipt, scheme, size):
    await a_busy_desk(archive, site, receipt)
    first = await archive.publish("Picture Story")
    await archive.revise(first, body=("New words.",), changes=[
        Change(field="body", paragraph=1, before="The plant stores 48 megawatt hours.", after="New words.")
    ])  # fmt: skip
    for name, path in [("now", "/"), ("docs", "/docs"), ("story", f"/stories/{first.id}")]:
        found = await visit(browser, site.base + path, DESKTOP if size == "desktop" else PHONE, color_scheme=scheme)
        await found.page.wait_for_load_state("load")
        await found.picture(f"{name}-{size}-{scheme}")

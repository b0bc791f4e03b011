"""Every page in a real Chromium: what is found, compared, asked for and sent again; safe, narrow and accessible."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from archive_filler import ArchiveFiller
from axe_playwright_python.base import AXE_SCRIPT
from browsing import ATTACK, DESKTOP, PHONE, a_busy_desk, live, visit
from playwright.async_api import Browser, Route, expect
from redis.asyncio import Redis

from stories.crawl_state.crawl_requests import CrawlRequests, CrawlState
from stories.crawl_state.cursors import Cursors
from stories.crawl_state.source_status import SourceStatusStore
from stories.model.ids import story_id
from stories.model.release import Change, Image, Notice, Release
from stories.model.sighting import Cursor
from stories.model.source_health import Gap, ListingHealth

pytestmark = pytest.mark.browser

CHANNELS = {"log": {"type": "console"}, "intake": {"type": "console"}}
LOOKED_THROUGH = 7  # pages, one of each kind: axe takes its time
WHEN = "2026-03-02T09:00:00Z"


async def correct(archive: ArchiveFiller, first: Release, rest: tuple[str, ...] = ()) -> Release:
    return await archive.publish(
        first.headline, kind="release.corrected", story=story_id(first.id or ""), replaces=first,
        notice=Notice(kind="correction", marker="CORRECTION", headline=first.headline,
                      statement="The cost should read 310 million crowns, not 130 million crowns."),
        changes=[Change(field="body", paragraph=2, before="It cost 130 million crowns.",
                        after="It cost 310 million crowns.")],
        body=("The plant stores 48 megawatt hours.", "It cost 310 million crowns.", *rest),
    )  # fmt: skip


async def a_full_house(archive: ArchiveFiller, redis: Redis, site: Any, receipt: Any, count: Any) -> list[str]:
    """Something of everything on every page; the addresses of the pages."""
    await a_busy_desk(archive, site, receipt)
    images = (Image(url="https://harbour-wire.example/1.jpg", caption="The plant"),)
    first = await archive.publish("Plant Opens", body=("It stores 48 megawatt hours.", "It cost 130."), images=images)
    await archive.publish("Plant Opens", kind="release.syndicated", source="quayside", story=story_id(first.id or ""))
    await correct(archive, first)
    listing = "https://harbour-wire.example/news"
    broken = ListingHealth(url=listing, state="broken", word="empty", detail="nothing is found in it", since=WHEN,
                        polled_at=WHEN, next_at=WHEN, pace="busy", readings=9, whole=7)  # fmt: skip
    await Cursors(redis).record_poll("harbour", Cursor(polled_at=WHEN, read_at=WHEN), listing=listing, health=broken)
    await SourceStatusStore(redis).put_gap(
        Gap(id="gap", source="harbour", listing=listing, from_at=WHEN, to_at=WHEN, opened_at=WHEN)
    )
    site.counts += [count(), count(channel="intake", off="410 from intake", off_at=archive.now, failed=2)]
    story = f"/stories/{first.id}"
    return [
        "/?q=crowns&kind=corrected", f"{story}?before={first.id}.1&after={first.id}.1", "/sources", "/sources/harbour",
        "/alerts", "/watches?q=(", "/", story, "/?q=(", "/watches?q=crowns", "/docs", "/nowhere",
    ]  # fmt: skip


async def test_a_correction_takes_the_place_of_its_story_and_copies_fold_into_its_line(
    browser: Browser, site, archive: ArchiveFiller
):
    first = await archive.publish("Plant Opens")
    await archive.publish("Ferry Late")
    desk = await visit(browser, site.base)
    await live(desk)
    await archive.publish("Plant Opens", kind="release.syndicated", source="quayside", story=story_id(first.id or ""))
    await expect(desk.page.locator("#stream .copies").nth(1)).to_contain_text("also on 1 site, first here")
    await expect(desk.page.locator("#stream h2")).to_have_text(["Ferry Late", "Plant Opens"])
    await correct(archive, first)
    await expect(desk.page.locator("#stream h2")).to_have_text(["Plant Opens", "Ferry Late"])
    top = desk.page.locator("#stream > li").first
    await expect(top.locator(".badge")).to_have_text("corrected")
    await expect(top.locator(".change ins")).to_contain_text("310 million")
    await expect(top.locator(".copies")).to_contain_text("also on 1 site")
    assert desk.complaints == []


async def test_a_correction_appears_at_its_open_story_and_the_reader_loses_nothing(
    browser: Browser, site, archive: ArchiveFiller
):
    body = ("The plant stores 48 megawatt hours.", "It cost 130 million.", *(f"Sentence {n}." for n in range(60)))
    first = await archive.publish("Plant Opens", body=body)
    await archive.publish("Plant Opens", kind="release.syndicated", source="quayside", story=story_id(first.id or ""),
                          body=body)  # fmt: skip
    desk = await visit(browser, f"{site.base}/stories/{first.id}")
    await live(desk)
    await desk.page.evaluate("window.kept = true")
    await desk.page.click("#part-releases li:nth-child(2) summary")
    read = desk.page.locator("#part-standing p", has_text="Sentence 30.")
    await read.evaluate("line => window.scrollTo(0, line.getBoundingClientRect().top + window.scrollY - 200)")
    before = await read.bounding_box()
    await archive.publish("Ferry Late")
    await correct(archive, first, rest=body[2:])
    await expect(desk.page.locator(".timeline .badge")).to_have_text(["new", "copied", "corrected"])
    await expect(desk.page.locator("#said")).to_have_text("corrected: Plant Opens")
    after = await read.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1.5, "what is read stays where it is"
    assert await desk.page.evaluate("window.kept") is True
    await expect(desk.page.locator("#part-releases li:nth-child(2) details")).to_have_attribute("open", "")
    await desk.page.click("#more")
    await expect(desk.page.locator("#more")).to_be_hidden()
    await expect(desk.page.locator(".claim").first).to_be_in_viewport()
    await desk.page.click(".comparing summary")
    await desk.page.select_option("#before", f"{first.id}.1")
    await desk.page.click(".comparing button")
    await expect(desk.page.locator("#differences ins").first).to_contain_text("310 million")
    await expect(desk.page.locator("#differences del").first).to_contain_text("130 million")
    assert desk.complaints == []


async def test_what_the_mouse_or_the_focus_is_on_stays_under_it(browser: Browser, site, archive: ArchiveFiller):
    for number in range(30):
        await archive.publish(f"Release number {number}")
    desk = await visit(browser, site.base)
    await live(desk)
    row = desk.page.locator("#stream > li", has_text="Release number 27")
    await row.hover()
    before = await row.bounding_box()
    await archive.publish("Something new above")
    await expect(desk.page.locator("#more")).to_have_text("1 new ↑")
    after = await row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 1.5
    await desk.page.keyboard.press("n")
    await expect(desk.page.locator("#stream > li").first).to_be_in_viewport()
    await expect(desk.page.locator("#stream")).to_be_focused()
    await desk.page.mouse.move(5, 5)
    await desk.page.keyboard.press("Tab")
    link = desk.page.locator("#stream > li h2 a").first
    await expect(link).to_be_focused()
    await archive.publish("And another")
    await expect(desk.page.locator("#more")).to_have_text("1 new ↑")
    await expect(desk.page.locator("#stream > li h2 a").nth(1)).to_be_focused()
    assert desk.complaints == []


async def test_the_keyboard_goes_through_the_stream_and_to_the_search(browser: Browser, site, archive: ArchiveFiller):
    for number in range(3):
        await archive.publish(f"Release number {number}")
    desk = await visit(browser, site.base)
    await live(desk)
    keys, links = desk.page.keyboard, desk.page.locator("#stream > li h2 a")
    await keys.press("Tab")
    await expect(desk.page.locator(".skip")).to_be_focused()
    for key, number in [("j", 0), ("j", 1), ("k", 0), ("k", 0)]:
        await keys.press(key)
        await expect(links.nth(number)).to_be_focused()
    await keys.press("/")
    await expect(desk.page.locator("#q")).to_be_focused()
    await keys.press("j")
    await expect(desk.page.locator("#q")).to_have_value("j")
    await desk.page.click(".keys summary")
    await desk.page.uncheck("#keys-on")
    await desk.page.reload()
    await live(desk)
    await keys.press("/")
    await expect(desk.page.locator("#q")).not_to_be_focused()


async def test_a_lost_connection_is_said_and_comes_back_with_what_was_missed(
    browser: Browser, serve, archive: ArchiveFiller
):
    async with serve() as site:
        port = int(site.base.rpartition(":")[2])
        desk = await visit(browser, site.base)
        story = await archive.publish("Before")
        other = await desk.page.context.new_page()
        await other.goto(f"{site.base}/stories/{story.id}")
        await live(desk)
        await site.stop()
        for page in (desk.page, other):
            await expect(page.locator("#state")).to_have_attribute("data-state", "off", timeout=30_000)
            await expect(page.locator("#state")).to_contain_text("not live since")
        await archive.publish("While away")
        await archive.revise(story, headline="Before, but better")
    async with serve(port=port):
        await expect(desk.page.locator("#state")).to_have_text("live", timeout=60_000)
        await expect(desk.page.locator("#stream h2")).to_have_text(["Before, but better", "While away"])
        await expect(other.locator("h1")).to_have_text("Before, but better")


async def test_more_pages_than_a_browser_has_connections_are_all_live(browser: Browser, site, archive: ArchiveFiller):
    story = await archive.publish("Plant Opens")
    desk = await visit(browser, site.base)
    pages = [desk.page]
    for _ in range(8):
        pages.append(await desk.page.context.new_page())
        await pages[-1].goto(f"{site.base}/stories/{story.id}")
    await archive.revise(story, headline="Plant Opens at Last")
    for page in pages[1:]:
        await expect(page.locator("h1")).to_have_text("Plant Opens at Last")
    await expect(desk.page.locator("#stream h2")).to_have_text(["Plant Opens at Last"])


async def test_what_could_not_be_read_while_redis_was_away_comes_by_itself(
    browser: Browser, site, archive: ArchiveFiller
):
    desk = await visit(browser, site.base)
    await live(desk)
    refused: list[str] = []

    async def away_once(route: Route) -> None:
        refused.append(route.request.url)
        await route.fulfill(status=503)

    await desk.page.route("**/parts/events*", away_once, times=1)
    await archive.publish("Plant Opens")
    await expect(desk.page.locator("#stream h2")).to_have_text(["Plant Opens"])
    assert len(refused) == 1


@pytest.mark.parametrize(
    "script",
    [
        "delete window.SharedWorker",
        "const Known = SharedWorker; window.SharedWorker = function (url) { return new Known(url, 'of no modules'); }",
    ],
    ids=["none", "without modules"],
)
async def test_a_browser_without_shared_workers_is_live_too(browser: Browser, site, archive: ArchiveFiller, script):
    context = await browser.new_context()
    await context.add_init_script(script)
    page = await context.new_page()
    await page.goto(site.base)
    await expect(page.locator("#state")).to_have_text("live")
    await archive.publish("Plant Opens")
    await expect(page.locator("#stream h2")).to_have_text(["Plant Opens"])


async def test_sources_and_alerts_are_renewed_while_they_are_open(
    browser: Browser, serve, redis: Redis, receipt, count
):
    async with serve(channels=CHANNELS) as site:
        site.counts.append(count())
        sources = await visit(browser, f"{site.base}/sources")
        alerts = await sources.page.context.new_page()
        await alerts.goto(f"{site.base}/alerts")
        await alerts.locator(".card button").focus()
        await expect(sources.page.locator(".card .state")).to_have_text("not polled yet")
        await Cursors(redis).record_poll("harbour", Cursor(polled_at=WHEN, failures=2, error="503 from harbour"))
        site.receipts.append(receipt(state="failed", error="410 from intake"))
        await expect(sources.page.locator(".card .state")).to_have_text("broken", timeout=30_000)
        await expect(alerts.locator(".receipt")).to_contain_text("410 from intake", timeout=30_000)
        await expect(alerts.locator(".card button")).to_be_focused()
        assert sources.complaints == []


async def test_what_stands_beside_the_stream_is_renewed_again_and_again(
    browser: Browser, site, archive: ArchiveFiller, receipt, count
):
    desk = await visit(browser, site.base)
    await live(desk)
    alerts, trouble = desk.page.locator("#alerts-part"), desk.page.locator(".jump")
    await expect(alerts).to_contain_text("No alerts yet")
    site.receipts.append(receipt(state="failed", error="410 from intake"))
    site.counts.append(count(off="410 from intake", off_at=archive.now))
    await expect(alerts.locator("li")).to_contain_text("410 from intake")
    await expect(trouble).to_contain_text("1 channel needs a look")
    site.receipts[0] = replace(site.receipts[0], error="500 from intake")
    site.counts.clear()
    await expect(alerts.locator("li")).to_contain_text("500 from intake")
    await expect(trouble).to_be_empty()
    assert desk.complaints == []


async def test_times_stand_in_the_readers_zone_and_stay_true(browser: Browser, site, archive: ArchiveFiller):
    await archive.publish("Plant Opens", published_at="2026-03-02T17:00:00+08:00")
    context = await browser.new_context(timezone_id="Asia/Kathmandu", locale="en-GB")
    page = await context.new_page()
    await page.clock.install(time="2026-03-02T09:05:10Z")
    await page.goto(site.base)
    seen, published = page.locator("#stream time").nth(0), page.locator("#stream time").nth(1)
    await expect(seen).to_have_text("14:46:00 · 4 min ago")
    await expect(published).to_have_text("14:45:00")
    assert "2026-03-02 17:00:00+08:00" in (await published.get_attribute("title") or "").replace(".000", "")
    assert "2 March 2026" in (await published.get_attribute("title") or "")
    await page.clock.fast_forward("02:00")
    await expect(seen).to_have_text("14:46:00 · 6 min ago")
    await page.clock.fast_forward("20:00:00")
    await expect(seen).to_have_text("2 Mar, 14:46")


async def test_every_page_is_complete_without_a_script(browser: Browser, serve, archive, redis, receipt, count):
    async with serve(channels=CHANNELS) as site:
        paths = await a_full_house(archive, redis, site, receipt, count)
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        for path in paths[:8]:
            await page.goto(site.base + path)
            await expect(page.locator("#state")).to_have_text("not live")
            assert len(await page.locator("main").inner_text()) > 100, path
            assert await page.locator(".keys").is_visible() is False


async def test_the_stream_is_searched_and_filtered_and_goes_on_by_itself(browser: Browser, site, archive):
    await archive.publish("Ferry Late", tags=("Boats",))
    await archive.publish("Plant Opens")
    desk = await visit(browser, site.base)
    await desk.page.fill("#q", "ferry OR boats")
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.locator("#stream h2")).to_have_text(["Ferry Late"])
    await desk.page.select_option("#f-source", "harbour")
    await desk.page.click("form.filters button")
    await expect(desk.page).to_have_url(f"{site.base}/?q=ferry+OR+boats&source=harbour")
    await live(desk)
    await archive.publish("Tram Late")
    await archive.publish("Ferry Later")
    await expect(desk.page.locator("#stream h2")).to_have_text(["Ferry Later", "Ferry Late"])
    await desk.page.click("#stream a.tag")
    await expect(desk.page.locator("#stream h2")).to_have_text(["Ferry Late"])
    assert desk.complaints == []


async def test_the_buttons_poll_send_again_and_test(browser: Browser, serve, redis: Redis, receipt, count):
    async with serve(channels=CHANNELS) as site:
        site.counts.append(count(failed=1))
        site.receipts.append(receipt(state="failed", error="410 from intake"))
        desk = await visit(browser, f"{site.base}/sources")
        await desk.page.click("text=Poll now")
        await expect(desk.page.locator("#crawl")).to_contain_text("Poll queued")
        poll = await CrawlRequests(redis).next(5)
        assert poll is not None
        done = CrawlState(id=poll.crawl_id or "", state="done", source="harbour", listings=2, releases=1, events=1)
        await CrawlRequests(redis).put_state(done)
        await expect(desk.page.locator("#crawl")).to_contain_text("2 listings read, 1 release page read, 1 event")
        await desk.page.goto(f"{site.base}/alerts")
        await desk.page.click(".receipt button")
        await expect(desk.page.locator("#answer")).to_have_text("The alert is sent again.")
        await desk.page.click(".card button")
        await expect(desk.page.locator("#answer")).to_contain_text("Test of log")
        assert site.again == ["evt_one:log", "log"]
        await desk.page.goto(f"{site.base}/watches")
        await desk.page.fill("#q", "(crowns")
        await desk.page.keyboard.press("Enter")
        await expect(desk.page.locator("#fault")).not_to_be_empty()
        assert desk.complaints == []


async def test_an_attack_stays_text_on_every_page(browser: Browser, serve, archive, redis, receipt, count):
    hostile = {
        "watches": {"evil": {"title": ATTACK, "tags": [ATTACK]}},
        "sources": {"harbour": {"title": ATTACK, "listings": [{"url": "https://harbour-wire.example/?a=<script>"}]}},
        "channels": CHANNELS,
    }
    notice = Notice(kind="correction", marker=ATTACK, headline="", statement=f'should read "{ATTACK}", not "x"')
    first = await archive.publish(
        ATTACK, url="javascript:document.title='owned'", tags=(ATTACK,), wire=ATTACK, subheadline=ATTACK, why=ATTACK,
        notice=notice, body=(ATTACK,), about=(ATTACK,), contacts=(ATTACK,), watches=["evil"], channels=["log"],
        images=(Image(url="javascript:alert(1)", caption=ATTACK),), language='en"><script>',
    )  # fmt: skip
    await archive.revise(first, headline=f"{ATTACK} again", body=(f"{ATTACK} again",))
    await Cursors(redis).record_poll("harbour", Cursor(polled_at=WHEN, failures=2, error=ATTACK))
    await CrawlRequests(redis).put_state(CrawlState(id="crl_evil", state="failed", source="harbour", errors=(ATTACK,)))
    async with serve(**hostile) as site:
        site.receipts.append(receipt(state="failed", error=ATTACK, type=ATTACK))
        site.counts.append(count(off=ATTACK, channel=ATTACK))
        desk = await visit(browser, site.base)
        desk.page.on("dialog", lambda dialog: desk.complaints.append(dialog.message))
        story = f"/stories/{first.id}"
        for path in ("/", "/?q=script", story, f"{story}?before={first.id}.1&after={first.id}.2", "/sources",
                     "/sources/harbour?crawl=crl_evil", "/watches?q=script&tag=%3Cscript%3E", "/alerts"):  # fmt: skip
            await desk.page.goto(site.base + path)
            await expect(desk.page.locator("main")).to_contain_text("onerror=")
            assert "owned" not in (await desk.page.title()).replace(ATTACK, "")
            assert await desk.page.locator("[onerror], main script, img, a[href^='javascript']").count() == 0
            assert desk.complaints == [], path


async def test_no_page_is_wider_than_a_phone(browser: Browser, serve, archive: ArchiveFiller, redis, receipt, count):
    async with serve(channels=CHANNELS) as site:
        paths = await a_full_house(archive, redis, site, receipt, count)
        site.receipts.append(receipt(channel="c" * 64, state="failed", error="e" * 300))
        await archive.publish("Wörter" * 60, wire="W" * 90, tags=("T" * 90,), watches=["x" * 90],
                              url=f"https://harbour-wire.example/{'u' * 300}")  # fmt: skip
        phone = await visit(browser, site.base, PHONE, device_scale_factor=2, is_mobile=True)
        for path in paths:
            await phone.page.goto(site.base + path)
            scrolled = await phone.page.evaluate("document.documentElement.scrollWidth")
            assert scrolled <= PHONE["width"], path


@pytest.mark.parametrize(
    ("scheme", "rules", "every"),
    [("light", "{}", 1), ("dark", "{runOnly: ['color-contrast']}", 2)],
    ids=["light", "dark: its contrast"],
)
async def test_axe_finds_no_serious_fault(
    browser: Browser, serve, archive, redis, receipt, count, scheme, rules, every
):
    async with serve(channels=CHANNELS) as site:
        paths = await a_full_house(archive, redis, site, receipt, count)
        desk = await visit(browser, site.base, DESKTOP, color_scheme=scheme, reduced_motion="reduce")
        found = []
        for path in paths[:LOOKED_THROUGH:every]:
            await desk.page.goto(site.base + path)
            await desk.page.evaluate(AXE_SCRIPT)
            said = await desk.page.evaluate(f"axe.run({rules})")
            assert said["passes"], "axe has looked at something"
            found += [
                (
                    path,
                    violation["id"],
                    violation["nodes"][0]["html"][:200],
                    violation["nodes"][0].get("failureSummary", "")[:300],
                )
                for violation in said["violations"]
                if violation["impact"] in ("serious", "critical")
            ]
        assert found == []

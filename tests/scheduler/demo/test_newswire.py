"""The loopback newswire does to its pages what wires do to theirs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import aiohttp
import feedparser
import pytest
from lxml import etree, html

from scheduler.demo import stories
from scheduler.demo.newswire import Newswire, serve
from scheduler.demo.stories import Handout

HANDOUT = Handout(
    headline="Copper Kettle Works Opens a Second Foundry",
    subheadline="Sixty people will cast bells & valves",
    place="HONG KONG SAR",
    issuer="Copper Kettle Works",
    tags=("HarbourPark", "Iron&Fire"),
    about=("Copper Kettle Works casts.",),
    caption="The old furnace.",
    body=("Copper Kettle Works has opened a second foundry.", "It casts <small> bells.", "Visitors are welcome."),
)
CHANGED = Handout(**{name: getattr(HANDOUT, name) for name in HANDOUT.__slots__} | {"body": ("Other words.",)})


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def read(http, url, **headers):
    async with http.get(url, headers=headers, allow_redirects=False) as answer:
        return answer, await answer.text()


async def test_every_site_has_a_host_of_its_own_on_loopback(newswire):
    bases = [site.base for site in newswire.sites.values()]
    assert len(set(bases)) == 4
    assert all(base.startswith("http://127.0.0.1:") for base in bases)


async def test_a_tag_listing_names_only_what_carries_the_tag_newest_first(newswire, http):
    now = datetime.now(UTC)
    older = newswire.publish(HANDOUT, at=now - timedelta(hours=1))
    newer = newswire.publish(HANDOUT, at=now)
    newswire.publish(stories.BRIDGE_SENSORS)
    _, text = await read(http, newswire.sites["harbourline"].base + "/tag/harbourpark")
    page = html.fromstring(text)
    page.make_links_absolute(newswire.sites["harbourline"].base)
    assert page.xpath("//h3[@class='card-title']/a/@href") == [newer, older]


async def test_a_wires_page_has_dateline_tags_disclaimer_about_and_pixel(newswire, http):
    at = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    url = newswire.publish(HANDOUT, at=at)
    assert re.search(r"/news/hong-kong-sar/2026/11/23/\d+/copper-kettle-works-opens-a-second-foundry/$", url)
    _, text = await read(http, url)
    words = html.fromstring(text).text_content()
    assert "HONG KONG SAR - Harbour Line Newswire - 23 November 2026 - Copper Kettle Works has" in words
    assert "Hashtag: #HarbourPark, #Iron&Fire" in words
    assert "It casts <small> bells." in words
    assert "The issuer is solely responsible for the content of this announcement." in words
    assert "About Copper Kettle Works" in words
    assert f"/WebView/{newswire.page(url).id}/" in text
    assert "2026-11-23T02:30:00+08:00" in text


@pytest.mark.parametrize("form", ["RssFeed", "AtomFeed"])
async def test_a_feed_names_releases_with_url_headline_and_time(newswire, http, form):
    at = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    url = newswire.publish(stories.TRAM_BATTERIES, "meridian", at=at)
    _, text = await read(http, f"{newswire.sites['meridian'].base}/{form}/orgclass/1/feedTitle/All")
    entry = feedparser.parse(text).entries[0]
    assert (entry.link, entry.title) == (url, stories.TRAM_BATTERIES.headline)
    assert entry.published_parsed[:5] == (2026, 11, 22, 18, 30)


async def test_the_feed_has_the_oddities_of_real_ones(newswire, http):
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    _, text = await read(http, newswire.sites["meridian"].base + "/RssFeed/orgclass/1/feedTitle/All")
    assert 'xmlns:dc="http://dublincore.org/documents/dcmi-namespace/"' in text
    assert "<guid\n isPermaLink" in text
    assert re.search(r"<pubDate>\w+, \d\d \w+ \d{4} \d\d:\d\d GMT</pubDate>", text)
    etree.fromstring(text.encode())


async def test_a_listing_is_as_deep_as_it_is_told_and_goes_on_behind_a_link(newswire, http):
    site = newswire.sites["quayside"]
    site.depth = 3
    urls = [newswire.publish(HANDOUT, "quayside", at=datetime(2026, 1, day, tzinfo=UTC)) for day in range(1, 6)]
    _, text = await read(http, site.base + "/business-news")
    first = html.fromstring(text)
    assert [site.base + path for path in first.xpath("//h2/a/@href")] == urls[:1:-1]
    _, text = await read(http, site.base + first.xpath("//a[@class='next']/@href")[0])
    assert [site.base + path for path in html.fromstring(text).xpath("//h2/a/@href")] == urls[1::-1]


async def test_a_copy_has_another_address_other_boilerplate_and_the_same_words(newswire, http):
    url = newswire.publish(HANDOUT)
    copy = newswire.syndicate(url)
    _, text = await read(http, copy)
    assert not copy.startswith(newswire.sites["harbourline"].base)
    assert f"HONG KONG SAR - Harbour Line Newswire - {newswire.page(url).dateline.after[3:]}" in text
    assert all(html.fromstring(text).text_content().count(paragraph) == 1 for paragraph in HANDOUT.body)
    assert "Written by Harbour Line Newswire" in text
    assert f"/WebView/{newswire.page(url).id}/" in text
    assert text.count("...</p>") >= 3


async def test_the_columns_of_a_copy_are_full_of_others_cut_in_the_middle(newswire, http):
    beside = newswire.syndicate(newswire.publish(stories.FERRY_ROBOTS))
    _, text = await read(http, newswire.syndicate(newswire.publish(HANDOUT)))
    teasers = html.fromstring(text).xpath("//div[@class='teaser']/p/text()")
    assert newswire.page(beside).path in text
    assert teasers
    assert all(teaser.endswith("...") for teaser in teasers)
    assert stories.FERRY_ROBOTS.body[0] not in text


async def test_most_wires_correct_with_a_new_page_that_names_the_old_one(newswire, http):
    url = newswire.publish(HANDOUT)
    correction = newswire.correct(url, CHANGED)
    assert correction != url
    _, text = await read(http, correction)
    assert f'<h1 class="release-title">Correcting and Replacing: {HANDOUT.headline}</h1>' in text
    assert "Other words." in text
    _, text = await read(http, url)
    assert "Other words." not in text


@pytest.mark.parametrize(
    ("site", "order"),
    [("meridian", "dateline, advisory, text"), ("pressline", "advisory, dateline, text")],
)
async def test_a_correction_explains_itself_where_its_wire_does(newswire, http, site, order):
    correction = newswire.correct(newswire.publish(stories.TRAM_BATTERIES, site), stories.TRAM_BATTERIES_CORRECTED)
    _, text = await read(http, correction)
    (article,) = html.fromstring(text).xpath("//*[@itemprop='articleBody' or contains(@class, 'release-body')]")
    words = article.text_content()
    places = {
        "dateline": words.index("HALIFAX, Nova Scotia"),
        "advisory": words.index("orrected release follows:"),
        "text": words.index("206 packs in two lots"),
    }
    assert ", ".join(sorted(places, key=places.__getitem__)) == order


async def test_one_wire_corrects_at_the_same_address_and_swaps_the_title(newswire, http):
    url = newswire.publish(HANDOUT, "pressline")
    assert newswire.correct(url, CHANGED) == url
    _, text = await read(http, url)
    assert "<h1>/C O R R E C T I O N -- Copper Kettle Works/</h1>" in text
    assert "Other words." in text
    _, text = await read(http, newswire.sites["pressline"].base + "/news-releases/news-releases-list/")
    assert "/C O R R E C T I O N -- Copper Kettle Works/" in text
    assert HANDOUT.headline not in html.fromstring(text).xpath("string(//h3)")


async def test_a_withdrawal_asks_readers_to_disregard_and_leaves_the_release(newswire, http):
    url = newswire.publish(HANDOUT, "pressline")
    notice = newswire.withdraw(url)
    _, text = await read(http, notice)
    assert "<h1>/DISREGARD RELEASE: Copper Kettle Works/</h1>" in text
    assert f"should disregard the news release, {HANDOUT.headline}, issued" in text
    assert (await read(http, url))[0].status == 200


async def test_a_silent_edit_changes_words_and_validators_and_nothing_else(newswire, http):
    url = newswire.publish(HANDOUT)
    before, _ = await read(http, url)
    newswire.edit(url, CHANGED)
    after, text = await read(http, url, **{"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert "Other words." in text
    assert "Correct" not in text
    assert before.headers["ETag"] != after.headers["ETag"]


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_taken_down_is_neither_served_nor_listed(newswire, http, status):
    url = newswire.publish(HANDOUT)
    newswire.remove(url, status)
    assert (await read(http, url))[0].status == status
    _, text = await read(http, newswire.sites["harbourline"].base + "/tag/HarbourPark")
    assert newswire.page(url).path not in text


async def test_what_has_not_changed_is_answered_with_304(newswire, http):
    url = newswire.publish(HANDOUT)
    for address in (url, newswire.sites["harbourline"].base + "/tag/HarbourPark"):
        first, _ = await read(http, address)
        again, text = await read(http, address, **{"If-None-Match": first.headers["ETag"]})
        assert (again.status, text) == (304, "")
    first, _ = await read(http, url)
    since, _ = await read(http, url, **{"If-Modified-Since": first.headers["Last-Modified"]})
    garbled, _ = await read(http, url, **{"If-Modified-Since": "yesterday"})
    assert (since.status, garbled.status) == (304, 200)


async def test_the_moment_a_release_was_first_listed_is_kept(newswire, http):
    url = newswire.publish(HANDOUT, listed=False)
    listing = newswire.sites["harbourline"].base + "/tag/HarbourPark"
    await read(http, listing)
    assert newswire.page(url).first_listed is None
    newswire.put_on_listing(url)
    await read(http, listing)
    first = newswire.page(url).first_listed
    assert first is not None
    await read(http, listing)
    assert newswire.page(url).first_listed == first


async def test_a_path_fails_as_it_is_told_and_heals(newswire, http):
    url = newswire.publish(HANDOUT)
    newswire.fail(url, status=503, times=1, headers={"Retry-After": "3"})
    failed, _ = await read(http, url)
    assert (failed.status, failed.headers["Retry-After"]) == (503, "3")
    assert (await read(http, url))[0].status == 200
    newswire.fail(url, status=302, location="http://127.0.0.1:9/")
    moved, _ = await read(http, url)
    assert (moved.status, moved.headers["Location"]) == (302, "http://127.0.0.1:9/")
    newswire.fail(url, status=200, body=b"\x00\xff", content_type="application/octet-stream")
    async with http.get(url) as answer:
        assert await answer.read() == b"\x00\xff"
    newswire.heal(url)
    assert (await read(http, url))[0].status == 200


async def test_robots_are_answered_as_configured_and_every_request_is_logged(newswire, http):
    site = newswire.sites["meridian"]
    site.robots = "User-agent: *\nDisallow: /RssFeed/\n"
    _, text = await read(http, site.base + "/robots.txt", **{"User-Agent": "asker/1"})
    assert text == site.robots
    site.robots = None
    assert (await read(http, site.base + "/robots.txt"))[0].status == 404
    assert [request.status for request in newswire.requests_for(site.base + "/robots.txt")] == [200, 404]
    assert newswire.requests[0].headers["user-agent"] == "asker/1"


async def test_a_news_sitemap_names_releases(newswire, http):
    url = newswire.publish(HANDOUT)
    _, text = await read(http, newswire.sites["harbourline"].base + "/sitemap-news.xml")
    assert etree.fromstring(text.encode()).xpath("//*[local-name()='loc']/text()") == [url]


async def test_time_is_what_the_newswire_is_told():
    at = datetime(2026, 2, 11, 1, 2, 3, tzinfo=UTC)
    async with serve(Newswire(now=lambda: at)) as wire:
        assert "/2026/02/11/" in wire.publish(HANDOUT)

"""How the daemon treats the sites that it asks: robots.txt, pace, conditional requests, patience with what fails."""

from __future__ import annotations

from itertools import pairwise

from daemon import running

from scheduler.demo import stories
from stories.db import keys
from stories.model.urls import canonical_url, url_digest

SOON = 20  # seconds; a busy machine
PACE = 0.25  # seconds


def told(receiver):
    """The pages that were told of as new."""
    return {event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"}


async def test_sites_are_asked_politely_and_a_page_that_failed_is_read_later(
    table, program, newswire, receiver, redis, until, tmp_path
):
    table["polling"]["revisit"] = []
    table["sources"]["quayside"]["interval"] = "1h"
    for source in table["sources"].values():
        source["pace"] = f"{PACE}s"
    meridian, harbourline = newswire.sites["meridian"], newswire.sites["harbourline"]
    feed, tagged = meridian.base + "/RssFeed/orgclass/1/feedTitle/All", harbourline.base + "/tag/HarbourPark"
    harbourline.robots = "User-agent: *\nDisallow: /news/\n"
    forbidden = newswire.publish(stories.NIGHT_MARKET)
    well = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    failing = newswire.publish(stories.QUARTER, "meridian")
    newswire.fail(failing, status=404, times=1)
    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: canonical_url(well) in told(receiver), SOON)

        # Not for a minute: let it pass.
        page = keys.page(url_digest(failing)).name
        await until(lambda: redis.hget(page, "retry_at"), SOON)
        assert canonical_url(failing) not in told(receiver)
        await redis.hset(page, "retry_at", 0)
        await until(lambda: canonical_url(failing) in told(receiver), SOON)

        # Once all that it names is settled, a listing is asked for only in case it changed.
        await until(lambda: newswire.requests_for(feed)[-1].status == 304, SOON)
        assert newswire.requests_for(feed)[0].status == 200
        assert "if-none-match" in newswire.requests_for(feed)[-1].headers

        # A daemon that runs can be asked; what it is asked for ignores the clock, not the pace.
        before = len(newswire.requests_for(newswire.sites["quayside"].base + "/business-news"))
        asked = await program.within("trigger", "quayside", "--tag", "#HarbourPark")
        assert (asked.status, len(asked.out.split())) == (0, 1), asked.said
        crawl = keys.crawl(asked.out.strip()).name
        await until(lambda: state(redis, crawl, "done"), SOON)
        assert len(newswire.requests_for(newswire.sites["quayside"].base + "/business-news")) == before + 1

        # robots.txt: once a host, and never what it forbids.
        assert {
            site: len(
                [request for request in newswire.requests if (request.site, request.path) == (site, "/robots.txt")]
            )
            for site in newswire.sites
        } == dict.fromkeys(newswire.sites, 1)
        assert newswire.requests_for(tagged)
        assert not newswire.requests_for(forbidden)
        assert "wirewatch" in newswire.requests[0].headers["user-agent"]
        await daemon.stop()
        assert not [line for line in daemon.log.read_text().splitlines() if '"level": "error"' in line]

    gaps = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(newswire.requests)]
    assert min(gaps) > PACE * 0.7  # jitter is a fifth; what the loop adds on one side it takes from the other
    assert canonical_url(forbidden) not in told(receiver)

    off = await program.within("trigger", "quayside")
    assert (off.status, "no daemon runs on this Redis" in off.err) == (1, True), off.said
    tested = await program("sources", "test", "harbourline")
    assert tested.status == 1
    (row,) = tested.rows
    assert any(canonical_url(forbidden) in error and "robots.txt forbids it" in error for error in row["errors"])


async def state(redis, crawl, wanted):
    """Whether a crawl that was asked for is in a state."""
    return f'"state":"{wanted}"'.encode() in (await redis.get(crawl) or b"")


async def test_a_host_whose_robots_cannot_be_had_is_left_alone(program, newswire):
    meridian = newswire.sites["meridian"]
    newswire.fail(meridian.base + "/robots.txt", status=503)
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    crawled = await program("crawl", "meridian")
    assert crawled.status == 1, crawled.said
    assert "its robots.txt cannot be read: 503 Service Unavailable" in crawled.err
    assert {request.path for request in newswire.requests} == {"/robots.txt"}

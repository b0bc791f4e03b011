"""What a request for a crawl means, and who runs it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import scheduler.sweeps.crawl_requests
from config.settings import Settings, WatchSettings
from config.source_settings import ListingSettings, SourceSettings
from scheduler.process.cancellation import cancel_and_wait
from scheduler.sweeps.crawl_requests import expand, serve_requests
from stories.crawl_state.crawl_requests import CrawlRequests
from stories.db import keys
from stories.model.sighting import Poll

NOW = datetime(2026, 2, 11, 9, tzinfo=UTC)


def source(*urls):
    return SourceSettings(listings=tuple(ListingSettings(url=url) for url in urls))


SETTINGS = Settings(
    sources={
        "tagged": source("https://tagged.example/tag/{tag}", "https://tagged.example/rss"),
        "plain": source("https://plain.example/news"),
    },
    watches={"one": WatchSettings(tags=("HKSTP", "Golf"))},
)


def asked(source="", **more):
    poll = Poll(source=source, reason="trigger", crawl_id="crl_1", asked_at=NOW, **more)
    return [(found.source, found.listing or found.urls[0]) for found in expand(poll, SETTINGS)]


def test_a_source_means_all_its_listings_for_the_watched_tags():
    assert asked("tagged") == [
        ("tagged", "https://tagged.example/tag/HKSTP"),
        ("tagged", "https://tagged.example/tag/Golf"),
        ("tagged", "https://tagged.example/rss"),
    ]


def test_a_tag_means_its_listing_alone_where_there_is_one_for_every_tag():
    assert asked("tagged", tag="Ships") == [("tagged", "https://tagged.example/tag/Ships")]
    assert asked("plain", tag="Ships") == [("plain", "https://plain.example/news")]


def test_a_page_is_asked_for_under_the_source_it_belongs_to():
    assert asked(urls=("https://plain.example/news/1",)) == [("plain", "https://plain.example/news/1")]
    assert asked(urls=("https://else.example/1",)) == [("else.example", "https://else.example/1")]


def test_an_unknown_source_means_nothing():
    assert asked("nobody") == []


def test_each_poll_belongs_to_the_crawl_that_was_asked_for():
    (poll,) = expand(Poll(source="plain", reason="trigger", crawl_id="crl_1", asked_at=NOW), SETTINGS)
    assert (poll.crawl_id, poll.reason, poll.asked_at) == ("crl_1", "trigger", NOW)


async def test_a_crawl_that_the_next_clock_took_up_is_not_asked_for_again_by_the_one_before(redis, until, monkeypatch):
    async def goes_on(asked, services, requests):
        under_way.append(asked.crawl_id)
        await asyncio.Event().wait()

    monkeypatch.setattr(scheduler.sweeps.crawl_requests, "run_crawl", goes_on)
    under_way, requests = [], CrawlRequests(redis)
    before = asyncio.create_task(serve_requests(None, requests))
    await requests.submit(Poll(source="meridian", reason="trigger", crawl_id="crl_1", asked_at=NOW))
    await until(lambda: under_way == ["crl_1"])
    after = asyncio.create_task(serve_requests(None, requests))
    await until(lambda: under_way == ["crl_1", "crl_1"])
    await cancel_and_wait([before, after])
    assert await redis.llen(keys.poll_requests().name) == 0
    assert [poll.crawl_id for poll in await requests.requeue_lost()] == ["crl_1"]

"""Which polls a configuration means, and which source a page belongs to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.settings import PollingSettings, Settings, WatchSettings
from config.source_settings import ListingSettings, ReleaseHints, SourceSettings
from crawler.polling.polls import all_listings, listing_settings, listings_of, source_of

NOW = datetime(2026, 2, 11, 9, tzinfo=UTC)


def source(*listings, **more):
    return SourceSettings(listings=tuple(ListingSettings(url=url) for url in listings), **more)


SOURCES = {
    "wire": source("https://www.wire.example/tag/{tag}", "https://wire.example/rss", interval=timedelta(minutes=2)),
    "blog": source("https://mail.example/news", release=ReleaseHints(url=r"/news/(?P<id>\d+)")),
    "column": source("https://mail.example/columns", release=ReleaseHints(url=r"/columns/")),
    "off": source("https://off.example/", enabled=False),
}
SETTINGS = Settings(
    sources=SOURCES,
    watches={
        "one": WatchSettings(tags=("#HKSTP", "Smart City")),
        "two": WatchSettings(tags=("hkstp",)),
        "three": WatchSettings(query="golf"),
    },
    polling=PollingSettings(interval=timedelta(minutes=5)),
)


def test_tag_listings_are_polled_once_for_every_watched_tag_and_sources_that_are_off_never():
    assert [(listing.source, listing.url, listing.tag) for listing in all_listings(SETTINGS)] == [
        ("wire", "https://www.wire.example/tag/HKSTP", "HKSTP"),
        ("wire", "https://www.wire.example/tag/Smart%20City", "Smart City"),
        ("wire", "https://wire.example/rss", None),
        ("blog", "https://mail.example/news", None),
        ("column", "https://mail.example/columns", None),
    ]


def test_the_nearest_interval_counts():
    exact = SourceSettings(
        interval=timedelta(minutes=2),
        listings=(
            ListingSettings(url="https://a.example/1", interval=timedelta(seconds=30)),
            ListingSettings(url="https://a.example/2"),
        ),
    )
    found = [listing.interval.total_seconds() for listing in listings_of("a", exact, (), timedelta(minutes=5))]
    assert found == [30, 120]
    (plain,) = listings_of("b", source("https://b.example/"), (), timedelta(minutes=5))
    assert plain.interval == timedelta(minutes=5)


def test_a_poll_carries_what_was_asked_and_why():
    listing = all_listings(SETTINGS)[0]
    poll = listing.poll(NOW, "trigger", "crl_1")
    assert (poll.source, poll.listing, poll.tag) == ("wire", "https://www.wire.example/tag/HKSTP", "HKSTP")
    assert (poll.reason, poll.crawl_id, poll.asked_at) == ("trigger", "crl_1", NOW)


@pytest.mark.parametrize(
    ("url", "belongs_to"),
    [
        ("https://mail.example/columns/7", "column"),
        ("https://mail.example/news/7", "blog"),
        ("https://mail.example/about", "blog"),
        ("https://wire.example/news/1", "wire"),
        ("https://www.mail.example/news/7", "blog"),
        ("https://elsewhere.example/news/7", "elsewhere.example"),
        ("https://WIRE.example/news/1", "wire"),
    ],
)
def test_a_page_belongs_to_the_source_whose_pattern_or_host_it_has(url, belongs_to):
    assert source_of(url, SOURCES) == belongs_to


def test_a_polled_url_finds_the_settings_of_its_listing():
    wire = SOURCES["wire"]
    assert listing_settings(wire, "https://www.wire.example/tag/Smart%20City") is wire.listings[0]
    assert listing_settings(wire, "https://wire.example/rss") is wire.listings[1]
    assert listing_settings(wire, "https://wire.example/other").entry is None

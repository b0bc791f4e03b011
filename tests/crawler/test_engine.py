"""What wirewatch changes of Scrapy's ways."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest
from scrapy.settings import Settings as ScrapySettings

from config.settings import PollingSettings, Settings
from config.source_settings import ListingSettings, SourceSettings
from crawler.engine import REQUEST_DELAY, scrapy_settings


def source(url, **more):
    return SourceSettings(listings=(ListingSettings(url=url),), **more)


SETTINGS = Settings(
    sources={
        "slow": source("https://slow.example/news", pace=timedelta(seconds=20)),
        "usual": source("https://usual.example/news"),
        "own": source("http://127.0.0.1:8000/news"),
        "own-slow": source("http://127.0.0.9:8000/news", pace=timedelta(seconds=2)),
    },
    polling=PollingSettings(private_addresses=(ip_network("127.0.0.0/8"),)),
)


@pytest.mark.parametrize(
    ("name", "value"),
    {
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "ROBOTSTXT_OBEY": True,
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
    }.items(),
)
def test_an_unsafe_default_is_changed_and_still_is_a_setting_of_scrapys(name, value):
    assert scrapy_settings(SETTINGS, {})[name] is value
    assert name in ScrapySettings()


def test_what_is_fetched_is_bounded():
    given = scrapy_settings(SETTINGS, {})
    assert given["DOWNLOAD_MAXSIZE"] <= 8 << 20
    assert given["DOWNLOAD_TIMEOUT"] <= 60
    assert given["REDIRECT_MAX_TIMES"] <= 5
    assert {"file", "ftp", "s3", "data"} <= {
        name for name, handler in given["DOWNLOAD_HANDLERS"].items() if not handler
    }


def test_each_host_has_its_pace_and_an_operators_own_hosts_need_none():
    given = scrapy_settings(SETTINGS, {})
    slots = given["DOWNLOAD_SLOTS"]
    assert given["DOWNLOAD_DELAY"] == REQUEST_DELAY
    assert (slots["slow.example"]["delay"], slots["slow.example"]["concurrency"]) == (20, 1)
    assert "usual.example" not in slots
    assert slots["127.0.0.1"]["delay"] == 0
    assert slots["127.0.0.9"]["delay"] == 2

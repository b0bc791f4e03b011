"""The settings themselves: defaults of the contract, and what is read from them."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import ValidationError

from config.settings import Settings, WebSettings
from config.source_settings import SourceSettings
from stories.db.keys import Lifetimes


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = Settings()
    assert settings.redis_url is None
    assert settings.catalog
    assert settings.polling.interval == timedelta(minutes=5)
    assert settings.polling.adaptive
    assert settings.polling.revisit == ("15m for 3h", "1h for 1d", "3h for 7d", "3d for 30d")
    assert settings.polling.private_addresses == ()
    assert settings.polling.user_agent.startswith("wirewatch/")
    assert (settings.alerts.first_poll, settings.alerts.embargo) == ("seed", "mark")
    assert settings.alerts.max_age == timedelta(hours=48)
    assert settings.memory.lifetimes == Lifetimes()
    assert settings.memory.releases == timedelta(days=400)
    assert (settings.web.host, settings.web.port, settings.web.token) == ("127.0.0.1", 8787, None)


def test_the_revisit_ladder_is_read_as_interval_and_age() -> None:
    settings = Settings.model_validate({"polling": {"revisit": ["15m for 3h", "1h for 1d"]}})
    assert settings.polling.ladder == (
        (timedelta(minutes=15), timedelta(hours=3)),
        (timedelta(hours=1), timedelta(days=1)),
    )
    assert Settings.model_validate({"polling": {"revisit": []}}).polling.ladder == ()


def test_no_limit_of_age_is_written_off() -> None:
    assert Settings.model_validate({"alerts": {"max_age": "off"}}).alerts.max_age is None


def test_private_networks_are_named_with_or_without_their_host_bits() -> None:
    settings = Settings.model_validate({"polling": {"private_addresses": ["127.0.0.1/8", "::1/128"]}})
    assert settings.polling.private_addresses == (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert Settings.model_validate({"web": {"host": host}}).web.token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "wirewatch.example"])
def test_the_open_network_needs_one(host: str) -> None:
    with pytest.raises(ValidationError, match="every client on the network could read and trigger"):
        Settings.model_validate({"web": {"host": host}})
    assert Settings.model_validate({"web": {"host": host, "token": "correct horse battery"}}).web.token is not None


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = Settings.model_validate({"redis_url": "redis://:hunter2@x", "web": {"token": "hunter2-hunter2-hunter2"}})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


def test_watched_tags_are_each_named_once_without_their_sign_in_the_order_written() -> None:
    settings = Settings.model_validate(
        {"watches": {"a": {"tags": ["#HKSTP", "I&T"]}, "b": {"tags": ["hkstp", " #AI ", "＃香港"]}, "c": {}}}
    )
    assert settings.watched_tags() == ("HKSTP", "I&T", "AI", "香港")


def test_nobody_watching_a_tag_leaves_no_tags() -> None:
    assert Settings().watched_tags() == ()


def test_a_source_hands_its_wire_and_time_zone_to_the_reading_of_its_releases() -> None:
    source = SourceSettings.model_validate(
        {"wire": "Example Newswire", "timezone": "Asia/Hong_Kong", "listings": [{"url": "https://wire.example/{tag}"}]}
    )
    assert (source.hints.wire, source.hints.timezone) == ("Example Newswire", "Asia/Hong_Kong")
    assert source.listings[0].per_tag


def test_what_the_hints_say_themselves_goes_first() -> None:
    source = SourceSettings.model_validate(
        {
            "wire": "Example Newswire",
            "timezone": "Asia/Hong_Kong",
            "listings": [{"url": "https://wire.example/"}],
            "release": {"wire": "Other Newswire", "timezone": "UTC"},
        }
    )
    assert (source.hints.wire, source.hints.timezone) == ("Other Newswire", "UTC")


def test_the_schema_can_be_printed_and_names_what_a_duration_looks_like() -> None:
    schema = Settings.model_json_schema()
    assert schema["$defs"]["PollingSettings"]["properties"]["interval"]["examples"] == ["90s", "5m", "48h", "7d"]


@pytest.mark.parametrize(
    ("web", "address"),
    [
        ({}, "http://127.0.0.1:8787"),
        ({"host": "::1", "port": 80}, "http://[::1]:80"),
        ({"host": "0.0.0.0", "token": "correct horse battery"}, "http://127.0.0.1:8787"),
        ({"public_url": "https://desk.example/watch/"}, "https://desk.example/watch"),
    ],
    ids=["as it is", "IPv6", "every address", "behind a proxy"],
)
def test_links_lead_to_the_public_address_if_there_is_one(web: dict[str, Any], address: str) -> None:
    assert WebSettings.model_validate(web).address() == address


@pytest.mark.parametrize(
    "url", ["desk.example", "ftp://desk.example", "https://", "https://a:b@desk.example", "http://["]
)
def test_a_public_address_that_no_link_can_lead_to_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="is not the address of a page"):
        WebSettings.model_validate({"public_url": url})


def test_memory_lasts_as_long_as_the_configuration_says() -> None:
    settings = Settings.model_validate({"memory": {"releases": "800d", "events": "90d", "receipts": "50d"}})
    assert settings.memory.lifetimes == Lifetimes(
        releases=timedelta(days=800), events=timedelta(days=90), receipts=timedelta(days=50)
    )


@pytest.mark.parametrize(
    ("memory", "why"),
    [
        ({"events": "10d"}, "10d is too short; allowed is 50d or more"),
        ({"receipts": "49d"}, "49d is too short; allowed is 50d or more"),
        ({"releases": "55d"}, "55d is too short; allowed is 60d or more"),
        ({"events": "120d", "releases": "100d"}, "100d is too short; allowed is 120d or more"),
    ],
    ids=[
        "events before an alert",
        "receipts before an alert",
        "releases before events",
        "releases before longer events",
    ],
)
def test_a_memory_that_would_forget_what_it_still_tells_is_refused(memory: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate({"memory": memory})

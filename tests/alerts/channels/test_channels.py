"""The folder of channels is their registry."""

from __future__ import annotations

import pytest

from alerts.channels import channel_types, open_channel
from alerts.outcomes import Channel
from config.address_policy import AddressPolicy
from config.loader import check
from config.observability.redaction import scrub
from config.settings import ChannelSettings

TABLES = {
    "webhook": {"url": "https://desk.example/t0ken"},
    "apprise": {"url": "json://desk.example/t0ken"},
    "file": {"path": "alerts.jsonl"},
    "console": {},
}


def test_every_file_of_the_folder_is_a_type_of_channel():
    assert set(channel_types()) == set(TABLES)


@pytest.mark.parametrize("kind", TABLES)
def test_every_type_opens_as_a_channel_that_connects_to_nothing_yet(kind):
    settings = channel_types()[kind].model_validate({"type": kind} | TABLES[kind])
    channel: Channel = open_channel("desk", settings, AddressPolicy())
    assert (channel.name, channel.settings) == ("desk", settings)
    assert channel.concurrency >= 1


@pytest.mark.parametrize("kind", TABLES)
def test_every_type_takes_what_delivery_obeys(kind):
    faults = []
    given = {"digest": "1h", "quiet_hours": "22:00-07:00 Asia/Hong_Kong", "retry": ["5s", "5m"], "rate": "30 per 1m"}
    table = {"catalog": False, "channels": {"desk": {"type": kind} | TABLES[kind] | given}}
    settings = check(table, channel_types(), "wirewatch.toml", faults)
    assert faults == []
    assert str(settings.channels["desk"].rate) == "30 per 1m"


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("digest", "soon", "is not a duration"),
        ("quiet_hours", "22:00-07:00", "an IANA time zone"),
        ("retry", ["5s", "never"], "is not a duration"),
        ("rate", "many", "is not a rate"),
        ("rate", "5 per 8d", "from 1s to 1d"),
        ("colour", "red", "unknown key; allowed are"),
    ],
)
def test_a_fault_of_a_channel_is_named_with_its_key_and_what_is_allowed(key, value, reason):
    faults = []
    table = {"catalog": False, "channels": {"desk": {"type": "console", key: value}}}
    check(table, channel_types(), "wirewatch.toml", faults)
    assert [fault.key.split(".")[:3] for fault in faults] == [["channels", "desk", key]]
    assert reason in faults[0].message


def test_channels_that_write_to_one_machine_say_so():
    assert {kind for kind, settings in channel_types().items() if settings.is_local} == {"file", "console"}


def test_what_is_no_channel_is_not_opened():
    with pytest.raises(TypeError, match=r"channels\.desk"):
        open_channel("desk", ChannelSettings(type="console"), AddressPolicy())


def test_the_secrets_of_an_open_channel_are_written_nowhere():
    secret = "whsec_" + "c2VjcmV0IG9mIHRoZSBkZXNrIGFuZCBub2JvZHkgZWxzZQ=="
    settings = channel_types()["webhook"].model_validate(
        {"type": "webhook", "url": "https://desk.example/0penSesame", "secret": secret}
    )
    open_channel("desk", settings, AddressPolicy())
    assert "0penSesame" not in scrub("posting to https://desk.example/0penSesame failed")
    assert secret not in scrub(f"signed with {secret}")

"""Which addresses the crawler's connections may reach: judged when a name has been resolved."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from twisted.internet.address import IPv4Address, IPv6Address

from config.address_policy import AddressPolicy
from crawler.http.address_guard import SOURCE_META, AddressGuard, GuardedResolver, GuardMiddleware

PUBLIC = "93.184.215.14"
REFUSED = {
    "loopback": "127.0.0.1",
    "the rest of loopback": "127.8.9.10",
    "unspecified": "0.0.0.0",
    "private": "10.1.2.3",
    "home": "192.168.1.1",
    "carrier": "100.64.0.1",
    "link-local, a cloud's metadata": "169.254.169.254",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "loopback 6": "::1",
    "loopback 4 in 6": "::ffff:127.0.0.1",
    "private 6": "fd00::1",
    "link-local 6": "fe80::1%eth0",
    "NAT64 of a private one": "64:ff9b::a01:203",
    "6to4": "2002:7f00:1::1",
    "no address": "wire.example",
}


class Names:
    """The reactor's resolver, with a table in the place of DNS."""

    def __init__(self, table):
        self.table = table

    def resolveHostName(self, receiver, host, port=0, types=None, transport="TCP"):  # noqa: N802
        receiver.resolutionBegan(self)
        for found in self.table[host]:
            kind = IPv6Address if ":" in found else IPv4Address
            receiver.addressResolved(kind("TCP", found, port))
        receiver.resolutionComplete()
        return self


class Receiver:
    """What a connection is told."""

    def __init__(self):
        self.got = []

    def resolutionBegan(self, resolution):  # noqa: N802
        self.got.append("began")

    def addressResolved(self, address):  # noqa: N802
        self.got.append(address.host)

    def resolutionComplete(self):  # noqa: N802
        self.got.append("complete")


def resolved(guard, host, *addresses):
    receiver = Receiver()
    GuardedResolver(Names({host: addresses}), guard).resolveHostName(receiver, host, 443)
    assert (receiver.got[0], receiver.got[-1]) == ("began", "complete")
    return receiver.got[1:-1]


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_a_name_that_leads_inside_leads_nowhere_and_says_so(address):
    guard = AddressGuard(AddressPolicy())
    assert resolved(guard, "wire.example", address) == []
    assert (
        "which is not a public address; if that is intended, allow it with [polling] private_addresses"
        in guard.refused("Wire.Example")
    )


def test_of_several_addresses_the_public_ones_are_left():
    guard = AddressGuard(AddressPolicy())
    assert resolved(guard, "wire.example", "10.0.0.1", PUBLIC, "::1") == [PUBLIC]


def test_an_operators_own_network_may_be_reached_and_nothing_beside_it():
    guard = AddressGuard(AddressPolicy((ip_network("127.0.0.1/32"),)))
    assert resolved(guard, "here.example", "127.0.0.1") == ["127.0.0.1"]
    assert resolved(guard, "there.example", "127.0.0.2") == []
    assert guard.refused("here.example") is None


def test_a_refusal_is_forgotten_once_the_name_leads_outside():
    guard = AddressGuard(AddressPolicy())
    resolved(guard, "wire.example", "10.0.0.1")
    assert guard.refused("wire.example")
    resolved(guard, "wire.example", PUBLIC)
    assert guard.refused("wire.example") is None


def test_refusals_are_remembered_for_the_latest_hosts_alone():
    guard = AddressGuard(AddressPolicy())
    for number in range(1_100):
        guard.permits("10.0.0.1", f"{number}.example")
    assert guard.refused("0.example") is None
    assert guard.refused("1099.example")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://wire.example/", "data:,x", "s3://bucket/key"])
async def test_only_web_addresses_are_asked_for(url):
    with pytest.raises(IgnoreRequest, match="is no web address"):
        await GuardMiddleware().process_request(Request(url))
    await GuardMiddleware().process_request(Request("https://wire.example/"))


@pytest.mark.parametrize(
    "url", ["https://user:pa55word@wire.example/", "https://user@wire.example/", "ftp://a:pa55word@b/"]
)
async def test_no_address_with_a_user_name_or_password_is_asked_for_or_shown(url):
    with pytest.raises(IgnoreRequest) as refusal:
        await GuardMiddleware().process_request(Request(url))
    assert "pa55word" not in str(refusal.value)


INSIDE = AddressPolicy((ip_network("10.0.0.0/24"), ip_network("10.0.1.0/24")))


@pytest.mark.parametrize(
    ("source", "url", "may"),
    [
        ("intranet", "http://10.0.0.7/", True),
        ("intranet", "http://10.0.1.7/", False),
        ("other", "http://10.0.1.7/", True),
        ("other", "http://10.0.0.7/", False),
        ("public", "http://10.0.0.7/", False),
        ("public", "http://[::ffff:10.0.0.7]/", False),
        ("public", f"http://{PUBLIC}/", True),
        ("", "http://10.0.0.7/", True),
    ],
)
async def test_a_source_reaches_only_the_private_networks_of_its_own_listings(source, url, may):
    hosts = {"intranet": {"10.0.0.1"}, "other": {"10.0.1.1"}, "public": {PUBLIC}}
    guard = AddressGuard(INSIDE, {name: frozenset(found) for name, found in hosts.items()})
    request = Request(url, meta={SOURCE_META: source})
    if may:
        await guard.check(request)
        return
    with pytest.raises(IgnoreRequest, match=r"refused: .* is on that network"):
        await guard.check(request)


async def test_a_page_that_a_person_asked_for_redirects_into_no_other_network():
    guard = AddressGuard(INSIDE)
    with pytest.raises(IgnoreRequest, match="refused"):
        await guard.check(Request("http://10.0.1.7/", meta={"redirect_urls": ["http://10.0.0.7/"]}))
    await guard.check(Request("http://10.0.0.8/", meta={"redirect_urls": ["http://10.0.0.7/"]}))


async def test_a_name_that_leads_elsewhere_when_it_is_dialled_is_judged_once_more():
    """DNS rebinding: public when the request is looked at, private when the connection is made."""
    guard = AddressGuard(INSIDE, {"public": frozenset({PUBLIC}), "intranet": frozenset({"10.0.0.1"})})
    for source, reached in (("public", []), ("intranet", ["10.0.0.7"])):
        scope = await guard.scope_of(Request("http://rebound.example/", meta={SOURCE_META: source}))
        with guard.sending(scope):
            assert resolved(guard, "rebound.example", "10.0.0.7") == reached
    assert resolved(guard, "rebound.example", "10.0.0.7") == ["10.0.0.7"]

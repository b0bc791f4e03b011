"""Which addresses may be reached: the table, as a pure function. No connection is opened here."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.address_policy import AddressPolicy, BlockedAddressError

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
REFUSED = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "fc00::1"],
    "link-local, the cloud's metadata among it": ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0"],
    "unspecified and this network": ["0.0.0.0", "0.1.2.3", "::"],
    "shared by a carrier": ["100.64.0.1"],
    "multicast, broadcast, reserved": ["224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "ff02::1"],
    "documentation and benchmarks": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "2001:db8::1"],
    "IPv4 inside IPv6": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"],
    "dead tunnels": ["2002:7f00:1::", "2002:101:101::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "192.88.99.1"],
    "known to newer Pythons only": ["64:ff9b:1::7f00:1", "3fff::1", "5f00::1"],
    "deprecated: compatible, site-local": ["::127.0.0.1", "::10.0.0.1", "fec0::1"],
    "no address": ["", "localhost", "1.1.1", "0x7f000001", "2130706433", "127.1", "[::1]", "1.1.1.1/24"],
}
CASES = [pytest.param(address, id=f"{kind}: {address}") for kind, addresses in REFUSED.items() for address in addresses]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert AddressPolicy().permits(address)


@pytest.mark.parametrize("address", CASES)
def test_what_is_not_public_may_not(address: str) -> None:
    assert not AddressPolicy().permits(address)


def test_the_operator_allows_a_network_and_only_that() -> None:
    policy = AddressPolicy((ip_network("127.0.0.0/8"), ip_network("fd00::/8")))
    assert policy.permits("127.0.0.1")
    assert policy.permits("::ffff:127.0.0.1")
    assert policy.permits("fd12::1")
    assert not policy.permits("::1")
    assert not policy.permits("10.0.0.1")


def test_a_refusal_says_how_to_allow_it() -> None:
    with pytest.raises(
        BlockedAddressError, match=r"intake\.example resolves to 10\.0\.0\.1.*\[polling\] private_addresses"
    ):
        AddressPolicy().check("10.0.0.1", "intake.example")


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fe80::/10") | st.ip_addresses(network="::/96"))
def test_no_address_of_a_private_network_slips_through(address: object) -> None:
    assert not AddressPolicy().permits(str(address))


@given(st.text(max_size=40))
def test_whatever_a_name_resolves_to_the_answer_is_yes_or_no(text: str) -> None:
    assert AddressPolicy().permits(text) in (True, False)

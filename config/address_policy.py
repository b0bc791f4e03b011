"""The network addresses that may be reached: public ones, and private ones that the configuration allows.

The table of special-purpose addresses is IANA's, as in ``ipaddress`` (RFC 6890), with additions of newer Pythons.
IPv4-mapped and NAT64 addresses are checked by their embedded IPv4 address; obsolete tunnels (6to4, Teredo) are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052; IPv6-only networks reach the IPv4 web through it
_NEVER = tuple(
    ip_network(network)
    for network in (
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "2002::/16",  # 6to4
        "64:ff9b:1::/48",  # NAT64 for local use, RFC 8215
        "fec0::/10",  # site-local, RFC 3879
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
    )
)


class BlockedAddressError(OSError):
    """A connection to a blocked address; the message says how to allow it."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The addresses that may be reached."""

    allowed: Sequence[IPv4Network | IPv6Network] = ()

    def permits(self, address: str) -> bool:
        """Return whether a connection to this literal address may be opened; False for an invalid address."""
        try:
            parsed = ip_address(address.split("%", 1)[0])
        except ValueError:
            return False
        inner = _carried(parsed)
        if any(
            candidate in network
            for candidate in {parsed, inner}
            for network in self.allowed
            if network.version == candidate.version
        ):
            return True
        return _is_public(inner)

    def networks_of(self, address: str) -> frozenset[IPv4Network | IPv6Network]:
        """Return the allowed networks that this literal address is in; empty for a public or invalid one."""
        try:
            parsed = ip_address(address.split("%", 1)[0])
        except ValueError:
            return frozenset()
        both = {parsed, _carried(parsed)}
        return frozenset(
            network
            for network in self.allowed
            for candidate in both
            if network.version == candidate.version and candidate in network
        )

    def is_public(self, address: str) -> bool:
        """Return whether this literal address is public, so that no configuration is needed."""
        return AddressPolicy().permits(address)

    def check(self, address: str, host: str) -> None:
        """Raise ``BlockedAddressError`` when ``address``, which ``host`` resolved to, may not be reached."""
        if not self.permits(address):
            raise BlockedAddressError(
                f"{host} resolves to {address}, which is not a public address; "
                "if that is intended, allow it with [polling] private_addresses"
            )


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address

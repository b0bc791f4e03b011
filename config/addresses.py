"""Which network addresses may be reached: public ones, and the private ones that the operator names.

The table of special-purpose addresses is IANA's, as ``ipaddress`` knows it (RFC 6890). Addresses that carry another
one inside (IPv4-mapped, 6to4, Teredo, NAT64) are judged by what they carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052


class BlockedAddress(OSError):  # noqa: N818 (reads as a sentence where it is raised)
    """A connection to an address that may not be reached; the message says how to allow it."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The addresses that may be reached."""

    allowed: Sequence[IPv4Network | IPv6Network] = ()

    def permits(self, address: str) -> bool:
        """Return whether a connection to this literal address may be opened; False for what is no address."""
        try:
            parsed = ip_address(address.split("%", 1)[0])
        except ValueError:
            return False
        inner = _carried(parsed)
        if any(one in network for one in {parsed, inner} for network in self.allowed if network.version == one.version):
            return True
        return all(_is_public(one) for one in (parsed, inner))

    def check(self, address: str, host: str) -> None:
        """Raise ``BlockedAddress`` when ``address``, which ``host`` resolved to, may not be reached."""
        if not self.permits(address):
            raise BlockedAddress(
                f"{host} resolves to {address}, which is not a public address; "
                "allow it with [polling] private_addresses if it is meant"
            )


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address

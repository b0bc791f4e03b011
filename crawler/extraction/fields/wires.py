"""Which newswire carried a release, and the wire's own id of it: from addresses, pixels and text.

A syndicated copy carries the wire's tracking pixel or a "View source version" link. That links it to its original
without comparing texts. The patterns are in ``config/wires/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from config.wires import wire_addresses, wires

ADDRESSES = wire_addresses()
PIXELS = re.compile(
    "|".join(pattern for wire in wires().values() for pattern in wire.pixels)
    + r"|qmod\.com|(?:pixel|feedtrack|tracker|tracking|beacon|counter|stats?|analytics)[./?_-]|doubleclick|/ct/CT\?|1x1"
    r"|spacer\.|blank\.gif|\bp\.gif",
    re.I,
)
_PRINTED_IDS = tuple(
    (re.compile(pattern, re.I), wire.name) for wire in wires().values() for pattern in wire.printed_ids
)


def wire_of(address: str) -> tuple[str, str] | None:
    """Return (wire, id) of an address of a wire's own page or pixel."""
    found = ADDRESSES.search(address)
    return (found[1].name, found[0]["id"]) if found else None


_CLOSING = tuple(
    (re.compile(rf"\W*{pattern}\W*", re.I), wire.name)
    for wire in wires().values()
    if wire.name
    for pattern in wire.closing
)
_SOURCE_HOST = re.compile(r"\bon\s(?:www\.)?(?P<name>[\w-]{4,40})\.(?:com|net|org|de|co)\b", re.I)
_BY_LETTERS = {
    "".join(filter(str.isalnum, name.lower())): wire.name
    for wire in wires().values()
    for name in (*wire.names, wire.name)
    if wire.name and not wire.agency
}


def wire_of_ending(lines: Iterable[str]) -> str | None:
    """Return the wire whose closing line or "View source version on wire.com" a release ends with."""
    for line in lines:
        if len(line) > 400:
            continue
        if name := next((name for pattern, name in _CLOSING if pattern.fullmatch(line)), None):
            return name
        for host in _SOURCE_HOST.finditer(line) if "version" in line or "content" in line else ():
            if name := _BY_LETTERS.get("".join(filter(str.isalnum, host["name"].lower()))):
                return name
    return None


def first_wire(addresses: Iterable[str]) -> tuple[str, str] | None:
    """Return (wire, id) of the first address that has one."""
    return next((found for address in addresses if (found := wire_of(address))), None)


def wire_in_text(text: str) -> tuple[str, str] | None:
    """Return (wire, id) that the text itself prints: ``EQS News ID: 1621957``."""
    for pattern, name in _PRINTED_IDS:
        if match := pattern.search(text):
            return name, match[1]
    return None

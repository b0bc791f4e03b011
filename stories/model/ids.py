"""Ids made from what they name: what was lost and is found again gets the same id, so receivers drop the repeat."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TWO_DIGITS = [high + low for high in _CROCKFORD for low in _CROCKFORD]
_PLAIN = str.maketrans(_CROCKFORD, "0123456789ABCDEFGHIJKLMNOPQRSTUV")
"""From Crockford's digits, which leave out I, L, O and U, to those that ``int`` reads."""


def _name(prefix: str, *parts: str) -> str:
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()[:16], "big")
    return prefix + "".join([_TWO_DIGITS[number >> bits & 1023] for bits in range(120, -1, -10)])


def number_of(release: str) -> bytes:
    """Return the 16 bytes that an id of a release writes with 26 digits; ``ValueError`` for what is none."""
    prefix, digits = release[:4], release[4:]
    if prefix != "rel_" or len(digits) != 26:
        raise ValueError(f"{release!r} is no id of a release")
    return _bytes(digits)


def is_release_id(name: str) -> bool:
    """Return whether ``number_of`` knows a name."""
    return name.startswith("rel_") and len(name) == 30 and set(name[4:]) <= set(_CROCKFORD) and name[4] in "01234567"


def urn(any_id: str) -> str:
    """Return the id of a release or a story as a URI: ``urn:uuid:…``, a UUID of our own making (RFC 9562, version 8).

    It names no host and no path, so it stays when the page moves.
    """
    return UUID(int=int.from_bytes(_bytes(any_id[4:]), "big") & _UUID_FREE | _UUID_8).urn


_UUID_8 = (8 << 76) | (2 << 62)
_UUID_FREE = ((1 << 128) - 1) & ~((15 << 76) | (3 << 62))


def _bytes(digits: str) -> bytes:
    return int(digits.translate(_PLAIN), 32).to_bytes(17, "big")[1:]


def release_id(url_digest: str) -> str:
    """``rel_…`` of the page at a canonical URL."""
    return _name("rel_", url_digest)


def story_id(first_release: str) -> str:
    """``sty_…`` of the story that a release begins."""
    return _name("sty_", first_release)


def event_id(kind: str, release: str, revision: int, *about: str) -> str:
    """``evt_…`` of one thing that happened to one revision of a release."""
    return _name("evt_", kind, release, str(revision), *about)


def happening_id(kind: str, subject: str, began: str) -> str:
    """``evt_…`` of one thing that happened to the monitor: to which source or channel, and when it began."""
    return _name("evt_", kind, subject, began)


def gap_id(source: str, listing: str, began: str) -> str:
    """``gap_…`` of the time from which on a listing's releases may not all have been seen."""
    return _name("gap_", source, listing, began)


def crawl_id() -> str:
    """``crl_…``, random: asking twice is two crawls."""
    return _name("crl_", secrets.token_hex(16))

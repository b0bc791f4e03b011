"""Ids derived from content: an item found again after a data loss gets the same id, so receivers can deduplicate it."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TWO_DIGITS = [high + low for high in _CROCKFORD for low in _CROCKFORD]
_PLAIN = str.maketrans(_CROCKFORD, "0123456789ABCDEFGHIJKLMNOPQRSTUV")
"""From Crockford's digits, which leave out I, L, O and U, to the digits that ``int`` accepts."""


def _name(prefix: str, *parts: str) -> str:
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()[:16], "big")
    return prefix + "".join([_TWO_DIGITS[number >> bits & 1023] for bits in range(120, -1, -10)])


def release_id_bytes(release: str) -> bytes:
    """Return the 16 bytes that a release id encodes with 26 base-32 digits.

    Raises:
        ValueError: the text is not a release id.
    """
    prefix, digits = release[:4], release[4:]
    if prefix != "rel_" or len(digits) != 26:
        raise ValueError(f"{release!r} is not a release id")
    return _bytes(digits)


def is_release_id(name: str) -> bool:
    """Return whether ``release_id_bytes`` accepts a text."""
    return name.startswith("rel_") and len(name) == 30 and set(name[4:]) <= set(_CROCKFORD) and name[4] in "01234567"


def urn(any_id: str) -> str:
    """Return the id of a release or a story as a URI: ``urn:uuid:…``, a custom UUID (RFC 9562, version 8).

    It contains no host and no path, so it stays the same when the page moves.
    """
    return UUID(int=int.from_bytes(_bytes(any_id[4:]), "big") & _UUID_FREE | _UUID_8).urn


_UUID_8 = (8 << 76) | (2 << 62)
_UUID_FREE = ((1 << 128) - 1) & ~((15 << 76) | (3 << 62))


def _bytes(digits: str) -> bytes:
    return int(digits.translate(_PLAIN), 32).to_bytes(17, "big")[1:]


def release_id(url_digest: str) -> str:
    """Return ``rel_…``, the id of the page at a canonical URL."""
    return _name("rel_", url_digest)


def story_id(first_release: str) -> str:
    """Return ``sty_…``, the id of the story that starts with a release."""
    return _name("sty_", first_release)


def event_id(kind: str, release: str, revision: int, *about: str) -> str:
    """Return ``evt_…``, the id of an event of one revision of a release."""
    return _name("evt_", kind, release, str(revision), *about)


def monitor_event_id(kind: str, subject: str, began: str) -> str:
    """Return ``evt_…``, the id of a monitor event, by its source or channel and its start time."""
    return _name("evt_", kind, subject, began)


def gap_id(source: str, listing: str, began: str) -> str:
    """Return ``gap_…``, the id of a gap in a listing, by its start time."""
    return _name("gap_", source, listing, began)


def crawl_id() -> str:
    """Return a new random ``crl_…``: two requests are two crawls."""
    return _name("crl_", secrets.token_hex(16))

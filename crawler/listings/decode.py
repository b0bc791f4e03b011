"""Bytes as text: what a page is written in, whatever it says it is written in."""

from __future__ import annotations

import zlib

from charset_normalizer import from_bytes
from w3lib.encoding import html_to_unicode, resolve_encoding

from crawler.listings.page import ListingUnreadable

UNPACKED_MAX = 16 * 1024 * 1024  # a gzip'd sitemap of 50,000 news URLs stays under it; a bomb does not
SAMPLE = 32 * 1024  # enough for a guess at the charset, which costs more than reading the page


def is_gzip(body: bytes) -> bool:
    """Return whether the bytes are gzip'd (RFC 1952), whatever the server called them."""
    return body[:2] == b"\x1f\x8b"


def unpack(body: bytes) -> bytes:
    """Return what is in a gzip'd body; ``ListingUnreadable`` where it is broken or unpacks to too much."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = stream.decompress(body, UNPACKED_MAX + 1)
    except zlib.error as error:
        raise ListingUnreadable(f"gzip that cannot be unpacked ({error})") from error
    if len(data) > UNPACKED_MAX:
        raise ListingUnreadable(f"gzip that unpacks to more than {UNPACKED_MAX // 1024 // 1024} MB")
    if not stream.eof:
        raise ListingUnreadable("gzip that is cut short")
    return data


def is_utf8(body: bytes) -> bool:
    """Return whether the bytes are UTF-8 beyond ASCII, which text in another charset hardly is by chance."""
    if body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(body: bytes) -> str | None:
    best = from_bytes(body[:SAMPLE]).best()
    return best.encoding if best else None


def page_text(body: bytes, content_type: str | None = None, encoding: str | None = None) -> str:
    """Return a page's text, decoded as its operator says (``encoding``), or as it is proven, said or guessed to be.

    Wrong bytes become U+FFFD.
    """
    if encoding and (known := resolve_encoding(encoding)):
        return body.decode(known, "replace")
    if is_utf8(body):
        return body.decode("utf-8").removeprefix("\ufeff")
    return html_to_unicode(content_type, body, auto_detect_fun=_guess)[1]

"""Bytes as text: what a page is written in, whatever it says it is written in."""

from __future__ import annotations

import re
import zlib

from charset_normalizer import from_bytes
from w3lib.encoding import read_bom

from crawler.http.charset_names import text_codec
from crawler.listings.listing_page import ListingUnreadableError

UNPACKED_MAX = 16 * 1024 * 1024  # a gzip'd sitemap of 50,000 news URLs stays under it; a bomb does not
HEAD = 4096  # bytes in which a page declares its charset
_HEADER = re.compile(r"""charset\s{0,8}=\s{0,8}["']?\s{0,8}([\w.:-]{2,40})""", re.IGNORECASE)
_DECLARED = re.compile(
    rb"""<(?:meta\b[^>]{0,400}?charset|\?xml\b[^>]{0,200}?encoding)\s{0,8}=\s{0,8}["']?\s{0,8}([\w.:-]{2,40})""",
    re.IGNORECASE,
)
SAMPLE = 32 * 1024  # enough for a guess at the charset, which costs more than reading the page


def is_gzip(body: bytes) -> bool:
    """Return whether the bytes are gzip'd (RFC 1952), whatever the server called them."""
    return body[:2] == b"\x1f\x8b"


def unpack(body: bytes) -> bytes:
    """Return what is in a gzip'd body; ``ListingUnreadableError`` where it is broken or unpacks to too much."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = stream.decompress(body, UNPACKED_MAX + 1)
    except zlib.error as error:
        raise ListingUnreadableError(f"gzip that cannot be unpacked ({error})") from error
    if len(data) > UNPACKED_MAX:
        raise ListingUnreadableError(f"gzip that unpacks to more than {UNPACKED_MAX // 1024 // 1024} MB")
    if not stream.eof:
        raise ListingUnreadableError("gzip that is cut short")
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


def said_charset(content_type: str | None) -> str | None:
    """Return the codec that a Content-Type names; None where it names none, or none of the web."""
    found = _HEADER.search(content_type or "")
    return text_codec(found[1]) if found else None


def page_text(body: bytes, content_type: str | None = None, encoding: str | None = None) -> str:
    """Return a page's text, decoded as its operator says (``encoding``), or as it is proven, said or guessed to be.

    Wrong bytes become U+FFFD.
    """
    if encoding and (known := text_codec(encoding)):
        return body.decode(known, "replace")
    if is_utf8(body):
        return body.decode("utf-8").removeprefix("\ufeff")
    mark, bom = read_bom(body)
    if mark and bom:
        return body[len(bom) :].decode(mark, "replace")
    declared = _DECLARED.search(body[:HEAD])
    named = text_codec(declared[1].decode("ascii", "replace")) if declared else None
    if named and named.startswith("utf-16"):
        named = "utf-8"  # a declaration that can be read is not UTF-16
    for codec in (said_charset(content_type), named, text_codec(_guess(body))):
        if codec:
            return body.decode(codec, "replace")
    return body.decode("utf-8", "replace")

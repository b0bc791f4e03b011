"""What kind of listing some bytes are."""

from __future__ import annotations

import re
from typing import Literal

from crawler.listings.listing_page import ListingUnreadableError

Content = Literal["xml-feed", "json", "sitemap", "urls", "html", "xml", "text"]

HEAD = 8 * 1024  # the root element is in it, licences in comments and PHP warnings before it included
BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\x00\x00", "utf-32-le"), (b"\x00\x00\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))  # fmt: skip
WIDE = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
"""How markup without a byte order mark begins in the wide encodings (XML 1.0, appendix F)."""
EBCDIC = b"\x4c\x6f\xa7\x94"
MAGIC = {
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"PK\x03\x04": "a ZIP file",
}
PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?!\s+html)[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
FEED_ROOTS = {"rss", "rdf", "feed", "channel"}
SITEMAP_ROOTS = {"urlset", "sitemapindex"}
LATE_ROOT = re.compile(r"<(?:rss|rdf:RDF|feed|urlset|sitemapindex)[\s>]")
HTML_SIGN = re.compile(
    r"<(?:!doctype\s+html|html|head|body|div|span|table|ul|ol|p|a|h[1-6]|script|meta|title|main|form)\b", re.I
)
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def head_text(body: bytes) -> str:
    """Return the beginning as text good enough to recognise markup in."""
    for mark, encoding in BOMS:
        if body.startswith(mark):
            return body[len(mark) : HEAD].decode(encoding, "replace")
    for start, encoding in WIDE:
        if body.startswith(start):
            return body[:HEAD].decode(encoding, "replace")
    if body.startswith(EBCDIC):
        return body[:HEAD].decode("cp037", "replace")
    return body[:HEAD].decode("latin-1")


def _is_binary(body: bytes, head: str) -> bool:
    if body.startswith((*(mark for mark, _ in BOMS), *(start for start, _ in WIDE), EBCDIC)) and "\0" not in head[:64]:
        return False
    sample = body[:HEAD]
    return len(CONTROL.findall(sample)) * 50 > len(sample)


def detect(body: bytes) -> Content:
    """Return what the bytes are; ``ListingUnreadableError`` for what is empty or binary."""
    if not body.strip():
        raise ListingUnreadableError("empty")
    for magic, what in MAGIC.items():
        if body.startswith(magic):
            raise ListingUnreadableError(f"binary ({what})")
    head = head_text(body)
    if _is_binary(body, head):
        raise ListingUnreadableError("binary")
    return _markup(head) or _text(head)


def _markup(head: str) -> Content | None:
    position = 0
    while found := PROLOG.match(head, position):
        position = found.end()
    root = ROOT.match(head, position)
    name = root.group(1).lower() if root else ""
    if name in FEED_ROOTS:
        return "xml-feed"
    if name in SITEMAP_ROOTS:
        return "sitemap"
    if late := LATE_ROOT.search(head):
        # A warning printed before the feed; an HTML page that shows a feed as text has it escaped.
        return "sitemap" if "urlset" in late.group() or "sitemap" in late.group() else "xml-feed"
    if root and name != "html" and head.lstrip().startswith("<?xml"):
        return "xml"
    if HTML_SIGN.search(head):
        return "html"
    return "xml" if root else None


def _text(head: str) -> Content:
    start = head.lstrip()
    if start[:1] in "{[":
        return "json"
    lines = [line.strip() for line in start.splitlines()[:20] if line.strip()]
    # The last line of the sample may be cut; the others are whole.
    return "urls" if lines and all(line.startswith(("http://", "https://")) for line in lines[:-1] or lines) else "text"

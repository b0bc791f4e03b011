"""XML in which nothing was found because it is cut off or broken, which is not the same as quiet."""

from __future__ import annotations

import re
from xml.parsers import expat

from crawler.listings.listing_page import ListingUnreadableError

BARE_AMPERSAND = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!#?\w{1,32};)", re.DOTALL)
"""An ampersand that begins no reference; in CDATA it is one of the text."""
AMPERSANDS_MENDED = 20_000  # five for each entry that is read
CLOSES = re.compile(rb"</\s*(?:[\w.-]+:)?(?:rss|rdf|feed|channel|urlset|sitemapindex)\b", re.IGNORECASE)
END = 256  # bytes in which XML that is whole closes its root; a few more may follow it


def mend_ampersands(body: bytes) -> bytes:
    """Return the XML with those ampersands escaped that begin no reference, up to a bound."""
    return BARE_AMPERSAND.sub(_escaped, body, count=AMPERSANDS_MENDED)


def refuse_broken(body: bytes, what: str, *, nothing: bool) -> None:
    """Raise ``ListingUnreadableError`` for XML that ends before its root does, or is broken and gave ``nothing``.

    Every feed reader forgives bare ampersands, HTML's entities and an encoding that is not what it says.
    """
    if b"\0" in body[:100]:  # a wide encoding
        return
    try:
        expat.ParserCreate().Parse(mend_ampersands(body), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        cut_off = CLOSES.search(body[-END:]) is None
        if cut_off or nothing:
            how = "is cut off" if cut_off else "is broken XML"
            raise ListingUnreadableError(f"{what} that {how}, with nothing in it that can be read ({error})") from error


def _escaped(match: re.Match[bytes]) -> bytes:
    return match.group() if match.group().startswith(b"<") else b"&amp;"
